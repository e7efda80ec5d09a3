//! What goes wrong around a watch, and that it recovers without being started again.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::Watch;
use crate::util::{Mount, Sandbox, action, is_root};

/// Stops the watch and finds nothing that it missed.
pub(super) fn is_whole(watch: Watch, sandbox: &Sandbox) {
    watch.settle();
    watch.stop().exits(0);
    let scan = sandbox.ndjson("scan", &[]);
    assert_eq!(scan.changes(), [], "a fresh scan finds nothing new");
    sandbox.waxseal(&["log", "--verify"]).exits(0);
}

/// Waits until the watch says that its store cannot be written.
fn is_held_up(watch: &Watch) {
    let until = Instant::now() + Duration::from_secs(20);
    while !watch.state()["store"].is_string() {
        assert!(Instant::now() < until, "it seems to be written");
    }
}

/// Files that nobody can write to, not even who has them open.
struct Immutable(Vec<PathBuf>);

impl Immutable {
    /// Makes them so; says that a test is skipped where that is not possible.
    fn new(mut files: Vec<PathBuf>, probe: &Path) -> Option<Immutable> {
        let mut open = fs::File::create(probe).unwrap();
        files.push(probe.to_owned());
        let immutable = Immutable(files);
        let is_done = immutable.chattr("+i") && open.write_all(b"1").is_err();
        if !is_done {
            eprintln!("skipped: needs chattr +i that stops open files");
        }
        is_done.then_some(immutable)
    }

    fn chattr(&self, change: &str) -> bool {
        let mut command = Command::new("chattr");
        let output = command.arg(change).args(&self.0).output();
        output.is_ok_and(|output| output.status.success())
    }
}

impl Drop for Immutable {
    fn drop(&mut self) {
        self.chattr("-i");
    }
}

/// Fills the disk that a directory is on.
fn fill(dir: &Path) -> PathBuf {
    let path = dir.join("filler");
    let mut file = fs::File::create(&path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    path
}

#[test]
fn a_full_disk_of_the_store_delays_and_loses_nothing() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::with(&[("a", "1")]);
    let mount = Mount::tmpfs(sandbox.state_dir(), "size=4m,mode=700");
    let mut watch = Watch::start(&sandbox);
    watch.take();
    let filler = fill(mount.at());
    (0..300).for_each(|n| sandbox.write(&format!("new{n}"), "content"));
    is_held_up(&watch);
    fs::remove_file(filler).unwrap();
    watch.wait_for(|event| action(event) == "recovered");
    watch.settle();
    is_whole(watch, &sandbox);
}

/// Makes a store read-only under its watch; says that a test is skipped where that is not possible.
fn seal(sandbox: &Sandbox) -> Option<Immutable> {
    let db = sandbox.state_dir().join("baseline.db");
    // The next one who writes begins the log anew, and says so in mapped memory first.
    let store = rusqlite::Connection::open(&db).unwrap();
    let checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
    store.query_row(checkpoint, [], |_| Ok(())).unwrap();
    drop(store);
    let files = ["", "-wal", "-shm"].map(|end| PathBuf::from(format!("{}{end}", db.display())));
    Immutable::new(files.into(), &sandbox.home().join("probe"))
}

#[test]
fn a_store_that_is_made_read_only_and_back_loses_nothing() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::with(&[("a", "1"), ("b", "1")]);
    let mut watch = Watch::start(&sandbox);
    watch.take();
    let Some(sealed) = seal(&sandbox) else {
        return;
    };
    sandbox.write("a", "changed");
    fs::remove_file(sandbox.path("b")).unwrap();
    sandbox.write("c", "new");
    is_held_up(&watch);
    drop(sealed);
    let told = watch.wait_for(|event| action(event) == "recovered");
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("baseline.db-shm"), "{message}");
    let news = watch.news(&sandbox);
    for (wanted, name) in [("updated", "a"), ("deleted", "b"), ("created", "c")] {
        let is_it = |(action, path): &&(String, String)| action == wanted && path == name;
        let times = news.iter().filter(is_it).count();
        assert_eq!(times, 1, "{wanted} {name}: {news:?}");
    }
    is_whole(watch, &sandbox);
}

