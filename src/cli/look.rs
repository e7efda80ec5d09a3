//! What scan and check share between their arguments and their consumers: the plan, the survey
//! with its progress bar, and the end of the report.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use waxseal_platform::host;

use super::exit_code::usage;
use super::paths;
use super::progress::Bar;
use super::settings::{Settings, warn};
use super::watched::Watched;
use crate::baseline::Reader;
use crate::report::{Reporter, Run, count, summary_lines, summary_object};
use crate::scan::{self, Batch, Plan, ScanError, Summary, Survey};
use crate::state::escape;

/// Paths that could not be looked at are listed up to this many, unless all are asked for.
pub(super) const SPOTS_LISTED: usize = 20;

/// Plans a look at these absolute paths, or at everything when there are none.
pub(super) fn plan<'w>(watched: &'w Watched, paths: Vec<PathBuf>, settings: &Settings) -> Plan<'w> {
    let scopes = with_link_targets(paths, watched);
    let mut plan = Plan::new(&watched.policy, &scopes, settings.threads);
    plan.rate = watched.rate();
    plan
}

/// Runs a survey under a progress bar; `take` gets what is found.
pub(super) fn survey<'p>(
    job: Survey<'p>,
    reader: &Reader,
    bar: Bar,
    take: &mut dyn FnMut(Batch<'p>) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    // With fewer open directories the walk is only slower.
    let _ = host::raise_open_file_limit();
    let observe = &mut |progress: &_| bar.observe(progress);
    scan::survey(&job, &|| reader.another(), take, observe)?;
    bar.finish();
    Ok(())
}

/// Lists on standard error what could not be looked at.
pub(super) fn list_blind_spots<'s>(
    spots: impl ExactSizeIterator<Item = (&'s Path, &'s str)>,
    settings: &Settings,
    rest: &str,
) {
    let total = spots.len();
    let lists_all = settings.style.is_verbose;
    let limit = if lists_all { total } else { SPOTS_LISTED };
    for (path, cause) in spots.take(limit) {
        let cause = escape::bytes(cause.as_bytes());
        warn(&format!("not looked at: {}: {cause}", escape::path(path)));
    }
    if total > limit {
        let more = count((total - limit) as u64, "more path");
        warn(&format!("{more} could not be looked at: {rest}"));
    }
}

/// Ends the report of a scan or a check.
pub(super) fn conclude(
    mut reporter: Reporter,
    summary: &Summary,
    run: &Run,
    settings: &Settings,
) -> anyhow::Result<()> {
    if !settings.is_quiet {
        let lines = summary_lines(summary, run);
        lines.iter().for_each(|line| reporter.say(line));
    }
    let object = summary_object(summary, run);
    reporter
        .finish(Some(object))
        .context("cannot write the report")
}

/// Returns the error of a run that has nothing to look at.
pub(super) fn nothing_to_do() -> anyhow::Error {
    usage(
        "nothing is watched yet: run `waxseal init` to write a configuration, or name what to \
         watch, such as `waxseal scan /etc`",
    )
}

/// Adds the places that links among the paths lead to, where they are watched too.
///
/// `waxseal scan /bin` means what is in it, even where `/bin` is a link.
fn with_link_targets(mut paths: Vec<PathBuf>, watched: &Watched) -> Vec<PathBuf> {
    let targets = paths.iter().filter_map(|path| paths::link_target(path));
    let targets: Vec<PathBuf> = targets.filter(|target| watched.watches(target)).collect();
    for target in targets {
        if !paths.contains(&target) {
            paths.push(target);
        }
    }
    paths
}
