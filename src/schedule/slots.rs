//! The moments at which a schedule wants a scan, without regard to what has run: [`Slots`].

use croner::Cron;
use croner::parser::CronParser;
use jiff::civil::{self, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::BadTimetable;
use crate::config::Schedule;

/// The moments of a schedule, in order.
///
/// A crontab is matched against the calendar alone, where each day has 24 hours; what that means on
/// days that have 23 or 25 is settled here. croner's own search in a zone is not used: of what falls
/// into a missing hour it keeps `30 2`, but skips `30 2,4`.
#[derive(Clone, Debug)]
pub(super) enum Slots {
    /// At some hours of the day. Each minute of the calendar comes once: one that the clock skips
    /// comes when the clock goes on, one that comes twice counts the first time.
    SomeHours(Box<Cron>),
    /// At every hour, as time passes: nothing in an hour that is missing, and as often in one that
    /// is repeated as in any other.
    EveryHour(Box<Cron>),
    /// Again and again, this long after the last run.
    Every(SignedDuration),
}

/// Where the search for whether a crontab ever matches begins. Any leap day is found from here.
const CALENDAR_START: DateTime = civil::date(2000, 1, 1).at(0, 0, 0, 0);

impl Slots {
    pub fn new(schedule: &Schedule) -> Result<Slots, BadTimetable> {
        let fields = match schedule {
            Schedule::Every(span) => {
                let span = SignedDuration::try_from(*span);
                let span = span.ok().filter(SignedDuration::is_positive);
                return span
                    .map(Slots::Every)
                    .ok_or(BadTimetable::Never(schedule.clone()));
            }
            Schedule::Daily { hour, minute } => &format!("{minute} {hour} * * *"),
            Schedule::Cron(fields) => fields,
        };
        let fields = plain_lists(fields);
        // `5/10`: a crontab's way to write 5, 15, 25 and so on.
        let parser = CronParser::builder().sloppy_ranges(true).build();
        let cron = parser
            .parse(&fields)
            .map_err(|error| BadTimetable::Refused {
                schedule: schedule.clone(),
                reason: error.to_string(),
            })?;
        if cron.find_next_occurrence(&CALENDAR_START, true).is_err() {
            return Err(BadTimetable::Never(schedule.clone()));
        }
        let is_every_hour = fields.split_whitespace().nth(1) == Some("*");
        let cron = Box::new(cron);
        Ok(match is_every_hour {
            true => Slots::EveryHour(cron),
            false => Slots::SomeHours(cron),
        })
    }

    /// Returns the first moment after another.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Slots::SomeHours(cron) => next_of_some(cron, after, zone),
            Slots::EveryHour(cron) => next_of_every(cron, after, zone),
            Slots::Every(span) => after.checked_add(*span).ok(),
        }
    }
}

/// The values of each field of a crontab.
const RANGES: [&str; 5] = ["0-59", "0-23", "1-31", "1-12", "0-7"];

/// Writes each `*` within a list as the values it stands for: croner knows it only alone.
fn plain_lists(fields: &str) -> String {
    let plain = fields.split_whitespace().zip(RANGES).map(|(field, range)| {
        let items: Vec<&str> = field.split(',').collect();
        match items.as_slice() {
            [_] => field.to_owned(),
            items if items.contains(&"*") => "*".to_owned(),
            _ => field.replace('*', range),
        }
    });
    plain.collect::<Vec<_>>().join(" ")
}

fn next_of_some(cron: &Cron, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let mut wall = after.to_zoned(zone.clone()).datetime();
    // More than one turn only in an hour that is repeated, or for what falls into a missing one.
    loop {
        wall = cron.find_next_occurrence(&wall, false).ok()?;
        let slot = reached(wall, zone).filter(|slot| *slot > after);
        if slot.is_some() {
            return slot;
        }
    }
}

fn next_of_every(cron: &Cron, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let mut from = after;
    let mut is_included = false;
    loop {
        let offset = zone.to_offset(from);
        let wall = offset.to_datetime(from);
        let found = cron.find_next_occurrence(&wall, is_included).ok()?;
        let slot = offset.to_timestamp(found).ok()?;
        match zone.following(from).next() {
            // The clock is changed before that; from there on it shows another time.
            Some(change) if change.timestamp() <= slot => {
                from = change.timestamp();
                is_included = true;
            }
            _ => return Some(slot),
        }
    }
}

/// Returns when a clock on the wall first shows this time or a later one; `None` if the whole day
/// is missing, as at a change of the date line.
fn reached(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    if !matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
        return ambiguous.earlier().ok();
    }
    let day = wall.date();
    if day.to_zoned(zone.clone()).ok()?.date() != day {
        return None;
    }
    // The clock goes on somewhere between what the two offsets make of the missing time.
    let before = ambiguous.earlier().ok()?;
    zone.following(before)
        .next()
        .map(|change| change.timestamp())
}
