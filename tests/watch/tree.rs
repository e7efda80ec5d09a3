//! A tree as it is ([`actual`]) and as a journal explains it ([`replay`]).
//!
//! Used by the tests of the whole program and by those of the engine.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use walkdir::WalkDir;

/// What is compared of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The name of its kind.
    pub kind: String,
    /// Its digest, or the target of a link.
    pub value: String,
    /// Its inode number.
    pub inode: String,
    /// Who may do what, in octal digits.
    pub mode: String,
}

/// What is where.
pub type State = BTreeMap<String, Object>;

/// The tree as it is.
pub fn actual(top: &Path) -> State {
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
            mode: format!("{:04o}", found.mode() & 0o7777),
        }
    };
    let shown = |path: &Path| path.to_str().unwrap().to_owned();
    entries
        .map(|entry| (shown(entry.path()), object(entry.path())))
        .collect()
}

/// Returns the digest of a content.
pub fn digest(content: &[u8]) -> String {
    let bytes = Sha256::digest(content);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns what an event says of an object.
pub fn said(file: &Value) -> Object {
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
        mode: text(&file["mode"]),
    }
}

/// Says whether an event tells of a change, and not of the watch itself.
pub fn is_about_file(event: &Value) -> bool {
    event["event"]["dataset"] == "file"
}

/// Says whether an event tells of an action.
pub fn is(event: &Value, action: &str) -> bool {
    let actions = event["event"]["action"].as_array();
    actions.is_some_and(|actions| actions.iter().any(|one| one == action))
}

/// Returns the path that an event is about.
pub fn path_of(event: &Value) -> String {
    event["file"]["path"].as_str().unwrap().to_owned()
}

/// Follows the journal; each event must continue where the one before ended.
pub fn replay(mut state: State, events: &[Value]) -> State {
    // What something else took the place of: it may be told later that it moved.
    let mut replaced: BTreeMap<(String, String), Object> = BTreeMap::new();
    // What moved away and may be told later to have been replaced at its old path.
    let mut vacated: State = State::new();
    for event in events.iter().filter(|event| is_about_file(event)) {
        let path = path_of(event);
        let before = &event["waxseal"]["before"];
        let now = said(&event["file"]);
        if is(event, "moved") {
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
            if !is(event, "updated") {
                assert_eq!(moved.value, now.value, "{event}");
            }
            if !is(event, "attributes_modified") {
                assert_eq!(moved.mode, now.mode, "{event}");
            }
            let known = state.insert(path.clone(), now);
            if let (Some(old), Some(told)) = (&known, event["waxseal"].get("replaced")) {
                assert_eq!(*old, said(told), "replaced: {event}");
            }
            if let Some(old) = known {
                replaced.insert((path, old.inode.clone()), old);
            }
        } else if is(event, "created") {
            vacated.remove(&path);
            let known = state.insert(path, now);
            assert_eq!(known, None, "it was there: {event}");
        } else if is(event, "deleted") {
            let known = state.remove(&path);
            let known = known.unwrap_or_else(|| panic!("it was not there: {event}"));
            assert_eq!(known, now, "the last known state: {event}");
        } else {
            let known = state.insert(path.clone(), now.clone());
            let known = known.or_else(|| vacated.remove(&path));
            let known = known.unwrap_or_else(|| panic!("it was not there: {event}"));
            let said = said(before);
            assert_eq!(known, said, "before: {event}");
            if !is(event, "updated") && known.kind == now.kind && now.kind == "file" {
                assert_eq!(known.value, now.value, "only attributes: {event}");
            }
            assert_ne!(event["waxseal"]["changed"], Value::Null, "nothing: {event}");
            if known.inode != now.inode {
                replaced.insert((path, known.inode.clone()), known);
            }
        }
    }
    state
}
