//! What is in doubt together: [`Doubts`], and who found that: [`Finder`].

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Instant;

use super::acting::Agent;
use super::round::Wish;
use crate::event::FoundBy;
use crate::hint::PendingHints;

/// What kind of survey came upon a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finder {
    /// One of what the kernel told of as a whole, or of what is polled.
    Watch,
    /// One that was made because something was lost.
    Rescan,
    /// A scheduled scan.
    Scan,
}

impl Finder {
    /// Says who is to be named in events.
    pub(super) fn found_by(self) -> FoundBy {
        match self {
            Finder::Watch => FoundBy::Watch,
            Finder::Rescan | Finder::Scan => FoundBy::Scan,
        }
    }
}

/// Paths to be looked at in one round: what was renamed is recognised within it only.
#[derive(Debug)]
pub(super) struct Doubts {
    pub(super) names: Vec<PathBuf>,
    pub(super) finder: Finder,
}

impl Doubts {
    /// Takes them as wishes. What was heard of a path goes with it: it is looked at now.
    pub(super) fn take_wishes(
        &mut self,
        hints: &mut PendingHints<Agent>,
        now: Instant,
    ) -> Vec<Wish> {
        let mut names = std::mem::take(&mut self.names);
        // What came back may have been found anew: one look at a path tells all.
        names.sort_unstable();
        names.dedup();
        let heard: Vec<_> = names
            .iter()
            .flat_map(|path| hints.claim(path, now))
            .collect();
        let known: HashSet<PathBuf> = heard.iter().map(|hint| hint.path.clone()).collect();
        let unheard = names.into_iter().filter(|path| !known.contains(path));
        let unheard = unheard.map(|path| Wish::surveyed(path, self.finder));
        let confirmed = heard.into_iter();
        let confirmed = confirmed.map(|hint| Wish::confirmed(hint, self.finder));
        unheard.chain(confirmed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_twice_is_looked_at_once() {
        let mut doubts = Doubts {
            names: ["/b", "/a", "/b"].map(PathBuf::from).into(),
            finder: Finder::Rescan,
        };
        let wishes = doubts.take_wishes(&mut PendingHints::new(10), Instant::now());
        let paths: Vec<_> = wishes
            .iter()
            .map(|wish| wish.path.to_str().unwrap())
            .collect();
        assert_eq!(paths, ["/a", "/b"]);
    }
}
