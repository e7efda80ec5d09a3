//! Runs that are killed at random moments: the store opens, is whole, and the next run says
//! exactly what is true. And two runs at once.
//!
//! Moments are spread over the time that a whole run takes here and now; a failure names the one
//! that led to it.

use std::fs::{self, DirBuilder};
use std::io::Read as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::random::{OnFailure, Random};
use crate::util::{Run, Sandbox, action, file_path};

/// How often each kind of run is killed.
const TIMES: usize = 40;
/// Directories, and files in each.
const DIRS: usize = 40;
const FILES: usize = 75;
/// A file that sorts behind all others.
const LAST: &str = "y/last";
/// Every path of the tree, its top included.
const PATHS: usize = 1 + DIRS * (1 + FILES) + 2;
/// New files of the later scan; so many that writing the events takes a good part of it.
const CREATED: usize = 3600;

#[test]
fn a_killed_first_scan_leaves_nothing_wrong() {
    let sandbox = large_tree();
    let mut killer = Killer::new(&sandbox, &["scan", "."], 1);
    for round in 0..TIMES {
        discard_store(&sandbox);
        let _moment = killer.run(round);
        if opens(&sandbox) {
            let open = status(&sandbox)["open"].clone();
            assert_eq!(
                open, 0,
                "what is not finished is no baseline to differ from"
            );
        }
        let next = sandbox.ndjson("scan", &[]).exits(0);
        assert_eq!(next.changes(), [], "nothing was there before");
        assert_eq!(status(&sandbox)["approved"], PATHS);

        let mut changed: Vec<String> = Vec::new();
        while changed.len() < 3 {
            let name = file(killer.random.below(DIRS), killer.random.below(FILES));
            if !changed.contains(&name) {
                sandbox.write(&name, &format!("changed in round {round}"));
                changed.push(name);
            }
        }
        changed.sort();
        let expected: Vec<(String, String)> = changed
            .iter()
            .map(|name| told(&sandbox, "updated", name))
            .collect();
        assert_eq!(sandbox.ndjson("scan", &[]).exits(1).changes(), expected);
        is_whole(&sandbox);
    }
    killer.was_in_time();
}

#[test]
fn a_killed_later_scan_neither_loses_nor_repeats_an_event() {
    let sandbox = large_tree();
    sandbox.baseline();
    let before = Copy::of(&sandbox);
    let expected = change_much(&sandbox);
    let mut killer = Killer::new(&sandbox, &["scan"], 2);
    for round in 0..TIMES {
        before.put_back(&sandbox);
        let _moment = killer.run(round);
        assert!(opens(&sandbox));
        let rest = sandbox.waxseal(&["scan", "--format=ndjson"]).exits(1);
        let rest = rest.documents().len();
        assert!(
            [0, expected.len()].contains(&rest),
            "all is committed at once"
        );
        let mut all = sentences(&events(&sandbox, "file"));
        all.sort();
        // Not assert_eq: thousands of lines help nobody.
        assert!(all == expected, "{}", first_difference(&all, &expected));
        assert_eq!(
            sandbox
                .waxseal(&["scan", "--format=ndjson"])
                .exits(1)
                .changes(),
            []
        );
        is_whole(&sandbox);
    }
    killer.was_in_time();
}

#[test]
fn a_killed_approval_approves_all_or_nothing() {
    let sandbox = large_tree();
    sandbox.baseline();
    change_much(&sandbox);
    sandbox.waxseal(&["scan", "-q"]).exits(1);
    let before = Copy::of(&sandbox);
    let open = status(&sandbox)["open"].as_u64().unwrap();
    assert!(open as usize > CREATED);
    let accept = ["accept", "--all", "--reason", "planned", "-q"];
    let mut killer = Killer::new(&sandbox, &accept, 3);
    for round in 0..TIMES {
        before.put_back(&sandbox);
        let _moment = killer.run(round);
        assert!(opens(&sandbox));
        let left = status(&sandbox)["open"].as_u64().unwrap();
        let notices = events(&sandbox, "waxseal.notice");
        let of = |action: &str| {
            let found = notices
                .iter()
                .filter(|notice| notice["event"]["action"] == action);
            found.count() as u64
        };
        let approved = (of("path_approved"), of("approved"));
        match left {
            0 => assert_eq!(approved, (open, 1)),
            left => assert_eq!((left, approved), (open, (0, 0))),
        }
        sandbox.waxseal(&accept).exits(0);
        assert_eq!(status(&sandbox)["open"], 0);
        is_whole(&sandbox);
    }
    killer.was_in_time();
}

