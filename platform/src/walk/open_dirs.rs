//! Bounds the number of directories held open for subdirectories that wait.
//!
//! Each thread has a list of the nodes it opened, in that order, and an equal share of the budget.
//! A thread works depth first, so the newest nodes are needed next and the oldest last: when the
//! share is used up the oldest is closed, and `node` opens it again if a child still waits for it.
//! Going up a deep tree, the way down to a closed node leaves as many of its ancestors open as the
//! share allows, so that the long way is gone only once in so many directories.
//!
//! Directories that visitors hold are not counted here. A visitor's tasks add at most one per
//! thread, because a thread does the tasks of one directory before it opens another.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::limits;
use super::node::Node;

/// No share gets smaller: below this, deep trees would be opened from the root again and again.
const LEAST_SHARE: usize = 4;

/// No walk holds more: it would not get any faster.
const MOST_OPEN: usize = 4096;

/// The directories that all threads of a walk hold open.
pub(super) struct OpenDirs {
    /// How many each thread may hold.
    share: AtomicUsize,
    /// The nodes each thread opened, oldest first; some may have been closed since.
    lists: Vec<Mutex<List>>,
}

type List = VecDeque<Weak<Node>>;

/// One thread's part of [`OpenDirs`].
pub(super) struct Keeper<'o> {
    all: &'o OpenDirs,
    own: &'o Mutex<List>,
}

impl OpenDirs {
    /// Returns how many directories a walk may hold: half of the open files this program may have.
    pub(super) fn usual_budget() -> usize {
        let limit = limits::open_files().map_or(MOST_OPEN, |limit| {
            usize::try_from(limit / 2).unwrap_or(MOST_OPEN)
        });
        limit.min(MOST_OPEN)
    }

    /// Shares a budget between so many threads.
    pub(super) fn new(threads: usize, budget: usize) -> OpenDirs {
        OpenDirs {
            share: AtomicUsize::new((budget / threads.max(1)).max(LEAST_SHARE)),
            lists: (0..threads).map(|_| Mutex::default()).collect(),
        }
    }

    /// Returns each thread's part.
    pub(super) fn keepers(&self) -> impl Iterator<Item = Keeper<'_>> {
        self.lists.iter().map(|own| Keeper { all: self, own })
    }

    /// Closes what all threads hold; returns how much that was.
    fn close_all(&self) -> usize {
        let mut closed = 0;
        for list in &self.lists {
            let closing = std::mem::take(&mut *lock(list));
            for node in closing.iter().filter_map(Weak::upgrade) {
                closed += usize::from(node.is_open());
                node.close();
            }
        }
        closed
    }
}

impl Keeper<'_> {
    /// Takes note of a node that was just opened, and closes the oldest if there are too many.
    pub(super) fn keep(&self, node: &Arc<Node>) {
        let share = self.all.share.load(Ordering::Relaxed);
        let mut list = lock(self.own);
        // What this thread finished since is at the end, so this keeps the list free of it.
        while list.back().is_some_and(|node| !is_open(node)) {
            list.pop_back();
        }
        list.push_back(Arc::downgrade(node));
        let surplus = list.len().saturating_sub(share);
        let closing: Vec<Weak<Node>> = list.drain(..surplus).collect();
        drop(list);
        for node in closing.iter().filter_map(Weak::upgrade) {
            node.close();
        }
    }

    /// Closes every directory that only waits, of all threads, because the system has no descriptor
    /// left: others in this program use more than planned, so from now on the walk holds at most
    /// half of what it held. False when it had nothing to give.
    pub(super) fn give_way(&self) -> bool {
        let closed = self.all.close_all();
        let share = closed / self.all.lists.len().max(1) / 2;
        self.all
            .share
            .fetch_min(share.max(LEAST_SHARE), Ordering::Relaxed);
        closed > 0
    }
}

fn is_open(node: &Weak<Node>) -> bool {
    node.upgrade().is_some_and(|node| node.is_open())
}

fn lock(list: &Mutex<List>) -> MutexGuard<'_, List> {
    // Nothing panics while a list is half changed.
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
