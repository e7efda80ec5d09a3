//! A difference is told when the configuration begins to compare it, and stays open when the
//! configuration no longer does.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::Configured;

fn config(settings: &str) -> String {
    format!("[[monitor]]\nname = \"m\"\npaths = [\"@\"]\n{settings}")
}

fn chmod(it: &Configured, name: &str, mode: u32) {
    fs::set_permissions(it.sandbox.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_difference_is_told_once_when_the_configuration_begins_to_compare_it() {
    let it = Configured::new(&[("f", "1"), ("g", "1")], &config(""));
    chmod(&it, "f", 0o755);
    it.run(&["scan"]).exits(0);
    it.write(&config("attributes = [\"content\"]\n"));
    chmod(&it, "f", 0o4777);
    it.run(&["scan"]).exits(0);
    it.run(&["check"]).exits(0);
    it.write(&config(""));
    assert_eq!(it.events("check"), ["attributes_modified f"]);
    let run = it.run(&["scan"]).exits(1);
    let told = run.documents();
    assert_eq!(told.len(), 1, "{}", run.stdout);
    assert_eq!(told[0]["waxseal"]["changed"], json!(["mode"]));
    assert_eq!(told[0]["waxseal"]["before"]["mode"], json!("0755"));
    assert_eq!(told[0]["waxseal"]["drift"], json!(true));
    assert!(it.events("scan").is_empty(), "told once");
    let log = it.run(&["log"]).exits(0);
    assert_eq!(log.stdout.matches("attributes_modified").count(), 1);
    assert_eq!(it.events("check"), ["attributes_modified f"]);
}

#[test]
fn what_begins_to_be_compared_is_told_together_with_what_changed_meanwhile() {
    let narrow = config("attributes = [\"content\"]\n");
    let it = Configured::new(&[("f", "1")], &narrow);
    it.run(&["scan"]).exits(0);
    chmod(&it, "f", 0o4777);
    it.run(&["scan"]).exits(0);
    it.write(&config("attributes = [\"content\", \"mode\"]\n"));
    it.sandbox.write("f", "2");
    let run = it.run(&["scan"]).exits(1);
    let told = run.documents();
    let changed = &told[0]["waxseal"]["changed"];
    assert_eq!(changed, &json!(["mode", "hash.sha256"]));
    it.run(&["scan"]).exits(1);
}

#[test]
fn an_open_difference_stays_open_when_the_configuration_stops_to_compare_it() {
    let narrow = config("attributes = [\"content\"]\n");
    let it = Configured::new(&[("f", "1"), ("g", "1")], &config(""));
    it.run(&["scan"]).exits(0);
    chmod(&it, "f", 0o4777);
    it.run(&["scan"]).exits(1);
    it.write(&narrow);
    assert_eq!(
        it.events("check"),
        ["attributes_modified f"],
        "before a scan knows"
    );
    for _ in 0..2 {
        it.run(&["scan"]).exits(1);
        it.run(&["scan", "--full"]).exits(1);
        let check = it.run(&["check"]).exits(1);
        let changed = &check.documents()[0]["waxseal"]["changed"];
        assert_eq!(changed, &json!(["mode"]));
    }
    let told = "does not compare any more";
    let log = it.run(&["log"]).exits(0);
    assert_eq!(log.stdout.matches(told).count(), 1, "{}", log.stdout);
    let f = it.sandbox.path("f");
    assert!(log.stdout.contains(&format!("{} has a", f.display())));
    it.run(&["accept", "--all", "--reason", "mine"]).exits(0);
    it.run(&["check", "--full"]).exits(0);
    it.write(&config(""));
    it.run(&["scan"]).exits(0);
}

#[test]
fn what_is_compared_no_more_is_closed_by_being_put_back() {
    let it = Configured::new(&[("f", "1")], &config(""));
    chmod(&it, "f", 0o644);
    it.run(&["scan"]).exits(0);
    chmod(&it, "f", 0o4777);
    it.run(&["scan"]).exits(1);
    it.write(&config("attributes = [\"content\"]\n"));
    it.run(&["scan"]).exits(1);
    chmod(&it, "f", 0o644);
    it.run(&["check"]).exits(0);
    assert_eq!(it.events("scan"), ["attributes_modified f"]);
    it.run(&["scan"]).exits(0);
}

#[test]
fn changed_content_stays_open_when_the_configuration_stops_to_hash() {
    for narrow in ["hash_types = []\n", "attributes = [\"mode\"]\n"] {
        let it = Configured::new(&[("f", "1")], &config(""));
        it.run(&["scan"]).exits(0);
        it.sandbox.write("f", "2");
        it.run(&["scan"]).exits(1);
        it.write(&config(narrow));
        it.run(&["scan"]).exits(1);
        let mode = fs::metadata(it.sandbox.path("f")).unwrap().permissions();
        fs::set_permissions(it.sandbox.path("f"), mode).unwrap();
        it.run(&["scan"]).exits(1);
        it.write(&config(""));
        it.run(&["scan"]).exits(1);
        assert_eq!(it.events("check"), ["updated f"], "{narrow}");
    }
}

#[test]
fn the_journal_says_one_path_and_two_paths() {
    let it = Configured::new(&[("f", "1")], &config("exclude_files = [\"f\"]\n"));
    it.run(&["scan"]).exits(0);
    it.write(&config(""));
    it.run(&["scan"]).exits(0);
    let log = it.run(&["log"]).exits(0).stdout;
    assert!(log.contains("first baseline taken of 1 path\""), "{log}");
    assert!(log.contains("1 path joined, 0 left"), "{log}");
}

#[test]
fn what_is_approved_while_nobody_watches_it_is_forgotten_with_the_next_configuration() {
    let without = config("exclude_files = [\"f\"]\n");
    let it = Configured::new(&[("f", "1"), ("g", "1")], &config(""));
    it.run(&["scan"]).exits(0);
    it.sandbox.write("f", "2");
    it.run(&["scan"]).exits(1);
    it.write(&without);
    it.run(&["scan"]).exits(1);
    it.run(&["accept", "--all", "--reason", "mine"]).exits(0);
    assert_eq!(it.run(&["scan"]).exits(0).summary()["left"], json!(0));
    it.write(&format!("{without}tags = [\"t\"]\n"));
    assert_eq!(it.run(&["scan"]).exits(0).summary()["left"], json!(1));
}
