//! From records to signals: [`Resolver`] finds the paths, keeps the table true, and tells.
//!
//! Pure apart from what it is given: `wants` and `deliver` from the caller of the watcher, and a
//! [`World`] for the two things that only the system knows. No lock is held while any of them is
//! called. Records about directories that are not covered are most of what a mark on a whole file
//! system brings; they are dropped before anything is built of them, and counted.

mod take;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::take::Take;
use super::handle::{Handle, HandleRef};
use super::record::{Record, mask};
use super::table::{Place, Table, split_name};
use crate::bytes::{bytes_to_path, path_to_bytes};
use crate::watch::{BackendKind, Deliver, LostReason, Process, Signal, Wants};

/// How many directories may be in doubt while records keep coming.
const DOUBTS: usize = 64;
/// How many of them are looked at in one go.
const SETTLED_AT_ONCE: usize = 16;

/// What only the system knows.
pub(super) trait World {
    /// Returns the handle of the directory that is at this path now.
    fn look(&self, path: &Path) -> Option<Handle>;

    /// Returns the process behind the record that is being taken.
    fn actor(&self) -> Option<Arc<Process>>;
}

/// What was counted.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) signals: AtomicU64,
    pub(super) own_dropped: AtomicU64,
    pub(super) foreign_dropped: AtomicU64,
    pub(super) unnamed_dropped: AtomicU64,
    pub(super) overflows: AtomicU64,
}

/// See the module.
pub(super) struct Resolver {
    table: Mutex<Table>,
    pub(super) counters: Counters,
    wants: Wants,
    deliver: Deliver,
    /// The process whose doings are not told: our own.
    deaf_to: Option<i32>,
    /// The directory of the canary.
    canary: Handle,
}

impl Resolver {
    pub(super) fn new(
        wants: &Wants,
        deliver: &Deliver,
        deaf_to: Option<i32>,
        canary: Handle,
    ) -> Resolver {
        Resolver {
            table: Mutex::new(Table::new()),
            counters: Counters::default(),
            wants: Arc::clone(wants),
            deliver: Arc::clone(deliver),
            deaf_to,
            canary,
        }
    }

    /// Locks the table. Its methods do not panic, so a poisoned lock still holds the truth.
    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a directory that was found at this path just now, in a directory with the handle
    /// `parent`; `true` when it became an anchor.
    pub(super) fn cover(
        &self,
        handle: HandleRef<'_>,
        parent: Option<HandleRef<'_>>,
        path: &Path,
        is_marked: bool,
        world: &dyn World,
    ) -> bool {
        let bytes = path_to_bytes(path);
        let parent = parent.and_then(|parent| self.parent_place(parent, bytes, world));
        let (is_anchor, places) = {
            let mut table = self.table();
            let is_anchor = table.cover(handle, parent.as_ref(), bytes, is_marked);
            (is_anchor, table.places(handle))
        };
        for place in places.iter().filter(|place| place.path != bytes) {
            // Covered under two paths, unless the record of its renaming is lost or on its way.
            if !is_there(place, world) {
                self.table().found(place, bytes);
            }
        }
        is_anchor
    }

    /// Returns where the directory that this path is in is known, if it is.
    fn parent_place(&self, parent: HandleRef<'_>, path: &[u8], world: &dyn World) -> Option<Place> {
        let (parent_path, _) = split_name(path)?;
        let mut places = self.table().places(parent);
        if let Some(index) = places.iter().position(|place| place.path == parent_path) {
            return Some(places.swap_remove(index));
        }
        // If it is known elsewhere and not there any more, it was renamed, and the record will tell.
        // If it is there, this is another path to it.
        places.into_iter().find(|place| !is_there(place, world))
    }

    /// Takes one record.
    pub(super) fn take(&self, record: &Record<'_>, world: &dyn World) {
        if has(record, mask::Q_OVERFLOW) {
            add(&self.counters.overflows);
            return self.lost(None, LostReason::Overflow);
        }
        let dir = record.entry.map(|entry| entry.dir);
        if dir == Some(self.canary.borrowed()) {
            return self.take_canary(record);
        }
        if self.deaf_to == Some(record.pid) {
            return add(&self.counters.own_dropped);
        }
        if has(record, mask::FS_ERROR) {
            return self.take_damage(record);
        }
        let take = Take {
            resolver: self,
            record,
            world,
        };
        if !take.tell() {
            add(match (record.entry, record.old, record.new) {
                (None, None, None) => &self.counters.unnamed_dropped,
                _ => &self.counters.foreign_dropped,
            });
        }
    }

    /// Tells that nobody knows what happened at and below a path.
    pub(super) fn lost(&self, below: Option<PathBuf>, reason: LostReason) {
        self.tell(Signal::Lost { below, reason });
    }

    /// Looks at directories in doubt when no records are left that could be about them, or when
    /// there are too many.
    pub(super) fn settle(&self, is_drained: bool, world: &dyn World) {
        let keep = if is_drained { 0 } else { DOUBTS };
        for _ in 0..SETTLED_AT_ONCE {
            let doubtful = self.table().doubtful(keep);
            let Some(place) = doubtful else {
                return;
            };
            let is_there = is_there(&place, world);
            self.table().settle(&place, is_there);
        }
    }

    /// Nobody else gets there, so the process does not matter: a child that was just forked may be
    /// the last to close the file.
    fn take_canary(&self, record: &Record<'_>) {
        if has(record, mask::CLOSE_WRITE) {
            let backend = BackendKind::Fanotify;
            self.tell(Signal::Alive { backend });
        } else {
            add(&self.counters.own_dropped);
        }
    }

    fn take_damage(&self, record: &Record<'_>) {
        let fsid = record.object.map(|object| object.fsid);
        let anchors = fsid.map(|fsid| self.table().anchors_on(fsid));
        let (error, _) = record.error.unwrap_or_default();
        for place in anchors.unwrap_or_default() {
            let message = format!("the file system reports that it is damaged (error {error})");
            self.lost(path(place.path), LostReason::Error(message));
        }
    }

    fn tell(&self, signal: Signal) {
        add(&self.counters.signals);
        (self.deliver)(signal);
    }
}

fn has(record: &Record<'_>, bits: u64) -> bool {
    record.mask & bits != 0
}

fn is_there(place: &Place, world: &dyn World) -> bool {
    let there = path(place.path.clone()).and_then(|path| world.look(&path));
    there.as_ref() == Some(&place.handle)
}

/// Returns bytes as a path. Only made of what this system gave us, so they are one.
fn path(bytes: Vec<u8>) -> Option<PathBuf> {
    bytes_to_path(&bytes).ok()
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

// Its paths are those of Unix.
#[cfg(test)]
#[cfg(unix)]
mod tests;
