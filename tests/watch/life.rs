//! The watch beside everything else: approvals meanwhile, crashes, reloads, mounts, its own noise.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::Watch;
use crate::util::{Mount, Sandbox, action, is_root};

fn changes(events: &[Value]) -> Vec<&Value> {
    let is_change = |event: &&Value| event["event"]["dataset"] == "file";
    events.iter().filter(is_change).collect()
}

#[test]
fn what_the_watch_saw_is_accepted_while_it_runs() {
    let sandbox = Sandbox::with(&[("a", "1"), ("b", "1")]);
    let mut watch = Watch::start(&sandbox);
    sandbox.write("a", "changed");
    assert_eq!(watch.news(&sandbox).len(), 2);
    sandbox.waxseal(&["check"]).exits(1);
    sandbox
        .waxseal(&["accept", "a", "--reason", "mine"])
        .exits(0);
    sandbox.waxseal(&["check"]).exits(0);
    // The approval goes to its outputs like everything else.
    watch.wait_for(|event| action(event) == "approved");
    sandbox.write("b", "changed");
    let news = watch.news(&sandbox);
    assert_eq!(news.len(), 2, "{news:?}");
    watch.stop().exits(0);
    sandbox.waxseal(&["log", "--verify"]).exits(0);
    sandbox.waxseal(&["check"]).exits(1).says("1 difference");
}

#[test]
fn a_scan_beside_the_watch_and_the_watch_tell_each_change_once() {
    let sandbox = Sandbox::new();
    (0..200).for_each(|n| sandbox.write(&format!("f{n}"), "1"));
    let watch = Watch::start(&sandbox);
    for round in 0..5 {
        (0..200).for_each(|n| sandbox.write(&format!("f{n}"), &format!("round {round}")));
        let scan = sandbox.waxseal(&["scan", "--format=ndjson"]);
        assert!([0, 1].contains(&scan.code), "{}", scan.stderr);
        watch.settle();
    }
    watch.stop().exits(0);
    let log = sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
    let told = log.documents();
    let mut last: std::collections::HashMap<String, Value> = std::collections::HashMap::new();
    for event in changes(&told) {
        let path = event["file"]["path"].as_str().unwrap().to_owned();
        let hash = event["file"]["hash"]["sha256"].clone();
        let before = event["waxseal"]["before"]["hash"]["sha256"].clone();
        if let Some(known) = last.insert(path.clone(), hash) {
            assert_eq!(known, before, "{path}: each event follows the one before");
        }
    }
    assert_eq!(last.len(), 200);
    let scan = sandbox.ndjson("scan", &[]);
    assert!(scan.changes().is_empty(), "{:?}", scan.changes());
}

#[test]
fn a_second_watch_of_one_store_is_refused() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    let watch = Watch::start(&sandbox);
    sandbox
        .waxseal(&["watch"])
        .exits(4)
        .complains("in use by another waxseal");
    watch.stop().exits(0);
}

#[test]
fn what_happens_while_it_is_dead_is_found_at_the_next_start() {
    let sandbox = Sandbox::with(&[("a", "1"), ("b", "1"), ("c", "1")]);
    let mut watch = Watch::start(&sandbox);
    sandbox.write("a", "changed");
    watch.news(&sandbox);
    sandbox.write("b", "changed");
    watch.kill();
    sandbox.write("c", "changed");
    let mut watch = Watch::start(&sandbox);
    watch.settle();
    let log = sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
    let told = log.documents();
    let mut paths: Vec<&str> = changes(&told)
        .iter()
        .map(|event| event["file"]["name"].as_str().unwrap())
        .collect();
    paths.sort_unstable();
    assert_eq!(paths, ["a", "b", "c"], "each once");
    let c = changes(&told)
        .into_iter()
        .find(|event| event["file"]["name"] == "c");
    assert_eq!(c.unwrap()["waxseal"]["found_by"], json!("scan"));
    watch.take();
    watch.stop().exits(0);
}

