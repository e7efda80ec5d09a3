//! What takes long, or for ever, holds up nothing else.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::Watch;
use crate::util::{Mount, Run, Sandbox, action, is_root};

/// At this rate a scan of a file of [`SLOW_FILE`] bytes takes hours.
const SLOW: &str = "scan_rate_per_sec = \"1 KiB\"\n";
const SLOW_FILE: u64 = 16 << 20;

/// Makes a file without blocks.
fn sparse(sandbox: &Sandbox, name: &str, size: u64) {
    File::create(sandbox.path(name))
        .unwrap()
        .set_len(size)
        .unwrap();
}

fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "it does not come");
        std::thread::yield_now();
    }
}

fn status(sandbox: &Sandbox) -> Value {
    let run = sandbox.waxseal(&["status", "--format=json"]).exits(0);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_start_scan_shows_in_status_and_gives_way_to_a_stop() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    sparse(&sandbox, "slow", SLOW_FILE);
    let watch = Watch::spawn(Watch::command(&sandbox, SLOW));
    until(|| {
        let run = sandbox.waxseal(&["status", "--format=json"]);
        run.code == 0 && run.stdout.contains("\"starting\"")
    });
    sandbox
        .waxseal(&["status"])
        .exits(0)
        .says("scanning before it watches");
    watch.stop().exits(0);
    let log = sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
    let last = log.documents().pop().unwrap();
    assert_eq!(action(&last), "stopped");
    // Nothing was lost: the next one takes the baseline.
    let watch = Watch::start(&sandbox);
    watch.stop().exits(0);
    sandbox.waxseal(&["check"]).exits(0);
}

#[test]
fn a_reload_calls_a_start_scan_off_and_serves_the_new_configuration() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    sparse(&sandbox, "slow", SLOW_FILE);
    let mut watch = Watch::spawn(Watch::command(&sandbox, SLOW));
    until(|| {
        sandbox
            .waxseal(&["status"])
            .stdout
            .contains("scanning before")
    });
    Watch::command(&sandbox, "");
    watch.signal(Signal::HUP);
    watch.wait_for(|document| action(document) == "started");
    sandbox.write("a", "changed");
    assert_eq!(watch.news(&sandbox).len(), 2);
    watch.stop().exits(0);
}

#[test]
fn a_scheduled_scan_holds_up_neither_reload_nor_stop() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    sparse(&sandbox, "slow", SLOW_FILE);
    sandbox.baseline();
    let settings = format!("full_schedule = \"every 24h\"\n{SLOW}");
    let mut watch = Watch::configured(&sandbox, &settings);
    until(|| status(&sandbox)["watch"]["scanning"] == json!(true));
    sandbox.write("a", "changed");
    assert_eq!(watch.news(&sandbox).len(), 2);
    watch.signal(Signal::HUP);
    watch.wait_for(|document| action(document) == "reloaded");
    // It was not done, so it is due again.
    until(|| status(&sandbox)["watch"]["scanning"] == json!(true));
    watch.stop().exits(0);
}

#[test]
fn a_large_file_is_read_beside_everything_else() {
    let sandbox = Sandbox::with(&[("small", "1")]);
    let size = 3 << 30;
    sparse(&sandbox, "large", size);
    let mut watch = Watch::configured(&sandbox, "");
    watch.take();
    let mut large = File::options()
        .write(true)
        .open(sandbox.path("large"))
        .unwrap();
    large.seek(SeekFrom::Start(size - 1)).unwrap();
    large.write_all(b"x").unwrap();
    drop(large);
    until(|| watch.state()["reading"] == json!([sandbox.path("large")]));
    sandbox.write("small", "changed");
    watch.wait_for(|event| event["file"]["name"] == "small");
    let is_large = |event: &&Value| event["file"]["name"] == "large";
    let before = watch.take();
    assert_eq!(before.iter().find(is_large), None, "it is still being read");
    let event = watch.wait_for(|event| event["file"]["name"] == "large");
    assert_eq!(
        event["event"]["action"],
        json!(["updated", "attributes_modified"])
    );
    if is_root() {
        assert_eq!(event["process"]["pid"], json!(std::process::id()));
    }
    watch.settle();
    watch.stop().exits(0);
    let scan = sandbox.ndjson("scan", &["--full"]);
    assert_eq!(scan.changes(), [], "a fresh scan finds nothing new");
}

