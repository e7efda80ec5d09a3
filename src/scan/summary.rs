//! What a run came to: [`Summary`], and the [`BlindSpot`]s it met.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::change::Action;
use crate::inspect::Progress;

/// Counts of one run.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Objects looked at, unchanged ones included.
    pub objects: u64,
    /// Regular files read.
    pub files_read: u64,
    /// Bytes read.
    pub bytes_read: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// Differences reported by this run, each under its first action.
    pub actions: BTreeMap<Action, u64>,
    /// Paths whose first baseline this run took.
    pub joined: u64,
    /// Paths that left the policy and were forgotten.
    pub left: u64,
    /// Approved files for which a newly configured digest was recorded.
    pub extended: u64,
    /// Paths that could not be looked at.
    pub blind: u64,
    /// Of these, files that changed during every attempt to read them.
    pub unstable: u64,
    /// Files not read because the policy limits their size.
    pub too_large: u64,
    /// Paths that differ from their approved state after this run, reported now or earlier.
    pub open: u64,
    /// Whether no baseline existed before.
    pub baseline_created: bool,
}

impl Summary {
    /// Returns how many differences this run reported.
    pub fn reported(&self) -> u64 {
        self.actions.values().sum()
    }

    /// Takes over how much was looked at and read.
    pub(super) fn take_totals(&mut self, progress: &Progress) {
        self.objects = progress.objects.load(Ordering::Relaxed);
        self.files_read = progress.files_read.load(Ordering::Relaxed);
        self.bytes_read = progress.bytes_read.load(Ordering::Relaxed);
    }

    /// Counts one reported difference.
    pub(super) fn count(&mut self, action: Action) {
        *self.actions.entry(action).or_default() += 1;
    }

    /// Counts one path that could not be looked at.
    pub(super) fn count_blind(&mut self, spot: &BlindSpot) {
        match spot.cause {
            Cause::TooLarge(_) => self.too_large += 1,
            Cause::Unstable => {
                self.unstable += 1;
                self.blind += 1;
            }
            Cause::Unreadable(_) => self.blind += 1,
        }
    }
}

/// A path that could not be looked at, or not wholly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindSpot {
    /// The path; all below it too when it is a directory.
    pub path: PathBuf,
    /// Why.
    pub cause: Cause,
}

/// Why a path could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The system refused; its words.
    Unreadable(String),
    /// It changed during every attempt to read it.
    Unstable,
    /// The policy limits the size of what is read; what was too large, in words. Asked for, so no
    /// failure.
    TooLarge(String),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Unreadable(reason) | Cause::TooLarge(reason) => f.write_str(reason),
            Cause::Unstable => f.write_str("changed during every attempt to read it"),
        }
    }
}
