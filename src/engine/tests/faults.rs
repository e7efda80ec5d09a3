//! What goes wrong between the kernel and the engine: each is told, is recovered from without a
//! restart of the watch, and nothing is missed.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::json;
use waxseal_platform::watch::BackendKind;

use super::history::History;
use super::tap::Faults;
use super::tree::{is, is_about_file, path_of, replay};
use super::{Bench, canary_dir, is_root};
use crate::baseline::Baseline;

/// Checks that the journal leads from the tree as it was to the tree as it is.
fn explains(bench: &Bench, before: &History) {
    let after = History::new(bench.look());
    assert_eq!(replay(before.now().clone(), &bench.journal()), *after.now());
    bench.is_whole();
}

fn a_panic_is_noticed(backend: BackendKind) {
    let mut bench = Bench::new(&[backend]);
    bench.start();
    bench.sync();
    let before = History::new(bench.look());
    bench.meddler.meddle(Faults {
        panics: 1,
        ..Faults::default()
    });
    bench.write("a", "changed");
    bench.write("new/b", "new");
    bench.wait_for_restart(0);
    bench.write("after", "heard by the new queue");
    bench.sync();
    let told = bench.notices("watch_thread_restarted");
    let message = told[0]["message"].as_str().unwrap();
    assert!(message.contains("panicked"), "{message}");
    assert_eq!(told.len(), 1);
    explains(&bench, &before);
}

#[test]
fn a_fanotify_reader_that_panics_is_replaced_and_nothing_is_missed() {
    if is_root() {
        a_panic_is_noticed(BackendKind::Fanotify);
    }
}

#[test]
fn an_inotify_reader_that_panics_is_replaced_and_nothing_is_missed() {
    a_panic_is_noticed(BackendKind::Inotify);
}

fn silence_is_noticed(backend: BackendKind) {
    let mut bench = Bench::new(&[backend]);
    bench.answer = Duration::from_millis(500);
    bench.start();
    bench.sync();
    let before = History::new(bench.look());
    bench.meddler.meddle(Faults {
        is_deaf: true,
        ..Faults::default()
    });
    bench.write("a", "changed");
    bench.write("new/b", "new");
    // Whoever asks is answered when it is known that nothing was heard.
    bench.ask();
    bench.meddler.meddle(Faults::default());
    bench.write("after", "heard by the new queue");
    bench.sync();
    let told = bench.notices("watch_thread_restarted");
    let message = told[0]["message"].as_str().unwrap();
    assert!(message.contains("the canary was not heard"), "{message}");
    explains(&bench, &before);
}

#[test]
fn a_silent_fanotify_queue_is_replaced_and_nothing_is_missed() {
    if is_root() {
        silence_is_noticed(BackendKind::Fanotify);
    }
}

#[test]
fn a_silent_inotify_queue_is_replaced_and_nothing_is_missed() {
    silence_is_noticed(BackendKind::Inotify);
}

/// Lets the kernel's queue run over while its reader stands still.
fn an_overflow_is_told(backend: BackendKind, limit: &str) {
    let limit = fs::read_to_string(limit).unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    if limit > 100_000 {
        return eprintln!("skipped: a queue of {limit} records is too long to fill");
    }
    let mut bench = Bench::new(&[backend]);
    bench.has_bounded_queue = true;
    bench.start();
    bench.sync();
    let before = History::new(bench.look());
    bench.meddler.hold();
    bench.write("a", "changed");
    bench.meddler.wait_until_held();
    // Each gives one record at least, and leaves nothing. Some of it is read before the reader stands
    // still.
    for n in 0..limit + limit / 2 {
        let path = bench.path(&format!("brief{n}"));
        fs::File::create(&path).unwrap();
        fs::remove_file(path).unwrap();
    }
    (0..100).for_each(|n| bench.write(&format!("lost/{n}"), "nobody heard of it"));
    bench.meddler.release();
    bench.sync();
    let lost = bench.notices("lost_sync");
    let is_overflow = |notice: &serde_json::Value| {
        let message = notice["message"].as_str().unwrap();
        message.contains("overflowed")
    };
    assert!(lost.iter().any(is_overflow), "{lost:?}");
    assert!(!bench.notices("resynced").is_empty());
    let journal = bench.journal();
    let created = journal.iter().filter(|event| is(event, "created"));
    let lost = bench.path("lost");
    let inside = created.filter(|event| path_of(event).starts_with(lost.to_str().unwrap()));
    assert_eq!(inside.count(), 101, "each is told once");
    explains(&bench, &before);
}

