//! The collection itself: [`PendingHints`].

use std::path::Path;
use std::time::Instant;

use super::entry::{Entry, Heard, What};
use super::life::Life;
use super::links::Links;
use super::queue::{Due, Item, Queue};
use super::renames::Renames;
use super::settle::{self, Clock, Tick};
use super::tree::{NodeId, Reached, Tree};
use super::{Actors, Changes, Counts, Hint, Origin, Reason, Subtree, Work};

/// Hints merged per path, until they are due; see the module's page.
///
/// Paths must be written in one way only: absolute, without `.` and `..`. Moments must come from
/// one clock; one that is a little older than the last does no harm.
#[derive(Debug)]
pub struct PendingHints<A> {
    pub(super) tree: Tree<Entry<A>>,
    pub(super) links: Links,
    pub(super) renames: Renames,
    pub(super) queue: Queue,
    pub(super) clock: Clock,
    pub(super) limit: usize,
    pub(super) totals: Totals,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    subtrees: usize,
    merged: u64,
    absorbed: u64,
    pub(super) collapsed: u64,
}

impl<A: Clone + PartialEq> PendingHints<A> {
    /// Returns an empty collection that will never hold more than `limit` hints and subtrees.
    pub fn new(limit: usize) -> PendingHints<A> {
        PendingHints {
            tree: Tree::new(),
            links: Links::default(),
            renames: Renames::default(),
            queue: Queue::default(),
            clock: Clock::default(),
            limit: limit.max(1),
            totals: Totals::default(),
        }
    }

    /// Adds that something happened to what a path names.
    pub fn add(
        &mut self,
        path: &Path,
        changes: Changes,
        is_directory: bool,
        origin: impl Into<Origin<A>>,
        at: Instant,
    ) {
        let now = self.clock.tick(at);
        let Origin { actor, backend } = origin.into();
        let heard = Heard {
            backend,
            changes,
            life: Life::of(changes),
            is_directory,
            actors: Actors::of(actor),
        };
        self.hear(path, heard, now);
        self.make_room(now);
    }

    /// Adds that a name became another; `None` is a place that is not watched.
    ///
    /// Hints below a directory that moved stay where they are. They are looked at under the old
    /// name, and the hint of a new directory means a look at everything in it.
    pub fn moved(
        &mut self,
        from: Option<&Path>,
        to: Option<&Path>,
        is_directory: bool,
        origin: impl Into<Origin<A>>,
        at: Instant,
    ) {
        let now = self.clock.tick(at);
        let Origin { actor, backend } = origin.into();
        let heard = |life| Heard {
            backend,
            changes: Changes::NONE,
            life,
            is_directory,
            actors: Actors::of(actor.clone()),
        };
        let is_new = !is_directory && self.is_new_by_rename(from, to);
        let left = Life::Left {
            is_short_lived: is_new && to.is_none(),
        };
        let from_id = from.map(|from| self.hear(from, heard(left), now));
        let to_id = to.map(|to| self.hear(to, heard(Life::Arrived { is_new }), now));
        if let (Some(from), Some(to)) = (from_id, to_id) {
            self.links.join(from, to);
        }
        self.make_room(now);
    }

    /// Adds that everything at and below a path is in doubt. It absorbs what is pending there, and
    /// what comes until it is taken.
    pub fn subtree(&mut self, path: &Path, reason: Reason, at: Instant) {
        let now = self.clock.tick(at);
        let id = self.doubt(path, reason, now);
        if !reason.settles() && self.tree.path(id) == path {
            self.schedule(id, now);
        }
        self.make_room(now);
    }

    /// Returns when the next entry will be due.
    pub fn next_due(&mut self) -> Option<Instant> {
        let (at, _) = self.first()?;
        self.clock.instant(at)
    }

