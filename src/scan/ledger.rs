//! How a difference becomes rows and an event in one transaction.
//!
//! The functions of the [`Recorder`](super::Recorder) that write; what is to be written was settled
//! before, in `judge`.

use std::path::Path;

use waxseal_platform::stat::Kind;

use super::findings::{Finding, compare, describe};
use super::judge::{Settled, Update, reference, settle};
use super::{Plan, ScanError};
use crate::baseline::{self, Reader, Row, split_path};
use crate::change::{Action, Actions};
use crate::event::{Actor, Event, FoundBy, Writer};
use crate::policy::{Policy, Rule};
use crate::state::FileState;

/// How a difference was noticed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'c> {
    /// By whom.
    pub(crate) found_by: FoundBy,
    /// Which processes are known to have touched the path.
    pub(crate) actors: &'c [&'c Actor],
    /// Which backend of the watch told of the path.
    pub(crate) backend: Option<&'static str>,
}

impl Circumstances<'_> {
    /// A scan came upon it.
    pub(crate) const SCAN: Circumstances<'static> = Circumstances {
        found_by: FoundBy::Scan,
        actors: &[],
        backend: None,
    };
}

/// What is needed to turn one difference into rows and an event.
pub(crate) struct Context<'c> {
    pub(crate) policy: &'c Policy,
    pub(crate) reader: &'c Reader,
    pub(crate) writer: &'c Writer,
}

impl Context<'_> {
    /// Writes rows and event of one difference; returns its first action.
    pub(crate) fn record(
        &self,
        batch: &mut baseline::Batch<'_>,
        finding: &Finding,
        circumstances: &Circumstances<'_>,
    ) -> Result<Action, ScanError> {
        let mut event = describe(self.policy, finding, false);
        if let Some(from) = event.moved_from.filter(|_| finding.vacated) {
            let kind = event.before.map_or(Kind::File, |before| before.stat.kind);
            if let Some(rule) = self.policy.decide(from, kind).watched() {
                let row = self.reader.row(from)?;
                event.drift |= refresh(batch, from, row.as_ref(), None, rule)?;
            }
        }
        if let Some(rule) = event.rule {
            let row = self.reader.row(event.path)?;
            event.drift |= refresh(batch, event.path, row.as_ref(), event.after, rule)?;
        }
        event.found_by = circumstances.found_by;
        event.actors = circumstances.actors;
        event.backend = circumstances.backend;
        append(batch, self.writer, &event)?;
        Ok(event.actions.first())
    }

    /// Writes row and event of a path that differs and has not moved.
    pub(crate) fn change(
        &self,
        batch: &mut baseline::Batch<'_>,
        path: &Path,
        row: Option<&Row>,
        now: Option<&FileState>,
        rule: &Rule,
        circumstances: &Circumstances<'_>,
    ) -> Result<(), ScanError> {
        let drift = refresh(batch, path, row, now, rule)?;
        let before = reference(row, now, rule.attributes);
        let mut event = compare(path, before.as_deref(), now, rule.attributes);
        event.drift = drift;
        event.rule = Some(rule);
        event.found_by = circumstances.found_by;
        event.actors = circumstances.actors;
        event.backend = circumstances.backend;
        append(batch, self.writer, &event)
    }
}

/// Writes what a path should hold now; says whether it differs from its approved state.
pub(crate) fn refresh(
    batch: &mut baseline::Batch<'_>,
    path: &Path,
    row: Option<&Row>,
    now: Option<&FileState>,
    rule: &Rule,
) -> Result<bool, ScanError> {
    let settled = settle(row, now, rule);
    let (dir, name) = split_path(path);
    apply(batch, dir, name, &settled)?;
    let kept = row.is_some_and(Row::is_drifting);
    Ok(match settled.seen {
        Update::Put(seen) => seen.drift,
        Update::Remove => false,
        Update::Keep => kept,
    })
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
pub(crate) fn append(
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