#[test]
fn a_changed_configuration_is_served_after_a_hangup() {
    let sandbox = Sandbox::with(&[("one/a", "1"), ("two/b", "1")]);
    let config = sandbox.home().join("config.toml");
    let write = |names: &[&str]| {
        let paths: Vec<_> = names.iter().map(|name| sandbox.path(name)).collect();
        let text = format!("[[monitor]]\nname = \"m\"\npaths = {paths:?}\n");
        fs::write(&config, text).unwrap();
    };
    write(&["one"]);
    let mut command = sandbox.command(&["watch", "--format=ndjson", "--config"]);
    command.arg(&config);
    let mut watch = Watch::run(command);
    sandbox.write("two/b", "changed unseen");
    assert_eq!(watch.news(&sandbox), []);
    write(&["one", "two"]);
    watch.signal(Signal::HUP);
    watch.wait_for(|event| action(event) == "reloaded");
    sandbox.write("two/b", "changed again");
    sandbox.write("one/a", "changed");
    let news = watch.news(&sandbox);
    let paths: Vec<&str> = news.iter().map(|(_, path)| path.as_str()).collect();
    assert_eq!(paths, ["one/a", "two/b", "one/a", "two/b"]);
    // A mistake leaves everything as it is, also one that only a calendar shows.
    let valid = fs::read_to_string(&config).unwrap();
    let mistakes = ["nonsense = 1\n", "schedule = \"0 0 31 2 *\"\n"];
    for (round, mistake) in mistakes.iter().enumerate() {
        fs::write(&config, format!("{mistake}{valid}")).unwrap();
        watch.signal(Signal::HUP);
        watch.wait_for(|event| action(event) == "reload_failed");
        watch.take();
        sandbox.write("two/b", &format!("and again, round {round}"));
        assert_eq!(watch.news(&sandbox).len(), 2);
    }
    let ended = watch.stop().exits(0);
    ended.complains("nonsense").complains("never comes");
}

/// Returns how many heaps its threads have beside the first: 64 MiB of addresses each, on such a boundary, see
/// `arena.c` of glibc.
#[cfg(target_env = "gnu")]
fn heaps_of_threads(pid: &Value) -> usize {
    const RESERVED: u64 = 64 << 20;
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let anonymous: Vec<(u64, u64)> = maps
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (start, end) = fields[0].split_once('-')?;
            let bounds = [start, end].map(|bound| u64::from_str_radix(bound, 16).unwrap());
            (fields.len() == 5).then_some((bounds[0], bounds[1]))
        })
        .collect();
    // What is in use and what is only reserved are two maps.
    let ends = |at: u64| anonymous.iter().any(|&(_, end)| end == at + RESERVED);
    anonymous
        .iter()
        .filter(|&&(start, _)| start % RESERVED == 0 && ends(start))
        .count()
}

#[test]
#[cfg(target_env = "gnu")]
fn its_threads_share_what_they_free() {
    let sandbox = Sandbox::with(&[("a", "1"), ("d/b", "1")]);
    let mut watch = Watch::start(&sandbox);
    watch.signal(Signal::HUP);
    watch.wait_for(|event| action(event) == "reloaded");
    sandbox.write("a", "changed");
    let state = watch.settle();
    assert_eq!(heaps_of_threads(&state["pid"]), 1);
    watch.stop().exits(0);
}

#[test]
fn its_own_reading_and_writing_is_no_event() {
    let sandbox = Sandbox::with(&[("a", "1"), ("d/b", "1")]);
    let inside = sandbox.path("state");
    let start = || {
        let mut command = sandbox.command(&["watch", "--format=ndjson"]);
        command.arg(sandbox.tree()).arg("--state-dir").arg(&inside);
        command
    };
    // The sandbox names a state directory too; the last one counts.
    let mut command = std::process::Command::new(crate::util::program());
    command
        .args(start().get_args().skip(2))
        .env("TZ", "UTC")
        .env("HOME", sandbox.home());
    command
        .env("XDG_CONFIG_HOME", sandbox.home())
        .current_dir(sandbox.tree());
    let mut watch = Watch::run(command);
    watch.settle();
    watch.take();
    for _ in 0..20 {
        watch.state();
    }
    sandbox.write("a", "changed");
    watch.wait_for(|event| event["file"]["name"] == "a");
    watch.settle();
    let events = watch.take();
    assert_eq!(changes(&events).len(), 1, "{events:#?}");
    watch.stop().exits(0);
}

#[test]
fn a_watch_of_an_idle_tree_rests() {
    let sandbox = Sandbox::with(&[("a", "1"), ("d/b", "1")]);
    let file = sandbox.home().join("events");
    let settings =
        format!("[output.stdout]\nformat = \"ndjson\"\n[output.file]\npath = {file:?}\n");
    let mut watch = Watch::configured(&sandbox, &settings);
    let before = watch.settle();
    watch.take();
    // Two seconds and more of being asked, which makes its canary move as well.
    let until = Instant::now() + Duration::from_secs(2);
    let mut after = watch.state();
    while Instant::now() < until {
        after = watch.state();
    }
    assert_eq!(
        after["totals"], before["totals"],
        "no looks, rounds, events"
    );
    assert_eq!(after["idle"], json!(true));
    assert_eq!(watch.news(&sandbox), []);
    watch.stop().exits(0);
}

