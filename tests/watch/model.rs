//! Random actions on a real tree, with crashes, stops, reloads and approvals in between: the
//! journal, replayed, gives exactly the tree.
//!
//! `WAXSEAL_WATCH_SEEDS=1000` runs so many sequences instead of a few.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use walkdir::WalkDir;

use super::Watch;
use crate::random::{OnFailure, Random};
use crate::util::{Sandbox, file_path};

/// Sequences that are run unless the environment says otherwise.
const SEEDS: u64 = 4;
/// Bursts of one sequence.
const BURSTS: usize = 12;

/// What is compared of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Object {
    kind: String,
    /// Its digest, or the target of a link.
    value: String,
    inode: String,
}

type State = BTreeMap<String, Object>;

/// The tree as it is.
fn actual(top: &Path) -> State {
    let entries = WalkDir::new(top).into_iter().map(|entry| entry.unwrap());
    let object = |path: &Path| {
        let found = fs::symlink_metadata(path).unwrap();
        let (kind, value) = if found.is_dir() {
            ("dir", String::new())
        } else if found.is_symlink() {
            let target = fs::read_link(path).unwrap();
            ("symlink", target.to_str().unwrap().to_owned())
        } else {
            ("file", digest(&fs::read(path).unwrap()))
        };
        Object {
            kind: kind.to_owned(),
            value,
            inode: found.ino().to_string(),
        }
    };
    let shown = |path: &Path| path.to_str().unwrap().to_owned();
    entries
        .map(|entry| (shown(entry.path()), object(entry.path())))
        .collect()
}