#[test]
fn a_second_scan_says_who_holds_the_store_and_the_first_goes_on() {
    let sandbox = large_tree();
    sandbox.baseline();
    let expected = change_much(&sandbox);
    // It prints more than a pipe holds before it is done with the store: until somebody reads, it
    // waits there.
    let mut first = sandbox.command(&["scan", "--format=ndjson"]);
    let mut first = first
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut start = [0];
    first
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut start)
        .unwrap();

    for verb in [&["scan"][..], &["accept", "--all", "--reason", "too early"]] {
        let second = sandbox.waxseal(verb).exits(4);
        second.complains(&first.id().to_string());
    }
    for verb in [&["check", "-q"][..], &["status"], &["log", "--verify"]] {
        let code = i32::from(verb[0] == "check");
        sandbox.waxseal(verb).exits(code);
    }

    let mut output = first.wait_with_output().unwrap();
    output.stdout.splice(0..0, start);
    let first = Run::of(output).exits(1);
    let mut all = sentences(&first.documents());
    all.sort();
    assert!(all == expected, "{}", first_difference(&all, &expected));
    is_whole(&sandbox);
}

/// Makes a tree of some three thousand files.
fn large_tree() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut random = Random::new(0);
    for dir in 0..DIRS {
        for number in 0..FILES {
            let size = random.below(400);
            sandbox.write(&file(dir, number), &"x".repeat(size));
        }
    }
    sandbox.write(LAST, "last");
    sandbox
}

fn file(dir: usize, number: usize) -> String {
    format!("d{dir:02}/f{number:02}")
}

/// Changes, deletes, renames and creates; returns what must be told of it, sorted.
fn change_much(sandbox: &Sandbox) -> Vec<String> {
    let mut all = Vec::new();
    let mut say = |action: &str, name: &str| {
        let (action, path) = told(sandbox, action, name);
        all.push(format!("{action} {path}"));
    };
    for number in 0..FILES {
        let name = file(number % 10, number);
        sandbox.write(&name, "changed");
        say("updated", &name);
    }
    for dir in 10..15 {
        fs::remove_dir_all(sandbox.path(format!("d{dir}"))).unwrap();
        say("deleted", &format!("d{dir}"));
        (0..FILES).for_each(|number| say("deleted", &file(dir, number)));
    }
    for number in 0..CREATED {
        let name = format!("e/{number:04}");
        sandbox.write(&name, "");
        say("created", &name);
    }
    say("created", "e");
    let place = |name: &str| sandbox.path(name).to_str().unwrap().to_owned();
    for dir in 30..DIRS {
        // Some sort before the old names, some behind, and some behind all that is created.
        let new = format!("{}{dir}", ["a", "m", "z"][dir % 3]);
        fs::rename(sandbox.path(format!("d{dir}")), sandbox.path(&new)).unwrap();
        let mut moved = |from: &str, to: &str| {
            all.push(format!("moved {} from {}", place(to), place(from)));
        };
        moved(&format!("d{dir}"), &new);
        for number in 0..FILES {
            moved(&file(dir, number), &format!("{new}/f{number:02}"));
        }
    }
    // Moves that belong together, at both ends of the report: a chain and a swap.
    let rename = |from: &str, to: &str| {
        fs::rename(sandbox.path(from), sandbox.path(to)).unwrap();
    };
    rename("d05/f74", "z");
    rename("d20/f74", "d05/f74");
    rename("d06/f74", "aside");
    rename(LAST, "d06/f74");
    rename("aside", LAST);
    let moves = [
        ("d05/f74", "z"),
        ("d20/f74", "d05/f74"),
        ("d06/f74", LAST),
        (LAST, "d06/f74"),
    ];
    all.extend(moves.map(|(from, to)| format!("moved {} from {}", place(to), place(from))));
    all.sort();
    all
}

fn told(sandbox: &Sandbox, action: &str, name: &str) -> (String, String) {
    (
        action.to_owned(),
        sandbox.path(name).to_str().unwrap().to_owned(),
    )
}

/// Returns one line for each event: its first action, its path, and where it moved from.
fn sentences(documents: &[Value]) -> Vec<String> {
    let line = |document: &Value| {
        let (action, path) = (action(document), file_path(document));
        match action.as_str() {
            "moved" => {
                let from = document["waxseal"]["before"]["path"].as_str().unwrap();
                format!("moved {path} from {from}")
            }
            _ => format!("{action} {path}"),
        }
    };
    documents.iter().map(line).collect()
}

fn first_difference(found: &[String], expected: &[String]) -> String {
    let missing = expected
        .iter()
        .find(|line| found.binary_search(line).is_err());
    let extra = found
        .iter()
        .find(|line| expected.binary_search(line).is_err());
    let (found, expected) = (found.len(), expected.len());
    format!("{found} instead of {expected}; missing: {missing:?}, too much: {extra:?}")
}

