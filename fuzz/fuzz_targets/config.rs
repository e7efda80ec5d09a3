//! The configuration file, and the timetables of the schedules in it.

#![no_main]

use jiff::Zoned;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use waxseal::config::{Config, ConfigError};
use waxseal::schedule::Timetable;

fuzz_target!(|bytes: &[u8]| {
    let Ok(content) = str::from_utf8(bytes) else {
        return;
    };
    match Config::parse(content, "waxseal.toml") {
        Ok(config) => check(&config),
        Err(error) => refused(&error, content),
    }
});

fn check(config: &Config) {
    let written = config.to_toml();
    let again = Config::parse(&written, "written.toml");
    let again = again.unwrap_or_else(|error| panic!("{error}\n{written}"));
    assert_eq!(again.policy, config.policy);
    assert_eq!(again.settings, config.settings);
    let settings = &config.settings;
    let now = jiff::Timestamp::from_second(1_800_000_000).expect("it is in range");
    for schedule in settings.schedule.iter().chain(&settings.full_schedule) {
        // What never comes is refused there.
        let Ok(timetable) = Timetable::new(schedule) else {
            continue;
        };
        let timetable = timetable.spread(settings.schedule_max_delay, "seed");
        let next = timetable.next_after(Some(now), &Zoned::new(now, TimeZone::UTC));
        assert!(next.is_none_or(|next| next >= now));
    }
}

fn refused(error: &ConfigError, content: &str) {
    let ConfigError::Invalid { problems } = error else {
        panic!("a text cannot be missing: {error}");
    };
    assert!(!problems.is_empty() && !error.to_string().is_empty());
    let lines = content.matches('\n').count() + 1;
    assert!(problems.iter().all(|problem| problem.line <= lines));
}