fn digest(content: &[u8]) -> String {
    let bytes = Sha256::digest(content);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns what an event says of an object.
fn said(file: &Value) -> Object {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let target = text(&file["target_path"]);
    let value = if target.is_empty() {
        text(&file["hash"]["sha256"])
    } else {
        target
    };
    Object {
        kind: text(&file["type"]),
        value,
        inode: text(&file["inode"]),
    }
}

/// Follows the journal; each event must continue where the one before ended.
fn replay(mut state: State, events: &[Value]) -> State {
    // What something else took the place of: it may be told later that it moved.
    let mut replaced: BTreeMap<(String, String), Object> = BTreeMap::new();
    // What moved away and may be told later to have been replaced at its old path.
    let mut vacated: State = State::new();
    let is_about_file = |event: &&Value| event["event"]["dataset"] == "file";
    for event in events.iter().filter(is_about_file) {
        let path = file_path(event);
        let actions = event["event"]["action"].as_array().unwrap();
        let is = |action: &str| actions.iter().any(|one| one == action);
        let before = &event["waxseal"]["before"];
        let now = said(&event["file"]);
        if is("moved") {
            let source = before["path"].as_str().unwrap().to_owned();
            let inode = before["inode"].as_str().unwrap().to_owned();
            let is_there = state.get(&source).is_some_and(|at| at.inode == inode);
            let moved = match is_there {
                true => state.remove(&source),
                false => replaced.remove(&(source.clone(), inode)),
            };
            let moved = moved.unwrap_or_else(|| panic!("it was not there: {event}"));
            if is_there {
                vacated.insert(source, moved.clone());
            }
            assert_eq!(moved.kind, now.kind, "a kind does not move: {event}");
            if !is("updated") {
                assert_eq!(moved.value, now.value, "{event}");
            }
            if let Some(old) = state.insert(path.clone(), now) {
                replaced.insert((path, old.inode.clone()), old);
            }
        } else if is("created") {
            vacated.remove(&path);
            let known = state.insert(path, now);
            assert_eq!(known, None, "it was there: {event}");
        } else if is("deleted") {
            let known = state.remove(&path);
            let known = known.unwrap_or_else(|| panic!("it was not there: {event}"));
            assert_eq!(known.value, now.value, "the last known state: {event}");
        } else {
            let known = state.insert(path.clone(), now.clone());
            let known = known.or_else(|| vacated.remove(&path));
            let known = known.unwrap_or_else(|| panic!("it was not there: {event}"));
            let said = said(before);
            assert_eq!(known, said, "before: {event}");
            if !is("updated") && known.kind == now.kind && now.kind == "file" {
                assert_eq!(known.value, now.value, "only attributes: {event}");
            }
            if known.inode != now.inode {
                replaced.insert((path, known.inode.clone()), known);
            }
        }
    }
    state
}

/// Somebody who does things to a tree.
struct Vandal {
    random: Random,
    top: PathBuf,
}

impl Vandal {
    fn place(&mut self) -> PathBuf {
        let depth = self.random.below(3);
        let mut path = self.top.clone();
        for _ in 0..depth {
            path.push(self.random.pick(&["d", "e"]));
        }
        path
    }

    fn file(&mut self) -> PathBuf {
        let name = self.random.pick(&["a", "b", "c", "x", "y"]);
        self.place().join(name)
    }

    /// Does one thing; what cannot be done is left.
    fn act(&mut self) {
        let path = self.file();
        let number = self.random.number();
        let _ = match self.random.below(12) {
            0..=3 => fs::write(&path, format!("content {number}")),
            4 => OpenOptions::new()
                .append(true)
                .open(&path)
                .and_then(|mut file| file.write_all(b"more")),
            5 => fs::remove_file(&path),
            6 => fs::create_dir_all(self.place()),
            7 => {
                let place = self.place();
                if place == self.top {
                    return;
                }
                fs::remove_dir_all(place)
            }
            8 => {
                let to = self.file();
                fs::rename(&path, to)
            }
            9 => {
                let (from, to) = (self.place(), self.place());
                if from == self.top || to == self.top {
                    return;
                }
                fs::rename(from, to)
            }
            10 => {
                let mode = self.random.pick(&[0o600, 0o644, 0o755]);
                match path.is_symlink() {
                    true => Ok(()),
                    false => fs::set_permissions(&path, fs::Permissions::from_mode(mode)),
                }
            }
            _ => symlink(format!("target{}", number % 100), &path),
        };
    }
}

fn run(seed: u64) {
    let _seed = OnFailure(format!("seed {seed}"));
    let sandbox = Sandbox::with(&[("a", "1"), ("d/a", "2"), ("d/e/a", "3"), ("e/", "")]);
    sandbox.baseline();
    let baseline = actual(&sandbox.tree());
    let mut vandal = Vandal {
        random: Random::new(seed),
        top: sandbox.tree(),
    };
    let mut watch = Watch::start(&sandbox);
    for _ in 0..BURSTS {
        let burst = 1 + vandal.random.below(40);
        let event = vandal.random.below(8);
        if event == 0 {
            watch.signal(Signal::STOP);
        }
        (0..burst).for_each(|_| vandal.act());
        match event {
            0 => watch.signal(Signal::CONT),
            1 => {
                watch.kill();
                (0..burst / 4).for_each(|_| vandal.act());
                watch = Watch::start(&sandbox);
            }
            2 => watch.signal(Signal::HUP),
            3 => {
                let accepted = sandbox.waxseal(&["accept", "--all", "--reason", "why not"]);
                assert!([0, 1].contains(&accepted.code), "{}", accepted.stderr);
            }
            4 => {
                let scan = sandbox.ndjson("scan", &[]);
                // What changes while it is looked at is for the watch to find.
                assert!([0, 1, 3].contains(&scan.code), "{}", scan.stderr);
            }
            5 => {
                watch.settle();
            }
            _ => {}
        }
    }
    watch.settle();
    let told = journal(&sandbox);
    if let Some(dump) = std::env::var_os("WAXSEAL_DUMP") {
        let lines: Vec<String> = told.iter().map(|event| event.to_string()).collect();
        fs::write(dump, lines.join("\n")).unwrap();
    }
    let tree = actual(&sandbox.tree());
    assert_eq!(
        replay(baseline, &told),
        tree,
        "the journal explains the tree"
    );
    let scan = sandbox.ndjson("scan", &[]);
    assert_eq!(scan.changes(), [], "a fresh scan finds nothing new");
    watch.stop().exits(0);
    sandbox.waxseal(&["log", "--verify"]).exits(0);
}

fn journal(sandbox: &Sandbox) -> Vec<Value> {
    let log = sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
    log.documents()
}

#[test]
fn the_journal_explains_every_step_of_random_sequences() {
    let wanted = std::env::var("WAXSEAL_WATCH_SEEDS").ok();
    let seeds = wanted.map_or(SEEDS, |seeds| seeds.parse().unwrap());
    let from: u64 = std::env::var("WAXSEAL_WATCH_FROM").map_or(0, |from| from.parse().unwrap());
    (from..from + seeds).for_each(run);
}