#[test]
fn an_overflow_of_fanotify_is_told_and_nothing_is_missed() {
    if is_root() {
        let limit = "/proc/sys/fs/fanotify/max_queued_events";
        an_overflow_is_told(BackendKind::Fanotify, limit);
    }
}

#[test]
fn an_overflow_of_inotify_is_told_and_nothing_is_missed() {
    let limit = "/proc/sys/fs/inotify/max_queued_events";
    an_overflow_is_told(BackendKind::Inotify, limit);
}

#[test]
fn whoever_asks_is_answered_at_once_when_the_canary_cannot_be_touched() {
    let mut bench = Bench::new(&[BackendKind::Inotify]);
    bench.poll_interval = Duration::from_secs(3600);
    bench.answer = Duration::from_secs(2);
    bench.start();
    bench.sync();
    fs::remove_dir_all(canary_dir(&bench.state_dir)).unwrap();
    // What the removal itself leads to is heard before.
    bench.running().remote.ask();
    let asked = Instant::now();
    let state = bench.running().remote.ask().expect("it answers");
    assert!(asked.elapsed() < Duration::from_secs(10));
    assert_ne!(state["canary"], json!(null), "with the reason");
    let told = bench.wait_for_notices("degraded", 1);
    let message = told[0]["message"].as_str().unwrap();
    assert!(
        message.contains("the canary cannot be touched"),
        "{message}"
    );
    fs::create_dir(canary_dir(&bench.state_dir)).unwrap();
    bench.ask();
    bench.wait_for_notices("recovered", 1);
    assert_eq!(bench.notices("degraded").len(), 1, "told once");
}

