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
