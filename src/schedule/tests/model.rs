//! Random schedules in many zones, minute by minute, beside a clock on a wall.

use proptest::prelude::*;

use jiff::civil::DateTime;

use super::*;

/// Zones with every kind of change: an hour, half an hour, at midnight, over the date line, by the
/// day, with another law every year, and none at all.
const ZONES: [&str; 24] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/Monrovia",
    "America/Asuncion",
    "America/Caracas",
    "America/Havana",
    "America/New_York",
    "America/Nuuk",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Etc/UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Pacific/Norfolk",
];

/// A moment at which the clock of a zone is set, or any other where it never is.
fn change() -> impl Strategy<Value = Zoned> {
    // Before 1972 some offsets have seconds, which no minute of a crontab falls on.
    let since = Timestamp::from_second(75_000_000).unwrap();
    let around = 0..65_i64 * 365 * 24 * 60;
    (prop::sample::select(&ZONES[..]), around).prop_map(move |(name, minutes)| {
        let zone = zone(name);
        let moment = since + SignedDuration::from_mins(minutes);
        let change = zone
            .following(moment)
            .next()
            .map(|change| change.timestamp());
        change.unwrap_or(moment).to_zoned(zone)
    })
}

/// A crontab whose meaning is known without reading it.
#[derive(Clone, Debug)]
struct Crontab {
    minutes: Vec<i8>,
    /// Empty for `*`.
    hours: Vec<i8>,
    /// Days of the week, Sunday 0; empty for `*`.
    weekdays: Vec<i8>,
}

impl Crontab {
    fn text(&self) -> String {
        let list = |values: &[i8]| match values {
            [] => "*".to_owned(),
            _ => values
                .iter()
                .map(i8::to_string)
                .collect::<Vec<_>>()
                .join(","),
        };
        let [minutes, hours, weekdays] =
            [&self.minutes, &self.hours, &self.weekdays].map(|v| list(v));
        format!("{minutes} {hours} * * {weekdays}")
    }

    fn matches(&self, wall: DateTime) -> bool {
        let has = |values: &[i8], value| values.is_empty() || values.contains(&value);
        has(&self.minutes, wall.minute())
            && has(&self.hours, wall.hour())
            && has(&self.weekdays, wall.weekday().to_sunday_zero_offset())
    }
}

fn crontab() -> impl Strategy<Value = Crontab> {
    let minutes = prop::collection::vec(prop::sample::select(vec![0, 1, 15, 29, 30, 31, 59]), 1..4);
    let hours = prop::collection::vec(
        prop_oneof![3 => prop::sample::select(vec![0, 1, 2, 3, 23]), 1 => 0..24_i8],
        0..4,
    );
    let weekdays = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::collection::vec(0..7_i8, 1..3),
    ];
    (minutes, hours, weekdays).prop_map(|(minutes, hours, weekdays)| Crontab {
        minutes,
        hours,
        weekdays,
    })
}

