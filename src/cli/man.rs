//! `waxseal man`: manual pages, from the definitions of the command line.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;

use super::args::Cli;
use super::exit_code::ExitCode;
use crate::report::Output;
use crate::state::escape;

/// Arguments of `waxseal man`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  waxseal man | man -l -
  waxseal man --dir /usr/share/man/man1")]
pub(super) struct ManArgs {
    /// Write the page of every subcommand to this directory
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Runs `waxseal man`.
pub(super) fn run(args: &ManArgs) -> anyhow::Result<ExitCode> {
    let mut command = Cli::command();
    command.build();
    match &args.dir {
        None => {
            let mut output = Output::stdout();
            output.write(&render(&command, "waxseal")?);
            output.finish()?;
        }
        Some(dir) => write_pages(&command, "waxseal", dir)?,
    }
    Ok(ExitCode::Clean)
}

/// Writes the page of a command and of all visible ones below it.
fn write_pages(command: &Command, name: &str, dir: &Path) -> anyhow::Result<()> {
    let path = dir.join(format!("{name}.1"));
    fs::write(&path, render(command, name)?)
        .with_context(|| format!("cannot write {}", escape::path(&path)))?;
    let visible = command
        .get_subcommands()
        .filter(|below| !below.is_hide_set());
    for below in visible.filter(|below| below.get_name() != "help") {
        write_pages(below, &format!("{name}-{}", below.get_name()), dir)?;
    }
    Ok(())
}

fn render(command: &Command, name: &str) -> anyhow::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command.clone())
        .title(name.to_uppercase())
        .render(&mut page)?;
    Ok(page)
}
