//! One directory while its listing is joined with its rows: [`Joining`].
//!
//! Collects what there is to tell at once, what must be inspected, and the directories that are
//! none any more.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

use waxseal_platform::dir::Dir;
use waxseal_platform::stat::{Kind, Stat};
use waxseal_platform::walk::{Listing, Next};

use super::coverage::CoveredDir;
use super::doubt::{Doubt, Task};
use super::survey::Shared;
use super::{Batch, BlindSpot, Cause, Look};
use crate::baseline::Row;
use crate::inspect::{Inspector, Observation};
use crate::policy::{Decision, DirScope, Rule};

/// A task ends at so many files or bytes: small enough to share a directory between threads, large
/// enough that handing it over costs nothing beside reading it.
const TASK_FILES: usize = 64;
const TASK_BYTES: u64 = 8 << 20;

/// One directory while it is joined with its rows.
pub(super) struct Joining<'p, 's> {
    pub(super) scope: DirScope<'p>,
    pub(super) covered: CoveredDir<'s>,
    pub(super) batch: Batch<'p>,
    pub(super) dir: Arc<Dir>,
    doubts: Vec<Doubt<'p>>,
    doubtful_bytes: u64,
    /// Known directories that are no directories any more, with all below.
    pub(super) vanished: Vec<PathBuf>,
}

impl<'p, 's> Joining<'p, 's> {
    /// Starts with the directory of a listing.
    pub(super) fn new(shared: &'s Shared<'p>, listing: &Listing) -> Joining<'p, 's> {
        Joining {
            scope: shared.plan.policy.enter(&listing.path),
            covered: shared.coverage.enter(&listing.path),
            batch: Batch::of(listing.path.clone()),
            dir: listing.dir.clone(),
            doubts: Vec::new(),
            doubtful_bytes: 0,
            vanished: Vec::new(),
        }
    }

    /// Takes a row whose path is not there any more.
    pub(super) fn gone(&mut self, shared: &Shared<'p>, row: Box<Row>) {
        let path = self.batch.dir.join(&row.name);
        // What was seen to be gone before is still told to a check.
        let Some(kind) = row.kind() else {
            return;
        };
        if shared.is_nested_root(&path) {
            return;
        }
        if was_directory(Some(&row)) {
            self.vanished.push(path);
        }
        if let Decision::Watched(rule) = self.scope.decide(&row.name, kind) {
            self.tell(shared, gone(row.name.clone(), row, rule));
        }
    }

    /// Takes an entry that cannot be looked at.
    pub(super) fn blind(&mut self, name: &OsStr, reason: String) {
        self.batch.blind.push(BlindSpot {
            path: self.batch.dir.join(name),
            cause: Cause::Unreadable(reason),
        });
    }

    /// Takes what there is to tell without inspecting it.
    pub(super) fn tell(&mut self, shared: &Shared<'p>, look: Look<'p>) {
        self.batch.looks.push(look);
        self.send_if_full(shared);
    }

    /// Takes an entry that must be inspected.
    pub(super) fn doubt(
        &mut self,
        shared: &Shared<'p>,
        doubt: Doubt<'p>,
        listed: &Stat,
        next: &mut Next<'_, Task<'p>>,
    ) {
        if shared.plan.only_names {
            self.name(shared, doubt.name);
            return;
        }
        self.doubts.push(doubt);
        if listed.kind == Kind::File {
            self.doubtful_bytes = self.doubtful_bytes.saturating_add(listed.size);
        }
        if self.doubts.len() >= TASK_FILES || self.doubtful_bytes >= TASK_BYTES {
            self.queue(next);
        }
    }

    /// Looks at a directory and says whether it may be walked.
    ///
    /// Not as a task: rows below a directory are found again through its own row, so it is walked
    /// only when that is sure to exist. One that is gone by now would leave them behind forever.
    pub(super) fn doubt_directory(
        &mut self,
        shared: &Shared<'p>,
        doubt: Doubt<'p>,
        inspector: &Inspector<'_>,
    ) -> bool {
        let was_directory = doubt.was_directory();
        if shared.plan.only_names {
            // Its row is not written by this run: what is below is found by its own rows.
            self.name(shared, doubt.name);
            return true;
        }
        let observed = inspector.look_at_directory(&self.dir, doubt.request());
        let may_be_walked = match &observed {
            Observation::Present(present) => present.state.stat.kind == Kind::Directory,
            Observation::Absent => false,
            Observation::Unreadable(_) | Observation::Unstable => was_directory,
        };
        if was_directory && !may_be_walked {
            self.vanished.push(self.batch.dir.join(&doubt.name));
        }
        self.tell(shared, doubt.into_look(observed));
        may_be_walked
    }

    /// Names an entry that is in doubt.
    fn name(&mut self, shared: &Shared<'p>, name: OsString) {
        self.batch.doubtful.push(name);
        self.send_if_full(shared);
    }

    fn send_if_full(&mut self, shared: &Shared<'p>) {
        if self.batch.is_full() {
            let empty = Batch::of(self.batch.dir.clone());
            shared.send(std::mem::replace(&mut self.batch, empty));
        }
    }

    /// Queues the doubts collected so far.
    pub(super) fn queue(&mut self, next: &mut Next<'_, Task<'p>>) {
        self.doubtful_bytes = 0;
        let doubts = std::mem::take(&mut self.doubts);
        if !doubts.is_empty() {
            let path = self.batch.dir.clone();
            next.task(Task {
                path,
                dir: self.dir.clone(),
                doubts,
            });
        }
    }
}

/// Returns the look at a path that is not there any more.
pub(super) fn gone<'p>(name: OsString, row: Box<Row>, rule: &'p Rule) -> Look<'p> {
    Look {
        name,
        row: Some(row),
        observed: Observation::Absent,
        rule,
        covered: true,
    }
}

/// Says whether rows may exist below this one.
pub(super) fn was_directory(row: Option<&Row>) -> bool {
    row.is_some_and(|row| {
        let seen = row.seen.as_ref().and_then(|seen| seen.state.as_ref());
        let states = [row.trusted.as_ref(), seen];
        states
            .into_iter()
            .flatten()
            .any(|state| state.stat.kind == Kind::Directory)
    })
}
