//! Names that left, until it is known whether they arrive at another covered place.
//!
//! The kernel tells both halves of a rename at once, but others may come in between. A name that
//! does not arrive in time is given back as one that left for good; if it arrives after all, that
//! is told as an arrival from elsewhere, so nothing is lost but the pairing.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long the second half is waited for. Both are made by one system call.
pub(super) const PATIENCE: Duration = Duration::from_millis(10);
/// How many may wait at once; the oldest then goes.
const MOST: usize = 128;

/// A name that left a covered directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Departed {
    pub(super) path: PathBuf,
    /// Whether it is known to be a directory.
    pub(super) is_directory: bool,
    cookie: usize,
    due: Instant,
}

/// Those that wait, in the order in which they left.
#[derive(Debug, Default)]
pub(super) struct Renames {
    waiting: VecDeque<Departed>,
}

impl Renames {
    /// Notes one that left, and returns one that has to make room.
    pub(super) fn depart(
        &mut self,
        path: PathBuf,
        is_directory: bool,
        cookie: usize,
        now: Instant,
    ) -> Option<Departed> {
        self.waiting.push_back(Departed {
            path,
            is_directory,
            cookie,
            due: now + PATIENCE,
        });
        (self.waiting.len() > MOST)
            .then(|| self.waiting.pop_front())
            .flatten()
    }

    /// Returns the one that arrives with this cookie.
    pub(super) fn arrive(&mut self, cookie: usize) -> Option<Departed> {
        let is_it = |departed: &Departed| departed.cookie == cookie;
        let at = self.waiting.iter().rposition(is_it)?;
        self.waiting.remove(at)
    }

    /// Returns one that was waited for long enough.
    pub(super) fn give_up(&mut self, now: Instant) -> Option<Departed> {
        self.waiting.pop_front_if(|first| first.due <= now)
    }

    /// Says until when the first is waited for.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.waiting.front().map(|first| first.due)
    }

    /// Says until when the last is waited for.
    pub(super) fn last_due(&self) -> Option<Instant> {
        self.waiting.back().map(|last| last.due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depart(renames: &mut Renames, cookie: usize, now: Instant) -> Option<Departed> {
        renames.depart(PathBuf::from(format!("/d/{cookie}")), false, cookie, now)
    }

    #[test]
    fn halves_are_paired_also_when_others_come_between() {
        let now = Instant::now();
        let mut renames = Renames::default();
        depart(&mut renames, 1, now);
        depart(&mut renames, 2, now);
        let second = renames.arrive(2).unwrap();
        assert_eq!(second.path, PathBuf::from("/d/2"));
        assert_eq!(renames.arrive(2), None);
        assert_eq!(renames.arrive(1).unwrap().path, PathBuf::from("/d/1"));
        assert_eq!(renames.next_due(), None);
    }

    #[test]
    fn what_does_not_arrive_is_given_up_in_its_turn() {
        let start = Instant::now();
        let later = start + Duration::from_millis(1);
        let mut renames = Renames::default();
        depart(&mut renames, 1, start);
        depart(&mut renames, 2, later);
        assert_eq!(renames.next_due(), Some(start + PATIENCE));
        assert_eq!(renames.give_up(later), None);
        assert_eq!(renames.give_up(start + PATIENCE).unwrap().cookie, 1);
        assert_eq!(renames.give_up(start + PATIENCE), None);
        assert_eq!(renames.next_due(), Some(later + PATIENCE));
        assert_eq!(renames.arrive(1), None);
    }

    #[test]
    fn a_flood_pushes_out_the_oldest() {
        let now = Instant::now();
        let mut renames = Renames::default();
        for cookie in 0..MOST {
            assert_eq!(depart(&mut renames, cookie, now), None);
        }
        assert_eq!(depart(&mut renames, MOST, now).unwrap().cookie, 0);
        assert_eq!(renames.waiting.len(), MOST);
    }
}
