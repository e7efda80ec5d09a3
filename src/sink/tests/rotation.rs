//! Rotation by size and by age, and what is kept.

use std::fs;
use std::time::Duration;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

#[test]
fn no_file_gets_larger_than_its_limit() {
    let mut log = Log::new();
    log.output.rotate_size = 100;
    log.output.keep = 1000;
    let mut sink = log.sink();
    sink.deliver(&events(1..=7)).unwrap();
    for seq in 8..=60 {
        sink.deliver(&events(seq..=seq)).unwrap();
    }
    sink.deliver(&events(61..=90)).unwrap();
    let old = log.names().len() - 1;
    assert!(old > 20, "{old}");
    let mut all = Vec::new();
    for number in (1..=old).rev() {
        let name = format!("events.ndjson.{number}");
        assert!((70..=100).contains(&size(&log.file(&name))), "{name}");
        all.extend(log.seqs_of(&name));
    }
    all.extend(log.seqs());
    assert!(all.into_iter().eq(1..=90));
}

#[test]
fn a_line_that_is_longer_than_the_limit_has_a_file_of_its_own() {
    let mut log = Log::new();
    log.output.rotate_size = 10;
    log.sink().deliver(&events(1..=3)).unwrap();
    let old = [2, 1].map(|number| log.seqs_of(&format!("events.ndjson.{number}")));
    assert_eq!((old, log.seqs()), ([vec![1], vec![2]], vec![3]));
}

#[test]
fn only_so_many_files_are_kept() {
    let mut log = Log::new();
    log.output.rotate_size = 1;
    log.output.keep = 2;
    let mut sink = log.sink();
    sink.deliver(&events(1..=9)).unwrap();
    let kept = names(&["events.ndjson", "events.ndjson.1", "events.ndjson.2"]);
    assert_eq!(log.names(), kept);
    assert_eq!(log.seqs_of("events.ndjson.2"), [7]);
    assert_eq!(log.seqs_of("events.ndjson.1"), [8]);

    log.output.keep = 1;
    drop(sink);
    log.sink().deliver(&events(10..=11)).unwrap();
    assert_eq!(log.seqs_of("events.ndjson.1"), [10]);
    assert_eq!(log.seqs_of("events.ndjson.2"), [7], "what is above stays");
}

#[test]
fn a_gap_left_by_a_crash_is_filled_first() {
    let mut log = Log::new();
    log.output.rotate_size = 1;
    for number in [1, 3] {
        let body = event(number).body + "\n";
        log.put(&format!("events.ndjson.{number}"), &body);
    }
    log.sink().deliver(&events(8..=9)).unwrap();
    let now = [3, 2, 1].map(|number| log.seqs_of(&format!("events.ndjson.{number}")));
    assert_eq!(now, [[3], [1], [8]]);
}

#[test]
fn a_file_that_is_old_makes_way_for_the_next_event() {
    let mut log = Log::new();
    log.output.rotate_age = Some(7 * DAY);
    let mut sink = log.sink();
    sink.deliver(&events(1..=1)).unwrap();
    log.pass(6 * DAY);
    sink.deliver(&events(2..=2)).unwrap();
    assert_eq!(log.names(), names(&["events.ndjson"]));
    log.pass(DAY);
    sink.deliver(&[]).unwrap();
    assert_eq!(log.seqs(), [1, 2], "without an event there is no need");
    sink.deliver(&events(3..=4)).unwrap();
    assert_eq!(log.seqs_of("events.ndjson.1"), [1, 2]);
    assert_eq!(log.seqs(), [3, 4]);
}

#[test]
fn the_age_of_a_file_outlives_the_process() {
    let mut log = Log::new();
    log.output.rotate_age = Some(DAY);
    log.sink().deliver(&events(1..=1)).unwrap();
    if fs::metadata(log.path()).unwrap().created().is_err() {
        eprintln!("skipped: this file system knows no birth times");
        return;
    }
    log.pass(2 * DAY);
    log.sink().deliver(&events(2..=2)).unwrap();
    assert_eq!(log.seqs_of("events.ndjson.1"), [1]);
    assert_eq!(log.seqs(), [2]);
}

#[test]
fn a_rotation_that_fails_keeps_the_events_back() {
    let mut log = Log::new();
    log.output.rotate_size = 1;
    log.output.keep = 1;
    let mut sink = log.sink();
    sink.deliver(&events(1..=1)).unwrap();
    fs::create_dir(log.file("events.ndjson.1")).unwrap();
    let error = refused(&mut sink, 2..=2).to_string();
    assert!(error.contains("cannot rename"), "{error}");
    assert_eq!(log.seqs(), [1]);
    fs::remove_dir(log.file("events.ndjson.1")).unwrap();
    sink.deliver(&events(2..=3)).unwrap();
    assert_eq!(log.seqs_of("events.ndjson.1"), [2]);
    assert_eq!(log.seqs(), [3]);
}
