//! Canaries that were heard, until everything that happened before them was told. Pure.
//!
//! Each watch has a buffer of its own in the system, and the canary's may be read before that of
//! another watch with older records. The completions of all are read in the order in which they
//! came, and a watch has at most one of them waiting. So nothing older than the canary is left once
//! no completion waits, or once each watch could have been read twice: what was waiting, and what
//! had gathered behind it.

use std::collections::VecDeque;
use std::time::Instant;

#[derive(Debug, Default)]
pub(super) struct Beats {
    waiting: VecDeque<Beat>,
}

#[derive(Debug)]
struct Beat {
    /// How many completions are still to be read.
    left: usize,
    /// Until when a name that left before may arrive.
    due: Option<Instant>,
}

impl Beats {
    /// Takes note of a canary that was heard while there were so many watches.
    pub(super) fn hear(&mut self, watches: usize) {
        // And its own, which is being read.
        let left = watches.saturating_mul(2).saturating_add(1);
        self.waiting.push_back(Beat { left, due: None });
    }

    /// Takes note of a completion that was read after which names are waited for until `due`.
    pub(super) fn step(&mut self, due: Option<Instant>) {
        for beat in &mut self.waiting {
            if beat.left == 1 {
                beat.due = due;
            }
            beat.left = beat.left.saturating_sub(1);
        }
    }

    /// Takes note that no completion is waiting.
    pub(super) fn drained(&mut self, due: Option<Instant>) {
        for beat in self.waiting.iter_mut().filter(|beat| beat.left > 0) {
            beat.left = 0;
            beat.due = due;
        }
    }

    /// Says whether one is to be told now, and counts it as told.
    pub(super) fn pop(&mut self, now: Instant) -> bool {
        let is_due = |beat: &mut Beat| beat.left == 0 && beat.due.is_none_or(|due| due <= now);
        self.waiting.pop_front_if(is_due).is_some()
    }

    /// Says when the first is to be told, if only time is in its way.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let first = self.waiting.front().filter(|beat| beat.left == 0)?;
        first.due
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_canary_waits_until_nothing_is_waiting() {
        let now = Instant::now();
        let mut beats = Beats::default();
        beats.hear(3);
        beats.step(None);
        assert!(!beats.pop(now));
        beats.drained(None);
        assert!(beats.pop(now) && !beats.pop(now));
    }

    #[test]
    fn a_canary_waits_for_no_more_than_each_watch_twice() {
        let now = Instant::now();
        let mut beats = Beats::default();
        beats.hear(2);
        for _ in 0..4 {
            beats.step(None);
            assert!(!beats.pop(now));
        }
        beats.step(None);
        assert!(beats.pop(now));
    }

    #[test]
    fn a_canary_does_not_overtake_a_name_that_left_before() {
        let now = Instant::now();
        let due = now + Duration::from_millis(10);
        let mut beats = Beats::default();
        beats.hear(1);
        beats.drained(Some(due));
        assert_eq!(beats.next_due(), Some(due));
        assert!(!beats.pop(now));
        // One that left after it is nothing to it.
        beats.drained(Some(due + Duration::from_millis(10)));
        assert!(beats.pop(due));
        assert_eq!(beats.next_due(), None);
    }
}
