//! Drives that come and go.

use std::fs;
use std::process::Command;
use std::thread;

use super::is_ntfs;
use crate::util::{NO_CREATED, Run, Sandbox, changed_fields, file_path};

/// A letter for a directory, taken back with the value; no two tests use the same.
struct Drive(&'static str);

impl Drive {
    fn new(letter: &'static str, sandbox: &Sandbox) -> Drive {
        let subst = Command::new("subst")
            .arg(letter)
            .arg(sandbox.tree())
            .output();
        Run::of(subst.unwrap()).exits(0);
        Drive(letter)
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        let subst = Command::new("subst").args([self.0, "/D"]).output();
        // A second panic would hide the message of the first.
        if !thread::panicking() {
            Run::of(subst.unwrap()).exits(0);
        }
    }
}

#[test]
fn the_root_of_a_drive_is_looked_at_with_its_streams() {
    if !is_ntfs() {
        return;
    }
    let sandbox = Sandbox::with(&[("file", "1")]);
    let _drive = Drive::new("U:", &sandbox);
    sandbox.waxseal(&["scan", r"U:\"]).exits(0);
    fs::write(r"U:\:note", "hidden").unwrap();
    let scan = sandbox
        .waxseal(&["scan", "--format=ndjson", r"U:\"])
        .exits(1);
    let documents = scan.documents();
    let [event] = documents.as_slice() else {
        panic!("one is told: {documents:?}");
    };
    assert_eq!(file_path(event), r"U:\");
    let fields = changed_fields(event);
    let stream = "extended_attributes.stream.note".to_owned();
    assert!(fields.contains(&stream), "{fields:?}");
}

#[test]
fn what_was_on_a_drive_that_is_gone_is_not_told_as_deleted() {
    let sandbox = Sandbox::with(&[("sub/file", "before"), ("sub/gone", "1")]);
    let config = sandbox.home().join("drive.toml");
    let monitor = format!("[[monitor]]\nname = \"m\"\npaths = [\"T:/sub\"]\n{NO_CREATED}\n");
    fs::write(&config, monitor).unwrap();
    let config = format!("--config={}", config.display());
    let drive = Drive::new("T:", &sandbox);
    sandbox.waxseal(&["scan", &config]).exits(0);
    drop(drive);
    let scan = sandbox.waxseal(&["scan", &config, "--format=ndjson"]);
    let scan = scan.exits(3).complains(r"T:\sub: its drive is not there");
    assert_eq!(scan.changes(), []);
    // What happened meanwhile is told, and nothing else.
    sandbox.write("sub/file", "after it");
    fs::remove_file(sandbox.path("sub/gone")).unwrap();
    let _drive = Drive::new("T:", &sandbox);
    let scan = sandbox.waxseal(&["scan", &config, "--format=ndjson"]);
    let mut told = scan.exits(1).changes();
    told.retain(|(_, path)| path != r"T:\sub"); // its time has changed
    let told_of = |action: &str, path: &str| (action.to_owned(), path.to_owned());
    let expected = [
        told_of("deleted", r"T:\sub\gone"),
        told_of("updated", r"T:\sub\file"),
    ];
    told.sort();
    assert_eq!(told, expected);
}
