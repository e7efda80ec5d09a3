//! Links, turned elsewhere or put in the place of something.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::super::content::{NEW, OLD, baseline, config, stays_open};
use super::super::orphans::half_approved;
use super::Configured;
use crate::util::Sandbox;

#[test]
fn a_parent_turned_into_a_link_takes_nothing_out_of_the_policy_and_brings_nothing_in() {
    let config = "[[monitor]]\nname = \"app\"\npaths = [\"@/app/etc\"]\n";
    let it = Configured::new(&[("app/etc/f", "good"), ("evil/etc/f", "bad")], config);
    it.run(&["scan"]).exits(0);
    fs::rename(it.sandbox.path("app"), it.sandbox.path("app.bak")).unwrap();
    symlink("evil", it.sandbox.path("app")).unwrap();
    let expected = [
        "deleted app/etc",
        "deleted app/etc/f",
        "created evil/etc",
        "created evil/etc/f",
    ];
    assert_eq!(it.events("check"), expected);
    assert_eq!(it.events("scan"), expected);
    it.run(&["scan"]).exits(1);
    assert_eq!(it.events("check"), expected);
}

#[test]
fn what_a_link_is_turned_to_is_new_however_the_scan_is_asked_for() {
    for named_again in [true, false] {
        let sandbox = Sandbox::with(&[("good/f", "1"), ("evil/f", "2")]);
        symlink("good", sandbox.path("lnk")).unwrap();
        sandbox.waxseal(&["scan", "lnk"]).exits(0);
        fs::remove_file(sandbox.path("lnk")).unwrap();
        symlink("evil", sandbox.path("lnk")).unwrap();
        let mut args = vec!["scan", "--format=ndjson"];
        args.extend(named_again.then_some("lnk"));
        let run = sandbox.waxseal(&args).exits(1);
        let told = run.changes();
        let created = |name: &str| {
            let path = sandbox.path(name).to_str().unwrap().to_owned();
            told.contains(&("created".to_owned(), path))
        };
        assert!(created("evil") && created("evil/f"), "{told:?}");
        assert_eq!(run.summary()["joined"], json!(0));
        let check = sandbox.waxseal(&["check", "--format=ndjson"]).exits(1);
        assert_eq!(check.changes().len(), 3, "{}", check.stdout);
    }
}

#[test]
fn a_check_of_a_link_looks_at_the_place_it_leads_to() {
    let sandbox = Sandbox::with(&[("real/f", "1"), ("other/f", "1")]);
    symlink("real", sandbox.path("l")).unwrap();
    symlink("other", sandbox.path("o")).unwrap();
    sandbox.waxseal(&["scan", "real"]).exits(0);
    sandbox.waxseal(&["check", "l"]).exits(0);
    sandbox.write("real/f", "2");
    let check = sandbox.waxseal(&["check", "l", "--format=ndjson"]).exits(1);
    let path = sandbox.path("real/f").to_str().unwrap().to_owned();
    assert_eq!(check.changes(), [("updated".to_owned(), path)]);
    let refused = sandbox.waxseal(&["check", "o"]).exits(2);
    refused.complains("o has no baseline");
    symlink(sandbox.tree(), sandbox.home().join("up")).unwrap();
    let up = sandbox.home().join("up");
    sandbox.waxseal(&["check", up.to_str().unwrap()]).exits(1);
}

#[test]
fn what_was_a_link_when_the_hash_types_were_replaced_must_be_what_was_approved() {
    let it = baseline(OLD);
    let path = it.sandbox.path("f");
    fs::remove_file(&path).unwrap();
    symlink("g", &path).unwrap();
    it.write(&config(NEW));
    it.run(&["scan"]).exits(1);
    fs::remove_file(&path).unwrap();
    it.sandbox.write("f", "evil");
    stays_open(&it, &["updated f"]);
}

#[test]
fn it_is_missed_too_when_a_link_took_the_place_of_the_directory() {
    let it = half_approved("d");
    it.sandbox.write("other/f", "x");
    fs::rename(it.sandbox.path("d"), it.sandbox.home().join("d")).unwrap();
    symlink("other", it.sandbox.path("d")).unwrap();
    for verb in ["check", "scan", "check"] {
        let told = it.events(verb);
        assert!(told.contains(&"deleted d/f".to_owned()), "{verb}: {told:?}");
    }
}
