//! A watch on Windows: many files at once, an end by force, and one in good order.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use crate::util::{Sandbox, action};
use crate::watch::Watch;

/// More than one buffer of the system holds, several times.
const STORM: usize = 20_000;

/// So many long names are more than one buffer of the system holds.
const OVERFLOW: usize = 1_000;

/// The longest that the system lets a service take to end.
const END: Duration = Duration::from_secs(5);

fn is_in_step(sandbox: &Sandbox) {
    let config = sandbox.home().join("config.toml");
    let scan = sandbox.ndjson("scan", &[&format!("--config={}", config.display())]);
    assert_eq!(scan.changes(), [], "a fresh scan finds nothing new");
}

#[test]
fn nothing_of_a_storm_is_lost() {
    let sandbox = Sandbox::with(&[("first/file", "1")]);
    let mut watch = Watch::configured(&sandbox, "");
    watch.take();
    let name = |number: usize| format!("d{}/file{number}", number % 50);
    for number in 0..STORM {
        sandbox.write(&name(number), "some content");
    }
    let news = watch.news(&sandbox);
    let created = news.iter().filter(|(action, _)| action == "created");
    let told: Vec<&str> = created
        .map(|(_, name)| name.as_str())
        .filter(|name| name.contains("file"))
        .collect();
    let distinct: BTreeSet<&str> = told.iter().copied().collect();
    assert_eq!((told.len(), distinct.len()), (STORM, STORM), "each once");
    for number in 0..STORM {
        fs::remove_file(sandbox.path(name(number))).unwrap();
    }
    let news = watch.news(&sandbox);
    let deleted = news
        .iter()
        .filter(|(action, name)| action == "deleted" && name.contains("file"));
    assert_eq!(deleted.count(), STORM);
    let asked = Instant::now();
    watch.stop().exits(0);
    assert!(
        asked.elapsed() < END,
        "it took {:?} to end",
        asked.elapsed()
    );
    is_in_step(&sandbox);
}

#[test]
fn nothing_is_lost_when_the_buffer_of_the_system_overflows() {
    let sandbox = Sandbox::with(&[("first/file", "1"), ("gone", "2")]);
    let mut watch = Watch::configured(&sandbox, "");
    watch.take();
    watch.hold();
    // 64 KiB hold some three hundred of such names.
    let long = "n".repeat(100);
    let name = |number: usize| format!("first/{long}{number}");
    for number in 0..OVERFLOW {
        sandbox.write(&name(number), "some content");
    }
    sandbox.write("first/file", "changed");
    fs::remove_file(sandbox.path("gone")).unwrap();
    watch.release();
    let news = watch.news(&sandbox);
    let times = |action: &str, name: &str| {
        let is_it = |(does, path): &&(String, String)| does == action && path == name;
        news.iter().filter(is_it).count()
    };
    let log = sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
    let is_told = log
        .documents()
        .iter()
        .any(|event| action(event) == "lost_sync");
    assert!(is_told, "it overflowed");
    assert_eq!(times("updated", "first/file"), 1);
    assert_eq!(times("deleted", "gone"), 1);
    for number in 0..OVERFLOW {
        assert_eq!(times("created", &name(number)), 1, "{number}");
    }
    watch.stop().exits(0);
    is_in_step(&sandbox);
}

#[test]
fn a_name_that_only_changes_its_letters_is_moved() {
    let sandbox = Sandbox::with(&[("dir/two", "content of two"), ("dir/other", "2")]);
    let mut watch = Watch::configured(&sandbox, "");
    watch.take();
    // Not at once: Wine takes that for no rename.
    fs::rename(sandbox.path("dir/two"), sandbox.path("dir/between")).unwrap();
    fs::rename(sandbox.path("dir/between"), sandbox.path("dir/TWO")).unwrap();
    let news = watch.news(&sandbox);
    let moved = ("moved".to_owned(), "dir/TWO".to_owned());
    assert!(news.contains(&moved), "{news:?}");
    assert!(
        !news.iter().any(|(action, _)| action == "created"),
        "{news:?}"
    );
    // A directory, with all that is in it.
    fs::rename(sandbox.path("dir"), sandbox.path("between")).unwrap();
    fs::rename(sandbox.path("between"), sandbox.path("DIR")).unwrap();
    let news = watch.news(&sandbox);
    for name in ["DIR", "DIR/TWO", "DIR/other"] {
        let moved = ("moved".to_owned(), name.to_owned());
        assert!(news.contains(&moved), "{news:?}");
    }
    watch.stop().exits(0);
    is_in_step(&sandbox);
}

#[test]
fn what_happens_while_no_watch_runs_is_told_by_the_next_one() {
    let sandbox = Sandbox::with(&[("file1", "1"), ("file2", "2")]);
    let mut watch = Watch::configured(&sandbox, "");
    assert!(watch.is_running());
    sandbox.write("file1", "changed");
    assert!(!watch.news(&sandbox).is_empty());
    watch.kill();
    sandbox.write("file2", "changed, too");
    let mut watch = Watch::configured(&sandbox, "");
    let updated = [("attributes_modified", "file2"), ("updated", "file2")];
    let updated = updated.map(|(action, name)| (action.to_owned(), name.to_owned()));
    assert_eq!(watch.news(&sandbox), updated);
    watch.stop().exits(0);
    sandbox.waxseal(&["log", "--verify"]).exits(0);
}