#[test]
fn a_watch_that_ends_while_its_store_is_read_only_says_so_and_loses_nothing() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::with(&[("a", "1")]);
    let mut watch = Watch::start(&sandbox);
    watch.take();
    let Some(sealed) = seal(&sandbox) else {
        return;
    };
    sandbox.write("a", "changed");
    is_held_up(&watch);
    watch.stop().exits(4).complains("baseline.db-shm");
    drop(sealed);
    let scan = sandbox.ndjson("scan", &[]).exits(1);
    assert_eq!(scan.changes().len(), 1, "the next look finds it");
    sandbox.waxseal(&["log", "--verify"]).exits(0);
}

#[test]
fn an_output_whose_directory_goes_and_comes_back_gets_everything() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    let out = sandbox.home().join("out");
    fs::create_dir(&out).unwrap();
    let file = out.join("events");
    let settings =
        format!("[output.stdout]\nformat = \"ndjson\"\n[output.file]\npath = {file:?}\n");
    let mut watch = Watch::configured(&sandbox, &settings);
    sandbox.write("a", "changed");
    assert_eq!(watch.news(&sandbox).len(), 2);
    fs::remove_dir_all(&out).unwrap();
    sandbox.write("b", "new");
    watch.wait_for(|event| action(event) == "sink_failed");
    fs::create_dir(&out).unwrap();
    watch.wait_for(|event| action(event) == "sink_recovered");
    sandbox.write("c", "new");
    watch.news(&sandbox);
    is_whole(watch, &sandbox);
    let written = fs::read_to_string(&file).unwrap();
    for name in ["tree/b", "tree/c"] {
        assert!(written.contains(name), "{name} is delivered");
    }
}

#[test]
fn a_root_that_is_unmounted_and_mounted_again_is_followed() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::with(&[("a", "1")]);
    let source = sandbox.home().join("source");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("inside"), "1").unwrap();
    let mount = Mount::bind(&source, sandbox.tree());
    let mut watch = Watch::configured(&sandbox, "");
    watch.take();
    drop(mount);
    let is_about = |event: &serde_json::Value, wanted: &str, name: &str| {
        action(event) == wanted && event["file"]["name"].as_str() == Some(name)
    };
    watch.wait_for(|event| is_about(event, "deleted", "inside"));
    watch.settle();
    watch.take();
    let _mount = Mount::bind(&source, sandbox.tree());
    watch.wait_for(|event| is_about(event, "created", "inside"));
    watch.settle();
    watch.take();
    sandbox.write("inside", "changed");
    watch.wait_for(|event| is_about(event, "updated", "inside"));
    is_whole(watch, &sandbox);
}

#[test]
fn a_storm_while_it_is_stopped_is_told_whole() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    let mut watch = Watch::start(&sandbox);
    // The first line comes while the last threads are started.
    watch.settle();
    watch.take();
    watch.hold();
    // What it may sleep, and be late, and more.
    let until = Instant::now() + Duration::from_secs(16);
    for n in 0..20_000 {
        let dir = n / 1000;
        let name = format!("d{dir}/f{n}");
        sandbox.write(&name, "content");
    }
    while Instant::now() < until {
        assert!(watch.is_running(), "it only stands still");
        thread::park_timeout(Duration::from_millis(50));
    }
    watch.release();
    watch.wait_for(|event| action(event) == "recovered");
    let news = watch.news(&sandbox);
    let created = news.iter().filter(|(action, _)| action == "created");
    assert_eq!(created.count(), 20_020, "each file and directory once");
    assert_eq!(news.len(), 20_020);
    is_whole(watch, &sandbox);
}
