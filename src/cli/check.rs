//! `waxseal check`: compare with the approved baseline, and write nothing.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit_code::{ExitCode, usage};
use super::progress::Bar;
use super::settings::Settings;
use super::watched::Watched;
use super::{look, paths};
use crate::baseline::BaselineError;
use crate::change::Action;
use crate::event::Writer;
use crate::inspect::Progress;
use crate::report::Run;
use crate::scan::{Comparer, Coverage, Summary, Survey};
use crate::state::escape;

/// Arguments of `waxseal check`.
#[derive(Args, Debug)]
#[command(after_help = "\
Reports everything that differs from the approved baseline, also what a scan has reported before.
Nothing is written, so it works on a read-only store.

Examples:
  waxseal check                        everything in the policy
  waxseal check /etc && deploy         only when /etc is as approved
  waxseal check --full                 read every file again
  waxseal check --exit-code aide       1 new + 2 removed + 4 changed, for scripts made for AIDE")]
pub(super) struct CheckArgs {
    /// Files and directories to compare
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Read every file again, also those that look unchanged
    #[arg(long)]
    pub full: bool,
    /// Numbers to exit with
    #[arg(long, value_name = "STYLE", value_enum, default_value_t = Codes::Waxseal)]
    exit_code: Codes,
}

impl CheckArgs {
    /// Says whether exit statuses are to be those of AIDE.
    pub(super) fn uses_aide_codes(&self) -> bool {
        self.exit_code == Codes::Aide
    }
}

/// Which numbers to exit with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Codes {
    /// As listed by `waxseal --help`
    Waxseal,
    /// AIDE's: 1 new, 2 removed, 4 changed, added up; 15 and 18 are errors
    Aide,
}

/// Runs `waxseal check`.
pub(super) fn run(args: &CheckArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let asked = paths::absolute_all(&args.paths)?;
    let reader = settings.open_reader()?;
    let watched = Watched::load(settings, Some(&reader))?;
    if watched.is_nothing() {
        return Err(look::nothing_to_do());
    }
    let coverage = Coverage::new(reader.scopes()?, &watched.policy)?;
    if coverage.is_empty() {
        let state_dir = reader.state_dir().to_owned();
        return Err(BaselineError::Missing { state_dir }.into());
    }
    for path in &asked {
        if !paths::exists(path) && !look::is_known(&reader, path)? {
            return Err(look::unknown(path));
        }
        refuse_without_baseline(path, &watched, &coverage)?;
    }
    let mut plan = look::plan(&watched, asked, settings, &reader)?;
    plan.full = args.full;
    let writer = Writer::new();
    let bar = Bar::start(settings, &plan, reader.last_scan()?.as_ref());
    let mut reporter = settings.reporter();

    let progress = Progress::default();
    let mut comparer = Comparer::new(&plan, &writer)?;
    let job = Survey {
        plan: &plan,
        coverage: &coverage,
        progress: &progress,
    };
    look::survey(job, &reader, bar, &mut |batch| comparer.take(batch))?;
    comparer.totals(&progress);
    let (summary, mut blind) = comparer.finish(&reader, &mut |document| {
        reporter.document(document);
        Ok(())
    })?;
    reporter.flush();
    blind.sort_by(|one, other| one.path.cmp(&other.path));
    let causes: Vec<String> = blind.iter().map(|spot| spot.cause.to_string()).collect();
    let spots = blind.iter().zip(&causes);
    let spots = spots.map(|(spot, cause)| (&*spot.path, cause.as_str()));
    look::list_blind_spots(spots, settings, "`--verbose` lists them all");
    let run = Run {
        is_recorded: false,
        added: Vec::new(),
    };
    look::conclude(reporter, &summary, &run, settings)?;
    Ok(if args.uses_aide_codes() {
        aide(&summary)
    } else {
        ExitCode::of_summary(&summary)
    })
}

/// Refuses a path that no scan has looked at, or of which nothing is watched; of a link also the
/// place counts that it leads to.
fn refuse_without_baseline(
    path: &Path,
    watched: &Watched,
    coverage: &Coverage,
) -> anyhow::Result<()> {
    let roots = watched.policy.roots();
    let has_baseline = |path: &Path| {
        let mut inside = roots.iter().filter(|root| root.path.starts_with(path));
        let is_covered =
            coverage.includes(path) || inside.any(|root| coverage.includes(&root.path));
        watched.reaches(path) && is_covered
    };
    let target = paths::link_target(path);
    if has_baseline(path) || target.is_some_and(|target| has_baseline(&target)) {
        return Ok(());
    }
    let shown = escape::path(path);
    Err(usage(format!(
        "{shown} has no baseline: take one with `waxseal scan {}`",
        escape::for_shell(path)
    )))
}

/// Returns AIDE's mask of differences.
fn aide(summary: &Summary) -> ExitCode {
    let bits = |action: &Action| match action {
        Action::Created => 1,
        Action::Deleted => 2,
        Action::Moved => 3,
        Action::Updated | Action::AttributesModified => 4,
        Action::InitialScan => 0,
    };
    let seen = summary.actions.iter().filter(|(_, number)| **number > 0);
    match seen.fold(0, |mask, (action, _)| mask | bits(action)) {
        0 => ExitCode::of_summary(summary).as_aide(),
        mask => ExitCode::Aide(mask),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_adds_up() {
        let summary = |actions: &[Action]| Summary {
            actions: actions.iter().map(|action| (*action, 1)).collect(),
            ..Summary::default()
        };
        let table: [(&[Action], u8); 5] = [
            (&[], 0),
            (&[Action::Created], 1),
            (&[Action::Moved], 3),
            (&[Action::AttributesModified, Action::Deleted], 6),
            (&[Action::Created, Action::Deleted, Action::Updated], 7),
        ];
        for (actions, code) in table {
            assert_eq!(aide(&summary(actions)), ExitCode::Aide(code));
        }
    }
}