#[test]
fn what_is_mounted_and_unmounted_is_looked_at() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::with(&[("m/below", "1"), ("a", "1")]);
    let mut watch = Watch::start(&sandbox);
    watch.take();
    let mount = Mount::tmpfs(sandbox.path("m"), "size=1m");
    // Mounts are told of by a queue of their own, which no canary follows.
    let mut comes = |wanted: &str, name: &str| {
        watch.wait_for(|event| {
            action(event) == wanted && event["file"]["name"].as_str() == Some(name)
        });
        watch.settle();
    };
    comes("deleted", "below");
    fs::write(mount.at().join("inside"), "1").unwrap();
    comes("created", "inside");
    drop(mount);
    comes("deleted", "inside");
    comes("created", "below");
    sandbox.write("m/below", "changed");
    comes("updated", "below");
    watch.stop().exits(0);
    sandbox
        .waxseal(&["scan"])
        .exits(1)
        .says("no new differences");
}

#[test]
fn a_root_that_goes_and_comes_back_is_watched_again() {
    let sandbox = Sandbox::with(&[("a", "1"), ("d/b", "1")]);
    let mut watch = Watch::start(&sandbox);
    watch.take();
    let tree = sandbox.tree();
    let away = tree.with_extension("away");
    fs::rename(&tree, &away).unwrap();
    let gone = watch.news(&sandbox);
    assert_eq!(
        gone.iter()
            .filter(|(action, _)| action == "deleted")
            .count(),
        4,
        "{gone:?}"
    );
    fs::rename(&away, &tree).unwrap();
    let back = watch.news(&sandbox);
    assert_eq!(
        back.iter()
            .filter(|(action, _)| action == "created")
            .count(),
        4,
        "{back:?}"
    );
    sandbox.waxseal(&["check"]).exits(0);
    sandbox.write("d/b", "changed");
    assert_eq!(watch.news(&sandbox).len(), 2);
    fs::remove_dir_all(&tree).unwrap();
    watch.news(&sandbox);
    fs::create_dir(&tree).unwrap();
    sandbox.write("new", "1");
    let news = watch.news(&sandbox);
    assert!(news.iter().any(|(_, path)| path == "new"), "{news:?}");
    let log = sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
    let told: Vec<String> = log.documents().iter().map(action).collect();
    let roots = told.iter().filter(|action| action.starts_with("root_"));
    let expected = ["root_gone", "root_back", "root_gone", "root_back"];
    assert!(roots.eq(&expected), "{told:?}");
    watch.stop().exits(0);
}

#[test]
fn a_file_that_lived_between_two_looks_is_told_of() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    let mut watch = Watch::start(&sandbox);
    watch.take();
    watch.hold();
    for (name, content) in [("dropped", "payload"), ("empty", "")] {
        sandbox.write(name, content);
        fs::remove_file(sandbox.path(name)).unwrap();
    }
    watch.release();
    watch.wait_for(|event| action(event) == "deleted");
    watch.settle();
    let events = watch.take();
    let told: Vec<(String, &Value)> = changes(&events)
        .into_iter()
        .filter(|event| event["file"]["path"].as_str().unwrap().ends_with("dropped"))
        .map(|event| (action(event), &event["tags"]))
        .collect();
    let tags = json!(["short_lived"]);
    assert_eq!(
        told,
        [("created".to_owned(), &tags), ("deleted".to_owned(), &tags)]
    );
    assert_eq!(changes(&events).len(), 2, "{events:#?}");
    watch.stop().exits(0);
}

#[test]
fn status_tells_how_the_watch_is_doing() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    let watch = Watch::start(&sandbox);
    sandbox.write("a", "changed");
    watch.settle();
    let status = sandbox.waxseal(&["status"]).exits(0);
    let status = status
        .says("watch            process ")
        .says("output           stdout: ")
        .says("root             ");
    assert!(
        status.stdout.contains("1 event journalled"),
        "{}",
        status.stdout
    );
    let json = sandbox.waxseal(&["status", "--format=json"]).exits(0);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["watch"]["totals"]["events"], json!(1));
    let root = &json["watch"]["roots"][0];
    assert_eq!(root["path"], json!(sandbox.tree()));
    assert_eq!(root["covered"], root["path"]);
    assert!(root["backend"].is_string());
    assert!(json["watch"]["memory"].as_u64().unwrap() > 1 << 20);
    watch.stop().exits(0);
    sandbox.waxseal(&["status"]).exits(0).says("not running");
}