/// Starts a run again and again, and kills it at moments spread over its time.
struct Killer<'s> {
    sandbox: &'s Sandbox,
    args: Vec<&'static str>,
    random: Random,
    /// How long a whole run took last.
    whole: Option<Duration>,
    killed: usize,
}

impl<'s> Killer<'s> {
    fn new(sandbox: &'s Sandbox, args: &[&'static str], seed: u64) -> Killer<'s> {
        Killer {
            sandbox,
            args: args.to_vec(),
            random: Random::new(seed),
            whole: None,
            killed: 0,
        }
    }

    /// Runs the program and kills it at a random moment; the first run is not killed but measured.
    fn run(&mut self, round: usize) -> OnFailure {
        let mut command = self.sandbox.command(&self.args);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        // Half of the moments lie where it writes what it has found.
        let permille = match round % 2 {
            0 => self.random.below(1050),
            _ => 450 + self.random.below(600),
        };
        let share = u32::try_from(permille).unwrap();
        let moment = self.whole.map(|whole| whole * share / 1000);
        // One that may tidy up before it ends must leave no less in order.
        let signal = if round % 5 == 4 {
            Signal::TERM
        } else {
            Signal::KILL
        };
        if end_by(child, moment, signal) {
            self.killed += 1;
        } else {
            self.whole = Some(started.elapsed());
        }
        OnFailure(format!("round {round}, {signal:?} after {moment:?}"))
    }

    /// Fails when most runs were over before they were killed, which would prove nothing.
    fn was_in_time(&self) {
        assert!(self.killed * 2 > TIMES, "only {} were killed", self.killed);
    }
}

/// Waits for the end of a process up to a moment, then kills it; says whether that was needed.
fn end_by(mut child: Child, moment: Option<Duration>, signal: Signal) -> bool {
    let mut stdout = child.stdout.take().unwrap();
    let (sender, ended) = mpsc::channel();
    let reading = std::thread::spawn(move || {
        // Nobody cares what it said, but a full pipe would hold it up.
        let _ = std::io::copy(&mut stdout, &mut std::io::sink());
        let _ = sender.send(());
    });
    let in_time = match moment {
        Some(moment) => ended.recv_timeout(moment).is_ok(),
        None => ended.recv().is_ok(),
    };
    if !in_time {
        kill_process(Pid::from_child(&child), signal).unwrap();
    }
    let status = child.wait().unwrap();
    reading.join().unwrap();
    status.code().is_none()
}

/// Says whether there is a store, which must then open and be whole.
fn opens(sandbox: &Sandbox) -> bool {
    if !sandbox.state_dir().join("baseline.db").exists() {
        // Killed before it had a store: there is nothing, and that is what is said.
        sandbox.waxseal(&["status"]).exits(2);
        return false;
    }
    sandbox
        .waxseal(&["log", "--verify"])
        .exits(0)
        .says("intact");
    is_whole(sandbox);
    true
}

/// Fails unless the journal's chain and SQLite's own structures hold.
fn is_whole(sandbox: &Sandbox) {
    sandbox
        .waxseal(&["log", "--verify"])
        .exits(0)
        .says("intact");
    // A copy: looking at it must not put anything in order before the program does.
    let copy = Copy::of(sandbox);
    let store = rusqlite::Connection::open(copy.place.path().join("baseline.db")).unwrap();
    let says: String = store
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(says, "ok");
}

fn status(sandbox: &Sandbox) -> Value {
    let run = sandbox.waxseal(&["status", "--format=json"]).exits(0);
    serde_json::from_str(&run.stdout).unwrap()
}

/// Returns the journalled documents of one dataset.
fn events(sandbox: &Sandbox, dataset: &str) -> Vec<Value> {
    let log = sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
    let documents = log.documents().into_iter();
    documents
        .filter(|document| document["event"]["dataset"] == dataset)
        .collect()
}

fn discard_store(sandbox: &Sandbox) {
    if sandbox.state_dir().exists() {
        fs::remove_dir_all(sandbox.state_dir()).unwrap();
    }
}

/// A copy of a store.
struct Copy {
    place: tempfile::TempDir,
}

impl Copy {
    fn of(sandbox: &Sandbox) -> Copy {
        let place = tempfile::tempdir().unwrap();
        copy_files(&sandbox.state_dir(), place.path());
        Copy { place }
    }

    fn put_back(&self, sandbox: &Sandbox) {
        discard_store(sandbox);
        DirBuilder::new()
            .mode(0o700)
            .create(sandbox.state_dir())
            .unwrap();
        copy_files(self.place.path(), &sandbox.state_dir());
    }
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}
