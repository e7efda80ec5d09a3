//! Configured paths that come, go, lead elsewhere, or have something mounted below.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Duration, Instant};

use serde_json::json;

use super::Watch;
use crate::util::{Mount, Sandbox, action, is_root};

/// Returns a command that watches these paths of the tree, with further settings of the monitor.
fn watching(sandbox: &Sandbox, names: &[&str], settings: &str) -> std::process::Command {
    let paths: Vec<_> = names.iter().map(|name| sandbox.path(name)).collect();
    let config = sandbox.home().join("config.toml");
    let text = format!("[[monitor]]\nname = \"m\"\npaths = {paths:?}\n{settings}");
    fs::write(&config, text).unwrap();
    let mut command = sandbox.command(&["watch", "--format=ndjson", "--config"]);
    command.arg(&config).current_dir(sandbox.home());
    command
}

/// Stops a watch of configured places and finds nothing that it missed.
fn is_clean(watch: Watch, sandbox: &Sandbox) {
    watch.settle();
    watch.stop().exits(0);
    let config = sandbox.home().join("config.toml");
    let config = config.to_str().unwrap();
    let scan = sandbox.waxseal(&["scan", "--format=ndjson", "--config", config]);
    assert_eq!(scan.changes(), [], "a scan finds nothing new");
}

#[test]
fn a_configured_link_that_is_turned_is_followed() {
    let sandbox = Sandbox::with(&[("a/old", "1"), ("b/new", "1")]);
    symlink("a", sandbox.path("link")).unwrap();
    let mut watch = Watch::run(watching(&sandbox, &["link"], ""));
    watch.take();
    fs::remove_file(sandbox.path("link")).unwrap();
    symlink("b", sandbox.path("link")).unwrap();
    watch.wait_for(|event| action(event) == "reloaded");
    sandbox.write("b/later", "1");
    watch.wait_for(|event| event["file"]["path"] == json!(sandbox.path("b/later")));
    is_clean(watch, &sandbox);
}

#[test]
fn a_path_that_was_not_there_at_the_start_comes_back_when_it_has_gone() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    let mut watch = Watch::run(watching(&sandbox, &["none"], ""));
    watch.take();
    let path = sandbox.path("none");
    fs::create_dir(&path).unwrap();
    watch.wait_for(|event| action(event) == "created");
    fs::remove_dir(&path).unwrap();
    watch.wait_for(|event| action(event) == "root_gone");
    fs::create_dir(&path).unwrap();
    watch.wait_for(|event| action(event) == "root_back");
    is_clean(watch, &sandbox);
}

#[test]
fn what_is_mounted_below_is_left_alone_where_the_monitor_stays_on_one_file_system() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::with(&[("top/a", "1"), ("top/m/", "")]);
    let mut watch = Watch::run(watching(&sandbox, &["top"], "one_file_system = true\n"));
    watch.take();
    let mount = Mount::tmpfs(sandbox.path("top/m"), "size=1m");
    watch.wait_for(|event| action(event) == "resynced");
    fs::write(mount.at().join("inside"), "1").unwrap();
    sandbox.write("top/a", "changed");
    watch.wait_for(|event| event["file"]["name"] == "a");
    watch.settle();
    let is_inside = |event: &serde_json::Value| event["file"]["name"] == "inside";
    assert!(!watch.take().iter().any(is_inside));
    drop(mount);
    watch.wait_for(|event| action(event) == "resynced");
    is_clean(watch, &sandbox);
}

#[test]
fn a_new_directory_that_is_renamed_at_once_leaves_no_trace_at_its_old_path() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    let mut watch = Watch::start(&sandbox);
    watch.take();
    watch.hold();
    for number in 0..20 {
        sandbox.write(&format!("old{number}/f"), "content");
        let [from, to] = ["old", "new"].map(|name| sandbox.path(format!("{name}{number}")));
        fs::rename(from, to).unwrap();
    }
    watch.release();
    let news = watch.news(&sandbox);
    let mut expected: Vec<(String, String)> = (0..20)
        .flat_map(|number| [format!("new{number}"), format!("new{number}/f")])
        .map(|path| ("created".to_owned(), path))
        .collect();
    expected.sort();
    assert_eq!(news, expected);
    watch.stop().exits(0);
}

#[test]
fn a_directory_that_could_not_be_read_is_watched_once_it_can() {
    // Root reads it from the beginning, and must be told the same.
    let sandbox = Sandbox::with(&[("closed/file", "content")]);
    let (closed, file) = (sandbox.path("closed"), sandbox.path("closed/file"));
    let set_mode = |mode| fs::set_permissions(&closed, fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0);
    let mut watch = Watch::configured(&sandbox, "poll_interval = \"1s\"");
    set_mode(0o755);
    watch.wait_for(|event| {
        action(event) == "attributes_modified" && event["file"]["path"] == json!(closed)
    });
    let until = Instant::now() + Duration::from_secs(60);
    while watch.settle()["polled"] != json!([]) {
        assert!(Instant::now() < until, "it is polled for ever");
    }
    fs::write(&file, "more").unwrap();
    // Found in a directory that was closed until then, it was told as new.
    let event =
        watch.wait_for(|event| event["file"]["path"] == json!(file) && action(event) == "updated");
    assert!(
        event["waxseal"]["backend"].is_string(),
        "the kernel tells: {event}"
    );
    is_clean(watch, &sandbox);
}
