//! In which order entries become due: [`Queue`].
//!
//! A binary heap whose items may be out of date. An entry that is put off keeps its item, which is
//! corrected when it comes to the top; one that is brought forward gets a second item, and the
//! later one is thrown away. So an event on a path that is pending already, by far the most
//! frequent case, does not touch the heap at all.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::settle::Tick;
use super::tree::NodeId;

#[derive(Debug, Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<(Tick, NodeId)>>,
}

/// When an entry is due, and where its item stands in the queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    /// When it is due.
    pub at: Tick,
    /// The moment of its item that counts: never later than `at`.
    queued: Tick,
}

impl Due {
    /// Returns that of an entry without an item in the queue.
    pub const NEVER: Due = Due {
        at: Tick::MAX,
        queued: Tick::MAX,
    };

    /// Says what an item at this moment is worth; one that is too early moves.
    pub fn check(&mut self, item: Tick) -> Item {
        if self.queued != item {
            return Item::Stale;
        }
        self.queued = self.at;
        if self.at == item {
            Item::Counts
        } else {
            Item::Later(self.at)
        }
    }
}

/// What an item of the queue is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Its entry is due at that moment.
    Counts,
    /// Its entry has been put off until then.
    Later(Tick),
    /// Its entry is gone, or has an earlier item.
    Stale,
}

impl Queue {
    /// Makes an entry due at a moment, earlier or later than before.
    pub fn set(&mut self, id: NodeId, due: &mut Due, at: Tick) {
        due.at = at;
        if at < due.queued {
            due.queued = at;
            self.heap.push(Reverse((at, id)));
        }
    }

    /// Returns the entry that is due first and when, and leaves it where it is. `check` answers
    /// for an entry with [`Due::check`], or with [`Item::Stale`] if there is none.
    pub fn first(&mut self, mut check: impl FnMut(NodeId, Tick) -> Item) -> Option<(Tick, NodeId)> {
        loop {
            let mut top = self.heap.peek_mut()?;
            let Reverse((at, id)) = *top;
            match check(id, at) {
                Item::Counts => return Some((at, id)),
                Item::Later(at) => *top = Reverse((at, id)),
                Item::Stale => {
                    PeekMut::pop(top);
                }
            }
        }
    }

    /// Forgets the items that are out of date once they are the most. Without this, entries that
    /// were absorbed would fill the queue of somebody who never asks.
    pub fn tidy<'d>(&mut self, live: usize, entries: impl Iterator<Item = (NodeId, &'d Due)>) {
        if self.heap.len() > 2 * live + 64 {
            self.heap = entries.map(|(id, due)| Reverse((due.queued, id))).collect();
        }
    }

    /// Returns the number of items, with those that are out of date.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Gives the memory of a storm back.
    pub fn shrink_if_empty(&mut self) {
        if self.heap.is_empty() && self.heap.capacity() > 4096 {
            self.heap = BinaryHeap::new();
        }
    }
}