    /// Takes what is due, the longest due first, up to `max` entries; more only to complete what
    /// renames have linked.
    pub fn take(&mut self, now: Instant, max: usize) -> Work<A> {
        let now = self.clock.tick(now);
        let mut chosen = Vec::new();
        while chosen.len() < max
            && let Some((at, first)) = self.first()
            && at <= now
        {
            let group = self.links.group(first);
            for id in self.links.dissolve(first) {
                if let Some(entry) = self.tree.get_mut(id) {
                    entry.due = Due::NEVER;
                    chosen.push((self.tree.parent(id), id, group));
                }
            }
        }
        // By directory; within one, the order in which they were due stays.
        chosen.sort_by_key(|(dir, ..)| *dir);
        self.remove(chosen)
    }

    /// Takes the hint of one path, due or not, with all that renames have linked to it; for
    /// whoever looks at the path for another reason.
    pub fn claim(&mut self, path: &Path, at: Instant) -> Vec<Hint<A>> {
        let found = self.tree.find(path);
        let is_hint = |id: &NodeId| self.tree.get(*id).is_some_and(|entry| !entry.is_subtree());
        let Some(first) = found.filter(is_hint) else {
            return Vec::new();
        };
        let group = self.links.group(first);
        let mut chosen = Vec::new();
        for id in self.links.dissolve(first) {
            if let Some(entry) = self.tree.get_mut(id) {
                entry.due = Due::NEVER;
                chosen.push((self.tree.parent(id), id, group));
            }
        }
        let Work { hints, subtrees } = self.remove(chosen);
        let linked = Work {
            hints: Vec::new(),
            subtrees,
        };
        self.requeue(linked, at);
        hints
    }

    /// Returns how many hints and subtrees are pending.
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    /// Says whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how much is pending, and what became of all that was ever heard.
    pub fn counts(&self) -> Counts {
        let Totals {
            subtrees,
            merged,
            absorbed,
            collapsed,
        } = self.totals;
        Counts {
            hints: self.len() - subtrees,
            subtrees,
            merged,
            absorbed,
            collapsed,
        }
    }

    /// Makes everything at and below a path one subtree, and returns where that is: at the path,
    /// or above it.
    pub(super) fn doubt(&mut self, path: &Path, reason: Reason, now: Tick) -> NodeId {
        match self.tree.reach(path, Entry::is_subtree) {
            Reached::Path(id) => {
                self.absorb_below(id, reason, now);
                id
            }
            Reached::Cover(id) => {
                let is_same = self.tree.path(id) == path;
                if let Some(Entry {
                    what: What::Subtree { reason: known, .. },
                    ..
                }) = self.tree.get_mut(id)
                    && is_same
                {
                    *known = reason.max(*known);
                }
                self.put_off(id, now);
                id
            }
        }
    }

    /// Puts a subtree in the place of all that is pending at and below a node.
    pub(super) fn absorb_below(&mut self, id: NodeId, reason: Reason, now: Tick) {
        let mut subtree = Entry::new(
            now,
            What::Subtree {
                reason,
                absorbed: 0,
            },
        );
        let (links, totals) = (&mut self.links, &mut self.totals);
        let mut swallow = |gone: Entry<A>| {
            match gone.what {
                What::Hint(_) => totals.absorbed += 1,
                What::Subtree { .. } => totals.subtrees -= 1,
            }
            subtree.swallow(&gone);
        };
        self.tree.drain_below(id, |below, gone| {
            links.replace(below, id);
            swallow(gone);
        });
        self.tree.take(id).into_iter().for_each(swallow);
        totals.subtrees += 1;
        let due = settle::after_quiet(now, subtree.deadline);
        self.tree.put(id, subtree);
        self.schedule(id, due);
    }

    /// Merges what is heard now with what was heard of the path, and returns where it is kept: at
    /// the path, or at the subtree that covers it.
    fn hear(&mut self, path: &Path, heard: Heard<A>, now: Tick) -> NodeId {
        let id = match self.tree.reach(path, Entry::is_subtree) {
            Reached::Path(id) => id,
            Reached::Cover(id) => {
                self.absorb_one(id, now);
                return id;
            }
        };
        let (changes, is_directory) = (heard.changes, heard.is_directory);
        let name = path.file_name();
        let due = match self.tree.get_mut(id) {
            Some(Entry {
                what: What::Hint(known),
                deadline,
                ..
            }) => {
                self.totals.merged += 1;
                known.then(heard);
                settle::due(changes, is_directory, known.life, name, now, *deadline)
            }
            _ => {
                let life = heard.life;
                let entry = Entry::new(now, What::Hint(heard));
                let due = settle::due(changes, is_directory, life, name, now, entry.deadline);
                self.tree.put(id, entry);
                due
            }
        };
        self.schedule(id, due);
        id
    }

