//! What is pending at one path: [`Entry`].

use super::life::Life;
use super::queue::Due;
use super::settle::{self, Tick};
use super::{Actors, BackendKind, Changes, Reason};

/// What is pending at one path.
#[derive(Debug)]
pub(super) struct Entry<A> {
    pub first: Tick,
    pub deadline: Tick,
    pub due: Due,
    pub what: What<A>,
}

#[derive(Debug)]
pub(super) enum What<A> {
    Hint(Heard<A>),
    Subtree { reason: Reason, absorbed: u64 },
}

/// What was heard of one path.
#[derive(Debug)]
pub(super) struct Heard<A> {
    pub changes: Changes,
    pub life: Life,
    pub is_directory: bool,
    pub actors: Actors<A>,
    pub backend: Option<BackendKind>,
}

impl<A> Entry<A> {
    pub fn new(now: Tick, what: What<A>) -> Entry<A> {
        Entry {
            first: now,
            deadline: settle::deadline(now),
            due: Due::NEVER,
            what,
        }
    }

    pub fn is_subtree(&self) -> bool {
        matches!(self.what, What::Subtree { .. })
    }

    /// Counts hints that this subtree stands for.
    pub fn absorb(&mut self, hints: u64) {
        if let What::Subtree { absorbed, .. } = &mut self.what {
            *absorbed += hints;
        }
    }

    /// Lets this subtree stand for another entry, which is gone.
    pub fn swallow(&mut self, gone: &Entry<A>) {
        self.first = self.first.min(gone.first);
        self.deadline = self.deadline.min(gone.deadline);
        self.absorb(match gone.what {
            What::Hint(_) => 1,
            What::Subtree { absorbed, .. } => absorbed,
        });
    }
}

impl<A: Clone + PartialEq> Heard<A> {
    /// Adds what was heard later.
    pub fn then(&mut self, later: Heard<A>) {
        self.life = self.life.then(later.life);
        self.changes |= later.changes;
        self.is_directory = later.is_directory;
        self.actors.append(later.actors);
        self.backend = later.backend.or(self.backend);
    }
}
