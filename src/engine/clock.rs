//! Notices that somebody set the system's clock: [`Clock`].
//!
//! The coordinator asks it each time it comes by. It compares how far the clock on the wall went
//! with how far the time since boot did, which nobody sets and which goes on while the machine
//! sleeps. Whoever is told has schedules computed anew; hints and patience never follow the clock on
//! the wall.
//!
//! A time service that makes the clock a little faster or slower, or corrects it by less than
//! [`JUMP`], sets no clock in this sense.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use waxseal_platform::host;

use crate::event::{Notice, NoticeAction};

/// A difference up to this is the business of a time service.
const JUMP: Duration = Duration::from_secs(2);

/// How long reading both clocks may take.
const HELD_UP: Duration = Duration::from_millis(500);

/// What both clocks showed at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    wall: Timestamp,
    since_boot: Duration,
}

impl Reading {
    /// Reads both clocks; `None` if that is not possible, or not for now.
    pub(super) fn now() -> Option<Reading> {
        let since_boot = host::since_boot()?;
        let wall = Timestamp::now();
        let after = host::since_boot()?;
        // Whoever is stopped between the two would see a jump where there is none.
        let is_one_moment = after.saturating_sub(since_boot) < HELD_UP;
        is_one_moment.then_some(Reading { wall, since_boot })
    }
}

/// How far the clock was set; forward is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Jump(SignedDuration);

impl Jump {
    /// Returns what the journal is told.
    pub(super) fn notice(self) -> Notice {
        Notice::now(NoticeAction::ClockChanged, self.to_string())
    }
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.0.is_negative() {
            "back"
        } else {
            "forward"
        };
        let size = self.0.abs();
        let size = size.round(Unit::Second).unwrap_or(size);
        write!(f, "the system clock was set {direction} by {size:#}")
    }
}

/// What the clocks showed last.
#[derive(Debug)]
pub(super) struct Clock {
    last: Option<Reading>,
}

impl Clock {
    /// Returns one that tells of what happens after this reading.
    pub(super) fn new(reading: Option<Reading>) -> Clock {
        Clock { last: reading }
    }

    /// Returns how far the clock was set since the last reading, if it was.
    pub(super) fn look(&mut self, reading: Option<Reading>) -> Option<Jump> {
        // What cannot be read now shows with the next reading.
        let now = reading?;
        let last = self.last.replace(now)?;
        let passed = now.since_boot.saturating_sub(last.since_boot);
        let shown = last.wall.duration_until(now.wall);
        let jump = shown.checked_sub(SignedDuration::try_from(passed).ok()?)?;
        (jump.unsigned_abs() > JUMP).then_some(Jump(jump))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a reading so many seconds after boot, with the clock off by so many.
    fn reading(since_boot: f64, off: f64) -> Option<Reading> {
        let booted = Timestamp::from_second(1_773_144_000).unwrap();
        Some(Reading {
            wall: booted + SignedDuration::from_secs_f64(since_boot + off),
            since_boot: Duration::from_secs_f64(since_boot),
        })
    }

    fn told(readings: &[Option<Reading>]) -> Vec<String> {
        let mut clock = Clock::new(None);
        let jumps = readings.iter().filter_map(|reading| clock.look(*reading));
        jumps.map(|jump| jump.to_string()).collect()
    }

    #[test]
    fn a_clock_that_goes_by_itself_is_not_told() {
        // The last step is a night in which the machine sleeps.
        let readings = [0.0, 0.001, 30.0, 60.0, 36_000.0];
        assert_eq!(told(&readings.map(|at| reading(at, 0.0))), [""; 0]);
    }

    #[test]
    fn a_jump_is_told_once_with_size_and_direction() {
        let readings = [
            reading(10.0, 0.0),
            reading(40.0, -3600.0),
            reading(70.0, -3600.0),
            reading(70.5, 82_800.02),
            reading(71.0, 82_800.02),
            reading(72.0, 82_935.0),
            reading(73.0, 82_932.9),
        ];
        let jumps = [
            "back by 1h",
            "forward by 24h",
            "forward by 2m 15s",
            "back by 2s",
        ];
        assert_eq!(
            told(&readings),
            jumps.map(|jump| format!("the system clock was set {jump}"))
        );
    }

    #[test]
    fn small_corrections_are_not_told_however_many() {
        let slewed = (0..100).map(|n| reading(f64::from(n) * 30.0, f64::from(n) * 0.015));
        let stepped = (100..200).map(|n| reading(f64::from(n) * 30.0, f64::from(n) * 1.5));
        assert_eq!(told(&slewed.collect::<Vec<_>>()), [""; 0]);
        assert_eq!(told(&stepped.collect::<Vec<_>>()), [""; 0]);
    }

    #[test]
    fn a_moment_without_a_reading_hides_nothing() {
        let readings = [reading(1.0, 0.0), None, reading(3.0, -60.0)];
        assert_eq!(told(&readings), ["the system clock was set back by 1m"]);
        assert_eq!(told(&[None, None, reading(3.0, -60.0)]), [""; 0]);
    }

    #[test]
    fn the_furthest_jumps_are_told() {
        let wall = |wall| {
            Some(Reading {
                wall,
                since_boot: Duration::ZERO,
            })
        };
        let readings = [
            wall(Timestamp::MIN),
            wall(Timestamp::MAX),
            wall(Timestamp::MIN),
        ];
        assert_eq!(told(&readings).len(), 2);
    }
}