#[test]
fn a_large_file_that_is_renamed_holds_up_nothing_and_is_one_move() {
    let sandbox = Sandbox::with(&[("small", "1")]);
    sparse(&sandbox, "large", 3 << 30);
    let mut watch = Watch::configured(&sandbox, "");
    watch.take();
    fs::rename(sandbox.path("large"), sandbox.path("other")).unwrap();
    until(|| watch.state()["reading"] == json!([sandbox.path("other")]));
    sandbox.write("small", "changed");
    watch.wait_for(|event| event["file"]["name"] == "small");
    let moved = watch.wait_for(|event| event["file"]["name"] == "other");
    assert_eq!(action(&moved), "moved");
    watch.settle();
    // What is gone is not read to its end.
    sparse(&sandbox, "endless", 8 << 40);
    until(|| watch.state()["reading"] == json!([sandbox.path("endless")]));
    fs::remove_file(sandbox.path("endless")).unwrap();
    watch.settle();
    watch.stop().exits(0);
}

#[test]
fn a_second_request_to_stop_ends_a_watch_that_waits_for_its_reader() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    let mut command = sandbox.command(&["watch", "--format=ndjson"]);
    command.arg(sandbox.tree());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    until(|| status_of(&sandbox).is_some_and(|watch| watch["idle"] == json!(true)));
    // More than a pipe takes.
    (0..500).for_each(|n| sandbox.write(&format!("f{n}"), "content"));
    until(|| {
        let watch = status_of(&sandbox).unwrap();
        watch["idle"] == json!(true) && watch["totals"]["events"].as_u64() >= Some(500)
    });
    terminate(&child);
    // The first one is heard when the watch has said goodbye.
    until(|| sandbox.waxseal(&["log", "-n1"]).stdout.contains("stopped"));
    assert_eq!(child.try_wait().unwrap(), None, "it waits for its reader");
    // Two that come at once are one request.
    until(|| {
        terminate(&child);
        child.try_wait().unwrap().is_some()
    });
    assert_eq!(child.wait().unwrap().code(), Some(4));
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert!(stderr.contains("ended at once"), "{stderr}");
    sandbox.waxseal(&["log", "--verify"]).exits(0);
    sandbox
        .waxseal(&["scan"])
        .exits(1)
        .says("no new differences");
}

fn status_of(sandbox: &Sandbox) -> Option<Value> {
    let run = sandbox.waxseal(&["status", "--format=json"]);
    let status: Value = serde_json::from_str(&run.stdout).ok()?;
    status
        .get("watch")
        .filter(|watch| watch.is_object())
        .cloned()
}

fn terminate(child: &Child) {
    kill_process(Pid::from_child(child), Signal::TERM).unwrap();
}

#[test]
fn a_reload_looks_only_where_the_policy_decides_otherwise() {
    let sandbox = Sandbox::with(&[("one/a", "1"), ("two/b", "1")]);
    let config = sandbox.home().join("config.toml");
    let monitor = |name: &str, more: &str| {
        format!(
            "[[monitor]]\nname = {name:?}\npaths = [{:?}]\n{more}",
            sandbox.path(name)
        )
    };
    let (one, two) = (monitor("one", ""), monitor("two", ""));
    fs::write(&config, format!("{one}{two}")).unwrap();
    let mut command = sandbox.command(&["watch", "--format=ndjson", "--config"]);
    command.arg(&config);
    let mut watch = Watch::run(command);
    let mut reload = |says: &str| {
        watch.take();
        watch.signal(Signal::HUP);
        let told = watch.wait_for(|document| action(document) == "reloaded");
        let message = told["message"].as_str().unwrap();
        assert!(message.ends_with(says), "{message}");
    };
    let scans = || status(&sandbox)["last_scan"]["objects"].clone();
    let before = scans();
    reload("the policy is as before");
    assert_eq!(scans(), before, "no scan was made");
    fs::write(
        &config,
        format!("{one}{}", monitor("two", "tags = [\"pci\"]\n")),
    )
    .unwrap();
    reload("what the policy decides otherwise was looked at again");
    assert!(
        scans().as_u64() < before.as_u64(),
        "only a part was looked at"
    );
    // Both are watched as before.
    sandbox.write("one/a", "changed");
    sandbox.write("two/b", "changed");
    sandbox.write("two/new/c", "1");
    let news = watch.news(&sandbox);
    let created = news.iter().filter(|(action, _)| action == "created");
    assert_eq!((news.len(), created.count()), (6, 2), "{news:?}");
    watch.stop().exits(0);
    let config = config.to_str().unwrap();
    sandbox
        .waxseal(&["scan", "--config", config])
        .exits(1)
        .says("no new differences");
}

