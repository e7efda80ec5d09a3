//! A point in time as file systems keep it: seconds since 1970 and nanoseconds.
//!
//! Not `SystemTime`, whose range and precision differ per platform, and not nanoseconds in an
//! `i64`, which end in 2262 while ext4 goes on to 2446.

use std::time::{SystemTime, UNIX_EPOCH};

const NANOS_PER_SEC: u32 = 1_000_000_000;

/// A point in time; any second of an `i64` counted from 1970, before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    secs: i64,
    nanos: u32,
}

impl Timestamp {
    /// Returns the time `secs` after 1970 plus `nanos`; a whole second in `nanos` is carried over.
    pub fn new(secs: i64, nanos: u32) -> Timestamp {
        Timestamp {
            secs: secs.saturating_add(i64::from(nanos / NANOS_PER_SEC)),
            nanos: nanos % NANOS_PER_SEC,
        }
    }

    /// Returns the seconds since 1970, negative before, rounded down.
    pub fn secs(self) -> i64 {
        self.secs
    }

    /// Returns the nanoseconds to add to the seconds, below one thousand million.
    pub fn nanos(self) -> u32 {
        self.nanos
    }

    /// Returns a time of Windows, in units of 100 ns since 1601.
    pub fn from_windows(ticks: u64) -> Timestamp {
        const TICKS: u64 = 10_000_000;
        const FROM_1601_TO_1970: i64 = 11_644_473_600;
        let secs = (ticks / TICKS).cast_signed() - FROM_1601_TO_1970;
        Timestamp::new(secs, (ticks % TICKS) as u32 * 100)
    }

    /// Returns the present time of the system clock.
    pub fn now() -> Timestamp {
        Timestamp::from(SystemTime::now())
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Timestamp {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Timestamp::new(saturate(after.as_secs()), after.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                let secs = -saturate(before.as_secs());
                match before.subsec_nanos() {
                    0 => Timestamp::new(secs, 0),
                    nanos => Timestamp::new(secs - 1, NANOS_PER_SEC - nanos),
                }
            }
        }
    }
}

fn saturate(secs: u64) -> i64 {
    i64::try_from(secs).unwrap_or(i64::MAX)
}
