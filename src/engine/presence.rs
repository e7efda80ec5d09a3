//! Notices that the watch stood still: [`Presence`].
//!
//! The coordinator says each time it comes by until when it may be away. Nothing it does between
//! takes long, so whoever comes back late was stopped (SIGSTOP, a frozen control group) or got no
//! processor. While the machine sleeps this time does not go on: nothing happens then.

use std::time::{Duration, Instant};

/// How late it may be: a loaded machine lets everybody wait now and then.
const LATE: Duration = Duration::from_secs(10);

/// Until when somebody may be away.
#[derive(Debug)]
pub(super) struct Presence {
    due: Instant,
}

impl Presence {
    /// Returns one that is here at this moment.
    pub(super) fn new(now: Instant) -> Presence {
        Presence { due: now }
    }

    /// Takes note that it is here, and until when it may be away. Returns how long it stood still,
    /// if it did.
    pub(super) fn comes_by(&mut self, now: Instant, due: Instant) -> Option<Duration> {
        let late = now.saturating_duration_since(self.due);
        self.due = due;
        (late > LATE).then_some(late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sleeps_as_announced_stood_not_still() {
        let start = Instant::now();
        let mut presence = Presence::new(start);
        let wake = start + 9 * LATE;
        assert_eq!(presence.comes_by(start, wake), None);
        assert_eq!(presence.comes_by(wake + LATE, wake + LATE), None);
    }

    #[test]
    fn who_comes_late_is_told_once_how_late() {
        let start = Instant::now();
        let mut presence = Presence::new(start);
        let back = start + 3 * LATE;
        assert_eq!(presence.comes_by(back, back), Some(3 * LATE));
        assert_eq!(presence.comes_by(back, back), None);
    }
}
