//! What scan and check share between their arguments and their consumers: the plan, the survey
//! with its progress bar, and the end of the report.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use waxseal_platform::{host, place};

use super::exit_code::usage;
use super::paths;
use super::progress::Bar;
use super::settings::{Settings, warn};
use super::watched::Watched;
use crate::baseline::{BaselineError, Reader};
use crate::report::{Reporter, Run, count, summary_lines, summary_object};
use crate::scan::{self, Batch, Plan, ScanError, Summary, Survey};
use crate::state::escape;

/// Paths that could not be looked at are listed up to this many, unless all are asked for.
pub(super) const SPOTS_LISTED: usize = 20;

/// Plans a look at these absolute paths, or at everything when there are none.
pub(super) fn plan<'w>(
    watched: &'w Watched,
    paths: Vec<PathBuf>,
    settings: &Settings,
    reader: &Reader,
) -> Result<Plan<'w>, BaselineError> {
    let scopes = with_link_targets(paths, watched);
    let threads = settings.threads.min(threads_affordable());
    let mut plan = Plan::new(&watched.policy, &scopes, threads);
    plan.rate = watched.rate();
    plan.keep_out_of(reader.state_dir());
    plan.add_known_roots(reader)?;
    Ok(plan)
}

/// Returns how many threads the limit of open files allows.
///
/// The reader of each keeps two files open, and the walk may use half of the limit.
pub(super) fn threads_affordable() -> usize {
    // Where it cannot be raised, nothing is known that would have to be kept to.
    let limit = host::raise_open_file_limit().unwrap_or(u64::MAX);
    usize::try_from(limit / 16).unwrap_or(usize::MAX).max(1)
}

/// Runs a survey under a progress bar; `take` gets what is found.
pub(super) fn survey<'p>(
    job: Survey<'p>,
    reader: &Reader,
    bar: Bar,
    take: &mut dyn FnMut(Batch<'p>) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    let observe = &mut |progress: &_| bar.observe(progress);
    scan::survey(&job, &|| reader.another(), take, observe)
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

/// Returns the error of a path that neither exists nor was ever looked at.
pub(super) fn unknown(path: &Path) -> anyhow::Error {
    let shown = escape::path(path);
    usage(format!("{shown} does not exist, and no baseline knows it"))
}

/// Says whether the store holds anything at or below a path.
pub(super) fn is_known(reader: &Reader, path: &Path) -> Result<bool, BaselineError> {
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
    usage(format!(
        "nothing is watched yet: run `waxseal init` to write a configuration, or name what to \
         watch, such as `waxseal scan {}`",
        place::EXAMPLE
    ))
}

/// Adds the places that links among the paths lead to, where they are watched too.
///
/// `waxseal scan /bin` means what is in it, even where `/bin` is a link.
fn with_link_targets(mut paths: Vec<PathBuf>, watched: &Watched) -> Vec<PathBuf> {
    let targets = paths.iter().filter_map(|path| paths::link_target(path));
    let targets: Vec<PathBuf> = targets.filter(|target| watched.reaches(target)).collect();
    for target in targets {
        if !paths.contains(&target) {
            paths.push(target);
        }
    }
    paths
}