#[test]
fn a_refused_watch_changes_nothing() {
    let sandbox = Sandbox::with(&[("a", "1"), ("d/b", "1")]);
    let mut command = sandbox.command(&["watch", "--format=ndjson"]);
    command.arg(sandbox.path("a"));
    let watch = Watch::run(command);
    let before = status(&sandbox)["monitors"].clone();
    sandbox.waxseal(&["watch", "d"]).exits(4);
    assert_eq!(status(&sandbox)["monitors"], before);
    watch.stop().exits(0);
}

/// Keeps everybody else from writing the store until the value is dropped.
fn take_turn(sandbox: &Sandbox) -> File {
    let lock = sandbox.state_dir().join("waxseal.lock");
    let lock = File::options().write(true).open(lock).unwrap();
    lock.lock().unwrap();
    lock
}

#[test]
fn another_process_that_writes_is_waited_for_at_a_reload_and_at_the_end() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    let mut watch = Watch::configured(&sandbox, "");
    watch.take();
    let turn = take_turn(&sandbox);
    sandbox.write("a", "changed");
    watch.signal(Signal::HUP);
    until(|| {
        sandbox
            .waxseal(&["status"])
            .stdout
            .contains("waiting for an output")
    });
    drop(turn);
    watch.wait_for(|document| action(document) == "reloaded");
    watch.wait_for(|event| event["file"]["name"] == "a");
    watch.settle();
    let turn = take_turn(&sandbox);
    watch.signal(Signal::TERM);
    // It is asked to end, and has the time that a scan beside it may need.
    let until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < until {
        assert!(watch.is_running(), "it did not wait");
    }
    drop(turn);
    watch.ended().exits(0);
    let last = sandbox.waxseal(&["log", "-n1"]).stdout;
    assert!(last.contains("stopped after 1 event"), "{last}");
}

#[test]
fn a_request_to_stop_is_heard_while_a_reload_waits_for_another_process() {
    let sandbox = Sandbox::with(&[("a", "1"), ("b", "1")]);
    let watch = Watch::configured(&sandbox, "");
    let looks = |watch: &Watch| watch.state()["totals"]["looks"].as_u64().unwrap();
    let before = looks(&watch);
    let turn = take_turn(&sandbox);
    // The writer is at one round, and the next waits for it.
    for (name, round) in [("a", 1), ("b", 2)] {
        sandbox.write(name, "changed");
        until(|| looks(&watch) >= before + round);
    }
    watch.signal(Signal::HUP);
    until(|| {
        let status = sandbox.waxseal(&["status"]).stdout;
        status.contains("waiting for an output")
    });
    let asked = Instant::now();
    watch.signal(Signal::TERM);
    watch
        .ended()
        .exits(4)
        .complains("in use by another waxseal");
    // It waits for the other one twice, each time for half a minute.
    assert!(asked.elapsed() < Duration::from_secs(90));
    drop(turn);
    // What was not written is found by the next start.
    let mut watch = Watch::configured(&sandbox, "");
    watch.wait_for(|event| event["file"]["name"] == "b");
    watch.stop().exits(0);
}

#[test]
fn a_request_to_stop_is_heard_while_the_store_is_opened() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    sandbox.baseline();
    let _turn = take_turn(&sandbox);
    let mut command = sandbox.command(&["watch"]);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    // From then on signals are caught.
    let tasks = format!("/proc/{}/task", child.id());
    let listens = |task: &fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm"));
        name.is_ok_and(|name| name == "waxseal-signals\n")
    };
    until(|| {
        let mut tasks = fs::read_dir(&tasks).unwrap().flatten();
        tasks.any(|task| listens(&task))
    });
    let asked = Instant::now();
    terminate(&child);
    let output = child.wait_with_output().unwrap();
    Run::of(output).exits(0).complains("before the watch began");
    assert!(
        asked.elapsed() < Duration::from_secs(10),
        "it waited for the store"
    );
}

