//! What is read of a store: reports in every form, log, status and explain.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use super::three_files;
use crate::util::action;

#[test]
fn text_has_one_line_for_each_change_and_one_for_all() {
    let sandbox = three_files().without_created();
    sandbox.baseline();
    sandbox.write("a", "longer than before");
    sandbox.write("new", "");
    let run = sandbox.waxseal(&["check"]).exits(1);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", run.stdout);
    let updated = format!("updated   {}  ", sandbox.path("a").display());
    assert!(lines[0].starts_with(&updated), "{}", lines[0]);
    assert!(lines[0].contains("size 3→18"), "{}", lines[0]);
    assert!(lines[0].contains("sha256 "), "{}", lines[0]);
    let created = format!("created   {}  file 0 B", sandbox.path("new").display());
    assert!(lines[1].starts_with(&created), "{}", lines[1]);
    let all = "2 differences: 1 created, 1 updated; 6 paths";
    assert!(lines[2].starts_with(all), "{}", lines[2]);
}

#[test]
fn colours_come_only_when_asked_for() {
    let sandbox = three_files();
    sandbox.baseline();
    sandbox.write("a", "changed");
    assert!(!sandbox.waxseal(&["check"]).stdout.contains('\u{1b}'));
    sandbox
        .waxseal(&["check", "--color=always"])
        .says("\u{1b}[33mupdated");
}

#[test]
fn json_is_one_object() {
    let sandbox = three_files();
    let first = sandbox.waxseal(&["scan", ".", "--format", "json"]).exits(0);
    let object: Value = serde_json::from_str(&first.stdout).unwrap();
    assert_eq!(object["events"], json!([]));
    assert_eq!(object["summary"]["baseline_created"], true);
    assert_eq!(object["summary"]["joined"], 5);
    sandbox.write("a", "changed");
    let second = sandbox.waxseal(&["scan", "--format", "json"]).exits(1);
    let object: Value = serde_json::from_str(&second.stdout).unwrap();
    assert_eq!(
        object["events"][0]["event"]["action"],
        json!(["updated", "attributes_modified"])
    );
    for verb in ["status", "log"] {
        let run = sandbox.waxseal(&[verb, "--format", "json"]).exits(0);
        serde_json::from_str::<Value>(&run.stdout).unwrap();
    }
}

#[test]
fn the_log_is_filtered_by_path_time_and_number() {
    let sandbox = three_files();
    sandbox.baseline();
    sandbox.write("a", "changed");
    sandbox.write("dir/b", "changed");
    sandbox.waxseal(&["scan"]).exits(1);
    let log = |args: &[&str]| {
        let all = [&["log", "--format=ndjson"], args].concat();
        sandbox.waxseal(&all).exits(0).documents()
    };
    assert_eq!(log(&[]).len(), 3, "the baseline's notice and two events");
    assert_eq!(log(&["-n", "1"]).len(), 1);
    assert_eq!(log(&["dir"]).len(), 1);
    assert_eq!(log(&["dir", "-n", "5", "--since", "1h"]).len(), 1);
    assert_eq!(log(&["--since", "2 days"]).len(), 3);
    assert_eq!(log(&["--since", "2999-01-01"]).len(), 0);
    let text = sandbox.waxseal(&["log", "-n1"]).exits(0).stdout;
    assert!(
        text.get(19..22) == Some("Z  ") && text.contains("updated"),
        "{text}"
    );
    sandbox
        .waxseal(&["log", "--since", "yesterday"])
        .exits(2)
        .complains("2 days");
}

#[test]
fn a_followed_log_prints_what_comes() {
    let sandbox = three_files();
    sandbox.baseline();
    let mut child = sandbox
        .command(&["log", "--follow", "--format=ndjson"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(action(&next()), "baseline_taken");
    sandbox.write("a", "changed");
    sandbox.waxseal(&["scan"]).exits(1);
    assert_eq!(action(&next()), "updated");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn status_counts_and_explains_nothing_away() {
    let sandbox = three_files();
    sandbox.baseline();
    sandbox.write("a", "changed");
    sandbox.waxseal(&["scan"]).exits(1);
    let run = sandbox.waxseal(&["status", "--format=json"]).exits(0);
    let status: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&status["approved"], &status["open"]),
        (&json!(5), &json!(1))
    );
    assert_eq!(status["last_scan"]["changes"], 1);
    sandbox
        .waxseal(&["status"])
        .exits(0)
        .says("open             1 path:")
        .says("command line");
}

#[test]
fn explain_names_the_rule_and_what_is_remembered() {
    let sandbox = three_files();
    sandbox
        .waxseal(&["explain", "a"])
        .exits(0)
        .says("not watched")
        .says("approved: nothing");
    sandbox.baseline();
    sandbox
        .waxseal(&["explain", "a"])
        .exits(0)
        .says("deepest match")
        .says("last seen: as approved");
    sandbox.write("a", "changed");
    sandbox.waxseal(&["scan"]).exits(1);
    let run = sandbox.waxseal(&["explain", "a", "--format=json"]).exits(0);
    let object: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(object["policy"]["decision"], "watched");
    assert_eq!(object["remembered"]["trusted"]["size"], 3);
    assert_eq!(object["remembered"]["seen"]["file"]["size"], 7);
}
