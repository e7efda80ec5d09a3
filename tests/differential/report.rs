//! What the program said and left behind, in the terms of the model: [`read`], [`store`].

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::disk::is_at_or_below;
use super::model::{Told, moment, sha256};
use crate::util::{Sandbox, changed_fields};

/// The members of a `file` object that the model knows.
const KNOWN: [&str; 19] = [
    "type",
    "mode",
    "uid",
    "gid",
    "inode",
    "created",
    "links",
    "mtime",
    "size",
    "hash",
    "setuid",
    "setgid",
    "sticky",
    "target_path",
    "rdev",
    "posix_acl_access",
    "posix_acl_default",
    "capability",
    "extended_attributes",
];

/// Reads one document.
pub fn read(tree: &Path, document: &Value) -> Told {
    let own = &document["waxseal"];
    let path = path_of(tree, &document["file"]["path"], &own["path_bytes"]);
    let before = own.get("before");
    let earlier = before.map(|file| path_of(tree, &file["path"], &file["path_bytes"]));
    let actions = document["event"]["action"].as_array().unwrap();
    Told {
        from: earlier.filter(|earlier| *earlier != path),
        path,
        actions: actions
            .iter()
            .map(|action| action.as_str().unwrap().to_owned())
            .collect(),
        changed: changed_fields(document),
        drift: own["drift"].as_bool().unwrap(),
        file: known(&document["file"]),
        before: before.map(known),
        replaced: own.get("replaced").map(known),
    }
}

/// Fails with the first difference of two reports.
#[track_caller]
pub fn assert_same(what: &str, found: &[Told], expected: &[Told]) {
    let paths = |all: &[Told]| -> Vec<String> {
        let line = |told: &Told| {
            let Told {
                path,
                from,
                actions,
                changed,
                ..
            } = told;
            format!("{path:?} from {from:?}: {actions:?} {changed:?}")
        };
        all.iter().map(line).collect()
    };
    let (said, meant) = (paths(found), paths(expected));
    let missing: Vec<&String> = meant.iter().filter(|line| !said.contains(line)).collect();
    let extra: Vec<&String> = said.iter().filter(|line| !meant.contains(line)).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{what}\nmissing: {missing:#?}\ntoo much: {extra:#?}"
    );
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(
        found.len(),
        expected.len(),
        "{what}: something is told twice"
    );
}

/// Returns the time and the digest of each file of the store.
///
/// SQLite's two files beside it are no content: readers make them, and leave the log empty.
pub fn store(sandbox: &Sandbox) -> BTreeMap<OsString, (SystemTime, String)> {
    let entries = fs::read_dir(sandbox.state_dir())
        .unwrap()
        .map(Result::unwrap);
    let content = entries.filter(|entry| {
        let is_empty = entry.metadata().unwrap().len() == 0;
        let name = entry.file_name();
        name != "baseline.db-shm" && !(name == "baseline.db-wal" && is_empty)
    });
    content
        .map(|entry| {
            let modified = entry.metadata().unwrap().modified().unwrap();
            let content = fs::read(entry.path()).unwrap();
            (entry.file_name(), (modified, sha256(&content)))
        })
        .collect()
}

/// Returns a path relative to the top of the tree.
fn path_of(tree: &Path, text: &Value, encoded: &Value) -> OsString {
    let bytes = match encoded.as_str() {
        Some(encoded) => BASE64_STANDARD.decode(encoded).unwrap(),
        None => text.as_str().unwrap().as_bytes().to_vec(),
    };
    let path = OsStr::from_bytes(&bytes);
    assert!(is_at_or_below(path, tree.as_os_str()), "{path:?}");
    let rest = &bytes[tree.as_os_str().len()..];
    OsStr::from_bytes(rest.strip_prefix(b"/").unwrap_or(rest)).to_owned()
}

/// Returns what the model knows of a `file` object, with times in the model's form.
fn known(file: &Value) -> Map<String, Value> {
    let is_directory = file["type"] == "dir";
    let mut known = Map::new();
    for name in KNOWN.into_iter().chain(["attributes"]) {
        let follows_from_entries = is_directory && ["links", "mtime"].contains(&name);
        if let (Some(value), false) = (file.get(name), follows_from_entries) {
            let is_time = ["mtime", "created"].contains(&name);
            let value = if is_time { time(value) } else { value.clone() };
            known.insert(name.to_owned(), value);
        }
    }
    known
}

fn time(text: &Value) -> Value {
    let time: jiff::Timestamp = text.as_str().unwrap().parse().unwrap();
    let nanos = time.as_nanosecond();
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap();
    let rest = u32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap();
    Value::String(moment((seconds, rest)))
}
