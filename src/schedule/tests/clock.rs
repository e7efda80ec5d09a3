//! Machines that sleep, clocks that are set, and fleets.

use std::collections::BTreeSet;

use super::*;

const BERLIN: &str = "[Europe/Berlin]";

/// Says when the next start is: `last` and `now` are local times in Berlin.
fn next(timetable: &Timetable, last: Option<&str>, now: &str) -> String {
    let moment = |text: &str| at(&format!("{text}{BERLIN}"));
    let last = last.map(|last| moment(last).timestamp());
    let start = timetable.next_after(last, &moment(now)).unwrap();
    start
        .to_zoned(zone("Europe/Berlin"))
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

#[test]
fn what_was_missed_is_caught_up_once_or_not_at_all() {
    // Schedule, last run, now, the next start with and without catching up.
    let table = [
        // In time.
        (
            "daily at 02:30",
            "2026-11-20 02:30",
            "2026-11-20 12:00",
            "2026-11-21 02:30",
            "same",
        ),
        // The machine was off for three nights.
        (
            "daily at 02:30",
            "2026-11-20 02:30",
            "2026-11-23 12:00",
            "2026-11-23 12:00",
            "2026-11-24 02:30",
        ),
        // It has been caught up, by hand or not.
        (
            "daily at 02:30",
            "2026-11-23 12:00",
            "2026-11-23 12:01",
            "2026-11-24 02:30",
            "same",
        ),
        // A minute late is in time.
        (
            "daily at 02:30",
            "2026-11-20 02:30",
            "2026-11-21 02:31",
            "2026-11-21 02:31",
            "same",
        ),
        // The scan took longer than its interval.
        (
            "every 6h",
            "2026-11-20 00:00",
            "2026-11-20 14:00",
            "2026-11-20 14:00",
            "2026-11-20 18:00",
        ),
        (
            "*/15 * * * *",
            "2026-11-20 00:15",
            "2026-11-20 01:05",
            "2026-11-20 01:05",
            "2026-11-20 01:15",
        ),
    ];
    for (schedule, last, now, with, without) in table {
        let timetable = timetable(schedule);
        let without = if without == "same" { with } else { without };
        assert_eq!(next(&timetable, Some(last), now), with, "{schedule}, {now}");
        let timetable = timetable.catch_up(false);
        assert_eq!(
            next(&timetable, Some(last), now),
            without,
            "{schedule}, {now}"
        );
    }
}

#[test]
fn without_an_earlier_run_nothing_was_missed() {
    for catches_up in [true, false] {
        let daily = timetable("daily at 02:30").catch_up(catches_up);
        assert_eq!(next(&daily, None, "2026-11-20 12:00"), "2026-11-21 02:30");
        // Whoever waits for it and asks again is told the same.
        assert_eq!(next(&daily, None, "2026-11-21 02:30"), "2026-11-21 02:30");
        assert_eq!(next(&daily, None, "2026-11-21 02:31"), "2026-11-21 02:31");
        assert_eq!(next(&daily, None, "2026-11-21 02:32"), "2026-11-22 02:30");
        let every = timetable("every 6h").catch_up(catches_up);
        assert_eq!(next(&every, None, "2026-11-20 12:00"), "2026-11-20 12:00");
    }
}

#[test]
fn a_clock_that_is_set_back_repeats_no_start() {
    let table = [
        (
            "daily at 02:30",
            "2026-11-20 02:30",
            "2026-11-20 01:00",
            "2026-11-21 02:30",
        ),
        (
            "daily at 02:30",
            "2026-11-20 02:30",
            "2026-11-19 12:00",
            "2026-11-21 02:30",
        ),
        (
            "0 2 * * *",
            "2026-11-20 02:00",
            "2026-11-20 01:59",
            "2026-11-21 02:00",
        ),
        (
            "0 * * * *",
            "2026-11-20 02:00",
            "2026-11-20 01:30",
            "2026-11-20 03:00",
        ),
        (
            "every 6h",
            "2026-11-20 06:00",
            "2026-11-20 05:00",
            "2026-11-20 12:00",
        ),
    ];
    for (schedule, last, now, expected) in table {
        for catches_up in [true, false] {
            let timetable = timetable(schedule).catch_up(catches_up);
            assert_eq!(next(&timetable, Some(last), now), expected, "{schedule}");
        }
    }
}

#[test]
fn a_run_in_the_far_future_was_a_wrong_clock() {
    let table = [
        (
            "daily at 02:30",
            "2035-01-01 02:30",
            "2026-11-20 01:00",
            "2026-11-20 02:30",
        ),
        (
            "0 * * * *",
            "2026-11-20 05:00",
            "2026-11-20 01:30",
            "2026-11-20 02:00",
        ),
        (
            "every 6h",
            "2026-11-21 06:00",
            "2026-11-20 05:00",
            "2026-11-20 05:00",
        ),
    ];
    for (schedule, last, now, expected) in table {
        assert_eq!(
            next(&timetable(schedule), Some(last), now),
            expected,
            "{schedule}"
        );
    }
}

#[test]
fn a_clock_that_is_set_forward_makes_one_start() {
    let daily = timetable("daily at 02:30");
    assert_eq!(
        next(&daily, Some("2026-11-20 02:30"), "2027-11-20 12:00"),
        "2027-11-20 12:00"
    );
    assert_eq!(
        next(&daily, Some("2027-11-20 12:00"), "2027-11-20 12:01"),
        "2027-11-21 02:30"
    );
}

#[test]
fn each_machine_of_a_fleet_has_its_own_delay_and_keeps_it() {
    let hour = Duration::from_secs(3600);
    let mut all = BTreeSet::new();
    for machine in 0..200 {
        let seed = format!("store-{machine}");
        let start = |now: &str| {
            let timetable = timetable("daily at 02:30").spread(hour, &seed);
            next(&timetable, Some("2026-11-20 12:00"), now)
        };
        let start_at = start("2026-11-20 13:00");
        assert!(
            ("2026-11-21 02:30".."2026-11-21 03:31").contains(&&*start_at),
            "{start_at}"
        );
        // The same after a restart, also between the slot and the start.
        if start_at.as_str() > "2026-11-21 02:35" {
            assert_eq!(start("2026-11-21 02:35"), start_at);
        }
        all.insert(start_at);
    }
    assert!(all.len() > 50, "they are spread over the hour: {all:?}");
}

#[test]
fn a_delay_never_reaches_the_next_start() {
    let day = Duration::from_secs(24 * 3600);
    for schedule in ["*/5 * * * *", "every 5m"] {
        let timetable = timetable(schedule).spread(day, "seed");
        let mut last = at("2026-11-20 12:00[Europe/Berlin]").timestamp();
        for _ in 0..100 {
            let now = last.to_zoned(zone("Europe/Berlin"));
            let start = timetable.next_after(Some(last), &now).unwrap();
            assert!(start > last);
            assert!(last.duration_until(start) < SignedDuration::from_mins(10));
            last = start;
        }
    }
}

#[test]
fn a_run_between_a_slot_and_its_delayed_start_stands_for_it() {
    let timetable = timetable("daily at 02:30").spread(Duration::from_secs(6 * 3600), "seed");
    let start = next(&timetable, Some("2026-11-20 12:00"), "2026-11-20 13:00");
    assert!(
        start.as_str() > "2026-11-21 02:40",
        "the seed is chosen so: {start}"
    );
    let after = next(&timetable, Some("2026-11-21 02:35"), "2026-11-21 02:36");
    assert!(after.as_str() >= "2026-11-22 02:30", "{after}");
}
