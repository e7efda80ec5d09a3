//! `waxseal accept`: approve what a scan has seen.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde_json::json;

use super::exit_code::{ExitCode, usage};
use super::paths;
use super::settings::Settings;
use crate::approval::{Selection, approve};
use crate::baseline::BaselineError;
use crate::event::Writer;
use crate::report::{Format, count, parsed};

/// Arguments of `waxseal accept`.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("what").required(true).args(["paths", "all", "event"]),
    after_help = "\
What is approved is the state that a scan has seen and reported, not what is there by now. Who
approved it and why goes to the journal.

Examples:
  waxseal accept --all --reason 'apt upgrade 2026-11-23'
  waxseal accept /etc/ssh --reason 'CHG-1234: new host key'
  waxseal accept --event 3f2a90c41be7d815-000000000042 --reason 'reviewed'"
)]
pub(super) struct AcceptArgs {
    /// Approve the differences at and below these paths
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Approve every open difference
    #[arg(long)]
    pub all: bool,
    /// Approve the difference that this event reported; `waxseal log -v` shows the ids
    #[arg(long, value_name = "ID")]
    pub event: Option<String>,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT", value_parser = not_blank)]
    pub reason: String,
}

fn not_blank(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("say in a few words why".to_owned());
    }
    Ok(text.to_owned())
}

/// Runs `waxseal accept`.
pub(super) fn run(args: &AcceptArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let selection = match &args.event {
        Some(id) => Selection::Event(id.clone()),
        None if args.all => Selection::All,
        None => Selection::Paths(paths::absolute_all(&args.paths)?),
    };
    if !settings.has_state_dir()? {
        return Err(BaselineError::Missing {
            state_dir: settings.state_dir()?,
        }
        .into());
    }
    let mut baseline = settings.open_baseline()?;
    if !baseline.reader()?.has_baseline()? {
        return Err(usage(
            "there is no baseline yet: take one with `waxseal scan`",
        ));
    }
    let mut reporter = settings.reporter();
    let approved = approve(
        &mut baseline,
        &Writer::new(),
        &selection,
        &args.reason,
        &mut |document| {
            // For people the last line says the same as the notice of the whole.
            let is_total = || parsed(document).pointer("/event/action") == Some(&json!("approved"));
            if settings.format != Format::Text || !is_total() {
                reporter.document(document);
            }
            Ok(())
        },
    )?;
    baseline.close()?;
    if !settings.is_quiet {
        reporter.say(&match approved.paths {
            0 => "nothing is open: there is nothing to approve".to_owned(),
            paths => format!("{} approved", count(paths, "path")),
        });
    }
    let printed = reporter.finish(Some(json!({ "approved": approved.paths })));
    printed.map_err(|error| {
        anyhow::Error::new(error).context("approved, but cannot write the report")
    })?;
    Ok(ExitCode::Clean)
}
