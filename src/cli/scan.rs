//! `waxseal scan`: look, compare, record, report.

use std::path::{Path, PathBuf};

use clap::Args;
use waxseal_hashers::HashTypes;
use waxseal_platform::host;

use super::exit_code::{ExitCode, usage};
use super::paths;
use super::progress::Bar;
use super::settings::{Settings, warn};
use super::watched::{Added, Watched};
use crate::baseline::{BaselineError, Reader};
use crate::event::Writer;
use crate::inspect::Progress;
use crate::report::{Run, count, summary_lines, summary_object};
use crate::scan::{Coverage, Plan, Recorder, Summary, Survey, survey};
use crate::state::escape;

/// Paths that could not be looked at are listed up to this many.
const SPOTS_LISTED: usize = 20;

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
        Ok(types) if types.is_empty() => Err(format!("the list is empty: use {}", HashTypes::all())),
        Ok(types) => Ok(types),
        Err(error) => Err(error.to_string()),
    }
}

/// Runs `waxseal scan`.
pub(super) fn run(args: &ScanArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let asked = paths::absolute_all(&args.paths)?;
    refuse_early(&asked, settings)?;
    let mut baseline = settings.open_baseline()?;
    let reader = baseline.reader()?;
    let mut watched = Watched::load(settings, Some(&reader))?;
    let mut added = Vec::new();
    for path in &asked {
        if !paths::exists(path) && !is_known(&reader, path)? {
            return Err(unknown(path));
        }
        if watched.add(path, args.hash_types)? == Added::Joined {
            added.push(path.clone());
        }
    }
    if watched.is_nothing() {
        return Err(nothing_to_do());
    }
    watched.remember(&mut baseline)?;

    let scopes = with_link_targets(asked, &watched);
    let mut plan = Plan::new(&watched.policy, &scopes, settings.threads);
    plan.full = args.full;
    plan.rate = watched.rate();
    let coverage = Coverage::new(reader.scopes()?, &watched.policy)?;
    let writer = Writer::new();
    let last = reader.last_scan()?;
    let mut reporter = settings.reporter();

    raise_limits();
    let progress = Progress::default();
    let job = Survey { plan: &plan, coverage: &coverage, progress: &progress };
    let bar = Bar::start(settings, &plan, last.as_ref());
    let mut recorder =
        Recorder::new(&mut baseline, &plan, &coverage, &writer, args.emit_initial)?;
    survey(
        &job,
        &|| reader.another(),
        &mut |batch| recorder.take(batch),
        &mut |progress| bar.observe(progress),
    )?;
    bar.finish();
    recorder.totals(&progress);
    let summary = recorder.finish(&mut |document| {
        reporter.document(document);
        Ok(())
    })?;
    reporter.flush();
    list_blind_spots(&reader, settings)?;
    let run = Run { is_recorded: true, added };
    if !settings.is_quiet {
        summary_lines(&summary, &run).iter().for_each(|line| reporter.say(line));
    }
    drop(reader);
    baseline.close()?;
    finish(reporter, &summary, &run)?;
    Ok(ExitCode::of_summary(&summary))
}

/// Ends the report of a scan or a check.
pub(super) fn finish(
    reporter: crate::report::Reporter,
    summary: &Summary,
    run: &Run,
) -> anyhow::Result<()> {
    let printed = reporter.finish(Some(summary_object(summary, run)));
    printed.map_err(|error| anyhow::Error::new(error).context("cannot write the report"))
}

/// Refuses what needs no look into the store, before one is made.
fn refuse_early(asked: &[PathBuf], settings: &Settings) -> anyhow::Result<()> {
    if settings.has_state_dir()? {
        return Ok(());
    }
    if asked.is_empty() && settings.config()?.is_none() {
        return Err(nothing_to_do());
    }
    match asked.iter().find(|path| !paths::exists(path)) {
        Some(path) => Err(unknown(path)),
        None => Ok(()),
    }
}

/// Returns the error of a run that has nothing to look at.
pub(super) fn nothing_to_do() -> anyhow::Error {
    usage(
        "nothing is watched yet: run `waxseal init` to write a configuration, or name what to \
         watch, such as `waxseal scan /etc`",
    )
}

fn unknown(path: &Path) -> anyhow::Error {
    usage(format!("{} does not exist, and no baseline knows it", escape::path(path)))
}

/// Says whether the store holds anything at or below a path.
fn is_known(reader: &Reader, path: &Path) -> Result<bool, BaselineError> {
    /// Ends the visit at the first row.
    enum End {
        Found,
        Failed(BaselineError),
    }
    impl From<BaselineError> for End {
        fn from(error: BaselineError) -> End {
            End::Failed(error)
        }
    }
    if reader.row(path)?.is_some() {
        return Ok(true);
    }
    match reader.below(path, |_, _| Err(End::Found)) {
        Ok(()) => Ok(false),
        Err(End::Found) => Ok(true),
        Err(End::Failed(error)) => Err(error),
    }
}

/// Adds the places that links among the paths lead to, where they are watched too.
///
/// `waxseal scan /bin` means what is in it, even where `/bin` is a link.
pub(super) fn with_link_targets(mut paths: Vec<PathBuf>, watched: &Watched) -> Vec<PathBuf> {
    let targets = paths.iter().filter_map(|path| paths::link_target(path));
    let targets: Vec<PathBuf> = targets.filter(|target| watched.watches(target)).collect();
    for target in targets {
        if !paths.contains(&target) {
            paths.push(target);
        }
    }
    paths
}

/// Lets the walk hold many directories open; with fewer it is only slower.
pub(super) fn raise_limits() {
    let _ = host::raise_open_file_limit();
}

fn list_blind_spots(reader: &Reader, settings: &Settings) -> anyhow::Result<()> {
    let Some(run) = reader.last_scan()?.filter(|run| run.blind_spots > 0) else { return Ok(()) };
    let spots = reader.blind_spots(run.id)?;
    let spots = spots.iter().map(|spot| (spot.path.as_path(), spot.cause.as_str()));
    print_blind_spots(spots, settings, "`waxseal status` lists the rest");
    Ok(())
}

/// Lists on standard error what could not be looked at.
pub(super) fn print_blind_spots<'s>(
    spots: impl ExactSizeIterator<Item = (&'s Path, &'s str)>,
    settings: &Settings,
    rest: &str,
) {
    let total = spots.len();
    let limit = if settings.style.is_verbose { total } else { SPOTS_LISTED };
    for (path, cause) in spots.take(limit) {
        warn(&format!("not looked at: {}: {}", escape::path(path), escape::bytes(cause.as_bytes())));
    }
    if total > limit {
        let more = count((total - limit) as u64, "more path");
        warn(&format!("{more} could not be looked at: {rest}"));
    }
}