/// Returns the starts from one moment up to another, by looking at the clock each minute.
///
/// At some hours: each time of the calendar counts when the clock first shows it or has gone past.
fn watched(crontab: &Crontab, from: &Zoned, to: &Zoned) -> Vec<Timestamp> {
    let zone = from.time_zone();
    let minute = SignedDuration::from_mins(1);
    let mut starts = Vec::new();
    let mut seen = from.datetime();
    let mut moment = from.timestamp() + minute;
    while moment <= to.timestamp() {
        let wall = moment.to_zoned(zone.clone()).datetime();
        if crontab.hours.is_empty() {
            if crontab.matches(wall) {
                starts.push(moment);
            }
        } else {
            let mut is_start = false;
            while seen < wall {
                seen += minute;
                // A day that the clock never shows is no day.
                let exists = seen.date().to_zoned(zone.clone()).unwrap().date() == seen.date();
                is_start |= crontab.matches(seen) && exists;
            }
            if is_start {
                starts.push(moment);
            }
        }
        moment += minute;
    }
    starts
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(200)
    })]

    #[test]
    fn the_starts_are_those_of_a_clock_on_a_wall(crontab in crontab(), change in change()) {
        let timetable = timetable(&crontab.text());
        let from = change.checked_sub(SignedDuration::from_hours(60)).unwrap();
        let to = change.checked_add(SignedDuration::from_hours(60)).unwrap();
        let expected = watched(&crontab, &from, &to);
        let mut found = Vec::new();
        let mut now = from;
        loop {
            let start = timetable.next_after(Some(now.timestamp()), &now).unwrap();
            prop_assert!(start > now.timestamp());
            if start > to.timestamp() {
                break;
            }
            found.push(start);
            now = start.to_zoned(now.time_zone().clone());
        }
        prop_assert_eq!(found, expected, "{} in {}", crontab.text(), to);
    }

    #[test]
    fn daily_is_once_on_every_date(change in change(), hour in 0..24_u8, minute in 0..60_u8) {
        let timetable = Timetable::new(&Schedule::Daily { hour, minute }).unwrap();
        let zone = change.time_zone();
        let mut now = change.checked_sub(SignedDuration::from_hours(24 * 20)).unwrap();
        let due = |date: jiff::civil::Date| {
            let wall = date.at(hour.cast_signed(), minute.cast_signed(), 0, 0);
            zone.to_ambiguous_timestamp(wall)
        };
        let mut date = now.date();
        if due(date).earlier().unwrap() <= now.timestamp() {
            date = date.tomorrow().unwrap();
        }
        for _ in 0..40 {
            while date.to_zoned(zone.clone()).unwrap().date() != date {
                date = date.tomorrow().unwrap();
            }
            let start = timetable.next_after(Some(now.timestamp()), &now).unwrap();
            now = start.to_zoned(zone.clone());
            match due(date).offset() {
                jiff::tz::AmbiguousOffset::Gap { .. } => {
                    // When the clock goes on: just before, it showed an earlier time.
                    let before = start - SignedDuration::from_secs(1);
                    let before = before.to_zoned(zone.clone()).datetime();
                    let wall = date.at(hour.cast_signed(), minute.cast_signed(), 0, 0);
                    prop_assert!(before < wall && wall < now.datetime());
                }
                _ => prop_assert_eq!(start, due(date).earlier().unwrap()),
            }
            date = date.tomorrow().unwrap();
        }
    }

    /// Whoever waits, is woken at odd times, sleeps too long, is started again and has its clock
    /// set, runs each start at most once and is never told of one in the past.
    #[test]
    fn nothing_runs_twice_whatever_the_clock_does(
        crontab in crontab(),
        change in change(),
        catches_up: bool,
        delay in prop::sample::select(vec![0_u64, 90, 3600, 100_000]),
        steps in prop::collection::vec(
            prop_oneof![5 => 1..40_i64, 3 => 40..600_i64, 1 => -70..0_i64],
            1..200,
        ),
    ) {
        let bare = timetable(&crontab.text()).catch_up(catches_up);
        let timetable = bare.clone().spread(Duration::from_secs(delay), "seed");
        let zone = change.time_zone();
        let mut clock = change.timestamp() - SignedDuration::from_hours(30);
        let mut last = None;
        for minutes in steps {
            clock += SignedDuration::from_mins(minutes);
            let now = clock.to_zoned(zone.clone());
            let start = timetable.next_after(last, &now).unwrap();
            prop_assert!(start >= clock);
            if start > clock {
                continue;
            }
            if let Some(last) = last {
                if last <= clock {
                    // There is a slot after the last run that this one is for.
                    let slot = bare.slots.next(last, zone).unwrap();
                    prop_assert!(slot <= clock, "{} ran twice", slot);
                } else {
                    prop_assert!(!timetable.is_believable(last, clock));
                }
            }
            if !catches_up {
                // Nothing that was missed by more than the grace, delay included.
                let late = SignedDuration::try_from(GRACE).unwrap()
                    + SignedDuration::from_secs(i64::try_from(delay).unwrap());
                let slot = bare.slots.next(clock - late - SignedDuration::from_secs(1), zone);
                prop_assert!(slot.unwrap() <= clock);
            }
            last = Some(clock);
        }
    }

    /// The configuration accepts nothing that has no timetable, impossible days aside.
    #[test]
    fn every_crontab_that_is_accepted_has_a_timetable(
        fields in (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7)),
        change in change(),
    ) {
        let (minute, hour, day, month, weekday) = fields;
        let text = format!("{minute} {hour} {day} {month} {weekday}");
        let schedule: Schedule = text.parse().unwrap();
        match Timetable::new(&schedule) {
            Ok(timetable) => {
                let start = timetable.next_after(Some(change.timestamp()), &change);
                prop_assert!(start.unwrap() > change.timestamp());
            }
            Err(BadTimetable::Never(_)) => prop_assert!(day != "*"),
            Err(refused) => prop_assert!(false, "{}", refused),
        }
    }
}

/// One field of a crontab, as the configuration accepts it.
fn field(from: u8, to: u8) -> impl Strategy<Value = String> {
    let value = from..=to;
    let range = (value.clone(), value.clone())
        .prop_map(|(one, other)| format!("{}-{}", one.min(other), one.max(other)));
    let item = prop_oneof![
        Just("*".to_owned()),
        value.prop_map(|value| value.to_string()),
        range,
    ];
    let step = prop::option::weighted(0.3, 1..40_u8);
    let item = (item, step).prop_map(|(item, step)| match step {
        Some(step) => format!("{item}/{step}"),
        None => item,
    });
    prop_oneof![
        1 => Just("*".to_owned()),
        2 => prop::collection::vec(item, 1..3).prop_map(|items| items.join(",")),
    ]
}