    /// Counts a hint that a subtree covers.
    pub(super) fn absorb_one(&mut self, id: NodeId, now: Tick) {
        self.totals.absorbed += 1;
        if let Some(entry) = self.tree.get_mut(id) {
            entry.absorb(1);
        }
        self.put_off(id, now);
    }

    /// Lets a subtree in a storm wait until the storm is over, within its time.
    fn put_off(&mut self, id: NodeId, now: Tick) {
        let Some(entry) = self.tree.get(id) else {
            return;
        };
        if let What::Subtree { reason, .. } = &entry.what
            && reason.settles()
        {
            let due = settle::after_quiet(now, entry.deadline);
            self.schedule(id, due);
        }
    }

    /// Says whether nobody has looked at what a rename moves.
    fn is_new_by_rename(&self, from: Option<&Path>, to: Option<&Path>) -> bool {
        match from.map(|from| self.life(from)) {
            None => true,
            // Told twice: it is what was found the first time.
            Some(Some(Life::Left { is_short_lived })) => {
                let there = to.and_then(|to| self.life(to));
                is_short_lived || there.is_some_and(Life::is_new)
            }
            Some(life) => life.is_some_and(Life::is_new),
        }
    }

    /// Returns what became of a path's name, if something is pending for it.
    fn life(&self, path: &Path) -> Option<Life> {
        match &self.tree.get(self.tree.find(path)?)?.what {
            What::Hint(heard) => Some(heard.life),
            What::Subtree { .. } => None,
        }
    }

    fn first(&mut self) -> Option<(Tick, NodeId)> {
        let tree = &mut self.tree;
        self.queue.first(|id, item| match tree.get_mut(id) {
            Some(entry) => entry.due.check(item),
            None => Item::Stale,
        })
    }

    pub(super) fn schedule(&mut self, id: NodeId, at: Tick) {
        if let Some(entry) = self.tree.get_mut(id) {
            self.queue.set(id, &mut entry.due, at);
        }
        let entries = self.tree.iter().map(|(id, entry)| (id, &entry.due));
        self.queue.tidy(self.tree.len(), entries);
    }

    /// Takes these entries out, given with the places of their directories.
    fn remove(&mut self, chosen: Vec<(NodeId, NodeId, Option<u64>)>) -> Work<A> {
        let mut work = Work {
            hints: Vec::with_capacity(chosen.len()),
            subtrees: Vec::new(),
        };
        let mut dir = None;
        for (parent, id, group) in chosen {
            let path = match &dir {
                Some((known, path)) if *known == parent => path,
                _ => &dir.insert((parent, self.tree.path(parent))).1,
            };
            let path = path.join(self.tree.name(id));
            let Some(entry) = self.tree.remove(id) else {
                continue;
            };
            let Some(first) = self.clock.instant(entry.first) else {
                continue;
            };
            match entry.what {
                What::Hint(heard) => work.hints.push(Hint {
                    path,
                    changes: heard.changes,
                    is_directory: heard.is_directory,
                    actors: heard.actors,
                    backend: heard.backend,
                    first,
                    group,
                    renames: self.renames.count(),
                    life: heard.life,
                }),
                What::Subtree { reason, absorbed } => {
                    self.totals.subtrees -= 1;
                    work.subtrees.push(Subtree {
                        path,
                        reason,
                        absorbed,
                        first,
                        group,
                    });
                }
            }
        }
        self.tree.shrink_if_empty();
        self.queue.shrink_if_empty();
        work
    }
}
