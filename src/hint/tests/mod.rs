//! What users do, what storms do, and a model of it all.

mod limits;
mod model;
mod renames;
mod settling;
mod subtrees;

use std::time::{Duration, Instant};

use super::{Actors, Changes, Hint, PendingHints, Reason, Work};
use crate::state::sample;

const C: Changes = Changes::CREATED;
const W: Changes = Changes::WRITTEN;
const S: Changes = Changes::CLOSED;
const A: Changes = Changes::ATTRIBUTES;
const D: Changes = Changes::DELETED;

/// Pending hints with a clock in milliseconds.
struct Desk {
    pending: PendingHints<&'static str>,
    start: Instant,
    now: u64,
}

impl Desk {
    fn new(limit: usize) -> Desk {
        Desk {
            pending: PendingHints::new(limit),
            start: Instant::now(),
            now: 0,
        }
    }

    fn at(&self, millis: u64) -> Instant {
        self.start + Duration::from_millis(millis)
    }

    /// Lets time pass.
    fn wait(&mut self, millis: u64) -> &mut Desk {
        self.now += millis;
        self
    }

    fn by(&mut self, actor: Option<&'static str>, path: &str, changes: Changes) -> &mut Desk {
        let at = self.at(self.now);
        self.pending
            .add(&sample::path(path), changes, false, actor, at);
        self
    }

    fn file(&mut self, path: &str, changes: Changes) -> &mut Desk {
        self.by(Some("someone"), path, changes)
    }

    /// Each of these changes by itself.
    fn each(&mut self, path: &str, changes: &[Changes]) -> &mut Desk {
        changes.iter().for_each(|changes| {
            self.file(path, *changes);
        });
        self
    }

    fn dir(&mut self, path: &str, changes: Changes) -> &mut Desk {
        let at = self.at(self.now);
        self.pending
            .add(&sample::path(path), changes, true, Some("someone"), at);
        self
    }

    fn moved(&mut self, from: &str, to: &str) -> &mut Desk {
        let at = self.at(self.now);
        let [from, to] = [from, to].map(|path| (path != "-").then(|| sample::path(path)));
        let (from, to) = (from.as_deref(), to.as_deref());
        self.pending.moved(from, to, false, Some("someone"), at);
        self
    }

    /// A directory that gets another path; `-` is a place that is not watched.
    fn relocated(&mut self, from: &str, to: &str) -> &mut Desk {
        let at = self.at(self.now);
        match to {
            "-" => self.pending.depart(&sample::path(from)),
            to => {
                let (from, to) = (sample::path(from), sample::path(to));
                self.pending.relocate(&from, &to, at);
            }
        }
        self
    }

    /// Gives back what was taken.
    fn requeue(&mut self, work: Work<&'static str>) -> &mut Desk {
        let at = self.at(self.now);
        self.pending.requeue(work, at);
        self
    }

    fn subtree(&mut self, path: &str, reason: Reason) -> &mut Desk {
        let at = self.at(self.now);
        self.pending.subtree(&sample::path(path), reason, at);
        self
    }

    fn take(&mut self) -> Work<&'static str> {
        self.take_up_to(usize::MAX)
    }

    fn take_up_to(&mut self, max: usize) -> Work<&'static str> {
        let now = self.at(self.now);
        self.pending.take(now, max)
    }

    /// Takes what is due and returns the paths, sorted, a subtree with `/**` at its end.
    fn paths(&mut self) -> Vec<String> {
        paths(&self.take())
    }

    /// Returns in how many milliseconds something will be due.
    fn due_in(&mut self) -> Option<u64> {
        let due = self.pending.next_due()?;
        let wait = due.saturating_duration_since(self.at(self.now));
        u64::try_from(wait.as_millis()).ok()
    }
}

/// Returns the one actor who caused everything, if everything is known to be his.
pub(super) fn single<A: Clone + PartialEq>(actors: &Actors<A>) -> Option<&A> {
    let is_certain = !actors.has_unnamed() && !actors.has_more();
    let mut named = actors.iter().filter(|_| is_certain);
    named.next().filter(|_| named.next().is_none())
}

fn paths<T>(work: &Work<T>) -> Vec<String> {
    let hints = work.hints.iter().map(|hint| sample::written(&hint.path));
    let subtrees = work
        .subtrees
        .iter()
        .map(|subtree| format!("{}/**", sample::written(&subtree.path)));
    let mut paths: Vec<String> = hints.chain(subtrees).collect();
    paths.sort();
    paths
}

/// Returns the hint of one path.
fn hint<'w, T>(work: &'w Work<T>, path: &str) -> &'w Hint<T> {
    let mut hints = work.hints.iter();
    hints.find(|hint| hint.path == sample::path(path)).unwrap()
}
