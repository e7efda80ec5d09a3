//! How a difference becomes rows and an event in one transaction.
//!
//! The functions of the [`Recorder`](super::Recorder) that write; what is to be written was settled
//! before, in `judge`.

use std::path::Path;

use waxseal_platform::stat::Kind;

use super::findings::{Finding, describe};
use super::judge::{Settled, Update, settle};
use super::{Plan, ScanError};
use crate::baseline::{self, Reader, split_path};
use crate::change::{Action, Actions};
use crate::event::{Event, FoundBy, Writer};
use crate::policy::Rule;
use crate::state::FileState;

/// What is needed to turn one difference into rows and an event.
pub(super) struct Context<'c, 'p> {
    pub(super) plan: &'c Plan<'p>,
    pub(super) reader: &'c Reader,
    pub(super) writer: &'c Writer,
}

impl Context<'_, '_> {
    /// Writes rows and event of one difference; returns its first action.
    pub(super) fn record(
        &self,
        batch: &mut baseline::Batch<'_>,
        finding: &Finding,
    ) -> Result<Action, ScanError> {
        let mut event = describe(self.plan, finding, false);
        if let Some(from) = event.moved_from.filter(|_| finding.vacated) {
            let kind = event.before.map_or(Kind::File, |before| before.stat.kind);
            let rule = self.plan.policy.decide(from, kind).watched();
            event.drift |= self.settle(batch, from, None, rule)?;
        }
        event.drift |= self.settle(batch, event.path, event.after, event.rule)?;
        append(batch, self.writer, &event)?;
        Ok(event.actions.first())
    }

    /// Writes what a path should hold now; says whether it differs from its approved state.
    fn settle(
        &self,
        batch: &mut baseline::Batch<'_>,
        path: &Path,
        now: Option<&FileState>,
        rule: Option<&Rule>,
    ) -> Result<bool, ScanError> {
        let Some(rule) = rule else { return Ok(false) };
        let row = self.reader.row(path)?;
        let settled = settle(row.as_ref(), now, rule);
        let (dir, name) = split_path(path);
        apply(batch, dir, name, &settled)?;
        let kept = row.is_some_and(|row| row.is_drifting());
        Ok(match settled.seen {
            Update::Put(seen) => seen.drift,
            Update::Remove => false,
            Update::Keep => kept,
        })
    }
}

/// Returns the event of a path's first sight.
pub(super) fn initial<'e>(path: &'e Path, state: &'e FileState, plan: &Plan<'e>) -> Event<'e> {
    let rule = plan.policy.decide(path, state.stat.kind).watched();
    Event {
        after: Some(state),
        rule,
        ..Event::new(path, Actions::just(Action::InitialScan), FoundBy::Scan)
    }
}

/// Journals an event.
pub(super) fn append(
    batch: &mut baseline::Batch<'_>,
    writer: &Writer,
    event: &Event<'_>,
) -> Result<(), ScanError> {
    batch.append_event(event.at, |id| writer.event(event, Some(id)))?;
    Ok(())
}

/// Makes the store hold for one path what was settled.
pub(super) fn apply(
    batch: &mut baseline::Batch<'_>,
    dir: &Path,
    name: &std::ffi::OsStr,
    settled: &Settled,
) -> Result<(), ScanError> {
    let dir = batch.dir(dir)?;
    match &settled.trusted {
        Update::Keep => {}
        Update::Remove => batch.remove_trusted(dir, name)?,
        Update::Put(trusted) => batch.put_trusted(dir, name, trusted)?,
    }
    match &settled.seen {
        Update::Keep => {}
        Update::Remove => batch.clear_seen(dir, name)?,
        Update::Put(seen) => batch.put_seen(dir, name, seen)?,
    }
    Ok(())
}
