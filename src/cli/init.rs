//! `waxseal init`: a commented configuration for this system, and the first baseline.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use waxseal_platform::host;
use waxseal_platform::private::create_dir_private;

use super::exit_code::{ExitCode, usage};
use super::scan::{self, ScanArgs};
use super::settings::{Settings, warn};
use crate::baseline::Baseline;
use crate::config::default_toml;
use crate::state::escape;

/// Arguments of `waxseal init`.
#[derive(Args, Debug)]
#[command(after_help = "\
A configuration that is there already, such as that of a package, is kept as it is.

Examples:
  waxseal init                             configuration and baseline in their usual places
  waxseal init --no-scan                   to edit the configuration first
  waxseal --config ./waxseal.toml init     another place for the configuration")]
pub(super) struct InitArgs {
    /// Replace an existing configuration
    #[arg(long)]
    pub force: bool,
    /// Take no baseline yet
    #[arg(long)]
    pub no_scan: bool,
}

/// Runs `waxseal init`.
pub(super) fn run(args: &InitArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let path = settings.config_path()?;
    let shown = escape::path(&path);
    if let Some(parent) = path.parent() {
        make(parent, settings)?;
    }
    let is_written = write(&path, args.force)?;
    if !is_written {
        // With a baseline nothing is left to begin with.
        let begun = match Baseline::may_be_in(&settings.state_dir()?) {
            true => Some("exists already, and so does a baseline: compare with `waxseal scan`"),
            false if args.no_scan => Some("exists already: take a baseline with `waxseal scan`"),
            false => None,
        };
        if let Some(begun) = begun {
            return Err(usage(format!(
                "{shown} {begun}, or replace the file with --force"
            )));
        }
    }
    if !settings.is_quiet {
        warn(&match is_written {
            true => format!("wrote {shown}; edit it to your needs"),
            false => format!("{shown} exists already, and is used as it is"),
        });
    }
    if args.no_scan {
        return Ok(ExitCode::Clean);
    }
    scan::run(&ScanArgs::default(), settings)
}

/// Makes the directory of the configuration, privately where it is the state directory, too, as for
/// administrators of Windows.
fn make(dir: &Path, settings: &Settings) -> anyhow::Result<()> {
    let is_state_dir = settings.state_dir().is_ok_and(|state_dir| state_dir == dir);
    let made = match is_state_dir && !dir.exists() {
        true => create_dir_private(dir),
        false => fs::create_dir_all(dir),
    };
    made.with_context(|| format!("cannot create {}", escape::path(dir)))
}

/// Writes the default configuration, unless there is one. Says whether it did.
fn write(path: &Path, force: bool) -> anyhow::Result<bool> {
    let shown = escape::path(path);
    let mut options = fs::OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(error).with_context(|| format!("cannot create {shown}")),
    };
    let content = default_toml(host::os_name());
    file.write_all(content.as_bytes())
        .with_context(|| format!("cannot write {shown}"))?;
    Ok(true)
}
