//! Renamed and changed: the time of creation shows that it is the same file, and Wine knows none.

use std::fs;

use serde_json::json;

use super::super::content::{NEW, OLD, baseline, config, stays_open};

#[test]
fn what_was_renamed_when_the_hash_types_were_replaced_must_be_what_was_approved() {
    let it = baseline(OLD);
    let (f, moved) = (it.sandbox.path("f"), it.sandbox.path("h"));
    it.write(&config(NEW));
    fs::rename(&f, &moved).unwrap();
    it.sandbox.write("h", "evil");
    let run = it.run(&["scan"]).exits(1);
    let actions = &run.documents()[0]["event"]["action"];
    assert_eq!(actions, &json!(["moved", "updated"]));
    fs::rename(&moved, &f).unwrap();
    it.run(&["scan"]).exits(1);
    stays_open(&it, &["updated f"]);
}
