//! Appending: privacy, other hands on the file, torn lines.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use super::*;

#[test]
fn events_are_appended() {
    let log = Log::new();
    let mut sink = log.sink();
    assert!(
        log.names().is_empty(),
        "nothing is made before there is an event"
    );
    sink.deliver(&events(1..=3)).unwrap();
    sink.deliver(&[]).unwrap();
    sink.deliver(&events(4..=4)).unwrap();
    log.sink().deliver(&events(5..=6)).unwrap();
    assert_eq!(log.seqs(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(sink.name(), "file");
}

#[test]
fn the_lines_are_the_documents_byte_by_byte() {
    let log = Log::new();
    let odd = StoredEvent {
        body: "{ \"a\":1.0,\"\\u0001\":\"\u{e9}\"}".to_owned(),
        ..event(1)
    };
    log.sink().deliver(std::slice::from_ref(&odd)).unwrap();
    assert_eq!(fs::read_to_string(log.path()).unwrap(), odd.body + "\n");
}

#[test]
fn a_renamed_file_is_left_alone_and_a_new_one_made() {
    let log = Log::new();
    let mut sink = log.sink();
    sink.deliver(&events(1..=2)).unwrap();
    fs::rename(log.path(), log.file("events.ndjson-20261123")).unwrap();
    sink.deliver(&events(3..=3)).unwrap();
    assert_eq!(log.seqs_of("events.ndjson-20261123"), [1, 2]);
    assert_eq!(log.seqs(), [3]);

    // As logrotate does with `create`: the new file is there already.
    fs::rename(log.path(), log.file("second")).unwrap();
    log.put(EVENTS, "");
    sink.deliver(&events(4..=5)).unwrap();
    assert_eq!((log.seqs_of("second"), log.seqs()), (vec![3], vec![4, 5]));
}

#[test]
fn a_truncated_file_goes_on_at_its_new_end() {
    let log = Log::new();
    let mut sink = log.sink();
    sink.deliver(&events(1..=3)).unwrap();
    // As logrotate does with `copytruncate`.
    OpenOptions::new()
        .write(true)
        .open(log.path())
        .unwrap()
        .set_len(0)
        .unwrap();
    sink.deliver(&events(4..=4)).unwrap();
    assert_eq!(log.seqs(), [4]);
}

#[test]
fn a_line_torn_by_a_crash_is_completed_wherever_it_was_torn() {
    let (first, second) = (event(1).body, event(2).body);
    for cut in 1..=second.len() {
        let log = Log::new();
        // Event 1 was put away, and event 2 was being written when the process was killed.
        log.put(EVENTS, &format!("{first}\n{}", &second[..cut]));
        log.sink().deliver(&events(2..=4)).unwrap();
        assert_eq!(log.seqs(), [1, 2, 3, 4], "cut at {cut}");
    }
    for cut in 1..=second.len() {
        let log = Log::new();
        log.put(EVENTS, &format!("{first}\n{}", &second[..cut]));
        // The page of both was torn, so both come again.
        log.sink().deliver(&events(1..=3)).unwrap();
        let seqs = log.seqs();
        assert!(seqs.ends_with(&[2, 3]), "cut at {cut}: {seqs:?}");
        assert!(
            seqs.starts_with(&[1, 1]) || seqs.starts_with(&[1, 2, 1]),
            "cut at {cut}: {seqs:?}"
        );
    }
}

#[test]
fn a_last_line_that_is_no_event_swallows_none() {
    let long = "y".repeat(1000);
    for foreign in [
        "\0\0\0",
        "not ours",
        "{\"seq\":1,\"x\":\"x\"}, and more",
        &long,
    ] {
        let log = Log::new();
        log.put(EVENTS, foreign);
        log.sink().deliver(&events(1..=2)).unwrap();
        let text = fs::read_to_string(log.path()).unwrap();
        let ours = text.strip_prefix(&format!("{foreign}\n")).unwrap();
        assert_eq!(seqs(ours), [1, 2]);
    }
}

#[test]
fn lines_of_others_stay_whole() {
    let log = Log::new();
    let mut sink = log.sink();
    sink.deliver(&events(1..=1)).unwrap();
    let mut other = OpenOptions::new().append(true).open(log.path()).unwrap();
    other.write_all(b"{\"seq\":99}\n").unwrap();
    sink.deliver(&events(2..=2)).unwrap();
    assert_eq!(log.seqs(), [1, 99, 2]);
}
