//! `waxseal init`: a commented configuration for this system, and the first baseline.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use waxseal_platform::host;

use super::exit_code::{ExitCode, usage};
use super::scan::{self, ScanArgs};
use super::settings::{Settings, warn};
use crate::config::default_toml;
use crate::state::escape;

/// Arguments of `waxseal init`.
#[derive(Args, Debug)]
#[command(after_help = "\
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
    write(&path, args.force)?;
    if !settings.is_quiet {
        warn(&format!(
            "wrote {}; edit it to your needs",
            escape::path(&path)
        ));
    }
    if args.no_scan {
        return Ok(ExitCode::Clean);
    }
    scan::run(&ScanArgs::default(), settings)
}

/// Writes the default configuration.
fn write(path: &Path, force: bool) -> anyhow::Result<()> {
    let shown = escape::path(path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", escape::path(parent)))?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(usage(format!(
                "{shown} exists already: take a baseline with `waxseal scan`, or replace the file with --force"
            )));
        }
        Err(error) => return Err(error).with_context(|| format!("cannot create {shown}")),
    };
    let content = default_toml(host::os_name());
    file.write_all(content.as_bytes())
        .with_context(|| format!("cannot write {shown}"))
}
