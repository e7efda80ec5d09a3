//! Scan, check and accept: what each tells, and what it leads to.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use super::three_files;
use crate::util::{Run, Sandbox, action};

#[test]
fn a_scan_takes_the_baseline_then_reports_each_change_once_until_it_is_accepted() {
    let sandbox = three_files().without_created();
    sandbox
        .waxseal(&["scan", "."])
        .exits(0)
        .says("first baseline taken of 5 paths");
    sandbox
        .waxseal(&["scan", "."])
        .exits(0)
        .says("no new differences");

    sandbox.write("a", "changed");
    fs::remove_file(sandbox.path("dir/b")).unwrap();
    sandbox.write("new", "");
    let run = sandbox.ndjson("scan", &[]).exits(1);
    let told: Vec<(String, String)> = run
        .changes()
        .into_iter()
        .map(|(action, path)| (action, sandbox.name(&path).unwrap()))
        .collect();
    let expected = [("updated", "a"), ("deleted", "dir/b"), ("created", "new")];
    assert_eq!(
        told,
        expected.map(|(action, name)| (action.to_owned(), name.to_owned()))
    );
    assert_eq!(run.summary()["open"], 3);
    assert_eq!(run.summary()["actions"]["updated"], 1);

    let again = sandbox.ndjson("scan", &[]).exits(1);
    assert!(again.documents().is_empty(), "reported once");
    assert_eq!(again.summary()["open"], 3, "but open until it is accepted");
    let check = sandbox.ndjson("check", &[]).exits(1);
    assert_eq!(check.changes().len(), 3, "a check shows all that is open");

    sandbox
        .waxseal(&["accept", "a", "--reason", "edited"])
        .exits(0)
        .says("1 path approved");
    sandbox.waxseal(&["scan"]).exits(1).says("2 paths are open");
    sandbox
        .waxseal(&["accept", "a", "--reason", "again"])
        .exits(2)
        .complains("waxseal check");
    sandbox
        .waxseal(&["accept", "--all", "--reason", "rest"])
        .exits(0)
        .says("2 paths approved");
    sandbox
        .waxseal(&["accept", "--all", "--reason", "rest"])
        .exits(0)
        .says("nothing is open");
    sandbox.waxseal(&["check"]).exits(0).says("no differences");
    sandbox
        .waxseal(&["log", "--verify"])
        .exits(0)
        .says("intact");
}

#[test]
fn one_event_can_be_accepted_by_its_id() {
    let sandbox = three_files();
    sandbox.baseline();
    sandbox.write("a", "changed");
    sandbox.write("dir/c", "changed");
    let documents = sandbox.ndjson("scan", &[]).exits(1).documents();
    let id = documents[0]["event"]["id"].as_str().unwrap();
    sandbox
        .waxseal(&["accept", "--event", id, "--reason", "reviewed"])
        .exits(0);
    let left = sandbox.ndjson("check", &[]).exits(1).changes();
    assert_eq!(left.len(), 1);
    let unknown = [
        "accept",
        "--event",
        "0000000000000000-000000000001",
        "--reason",
        "x",
    ];
    sandbox.waxseal(&unknown).exits(2).complains("no event");
}

#[test]
fn a_path_joins_on_scan_and_is_refused_by_check() {
    let sandbox = three_files();
    sandbox.waxseal(&["scan", "dir"]).exits(0);
    sandbox
        .waxseal(&["check", "a"])
        .exits(2)
        .complains("waxseal scan ");
    let tree = sandbox.tree();
    let joined = format!("{} joined the baseline", tree.join("a").display());
    sandbox.waxseal(&["scan", "a"]).exits(0).says(&joined);
    sandbox.waxseal(&["check", "a"]).exits(0);
    // Remembered: a run without PATHs looks at both.
    sandbox.write("a", "changed");
    sandbox.write("dir/b", "changed");
    let run = sandbox.waxseal(&["check", "--format=ndjson"]).exits(1);
    assert_eq!(run.changes().len(), 2);
    // A narrowed run leaves the rest alone.
    let narrow = sandbox
        .waxseal(&["check", "dir", "--format=ndjson"])
        .exits(1);
    assert_eq!(narrow.changes().len(), 1);
}

