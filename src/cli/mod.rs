//! The command line: one file for each subcommand.
//!
//! Two layers. `args` holds what was typed and cannot fail for reasons of the environment;
//! `settings` turns the global part of it into what it means here: the state directory, the
//! configuration, colours. Each subcommand then does its work through the library and says with an
//! `ExitCode` what it came to. Errors of the library end up here, with their whole chain, and
//! nowhere else are they printed.

mod accept;
mod args;
mod check;
mod completions;
mod config;
mod desk;
mod exit_code;
mod explain;
mod hash;
mod init;
mod log;
mod look;
mod man;
mod paths;
mod progress;
mod pulse;
mod scan;
mod service;
mod settings;
mod since;
mod status;
mod watch;
mod watch_lines;
mod watched;

#[cfg(test)]
mod tests;

use std::ffi::OsString;

use clap::Parser as _;

use args::{Cli, Command};
use exit_code::ExitCode;
use settings::Settings;

/// Runs the command line and returns the status to exit with.
pub fn run(args: impl IntoIterator<Item = OsString>) -> std::process::ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come here too. Nobody may be reading; that is no reason to fail.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::Usage
            } else {
                ExitCode::Clean
            }
            .into();
        }
    };
    let uses_aide_codes = cli.command.uses_aide_codes();
    let code = dispatch(cli).unwrap_or_else(|error| {
        let code = failed(&error);
        if uses_aide_codes {
            code.as_aide()
        } else {
            code
        }
    });
    code.into()
}

fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let settings = Settings::resolve(cli.globals)?;
    match cli.command {
        Command::Init(args) => init::run(&args, &settings),
        Command::Scan(args) => scan::run(&args, &settings),
        Command::Check(args) => check::run(&args, &settings),
        Command::Watch(args) => watch::run(&args, &settings),
        Command::Accept(args) => accept::run(&args, &settings),
        Command::Log(args) => log::run(&args, &settings),
        Command::Status => status::run(&settings),
        Command::Explain(args) => explain::run(&args, &settings),
        Command::Hash(args) => hash::run(&args, &settings),
        Command::Config(args) => config::run(&args, &settings),
        Command::Service(args) => service::run(&args, &settings),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// Says why a run failed, and returns the status for it.
fn failed(error: &anyhow::Error) -> ExitCode {
    settings::complain(&chain(error));
    ExitCode::of(error)
}

/// Returns an error with its causes, each said once.
///
/// Many errors of the library name their cause in their own words already.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}
