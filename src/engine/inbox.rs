//! Where everything that asks for a look meets: [`Inbox`], the one thing that threads share.
//!
//! Reading threads put hints in and never wait for anything but the lock, which is held for the
//! length of a map insertion. The coordinator sleeps here until something is due.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crossbeam_channel::Sender;
use serde_json::Value;
use waxseal_platform::watch::BackendKind;

use super::round::{Reason, Wish};
use super::surveying::Surveyed;
use crate::event::{Actor, Notice};
use crate::hint::{self, Changes, PendingHints, QUIET, Work};
use crate::scan::ScanError;

/// Paths that may wait to be looked at; beyond, whole directories wait instead.
const PENDING: usize = 131_072;

/// Directories that may wait to be walked one by one.
const APPEARED: usize = 16_384;

/// What somebody outside asked of the watch.
#[derive(Clone, Debug)]
pub(super) enum Request {
    /// End after what is due has been looked at.
    Stop,
    /// Read the configuration again.
    Reload,
    /// Say how it is going, to whoever asks.
    Report(Sender<Value>),
}

/// Everything that waits for the coordinator.
pub(super) struct Inbox {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    /// Wakes a survey that waits for its finds to be taken.
    taken: Condvar,
}

/// What waits.
pub(super) struct Waiting {
    /// Paths and subtrees to look at.
    pub(super) hints: PendingHints<Arc<Actor>>,
    /// Directories that appeared or moved: each is walked, but what is heard from inside stands.
    appeared: Vec<PathBuf>,
    /// When they are walked: until then most of what is in them was heard of with its actor.
    appeared_due: Option<Instant>,
    /// What surveys found.
    pub(super) surveyed: VecDeque<Result<Surveyed, ScanError>>,
    /// Whether nobody takes what surveys find any more.
    is_closed: bool,
    /// What is to be told beside events.
    pub(super) notices: Vec<Notice>,
    /// What somebody asked for.
    pub(super) requests: Vec<Request>,
    /// The backends whose canary was heard.
    pub(super) alive: Vec<BackendKind>,
}

impl Inbox {
    pub(super) fn new() -> Inbox {
        Inbox {
            waiting: Mutex::new(Waiting {
                hints: PendingHints::new(PENDING),
                appeared: Vec::new(),
                appeared_due: None,
                surveyed: VecDeque::new(),
                is_closed: false,
                notices: Vec::new(),
                requests: Vec::new(),
                alive: Vec::new(),
            }),
            arrived: Condvar::new(),
            taken: Condvar::new(),
        }
    }

    /// Changes what waits, and wakes the coordinator.
    pub(super) fn put<T>(&self, change: impl FnOnce(&mut Waiting) -> T) -> T {
        let changed = change(&mut self.lock());
        self.arrived.notify_one();
        changed
    }

    /// Looks at or changes what waits without waking anybody.
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Waiting) -> T) -> T {
        look(&mut self.lock())
    }

    /// Asks for a look at everything at and below a path.
    pub(super) fn doubt(&self, path: &Path, reason: hint::Reason) {
        self.put(|waiting| waiting.hints.subtree(path, reason, Instant::now()));
    }

    /// Waits until a hint is due, something else waits, or `until`; then hands over what waits.
    pub(super) fn wait<T>(
        &self,
        until: Instant,
        take: impl FnOnce(&mut Waiting, Instant) -> T,
    ) -> T {
        let mut waiting = self.lock();
        loop {
            let now = Instant::now();
            let due = waiting.next_due();
            if waiting.has_other() || now >= until || due.is_some_and(|due| due <= now) {
                let taken = take(&mut waiting, now);
                self.taken.notify_all();
                return taken;
            }
            let wake = due.map_or(until, |due| due.min(until));
            let patience = wake.saturating_duration_since(now);
            let woken = self.arrived.wait_timeout(waiting, patience);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Leaves what a survey found, and waits while what it found before is still there.
    pub(super) fn hand_over(&self, part: Result<Surveyed, ScanError>) {
        let mut waiting = self.lock();
        while !waiting.surveyed.is_empty() && !waiting.is_closed {
            waiting = self
                .taken
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if !waiting.is_closed {
            waiting.surveyed.push_back(part);
            self.arrived.notify_one();
        }
    }

    /// Lets surveys hand over what they find as long as the value lives.
    pub(super) fn open(&self) -> Open<'_> {
        self.lock().is_closed = false;
        Open(self)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic of another thread while it held the lock is told by whoever joins that thread;
        // no operation on what waits leaves it half done.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time in which somebody takes what surveys find.
pub(super) struct Open<'i>(&'i Inbox);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.is_closed = true;
        waiting.surveyed.clear();
        self.0.taken.notify_all();
    }
}

impl Waiting {
    /// Takes note of a directory that appeared, or of one end of its move.
    pub(super) fn appeared(&mut self, path: PathBuf, now: Instant) {
        if self.appeared.len() < APPEARED {
            self.appeared.push(path);
            self.appeared_due.get_or_insert(now + QUIET);
        } else {
            self.hints.subtree(&path, hint::Reason::Appeared, now);
        }
    }

    /// Takes back what could not be written, or of which more is to be heard: it is due again after
    /// a pause, merged with what is heard meanwhile.
    pub(super) fn take_back(&mut self, wishes: Vec<Wish>, now: Instant) {
        let mut hints = Vec::new();
        for wish in wishes {
            match wish.reason {
                Reason::Heard(hint) | Reason::Confirmed(hint) => hints.push(*hint),
                Reason::Surveyed(_) => {
                    self.hints.add(&wish.path, Changes::NONE, false, None, now);
                }
            }
        }
        let work = Work {
            hints,
            subtrees: Vec::new(),
        };
        self.hints.requeue(work, now);
    }

    /// Takes the directories that appeared, once they are due.
    pub(super) fn take_appeared(&mut self, now: Instant) -> Vec<PathBuf> {
        if self.appeared_due.is_none_or(|due| due > now) {
            return Vec::new();
        }
        self.appeared_due = None;
        let mut appeared = std::mem::take(&mut self.appeared);
        appeared.sort();
        // What lies below another one is walked with it.
        appeared.dedup_by(|path, above| path.starts_with(above));
        appeared
    }

    /// Makes everything due that is not yet.
    pub(super) fn hurry(&mut self) {
        self.appeared_due = self.appeared_due.map(|_| Instant::now());
    }

    /// Says whether nothing is left to look at.
    pub(super) fn is_empty(&self) -> bool {
        self.hints.is_empty() && self.appeared.is_empty() && !self.has_other()
    }

    fn next_due(&mut self) -> Option<Instant> {
        let hints = self.hints.next_due();
        hints.into_iter().chain(self.appeared_due).min()
    }

    fn has_other(&self) -> bool {
        !self.surveyed.is_empty()
            || !self.notices.is_empty()
            || !self.requests.is_empty()
            || !self.alive.is_empty()
    }
}
