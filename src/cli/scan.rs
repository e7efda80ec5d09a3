//! `waxseal scan`: look, compare, record, report.

use std::path::PathBuf;

use clap::Args;
use waxseal_hashers::{HashType, HashTypes};
use waxseal_platform::place;
use waxseal_platform::signals::RELOAD;

use super::exit_code::{ExitCode, usage};
use super::progress::Bar;
use super::settings::{Settings, warn};
use super::watched::{Added, Watched};
use super::{look, paths};
use crate::baseline::Reader;
use crate::config::NOT_TAMPER_EVIDENT;
use crate::event::Writer;
use crate::inspect::Progress;
use crate::report::Run;
use crate::scan::{Coverage, Recorder, Survey};

/// Arguments of `waxseal scan`.
#[derive(Args, Debug, Default)]
#[command(after_help = "\
Without PATH, everything in the policy is looked at. A PATH that is not watched yet joins the
baseline and is remembered. Files whose size, times, inode and device are unchanged are not read
again, unless --full is given.

Examples:
  waxseal scan                                  everything in the policy
  waxseal scan /etc /usr/bin                    these only; no configuration is needed
  waxseal scan --full                           read every file again
  waxseal scan --hash-types sha512,xxh64 /srv   other digests, remembered for /srv
  waxseal scan --format ndjson | jq -r .file.path")]
pub(super) struct ScanArgs {
    /// Files and directories to look at
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Read every file again, also those that look unchanged
    #[arg(long)]
    pub full: bool,
    /// Digests to compute below the PATHs, separated by commas
    #[arg(long, value_name = "LIST", requires = "paths", value_parser = hash_types)]
    pub hash_types: Option<HashTypes>,
    /// Journal every path of a first baseline as an event
    #[arg(long)]
    pub emit_initial: bool,
}

/// Reads a list of hash types that has at least one.
pub(super) fn hash_types(list: &str) -> Result<HashTypes, String> {
    match list.parse::<HashTypes>() {
        Ok(types) if types.is_empty() => {
            Err(format!("the list is empty: use {}", HashTypes::all()))
        }
        Ok(types) => Ok(types),
        Err(error) => Err(error.to_string()),
    }
}

/// Runs `waxseal scan`.
pub(super) fn run(args: &ScanArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let asked = paths::absolute_all(&args.paths)?;
    let given = args.hash_types.unwrap_or(HashTypes::all());
    if !given.iter().any(HashType::is_tamper_evident) {
        warn(&format!(
            "warning: --hash-types {given}: {NOT_TAMPER_EVIDENT}"
        ));
    }
    refuse_early(&asked, settings)?;
    let mut baseline = settings.open_baseline()?;
    let reader = baseline.reader()?;
    let mut watched = Watched::load(settings, Some(&reader))?;
    let added = join(&mut watched, &asked, args.hash_types, &reader)?;
    let coverage = Coverage::new(reader.scopes()?, &watched.policy)?;
    // What its policy does not have would be forgotten, and the watch would not know.
    if reader.is_watched()? && coverage.is_outdated_for(place::top()) {
        return Err(usage(format!(
            "a watch runs for this store, with another policy than this scan has: let it read the \
             configuration again ({RELOAD}), or name the configuration that it has with --config"
        )));
    }
    watched.remember(&mut baseline)?;

    let mut plan = look::plan(&watched, asked, settings, &reader)?;
    plan.full = args.full;
    let writer = Writer::new();
    let bar = Bar::start(settings, &plan, reader.last_scan()?.as_ref());
    let mut reporter = settings.reporter();

    let progress = Progress::default();
    let mut recorder = Recorder::new(&mut baseline, &plan, &coverage, &writer, args.emit_initial)?;
    let job = Survey {
        plan: &plan,
        coverage: &coverage,
        progress: &progress,
    };
    look::survey(job, &reader, bar, &mut |batch| recorder.take(batch))?;
    recorder.totals(&progress);
    let summary = recorder.finish(&mut |document| {
        reporter.document(document);
        Ok(())
    })?;
    reporter.flush();
    list_blind_spots(&reader, settings)?;
    // The store is sealed only when nobody reads it any more.
    drop(reader);
    baseline.close()?;
    let run = Run {
        is_recorded: true,
        added,
    };
    look::conclude(reporter, &summary, &run, settings)?;
    Ok(ExitCode::of_summary(&summary))
}

/// Watches these paths from now on, and returns those that were not watched before.
pub(super) fn join(
    watched: &mut Watched,
    asked: &[PathBuf],
    hash_types: Option<HashTypes>,
    reader: &Reader,
) -> anyhow::Result<Vec<PathBuf>> {
    let mut added = Vec::new();
    for path in asked {
        if !paths::exists(path) && !look::is_known(reader, path)? {
            return Err(look::unknown(path));
        }
        if watched.add(path, hash_types)? == Added::Joined {
            added.push(path.clone());
        }
    }
    if watched.is_nothing() {
        return Err(look::nothing_to_do());
    }
    Ok(added)
}

/// Refuses what needs no look into the store, before one is made.
pub(super) fn refuse_early(asked: &[PathBuf], settings: &Settings) -> anyhow::Result<()> {
    if settings.has_state_dir()? {
        return Ok(());
    }
    if asked.is_empty() && !settings.has_config() {
        return Err(look::nothing_to_do());
    }
    match asked.iter().find(|path| !paths::exists(path)) {
        Some(path) => Err(look::unknown(path)),
        None => settings.verify_config(),
    }
}

fn list_blind_spots(reader: &Reader, settings: &Settings) -> anyhow::Result<()> {
    let last = reader.last_scan()?;
    let Some(run) = last.filter(|run| run.blind_spots > 0) else {
        return Ok(());
    };
    let spots = reader.blind_spots(run.id)?;
    let spots = spots.iter().map(|spot| (&*spot.path, spot.cause.as_str()));
    look::list_blind_spots(spots, settings, "`waxseal status -v` lists the rest");
    Ok(())
}
