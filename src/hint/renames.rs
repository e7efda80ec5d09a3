//! Directories that get another path: what was heard below goes with them,
//! [`PendingHints::relocate`] and [`PendingHints::depart`]. So does what somebody has taken to look
//! at it, once it comes back: [`Renames`].

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::entry::{Entry, What};
use super::life::Life;
use super::settle;
use super::tree::NodeId;
use super::{Hint, PendingHints, Work};

/// Renames that are remembered. A hint that misses more of them keeps its path: something may be
/// told of it there that is told at the new path as well, but nothing is missed.
const REMEMBERED: usize = 1024;

/// What the latest renames of directories were, in order, for hints that are out meanwhile.
#[derive(Debug, Default)]
pub(super) struct Renames {
    recent: VecDeque<Rename>,
    /// How many there were before these.
    forgotten: u64,
}

#[derive(Debug)]
struct Rename {
    from: PathBuf,
    /// `None` is a place that is not watched.
    to: Option<PathBuf>,
}

impl Renames {
    /// Returns how many there were.
    pub fn count(&self) -> u64 {
        self.forgotten + self.recent.len() as u64
    }

    fn add(&mut self, from: &Path, to: Option<&Path>) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
            self.forgotten += 1;
        }
        self.recent.push_back(Rename {
            from: from.to_owned(),
            to: to.map(Path::to_owned),
        });
    }

    /// Lets a hint go the way that it would have gone had it been pending since it was taken.
    pub fn catch_up<A>(&self, hint: &mut Hint<A>) {
        let known = hint.renames.checked_sub(self.forgotten);
        let Some(known) = known.and_then(|known| usize::try_from(known).ok()) else {
            return;
        };
        for rename in self.recent.iter().skip(known) {
            let Some(below) = rename.below(&hint.path) else {
                continue;
            };
            match &rename.to {
                Some(to) if below.as_os_str().is_empty() => hint.path = to.clone(),
                Some(to) => hint.path = to.join(below),
                None => hint.life = Life::DEPARTED,
            }
        }
    }
}

impl Rename {
    /// Returns where a path is in the directory, if it was renamed with it.
    fn below<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        let bytes = path.as_os_str().as_encoded_bytes();
        if !bytes.starts_with(self.from.as_os_str().as_encoded_bytes()) {
            // Nearly always, and found much sooner than by comparing names.
            return None;
        }
        path.strip_prefix(&self.from).ok()
    }
}

impl<A: Clone + PartialEq> PendingHints<A> {
    /// Takes note that a directory went by a rename, with all that is below it: what was made there
    /// is to be found under another name.
    pub fn depart(&mut self, from: &Path) {
        self.renames.add(from, None);
        let Some(top) = self.tree.find(from) else {
            return;
        };
        for id in self.tree.places_from(top) {
            if let Some(entry) = self.tree.get_mut(id)
                && let What::Hint(heard) = &mut entry.what
            {
                heard.life = Life::DEPARTED;
            }
        }
    }

    /// Lets what was heard of a directory, and of what is below it, count for its new path: that is
    /// where it is to be found, and nothing came of it where it was. However much that is, it takes
    /// no time unless something is pending at the new path.
    pub fn relocate(&mut self, from: &Path, to: &Path, at: Instant) {
        let hints = match self.tree.find(from) {
            Some(top) if !self.tree.graft(top, to, Entry::is_subtree) => self.claim_all(top, at),
            _ => Vec::new(),
        };
        self.renames.add(from, Some(to));
        let subtrees = Vec::new();
        // By another path they are due no later.
        self.bring_back(Work { hints, subtrees }, at, settle::deadline);
    }

    /// Takes the hints at a place and below it, with all that renames have linked to them.
    fn claim_all(&mut self, top: NodeId, at: Instant) -> Vec<Hint<A>> {
        let places = self.tree.places_from(top);
        let paths: Vec<PathBuf> = places.into_iter().map(|id| self.tree.path(id)).collect();
        let claimed = paths.iter().flat_map(|path| self.claim(path, at));
        claimed.collect()
    }
}
