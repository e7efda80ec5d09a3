//! A clock that is set while a watch runs. Only the watch sees that, by libfaketime: for the rest of
//! the machine the time goes on.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::Watch;
use super::faults::is_whole;
use crate::util::{Sandbox, action};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A clock for one program.
struct Clock {
    library: PathBuf,
    file: PathBuf,
    /// How far it is ahead of the true one.
    ahead: i64,
}

impl Clock {
    /// Returns one that shows about noon in UTC; says that a test is skipped without the library.
    fn at_noon(sandbox: &Sandbox) -> Option<Clock> {
        let Some(library) = library() else {
            eprintln!("skipped: needs libfaketime");
            return None;
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = i64::try_from(now.as_secs()).unwrap();
        let mut clock = Clock {
            library,
            file: sandbox.home().join("clock"),
            ahead: 0,
        };
        clock.set(12 * HOUR - now % DAY);
        Some(clock)
    }

    /// Sets it back or forward by so many seconds.
    fn set(&mut self, by: i64) {
        self.ahead += by;
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{:+}", self.ahead)).unwrap();
        // Whoever looks at it sees the old time or the new one.
        fs::rename(new, &self.file).unwrap();
    }

    /// Lets a program see this clock.
    fn show(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.file)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("NO_FAKE_STAT", "1");
    }
}

/// Returns where libfaketime is installed, in its version for programs with threads.
fn library() -> Option<PathBuf> {
    let directories = fs::read_dir("/usr/lib").ok()?.flatten();
    let mut places = directories.map(|dir| dir.path().join("faketime/libfaketimeMT.so.1"));
    places.find(|place| place.exists())
}

/// Waits until the watch tells that its clock was set; returns the message and the hour that it
/// shows.
fn set(watch: &mut Watch) -> (String, String) {
    // It looks at the clock each time it has something to do.
    watch.settle();
    let told = watch.wait_for(|event| action(event) == "clock_changed");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let hour = text(&told["@timestamp"])[11..13].to_owned();
    (text(&told["message"]), hour)
}

#[test]
fn a_clock_set_back_an_hour_and_forward_a_day_loses_nothing() {
    let sandbox = Sandbox::with(&[("a", "1"), ("b", "1")]);
    let Some(mut clock) = Clock::at_noon(&sandbox) else {
        return;
    };
    let settings = "schedule = \"daily at 03:00\"\nfull_schedule = \"off\"\n";
    let mut command = Watch::command(&sandbox, settings);
    clock.show(&mut command);
    let mut watch = Watch::run(command);
    watch.take();

    clock.set(-HOUR);
    let back = "the system clock was set back by 1h".to_owned();
    assert_eq!(set(&mut watch), (back.clone(), "11".to_owned()));
    sandbox.write("a", "after the first");
    sandbox.write("c", "new");
    let created = ("created".to_owned(), "c".to_owned());
    assert!(watch.news(&sandbox).contains(&created));
    assert_eq!(surveys(&watch.settle()), 0, "three o'clock is far away");

    clock.set(DAY);
    let forward = "the system clock was set forward by 24h".to_owned();
    assert_eq!(set(&mut watch), (forward, "11".to_owned()));
    let until = Instant::now() + Duration::from_secs(60);
    while surveys(&watch.settle()) == 0 {
        assert!(
            Instant::now() < until,
            "three o'clock was skipped, and nothing is scanned"
        );
    }
    sandbox.write("b", "after the second");
    let updated = ("updated".to_owned(), "b".to_owned());
    assert!(watch.news(&sandbox).contains(&updated));

    clock.set(-HOUR);
    assert_eq!(set(&mut watch), (back, "10".to_owned()));
    let state = watch.settle();
    assert_eq!(
        (surveys(&state), &state["scanning"]),
        (1, &json!(false)),
        "no day has two"
    );
    is_whole(watch, &sandbox);
}

fn surveys(state: &Value) -> u64 {
    state["totals"]["surveys"].as_u64().unwrap()
}
