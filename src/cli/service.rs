//! `waxseal service`: the watch as a service of the operating system.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use waxseal_platform::service;

use super::exit_code::ExitCode;
use super::settings::Settings;
use super::watch::{self, WatchArgs};
use crate::report::Output;
use crate::state::escape;

/// Arguments of `waxseal service`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  waxseal init                    write a configuration and take the first baseline
  waxseal service install         let the watch start with the system
  waxseal service start           start it now
  waxseal service status          is it running?
  waxseal status                  how is it?

The service runs the watch with the configuration and the state directory of the system: those of
root on Linux, where it is a unit of systemd, and on macOS, where launchd starts it; those of
administrators on Windows, where the service manager does.")]
pub(super) struct ServiceArgs {
    #[command(subcommand)]
    action: Action,
}

/// What to do with the service.
#[derive(Clone, Copy, Debug, Subcommand)]
enum Action {
    /// Let the watch start with the system, by the program that is called now
    #[command(after_help = "Examples:\n  waxseal service install && waxseal service start")]
    Install,
    /// Stop the service and remove it; baseline, journal and configuration stay
    #[command(after_help = "Examples:\n  waxseal service uninstall")]
    Uninstall,
    /// Start the service and wait until it watches
    #[command(after_help = "Examples:\n  waxseal service start")]
    Start,
    /// Stop the service and wait until it has ended
    #[command(after_help = "Examples:\n  waxseal service stop")]
    Stop,
    /// Do the work of the service: what the service manager calls, not people
    #[command(after_help = "Examples:\n  waxseal service start    lets the service manager do it")]
    Run,
    /// Show whether the service runs; exit status 0 if so, 1 if not
    #[command(after_help = "Examples:\n  waxseal service status || waxseal service start")]
    Status,
}

/// Runs `waxseal service`.
pub(super) fn run(args: &ServiceArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    settings
        .refuse_own_places("the service has the configuration and state directory of the system")?;
    let said = match args.action {
        Action::Install => {
            let program = std::env::current_exe().context("cannot find this program's own path")?;
            let written = service::install(&program)?;
            let shown = escape::path(&written);
            format!("installed as {shown}; `waxseal service start` starts it now")
        }
        Action::Uninstall => {
            let removed = service::uninstall()?;
            let shown = escape::path(&removed);
            format!("stopped, and removed {shown}; what is remembered stays")
        }
        Action::Start => {
            service::start()?;
            "started; `waxseal status` says how it is".to_owned()
        }
        Action::Stop => {
            service::stop()?;
            "stopped".to_owned()
        }
        Action::Run => {
            let settings = settings.clone();
            let work = move || {
                let watched = watch::run(&WatchArgs::default(), &settings);
                watched
                    .unwrap_or_else(|error| super::failed(&error))
                    .number()
            };
            return Ok(ExitCode::Ended(service::run(Box::new(work))?));
        }
        Action::Status => {
            let runs = service::status()?;
            return Ok(if runs {
                ExitCode::Clean
            } else {
                ExitCode::Differences
            });
        }
    };
    // Not before: it locks the standard output, which the watch of `run` writes to on other threads.
    let mut output = Output::stdout();
    output.line(&said);
    output.finish()?;
    Ok(ExitCode::Clean)
}
