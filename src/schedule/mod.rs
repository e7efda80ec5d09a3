//! When the next scan is to start: [`Timetable`], made of the schedule of the configuration.
//!
//! It answers one question and keeps no time itself: given when the last scan started and what the
//! clock shows now, when is the next one due? Whoever waits for it asks again whenever the clock may
//! have been set, or the machine may have slept; the answer follows the clock.
//!
//! - **Local time**, whatever the clock does. A start that falls into the hour that is missing in
//!   spring comes when the clock goes on; one in the hour that comes twice in autumn happens once.
//!   Where the crontab's hour is `*`, the starts follow the passing time instead.
//! - **No start twice.** All starts up to the last run are done, also after the clock was set back.
//!   But a last run that lies far in the future is a mistake of some earlier clock and is
//!   disregarded: else nothing would run until then.
//! - **A missed start** happens as soon as possible and once, however many were missed
//!   ([`Timetable::catch_up`]), or not at all.
//! - **A fleet does not start at once**: each machine waits its own time ([`Timetable::spread`]).

mod slots;

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use xxhash_rust::xxh64::xxh64;

use crate::config::Schedule;
use slots::Slots;

/// When scans start by themselves.
#[derive(Clone, Debug)]
pub struct Timetable {
    slots: Slots,
    catches_up: bool,
    max_delay: SignedDuration,
    seed: u64,
}

/// Why a schedule has no timetable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTimetable {
    /// No day is like that.
    #[error("the schedule {:?} never comes: there is no such day; change its day or month", .0.to_string())]
    Never(Schedule),
    /// The fields of a crontab cannot be understood after all.
    #[error("cannot understand the schedule {:?}: {reason}", .schedule.to_string())]
    Refused {
        /// The schedule.
        schedule: Schedule,
        /// What is wrong with it.
        reason: String,
    },
}

/// How late a start may be without having been missed. Whoever waits for it must ask more often.
pub const GRACE: Duration = Duration::from_secs(60);

const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Timetable {
    /// Returns the timetable of a schedule: missed starts are caught up, and nothing is delayed.
    pub fn new(schedule: &Schedule) -> Result<Timetable, BadTimetable> {
        Ok(Timetable {
            slots: Slots::new(schedule)?,
            catches_up: true,
            max_delay: SignedDuration::ZERO,
            seed: 0,
        })
    }

    /// Says whether a start that was missed, because the machine slept or was down or an earlier
    /// scan took too long, is made up for.
    pub fn catch_up(self, catches_up: bool) -> Timetable {
        Timetable { catches_up, ..self }
    }

    /// Delays each start by up to this time, whole seconds, and never past the start after it.
    ///
    /// By how long depends on the start and on the seed, something that differs between machines
    /// and outlives restarts: the same start is always delayed alike.
    pub fn spread(self, max_delay: Duration, seed: &str) -> Timetable {
        let max_delay = SignedDuration::try_from(max_delay).unwrap_or(SignedDuration::MAX);
        // More would never be used.
        let max_delay = max_delay.min(DAY * 366);
        let seed = xxh64(seed.as_bytes(), 0);
        Timetable {
            max_delay,
            seed,
            ..self
        }
    }

    /// Returns when the next scan is to start: now or later. `None` if never, in the year 9999.
    ///
    /// `last_run` is when the last scan *started*, and `None` if there was none. Then a schedule
    /// like "every 6h" is due now, and one by the clock at its next time.
    pub fn next_after(&self, last_run: Option<Timestamp>, now: &Zoned) -> Option<Timestamp> {
        let (moment, zone) = (now.timestamp(), now.time_zone());
        let last_run = last_run.filter(|last| self.is_believable(*last, moment));
        let Some(last) = last_run else {
            return match self.slots {
                Slots::Every(_) => Some(moment),
                _ => self.upcoming(None, moment, zone),
            };
        };
        let start = self.start(self.slots.next(last, zone)?, zone);
        if start >= moment || self.catches_up {
            return Some(start.max(moment));
        }
        self.upcoming(Some(last), moment, zone)
    }

    /// Returns the first start that is not missed yet, of those after the last run.
    fn upcoming(
        &self,
        last: Option<Timestamp>,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Option<Timestamp> {
        let missed_before = earlier(now, SignedDuration::try_from(GRACE).ok()?);
        // What comes before this starts before `missed_before`, with any delay.
        let long_ago = earlier(missed_before, self.max_delay + SignedDuration::from_secs(1));
        let mut slot = match (&self.slots, last) {
            (Slots::Every(span), Some(last)) => multiple_before(last, *span, long_ago),
            (_, last) => last.map_or(long_ago, |last| last.max(long_ago)),
        };
        loop {
            slot = self.slots.next(slot, zone)?;
            let start = self.start(slot, zone);
            if start >= missed_before {
                return Some(start.max(now));
            }
        }
    }

    /// Returns when the scan of a slot starts on this machine.
    fn start(&self, slot: Timestamp, zone: &TimeZone) -> Timestamp {
        if self.max_delay < SignedDuration::from_secs(1) {
            return slot;
        }
        let next = self.slots.next(slot, zone).unwrap_or(Timestamp::MAX);
        // Each start comes before the next slot, so that their order is that of the slots.
        let room = slot.duration_until(next).as_secs() - 1;
        let longest = self.max_delay.as_secs().min(room).max(0).unsigned_abs();
        let number = xxh64(&slot.as_second().to_le_bytes(), self.seed);
        let delay = number % (longest + 1);
        let delay = SignedDuration::from_secs(i64::try_from(delay).unwrap_or(0));
        slot.checked_add(delay).unwrap_or(slot)
    }

    /// Says whether a last run may be true. It may lie in the future, if the clock was set back
    /// since, but not so far that its schedule would stand still for longer than it ever does.
    fn is_believable(&self, last: Timestamp, now: Timestamp) -> bool {
        let ahead = match &self.slots {
            Slots::Every(span) => DAY.min(*span),
            Slots::EveryHour(_) => SignedDuration::from_hours(1),
            Slots::SomeHours(_) => DAY,
        };
        now.duration_until(last) <= ahead
    }
}

fn earlier(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// Returns the last whole multiple of a span after a moment that is not after another; the moment
/// itself if there is none.
fn multiple_before(last: Timestamp, span: SignedDuration, limit: Timestamp) -> Timestamp {
    let passed = last.duration_until(limit).as_secs().max(0);
    let seconds = span.as_secs().max(1);
    let whole = SignedDuration::from_secs(passed / seconds * seconds);
    last.checked_add(whole).unwrap_or(last)
}
