//! What is approved in a directory is missed when the directory is gone, also where that has no row
//! of its own.

use std::fs;

use serde_json::{Value, json};

use super::Configured;
use crate::util::Run;

const CONFIG: &str = "[[monitor]]\nname = \"m\"\npaths = [\"@\"]\n";

impl Configured {
    fn accept(&self, name: &str) {
        let path = self.sandbox.path(name);
        let args = ["accept", path.to_str().unwrap(), "--reason", "mine"];
        self.run(&args).exits(0);
    }

    fn remove(&self, name: &str) {
        let path = self.sandbox.path(name);
        match path.is_dir() {
            true => fs::remove_dir_all(path).unwrap(),
            false => fs::remove_file(path).unwrap(),
        }
    }
}

/// Makes a directory in which a file is approved, and which is not approved itself.
pub(super) fn half_approved(dir: &str) -> Configured {
    let it = Configured::new(&[("kept", "1")], CONFIG);
    it.run(&["scan"]).exits(0);
    it.sandbox.write(&format!("{dir}/f"), "x");
    it.run(&["scan"]).exits(1);
    it.accept(&format!("{dir}/f"));
    it
}

/// Expects that every check tells just this, whatever it is asked for.
#[track_caller]
fn is_told(it: &Configured, expected: &[&str]) {
    let count = |run: Run| run.documents().len();
    assert_eq!(it.events("check"), expected);
    let tree = it.sandbox.tree();
    let tree = tree.to_str().unwrap();
    assert_eq!(count(it.run(&["check", "--full"]).exits(1)), expected.len());
    assert_eq!(count(it.run(&["check", tree]).exits(1)), expected.len());
    it.run(&["check", "--exit-code=aide"]).exits(2);
}

#[test]
fn what_was_approved_in_an_unapproved_directory_is_missed_when_it_is_gone() {
    for dir in ["d", "d/deep/deeper", "kept.d"] {
        let it = half_approved(dir);
        it.remove(dir.split('/').next().unwrap());
        let file = format!("deleted {dir}/f");
        assert!(it.events("check").contains(&file), "before a scan knows");
        let told = it.events("scan");
        assert!(told.contains(&file), "{told:?}");
        is_told(&it, &[&file]);
        it.run(&["scan"]).exits(1);
        it.sandbox.write(&format!("{dir}/f"), "x");
        assert!(it.run(&["scan"]).exits(1).summary()["open"] != json!(0));
        it.run(&["accept", "--all", "--reason", "mine"]).exits(0);
        it.run(&["check", "--full"]).exits(0);
    }
}

#[test]
fn it_is_missed_too_when_a_file_took_the_place_of_the_directory_and_went() {
    let it = half_approved("d");
    it.remove("d");
    it.sandbox.write("d", "a file");
    it.run(&["scan"]).exits(1);
    assert!(it.events("check").contains(&"deleted d/f".to_owned()));
    it.remove("d");
    it.run(&["scan"]).exits(1);
    is_told(&it, &["deleted d/f"]);
}

#[test]
fn it_is_missed_too_when_the_file_that_took_its_place_was_approved() {
    let it = half_approved("d");
    it.remove("d");
    it.sandbox.write("d", "a file");
    let run = it.run(&["scan"]).exits(1);
    let of_d = |event: &Value| event["file"]["name"] == "d";
    let found = run.documents().into_iter().find(of_d).unwrap();
    let id = found["event"]["id"].as_str().unwrap();
    it.run(&["accept", "--event", id, "--reason", "mine"])
        .exits(0);
    is_told(&it, &["deleted d/f"]);
}

#[test]
fn a_file_is_missed_when_only_the_loss_of_its_directory_was_approved() {
    let it = Configured::new(&[("d/f", "x"), ("kept", "1")], CONFIG);
    it.run(&["scan"]).exits(0);
    it.remove("d");
    let run = it.run(&["scan"]).exits(1);
    let of_d = |event: &Value| event["file"]["name"] == "d";
    let found = run.documents().into_iter().find(of_d).unwrap();
    let id = found["event"]["id"].as_str().unwrap();
    it.run(&["accept", "--event", id, "--reason", "mine"])
        .exits(0);
    is_told(&it, &["deleted d/f"]);
    it.run(&["scan"]).exits(1);
    is_told(&it, &["deleted d/f"]);
    it.accept("d/f");
    it.run(&["check"]).exits(0);
}

#[test]
fn a_file_that_was_approved_while_its_directory_was_excluded_is_missed() {
    let excluded = format!("{CONFIG}exclude_files = [\"@/d\"]\n");
    let it = Configured::new(&[("d/f", "1"), ("kept", "1")], CONFIG);
    it.run(&["scan"]).exits(0);
    it.sandbox.write("d/f", "x");
    it.run(&["scan"]).exits(1);
    it.write(&excluded);
    it.run(&["scan"]).exits(1);
    it.accept("d/f");
    it.run(&["scan"]).exits(0);
    it.remove("d");
    it.write(CONFIG);
    let told = it.events("check");
    assert!(told.contains(&"deleted d/f".to_owned()), "{told:?}");
    let told = it.events("scan");
    assert!(told.contains(&"deleted d/f".to_owned()), "{told:?}");
    it.run(&["scan"]).exits(1);
}

#[test]
fn a_directory_found_by_a_wildcard_is_missed_by_what_was_approved_in_it() {
    let config = "[[monitor]]\nname = \"ssh\"\npaths = [\"@/home/*/.ssh\"]\n";
    let it = Configured::new(&[("home/al/.ssh/key", "1"), ("home/bob/", "")], config);
    it.run(&["scan"]).exits(0);
    it.sandbox.write("home/bob/.ssh/key", "2");
    it.run(&["scan"]).exits(1);
    it.accept("home/bob/.ssh/key");
    it.remove("home/bob");
    it.run(&["scan"]).exits(1);
    is_told(&it, &["deleted home/bob/.ssh/key"]);
}

#[test]
fn nothing_is_told_of_a_directory_that_is_there_but_not_looked_into() {
    let it = Configured::new(&[("d/e/f", "x"), ("kept", "1")], CONFIG);
    it.run(&["scan"]).exits(0);
    let narrow = format!("{CONFIG}recursive = false\n");
    it.write(&narrow);
    it.run(&["check"]).exits(0);
    it.write(&format!("{CONFIG}exclude_files = [\"@/d\"]\n"));
    it.run(&["check"]).exits(0);
    it.run(&["scan"]).exits(0);
    it.run(&["check"]).exits(0);
}
