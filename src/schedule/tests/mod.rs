//! Real zones, real clock changes, and a clock that is set.

mod clock;
mod model;
mod zones;

use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, Zoned};

use super::{BadTimetable, GRACE, Timetable};
use crate::config::Schedule;

/// Returns a zone of the database that is part of the program, whatever this machine has.
fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap()
}

fn timetable(schedule: &str) -> Timetable {
    Timetable::new(&schedule.parse().unwrap()).unwrap()
}

/// Returns a moment written in local time, `2026-03-29 01:30[Europe/Berlin]`, with an offset where
/// the clock shows it twice.
fn at(text: &str) -> Zoned {
    let (time, name) = text.trim_end_matches(']').split_once('[').unwrap();
    let zone = zone(name);
    match time.parse::<Timestamp>() {
        Ok(moment) => moment.to_zoned(zone),
        Err(_) => time
            .parse::<jiff::civil::DateTime>()
            .unwrap()
            .to_zoned(zone)
            .unwrap(),
    }
}

/// Returns the next starts after a moment, each run in time, as local times with their offsets.
fn starts(timetable: &Timetable, from: &str, number: usize) -> Vec<String> {
    let mut now = at(from);
    let starts = std::iter::repeat_with(|| {
        let start = timetable.next_after(Some(now.timestamp()), &now).unwrap();
        now = start.to_zoned(now.time_zone().clone());
        now.strftime("%Y-%m-%d %H:%M%:z").to_string()
    });
    starts.take(number).collect()
}