#[test]
fn scheduled_scans_start_by_themselves_and_are_remembered() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    let config = sandbox.home().join("config.toml");
    let text = format!(
        "full_schedule = \"every 24h\"\n[[monitor]]\nname = \"m\"\npaths = [{:?}]\n",
        sandbox.tree()
    );
    fs::write(&config, text).unwrap();
    let start = || {
        let mut command = sandbox.command(&["watch", "--format=ndjson", "--config"]);
        command.arg(&config);
        Watch::run(command)
    };
    let last_is_full = || {
        let status = sandbox.waxseal(&["status", "--format=json"]).exits(0);
        let status: Value = serde_json::from_str(&status.stdout).unwrap();
        let last = &status["last_scan"];
        last["full"] == json!(true) && last["finished"].is_string()
    };
    // None was ever made, so it is due at once.
    let watch = start();
    let until = Instant::now() + Duration::from_secs(60);
    while !last_is_full() {
        assert!(Instant::now() < until, "it never starts");
    }
    watch.stop().exits(0);
    let watch = start();
    let state = watch.settle();
    assert_eq!(
        state["totals"]["surveys"],
        json!(0),
        "the next one is tomorrow: {state}"
    );
    watch.stop().exits(0);
}

#[test]
fn a_monitor_that_is_not_followed_waits_for_a_scan() {
    let sandbox = Sandbox::with(&[("now/a", "1"), ("later/b", "1")]);
    let config = sandbox.home().join("config.toml");
    let (now, later) = (sandbox.path("now"), sandbox.path("later"));
    let text = format!(
        "[[monitor]]\nname = \"now\"\npaths = [{now:?}]\n\
         [[monitor]]\nname = \"later\"\npaths = [{later:?}]\nrealtime = false\n"
    );
    fs::write(&config, text).unwrap();
    let mut command = sandbox.command(&["watch", "--format=ndjson", "--config"]);
    command.arg(&config);
    let mut watch = Watch::run(command);
    watch.take();
    sandbox.write("later/b", "changed");
    sandbox.write("later/new/c", "1");
    sandbox.write("now/a", "changed");
    let paths: Vec<String> = watch
        .news(&sandbox)
        .into_iter()
        .map(|(_, path)| path)
        .collect();
    assert_eq!(paths, ["now/a", "now/a"]);
    watch.stop().exits(0);
    let config = config.to_str().unwrap();
    let scan = sandbox.waxseal(&["scan", "--format=ndjson", "--config", config]);
    assert_eq!(scan.exits(1).changes().len(), 3);
}

#[test]
fn what_came_was_renamed_and_went_leaves_a_trace() {
    let sandbox = Sandbox::with(&[("known", "1")]);
    let mut watch = Watch::start(&sandbox);
    watch.take();
    // The names are given and gone before anybody looks.
    let (first, second) = (sandbox.path("dropped"), sandbox.path("run"));
    fs::write(&first, "content").unwrap();
    fs::rename(&first, &second).unwrap();
    fs::remove_file(&second).unwrap();
    let elsewhere = sandbox.home().join("elsewhere");
    fs::write(&elsewhere, "content").unwrap();
    fs::rename(&elsewhere, sandbox.path("brought")).unwrap();
    fs::remove_file(sandbox.path("brought")).unwrap();
    let news = watch.news(&sandbox);
    let told: Vec<(&str, &str)> = news.iter().map(|(a, p)| (a.as_str(), p.as_str())).collect();
    for name in ["run", "brought"] {
        assert!(told.contains(&("created", name)), "{told:?}");
        assert!(told.contains(&("deleted", name)), "{told:?}");
    }
    watch.stop().exits(0);
    sandbox.waxseal(&["check"]).exits(0);
}

#[test]
fn a_scan_with_another_policy_is_refused_beside_a_watch() {
    let sandbox = Sandbox::with(&[("a/1", "1"), ("b/1", "1")]);
    let mut watch = Watch::configured(&sandbox, "");
    let other = sandbox.home().join("other.toml");
    let text = format!(
        "[[monitor]]\nname = \"m\"\npaths = [{:?}]\n",
        sandbox.path("a")
    );
    fs::write(&other, text).unwrap();
    let other = other.to_str().unwrap();
    let scan = sandbox.waxseal(&["scan", "--config", other]);
    scan.exits(2)
        .complains("a watch runs for this store, with another policy");
    watch.take();
    fs::remove_file(sandbox.path("b/1")).unwrap();
    watch.wait_for(|event| action(event) == "deleted");
    watch.stop().exits(0);
    // Without a watch it is the user's choice.
    let scan = sandbox.waxseal(&["scan", "--config", other]);
    scan.says("2 paths left the policy");
}

#[test]
fn a_watch_whose_socket_is_gone_is_not_told_to_be_none() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    let watch = Watch::start(&sandbox);
    fs::remove_file(sandbox.state_dir().join("watch.sock")).unwrap();
    let status = sandbox.waxseal(&["status", "--format=json"]).exits(0);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["watch"], json!(null));
    let error = status["watch_error"].as_str().unwrap();
    assert!(error.contains("watch.sock"), "{error}");
    watch.stop().exits(0);
}