#[test]
fn hash_types_of_a_path_are_remembered() {
    let sandbox = three_files();
    sandbox
        .waxseal(&["scan", ".", "--hash-types", "sha256"])
        .exits(0);
    let more = ["scan", "dir", "--hash-types", "sha256,xxh64"];
    sandbox.waxseal(&more).exits(0).says("2 got new digests");
    sandbox.write("dir/b", "changed");
    let documents = sandbox.ndjson("scan", &[]).exits(1).documents();
    let digests = documents[0]["file"]["hash"].as_object().unwrap();
    assert!(
        digests.contains_key("xxh64") && digests.contains_key("sha256"),
        "{digests:?}"
    );
    assert!(documents[0]["waxseal"]["before"]["hash"]["xxh64"].is_string());
}

#[test]
fn digests_that_anybody_can_forge_are_warned_of() {
    let sandbox = three_files();
    let warning = "add one that is tamper evident";
    for (list, is_warned) in [("md5,xxh64", true), ("md5,sha256", false)] {
        let run = sandbox
            .waxseal(&["scan", ".", "--hash-types", list])
            .exits(0);
        assert_eq!(
            run.stderr.contains(warning),
            is_warned,
            "{list}: {}",
            run.stderr
        );
    }
}

#[test]
fn a_reader_that_leaves_early_does_not_stop_the_scan() {
    let sandbox = Sandbox::new();
    (0..2000).for_each(|n| sandbox.write(&format!("f{n:04}"), ""));
    sandbox.baseline();
    (0..2000).for_each(|n| sandbox.write(&format!("f{n:04}"), "changed"));
    let mut child = sandbox
        .command(&["scan", "--format=ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    let run = Run::of(child.wait_with_output().unwrap()).exits(1);
    assert_eq!(run.stderr, "");
    assert_eq!(action(&serde_json::from_str(&first).unwrap()), "updated");
    let summary = sandbox.ndjson("scan", &[]).exits(1).summary();
    assert_eq!(
        (&summary["open"], &summary["actions"]["updated"]),
        (&json!(2000), &json!(0))
    );
}

#[test]
fn the_state_directory_is_never_watched() {
    let sandbox = three_files();
    let inside = sandbox.path("state");
    let run = |verb: &str, path: &OsStr| {
        let mut command = Command::new(crate::util::program());
        command.arg("--state-dir").arg(&inside).arg(verb).arg(path);
        command
            .env("HOME", sandbox.home())
            .env("XDG_CONFIG_HOME", sandbox.home());
        command.current_dir(sandbox.tree());
        Run::of(command.output().unwrap())
    };
    run("scan", OsStr::new(".")).exits(0).says("5 paths");
    run("scan", OsStr::new(".")).exits(0);
    run("check", OsStr::new(".")).exits(0);
    run("scan", inside.as_os_str())
        .exits(2)
        .complains("state directory");
}

#[test]
fn check_speaks_aide_when_asked() {
    let sandbox = three_files().without_created();
    sandbox.baseline();
    let check = || sandbox.waxseal(&["check", "--exit-code=aide"]);
    check().exits(0);
    sandbox.write("new", "");
    check().exits(1);
    sandbox.write("a", "changed");
    check().exits(5);
    fs::remove_file(sandbox.path("dir/c")).unwrap();
    check().exits(7);
    fs::remove_dir_all(sandbox.state_dir()).unwrap();
    check().exits(15);
}

#[test]
fn a_damaged_store_exits_5_and_is_left_alone() {
    let sandbox = three_files();
    sandbox.baseline();
    let db = sandbox.state_dir().join("baseline.db");
    let length = fs::metadata(&db).unwrap().len();
    fs::OpenOptions::new()
        .write(true)
        .open(&db)
        .unwrap()
        .set_len(length / 2)
        .unwrap();
    for verb in ["scan", "check", "status", "log"] {
        sandbox
            .waxseal(&[verb])
            .exits(5)
            .complains("baseline.db")
            .complains("aside");
    }
    assert_eq!(fs::metadata(&db).unwrap().len(), length / 2);
}
