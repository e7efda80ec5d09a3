//! What goes wrong around a watch, and that it recovers without being started again.
//!
//! Left out: setting the clock, which would hit every other program of this machine, and a store
//! that becomes read-only, which the kernel refuses while it is open for writing.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use rustix::process::Signal;

use super::Watch;
use crate::util::{Mount, Sandbox, action, is_root};

/// Stops the watch and finds nothing that it missed.
fn is_whole(watch: Watch, sandbox: &Sandbox) {
    watch.settle();
    watch.stop().exits(0);
    let scan = sandbox.ndjson("scan", &[]);
    assert_eq!(scan.changes(), [], "a fresh scan finds nothing new");
    sandbox.waxseal(&["log", "--verify"]).exits(0);
}

/// Fills the disk that a directory is on.
fn fill(dir: &Path) -> std::path::PathBuf {
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
    // It is heard of; that it cannot be written shows in what stays pending.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while watch.state()["idle"] == serde_json::json!(true) {
        assert!(std::time::Instant::now() < until, "it seems to be written");
    }
    fs::remove_file(filler).unwrap();
    watch.wait_for(|event| action(event) == "recovered");
    watch.settle();
    is_whole(watch, &sandbox);
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
    watch.take();
    watch.signal(Signal::STOP);
    for n in 0..20_000 {
        let dir = n / 1000;
        let name = format!("d{dir}/f{n}");
        sandbox.write(&name, "content");
    }
    watch.signal(Signal::CONT);
    let news = watch.news(&sandbox);
    let created = news.iter().filter(|(action, _)| action == "created");
    assert_eq!(created.count(), 20_020, "each file and directory once");
    assert_eq!(news.len(), 20_020);
    is_whole(watch, &sandbox);
}
