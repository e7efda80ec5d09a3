//! New content never becomes approved because the hash types, or what may be read, changed.

use std::fs::{self, File};
use std::time::SystemTime;

use serde_json::json;

use super::Configured;
use crate::util::Sandbox;

pub(super) const OLD: &str = "attributes = [\"content\", \"mode\"]\n";
pub(super) const NEW: &str = "attributes = [\"content\", \"mode\"]\nhash_types = [\"blake3\"]\n";
const BOTH: &str = "attributes = [\"content\", \"mode\"]\nhash_types = [\"sha256\", \"blake3\"]\n";

pub(super) fn config(settings: &str) -> String {
    format!("[[monitor]]\nname = \"m\"\npaths = [\"@\"]\n{settings}")
}

/// Takes a baseline of two files.
pub(super) fn baseline(settings: &str) -> Configured {
    let it = Configured::new(&[("f", "good"), ("g", "keep")], &config(settings));
    it.run(&["scan"]).exits(0);
    it
}

/// Changes the time of the last change and nothing else.
fn touch(it: &Configured, name: &str) {
    let file = File::open(it.sandbox.path(name)).unwrap();
    file.set_modified(SystemTime::now()).unwrap();
}

/// Expects that a check tells just this, however the files are read, and that a scan knows it.
#[track_caller]
pub(super) fn stays_open(it: &Configured, expected: &[&str]) {
    it.run(&["scan"]).exits(1);
    assert_eq!(it.events("check"), expected);
    let full = it.run(&["check", "--full"]).exits(1);
    assert_eq!(full.changes().len(), expected.len(), "{}", full.stdout);
}

#[test]
fn changed_content_stays_open_when_the_hash_types_are_replaced() {
    let it = baseline(OLD);
    it.sandbox.write("f", "evil");
    assert_eq!(it.events("scan"), ["updated f"]);
    it.write(&config(NEW));
    stays_open(&it, &["updated f"]);
    for _ in 0..2 {
        touch(&it, "f");
        stays_open(&it, &["updated f"]);
    }
    it.sandbox.write("f", "third");
    assert_eq!(it.events("scan"), ["updated f"]);
    stays_open(&it, &["updated f"]);
    it.sandbox.write("f", "good");
    assert_eq!(it.events("scan"), ["updated f"]);
    it.run(&["check", "--full"]).exits(0);
}

#[test]
fn changed_content_stays_open_when_a_hash_type_is_added_and_then_the_old_one_dropped() {
    let it = baseline(OLD);
    it.sandbox.write("f", "evil");
    it.run(&["scan"]).exits(1);
    for settings in [BOTH, NEW] {
        it.write(&config(settings));
        stays_open(&it, &["updated f"]);
        touch(&it, "f");
        stays_open(&it, &["updated f"]);
    }
}

#[test]
fn changed_content_stays_open_when_all_its_times_are_put_back() {
    let it = baseline("");
    let path = it.sandbox.path("f");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    let put_back = || {
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(before).unwrap();
    };
    it.sandbox.write("f", "evil");
    put_back();
    it.run(&["scan"]).exits(1);
    it.write(&config("hash_types = [\"blake3\"]\n"));
    stays_open(&it, &["updated f"]);
    put_back();
    stays_open(&it, &["updated f"]);
}

#[test]
fn changed_content_stays_open_when_the_command_line_names_other_hash_types() {
    let sandbox = Sandbox::with(&[("f", "good")]);
    sandbox.baseline();
    sandbox.write("f", "evil");
    sandbox.ndjson("scan", &[]).exits(1);
    for _ in 0..2 {
        sandbox.ndjson("scan", &["--hash-types=blake3"]).exits(1);
        let check = sandbox.ndjson("check", &["--full"]).exits(1);
        let changed = &check.documents()[0]["waxseal"]["changed"];
        let names = changed.as_array().unwrap();
        assert!(names.contains(&json!("hash.sha256")), "{changed}");
        File::open(sandbox.path("f"))
            .unwrap()
            .set_modified(SystemTime::now())
            .unwrap();
    }
}

#[test]
fn what_comes_back_after_the_hash_types_were_replaced_must_be_what_was_approved() {
    let it = baseline(OLD);
    fs::remove_file(it.sandbox.path("f")).unwrap();
    it.write(&config(NEW));
    assert_eq!(it.events("scan"), ["deleted f"]);
    it.sandbox.write("f", "evil");
    assert_eq!(it.events("check"), ["updated f"]);
    it.run(&["scan"]).exits(1);
    stays_open(&it, &["updated f"]);
    fs::remove_file(it.sandbox.path("f")).unwrap();
    it.run(&["scan"]).exits(1);
    it.sandbox.write("f", "good");
    it.run(&["scan"]).exits(0);
    it.run(&["check", "--full"]).exits(0);
}

#[test]
fn what_could_not_be_read_when_the_hash_types_were_replaced_must_be_what_was_approved() {
    let it = baseline(OLD);
    it.sandbox.write("f", "evil");
    it.write(&config(&format!("{NEW}max_file_size = \"1\"\n")));
    it.run(&["scan"]).exits(0);
    it.write(&config(NEW));
    assert_eq!(it.events("scan"), ["updated f"]);
    stays_open(&it, &["updated f"]);
}

#[test]
fn what_is_open_stays_open_while_it_cannot_be_read() {
    let it = baseline(OLD);
    let limited = config(&format!("{OLD}max_file_size = \"1\"\n"));
    it.sandbox.write("f", "evil");
    it.run(&["scan"]).exits(1);
    it.write(&limited);
    for _ in 0..2 {
        touch(&it, "f");
        it.run(&["scan"]).exits(1);
        let check = it.run(&["check"]).exits(1);
        let changed = &check.documents()[0]["waxseal"]["changed"];
        assert_eq!(changed, &json!(["hash.sha256"]), "its content is unknown");
        assert_eq!(check.summary()["too_large"], json!(1));
    }
    fs::remove_file(it.sandbox.path("f")).unwrap();
    it.run(&["scan"]).exits(1);
    it.sandbox.write("f", "evil");
    it.run(&["scan"]).exits(1);
    it.write(&config(OLD));
    stays_open(&it, &["updated f"]);

    it.write(&limited);
    touch(&it, "f");
    it.run(&["scan"]).exits(1);
    it.write(&config(OLD));
    it.sandbox.write("f", "good");
    assert_eq!(it.events("scan"), ["updated f"], "that it closed is told");
    it.run(&["check", "--full"]).exits(0);
}

#[test]
fn new_digests_are_taken_over_for_content_that_is_as_approved() {
    let it = baseline(OLD);
    it.write(&config(NEW));
    let summary = it.run(&["scan"]).exits(0).summary();
    assert_eq!(summary["extended"], json!(2));
    it.sandbox.write("f", "evil");
    assert_eq!(it.events("scan"), ["updated f"]);
    it.write(&config(OLD));
    stays_open(&it, &["updated f"]);
    it.sandbox.write("f", "good");
    assert_eq!(it.events("scan"), ["updated f"]);
    it.run(&["check", "--full"]).exits(0);
}

#[test]
fn digests_that_are_not_compared_do_not_replace_approved_ones() {
    let it = baseline(OLD);
    it.write(&config(
        "attributes = [\"mode\"]\nhash_types = [\"sha256\", \"blake3\"]\n",
    ));
    it.sandbox.write("f", "evil");
    it.run(&["scan"]).exits(0);
    it.write(&config(OLD));
    it.run(&["check", "--full"]).exits(1);
}
