//! What the clock does in spring and in autumn.

use super::*;

#[test]
fn the_days_on_which_the_clock_is_set() {
    // Schedule, after when, and the next starts.
    let table: [(&str, &str, &[&str]); 13] = [
        (
            "daily at 02:30",
            "2026-03-27 12:00[Europe/Berlin]",
            &[
                "2026-03-28 02:30+01:00",
                "2026-03-29 03:00+02:00",
                "2026-03-30 02:30+02:00",
            ],
        ),
        (
            "daily at 02:30",
            "2026-10-24 12:00[Europe/Berlin]",
            &["2026-10-25 02:30+02:00", "2026-10-26 02:30+01:00"],
        ),
        // Started within the hour that comes twice: the first one is done, the second is none.
        (
            "daily at 02:30",
            "2026-10-25T02:30:00+02:00[Europe/Berlin]",
            &["2026-10-26 02:30+01:00"],
        ),
        (
            "daily at 02:30",
            "2026-10-25T02:10:00+01:00[Europe/Berlin]",
            &["2026-10-26 02:30+01:00"],
        ),
        (
            "daily at 02:00",
            "2026-03-07 12:00[America/New_York]",
            &["2026-03-08 03:00-04:00", "2026-03-09 02:00-04:00"],
        ),
        (
            "daily at 01:00",
            "2026-10-31 12:00[America/New_York]",
            &["2026-11-01 01:00-04:00", "2026-11-02 01:00-05:00"],
        ),
        // Half an hour only: 02:00 becomes 02:30 in spring, and 01:30 in autumn.
        (
            "daily at 02:10",
            "2026-10-03 12:00[Australia/Lord_Howe]",
            &["2026-10-04 02:30+11:00", "2026-10-05 02:10+11:00"],
        ),
        (
            "daily at 01:45",
            "2026-04-04 12:00[Australia/Lord_Howe]",
            &["2026-04-05 01:45+11:00", "2026-04-06 01:45+10:30"],
        ),
        // The missing hour is at midnight.
        (
            "daily at 00:15",
            "2018-11-03 12:00[America/Sao_Paulo]",
            &["2018-11-04 01:00-02:00", "2018-11-05 00:15-02:00"],
        ),
        // A whole day is missing.
        (
            "daily at 02:30",
            "2011-12-29 12:00[Pacific/Apia]",
            &["2011-12-31 02:30+14:00", "2012-01-01 02:30+14:00"],
        ),
        // Several that fall into the missing hour are one start.
        (
            "*/20 1-4 * * *",
            "2026-03-29 01:30[Europe/Berlin]",
            &[
                "2026-03-29 01:40+01:00",
                "2026-03-29 03:00+02:00",
                "2026-03-29 03:20+02:00",
            ],
        ),
        // Every hour goes on through everything.
        (
            "30 * * * *",
            "2026-03-29 00:45[Europe/Berlin]",
            &["2026-03-29 01:30+01:00", "2026-03-29 03:30+02:00"],
        ),
        (
            "30 * * * *",
            "2026-10-25 01:45[Europe/Berlin]",
            &[
                "2026-10-25 02:30+02:00",
                "2026-10-25 02:30+01:00",
                "2026-10-25 03:30+01:00",
            ],
        ),
    ];
    for (schedule, from, expected) in table {
        let found = starts(&timetable(schedule), from, expected.len());
        assert_eq!(found, expected, "{schedule} after {from}");
    }
}

#[test]
fn every_six_hours_is_time_that_passes() {
    let found = starts(&timetable("every 6h"), "2026-03-28 22:00[Europe/Berlin]", 2);
    assert_eq!(found, ["2026-03-29 05:00+02:00", "2026-03-29 11:00+02:00"]);
}

#[test]
fn crontabs_mean_what_they_say() {
    let table: [(&str, &str, &[&str]); 8] = [
        (
            "30 2 * * 1-5",
            "2026-11-27 12:00[Etc/UTC]",
            &["2026-11-30 02:30+00:00"],
        ),
        (
            "0 0 29 2 *",
            "2026-01-01 00:00[Etc/UTC]",
            &["2028-02-29 00:00+00:00"],
        ),
        (
            "0 0 29 2 *",
            "2096-03-01 00:00[Etc/UTC]",
            &["2104-02-29 00:00+00:00"],
        ),
        // Lists with a star in them.
        (
            "7,*/30 3,*/12 * * *",
            "2026-11-27 00:05[Etc/UTC]",
            &[
                "2026-11-27 00:07+00:00",
                "2026-11-27 00:30+00:00",
                "2026-11-27 03:00+00:00",
            ],
        ),
        (
            "0 4 7,* * mon,fri-sat",
            "2026-11-27 12:00[Etc/UTC]",
            &["2026-11-28 04:00+00:00", "2026-11-30 04:00+00:00"],
        ),
        // A day of the month or a day of the week.
        (
            "0 4 15 * sun",
            "2026-11-09 00:00[Etc/UTC]",
            &["2026-11-15 04:00+00:00", "2026-11-22 04:00+00:00"],
        ),
        (
            "0 4 15 * 7",
            "2026-11-15 05:00[Etc/UTC]",
            &["2026-11-22 04:00+00:00"],
        ),
        (
            "5/20 3 * jan,mar *",
            "2026-01-31 03:30[Etc/UTC]",
            &["2026-01-31 03:45+00:00", "2026-03-01 03:05+00:00"],
        ),
    ];
    for (schedule, from, expected) in table {
        let found = starts(&timetable(schedule), from, expected.len());
        assert_eq!(found, expected, "{schedule} after {from}");
    }
}

#[test]
fn a_day_that_never_comes_is_refused() {
    for fields in ["0 0 31 2 *", "0 0 30 feb *", "* * 31 4,6,9,11 *"] {
        let schedule: Schedule = fields.parse().unwrap();
        let refused = Timetable::new(&schedule).unwrap_err();
        assert_eq!(refused, BadTimetable::Never(schedule));
        assert!(refused.to_string().contains(fields), "{refused}");
    }
}

#[test]
fn the_end_of_time_is_no_start() {
    let now = Timestamp::MAX.to_zoned(TimeZone::UTC);
    for schedule in ["daily at 02:30", "* * * * *", "every 1d"] {
        assert_eq!(
            timetable(schedule).next_after(Some(now.timestamp()), &now),
            None
        );
    }
}