/// A FUSE file system whose program can be stopped: whoever asks it for something waits.
struct Hanging {
    daemon: Child,
    at: std::path::PathBuf,
}

impl Hanging {
    fn mount(sandbox: &Sandbox, at: &str) -> Option<Hanging> {
        let source = sandbox.home().join("source");
        fs::create_dir(&source).unwrap();
        fs::write(source.join("remote"), "1").unwrap();
        let at = sandbox.path(at);
        fs::create_dir(&at).unwrap();
        // No caching, or the kernel would answer instead.
        let options = "attr_timeout=0,entry_timeout=0,negative_timeout=0";
        let mut command = Command::new("bindfs");
        command
            .arg("-f")
            .args(["-o", options])
            .arg(&source)
            .arg(&at);
        let daemon = command.stderr(Stdio::null()).spawn().ok()?;
        let mut hanging = Hanging { daemon, at };
        let end = Instant::now() + Duration::from_secs(20);
        while !hanging.at.join("remote").exists() {
            if hanging.daemon.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(Instant::now() < end, "bindfs does not mount");
        }
        Some(hanging)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.daemon), signal).unwrap();
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.signal(Signal::CONT);
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.at).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
        let _ = self.daemon.wait();
    }
}

#[test]
fn a_file_system_that_does_not_answer_holds_up_no_other() {
    let sandbox = Sandbox::with(&[("a", "1"), ("d/b", "1")]);
    if !is_root() {
        return;
    }
    let Some(hanging) = Hanging::mount(&sandbox, "fuse") else {
        eprintln!("skipped: needs bindfs and /dev/fuse");
        return;
    };
    let mut watch = Watch::configured(&sandbox, "poll_interval = \"1s\"\n");
    let polled = status(&sandbox)["watch"]["polled"].clone();
    assert_eq!(polled, json!([hanging.at]));
    watch.take();
    hanging.signal(Signal::STOP);
    // It is being polled, and hangs.
    let surveys = |watch: &Watch| watch.state()["totals"]["surveys"].as_u64().unwrap();
    let hangs = |watch: &Watch| watch.state()["idle"] == json!(false);
    until(|| hangs(&watch));
    let before = surveys(&watch);
    sandbox.write("a", "changed");
    sandbox.write("d/new/c", "1");
    watch.wait_for(|event| event["file"]["name"] == "a");
    watch.wait_for(|event| event["file"]["name"] == "c");
    assert!(surveys(&watch) <= before + 1);
    // A reload does not wait for it either.
    watch.signal(Signal::HUP);
    watch.wait_for(|document| action(document) == "reloaded");
    sandbox.write("d/b", "changed");
    watch.wait_for(|event| event["file"]["name"] == "b");
    fs::write(sandbox.home().join("source/remote"), "changed").unwrap();
    hanging.signal(Signal::CONT);
    watch.wait_for(|event| event["file"]["name"] == "remote");
    hanging.signal(Signal::STOP);
    until(|| hangs(&watch));
    watch.stop().exits(0);
}

#[test]
fn a_mount_that_does_not_answer_holds_up_no_new_directory() {
    let sandbox = Sandbox::with(&[("a", "1"), ("late/under", "1")]);
    if !is_root() {
        return;
    }
    let Some(hanging) = Hanging::mount(&sandbox, "fuse") else {
        eprintln!("skipped: needs bindfs and /dev/fuse");
        return;
    };
    // inotify: what is in a new directory is found by a survey.
    let settings = "poll_interval = \"1h\"\nbackends = [\"inotify\"]";
    let mut watch = Watch::configured(&sandbox, settings);
    watch.settle();
    hanging.signal(Signal::STOP);
    let late = Mount::bind_as_it_is(&hanging.at, sandbox.path("late"));
    watch.wait_for(|event| {
        action(event) == "degraded"
            && event["message"]
                .as_str()
                .unwrap()
                .contains("does not get on")
    });
    sandbox.write("new/sub/c", "1");
    watch.wait_for(|event| event["file"]["name"] == "c");
    hanging.signal(Signal::CONT);
    watch.wait_for(|event| event["file"]["path"] == json!(late.at().join("remote")));
    drop(late);
    watch.settle();
    watch.stop().exits(0);
}