#[test]
fn whoever_asks_is_answered_at_once_when_nobody_tells_of_anything() {
    let mut bench = Bench::new(&[]);
    bench.poll_interval = Duration::from_secs(3600);
    bench.answer = Duration::from_secs(15);
    bench.start();
    bench.ask();
    let asked = Instant::now();
    bench.running().remote.ask().expect("it answers");
    assert!(asked.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_reload_while_another_process_writes_does_not_end_the_watch() {
    let mut bench = Bench::new(&[BackendKind::Inotify]);
    bench.start();
    bench.sync();
    let before = History::new(bench.look());
    // How far the output has got is written with the next transaction, or later.
    bench.write("b", "new");
    bench.sync();
    let other = Baseline::open(&bench.state_dir).unwrap();
    bench.reload();
    bench.write("a", "changed");
    let until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < until {
        assert!(!bench.running().serving.is_finished(), "it ended");
        thread::park_timeout(Duration::from_millis(20));
    }
    other.close().unwrap();
    bench.sync();
    assert_eq!(bench.notices("reloaded").len(), 1);
    explains(&bench, &before);
}

/// What comes in before `notify` has dropped the watch of a directory, it tells by its former path.
#[test]
fn a_file_made_in_a_directory_that_was_just_exchanged_is_not_told_at_its_old_path() {
    let mut bench = Bench::new(&[BackendKind::Inotify]);
    bench.start();
    bench.sync();
    let mut history = History::new(bench.look());
    let before = history.now().clone();
    bench.meddler.hold();
    bench.write("a", "changed");
    bench.meddler.wait_until_held();
    history.go_on(bench.look());
    let (one, other) = (bench.path("e"), bench.path("d/e"));
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
    history.go_on(bench.look());
    bench.write("e/new", "new");
    history.go_on(bench.look());
    bench.meddler.release();
    bench.sync();
    let journal = bench.journal();
    history.explains(&journal, false);
    assert_eq!(replay(before, &journal), *history.now());
}

#[test]
fn a_file_that_scans_beside_the_watch_told_of_is_not_told_again_as_short_lived() {
    let mut bench = Bench::new(&[BackendKind::Inotify]);
    bench.start();
    bench.sync();
    let mut history = History::new(bench.look());
    let before = history.now().clone();
    // It is not looked at by the watch while somebody has it open.
    let mut open = fs::File::create(bench.path("new")).unwrap();
    open.write_all(b"new").unwrap();
    history.go_on(bench.look());
    assert_eq!(bench.scan().len(), 1);
    fs::remove_file(bench.path("new")).unwrap();
    history.go_on(bench.look());
    bench.scan();
    drop(open);
    bench.sync();
    let journal = bench.journal();
    history.explains(&journal, false);
    assert_eq!(replay(before, &journal), *history.now());
}

/// Does something, and waits until so many more paths were looked at.
fn is_looked_at(bench: &Bench, paths: u64, act: impl FnOnce()) {
    let looks = || bench.ask()["totals"]["looks"].as_u64().unwrap();
    let before = looks();
    act();
    let until = Instant::now() + Duration::from_secs(60);
    while looks() < before + paths {
        assert!(Instant::now() < until, "nothing is looked at");
    }
}

/// Ends the turn of another process that has written: what was looked at meanwhile is handed back.
fn end_turn(mut other: Baseline) {
    let mut batch = other.batch().unwrap();
    batch.put_meta("somebody", "wrote").unwrap();
    batch.commit().unwrap();
    other.close().unwrap();
}

/// Renames are recognised within one round, so what could not be written must come back as one.
#[test]
fn a_directory_that_is_renamed_while_another_process_writes_is_moved() {
    const FILES: usize = 1500;
    let mut bench = Bench::new(&[BackendKind::Inotify]);
    (0..FILES).for_each(|n| bench.write(&format!("old/{n}"), "content"));
    bench.start();
    bench.settle();
    let before = History::new(bench.look());
    let other = Baseline::open(&bench.state_dir).unwrap();
    is_looked_at(&bench, 1024, || {
        fs::rename(bench.path("old"), bench.path("new")).unwrap();
    });
    end_turn(other);
    bench.sync();
    let journal = bench.journal();
    let has_action = |action: &str| {
        let is_it = |event: &&serde_json::Value| {
            let actions = event["event"]["action"].as_array();
            actions.is_some_and(|actions| actions.contains(&json!(action)))
        };
        journal.iter().filter(is_it).count()
    };
    let told = ["moved", "created", "deleted"].map(has_action);
    assert_eq!(told, [FILES + 1, 0, 0]);
    explains(&bench, &before);
}

/// Nobody has told of the file when its directory goes, and nothing is heard of its own path then.
fn a_directory_goes_while_a_file_in_it_is_looked_at(to: &str) {
    let mut bench = Bench::new(&[BackendKind::Inotify]);
    bench.start();
    bench.settle();
    let before = History::new(bench.look());
    let other = Baseline::open(&bench.state_dir).unwrap();
    // With this one the writer waits, and the next ones wait for the writer. It is told of once, where
    // a write is told of by each of its steps.
    is_looked_at(&bench, 1, || {
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(bench.path("a"), private).unwrap();
    });
    // Its directory has changed too, and may be looked at first.
    is_looked_at(&bench, 2, || bench.write("e/new", "new"));
    fs::rename(bench.path("e"), bench.path(to)).unwrap();
    // It is heard by now.
    bench.ask();
    end_turn(other);
    bench.sync();
    let old = bench.path("e/new");
    let journal = bench.journal();
    let told = journal.iter().filter(|event| is_about_file(event));
    let at_old_path = told.filter(|event| path_of(event) == old.to_str().unwrap());
    assert_eq!(at_old_path.count(), 0, "{journal:#?}");
    explains(&bench, &before);
}

#[test]
fn a_file_in_a_directory_that_is_renamed_while_it_is_looked_at_is_told_at_its_new_path_only() {
    a_directory_goes_while_a_file_in_it_is_looked_at("f");
}

#[test]
fn a_file_in_a_directory_that_leaves_while_it_is_looked_at_is_not_told_as_short_lived() {
    a_directory_goes_while_a_file_in_it_is_looked_at("../away");
}
