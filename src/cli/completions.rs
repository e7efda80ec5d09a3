//! `waxseal completions`: completions of a shell, from the definitions of the command line.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::args::Cli;
use super::exit_code::ExitCode;
use crate::report::Output;

/// Arguments of `waxseal completions`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  waxseal completions bash > /usr/share/bash-completion/completions/waxseal
  waxseal completions zsh > /usr/share/zsh/vendor-completions/_waxseal")]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// Runs `waxseal completions`.
pub(super) fn run(args: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "waxseal", &mut script);
    let mut output = Output::stdout();
    output.write(&script);
    output.finish()?;
    Ok(ExitCode::Clean)
}
