//! Work that could not be done comes back: [`PendingHints::requeue`].

use std::collections::HashMap;
use std::time::Instant;

use super::entry::{Entry, Heard, What};
use super::settle::{self, Tick};
use super::tree::{NodeId, Reached};
use super::{Hint, PendingHints, Work};

impl<A: Clone + PartialEq> PendingHints<A> {
    /// Gives work back that could not be done. It is due again after a pause; when it was first
    /// heard of is not forgotten, and what was renamed meanwhile is known by its new path.
    pub fn requeue(&mut self, work: Work<A>, at: Instant) {
        let deadline = settle::deadline(self.clock.tick(at));
        self.bring_back(work, at, |_| deadline);
    }

    /// Does so; `deadline` says by when what was first heard of at a moment is to be looked at.
    pub(super) fn bring_back(
        &mut self,
        work: Work<A>,
        at: Instant,
        deadline: impl Fn(Tick) -> Tick,
    ) {
        let now = self.clock.tick(at);
        let mut linked = Vec::new();
        for subtree in work.subtrees {
            let first = self.clock.tick(subtree.first);
            let id = self.doubt(&subtree.path, subtree.reason, now);
            if let Some(entry) = self.tree.get_mut(id) {
                entry.first = entry.first.min(first);
                entry.absorb(subtree.absorbed);
            }
            linked.extend(subtree.group.map(|group| (group, subtree.path)));
        }
        for mut hint in work.hints {
            self.renames.catch_up(&mut hint);
            let group = hint.group.map(|group| (group, hint.path.clone()));
            self.hear_again(hint, now, &deadline);
            linked.extend(group);
        }
        // Only now: what came back as a hint may be covered by a subtree that came back after it.
        let mut groups: HashMap<u64, NodeId> = HashMap::new();
        for (group, path) in linked {
            let id = self.tree.reach(&path, Entry::is_subtree).id();
            self.links.join(*groups.entry(group).or_insert(id), id);
        }
        self.make_room(now);
    }

    /// Merges a hint that was taken with what has been heard of the path since.
    fn hear_again(&mut self, hint: Hint<A>, now: Tick, deadline: impl Fn(Tick) -> Tick) {
        let first = self.clock.tick(hint.first);
        let mut heard = Heard {
            changes: hint.changes,
            life: hint.life,
            is_directory: hint.is_directory,
            actors: hint.actors,
            backend: hint.backend,
        };
        let id = match self.tree.reach(&hint.path, Entry::is_subtree) {
            Reached::Path(id) => id,
            Reached::Cover(id) => {
                self.absorb_one(id, now);
                if let Some(entry) = self.tree.get_mut(id) {
                    entry.first = entry.first.min(first);
                }
                return;
            }
        };
        match self.tree.get_mut(id) {
            Some(entry) => {
                entry.first = entry.first.min(first);
                if let What::Hint(later) = &mut entry.what {
                    std::mem::swap(later, &mut heard);
                    later.then(heard);
                }
            }
            None => {
                let mut entry = Entry::new(now, What::Hint(heard));
                (entry.first, entry.deadline) = (first, deadline(first));
                let due = settle::after_quiet(now, entry.deadline);
                self.tree.put(id, entry);
                self.schedule(id, due);
            }
        }
    }
}
