//! The command line: help, exit statuses, forms of output, and each verb once around.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::util::{Run, Sandbox, action, file_path};

const VERBS: [&str; 9] = [
    "init", "scan", "check", "accept", "log", "status", "explain", "hash", "config",
];

fn three_files() -> Sandbox {
    Sandbox::with(&[("a", "one"), ("dir/b", "two"), ("dir/c", "three")])
}

#[test]
fn every_verb_has_help_with_examples() {
    let sandbox = Sandbox::new();
    sandbox
        .waxseal(&["--help"])
        .exits(0)
        .says("Exit status:")
        .says("Examples:");
    for verb in VERBS {
        sandbox
            .waxseal(&[verb, "--help"])
            .exits(0)
            .says("Examples:")
            .says("--state-dir");
    }
    sandbox
        .waxseal(&["--version"])
        .exits(0)
        .says(env!("CARGO_PKG_VERSION"));
}

#[test]
fn wrong_usage_exits_2_and_says_what_to_do() {
    let sandbox = three_files();
    let table: [(&[&str], &str); 10] = [
        (&["no-such-verb"], "unrecognized"),
        (&["scan", "--no-such-option"], "unexpected"),
        (&["scan"], "waxseal init"),
        (&["scan", "nowhere"], "does not exist"),
        (&["scan", "--hash-types", "sha256"], "PATH"),
        (&["scan", "--hash-types", "crc32", "a"], "crc32"),
        (&["check"], "waxseal scan"),
        (&["log"], "waxseal scan"),
        (&["accept", "--all"], "--reason"),
        (&["accept", "--reason", "because"], "--all"),
    ];
    for (args, hint) in table {
        sandbox.waxseal(args).exits(2).complains(hint);
    }
    assert!(
        !sandbox.state_dir().exists(),
        "a refused run leaves nothing behind"
    );
}

#[test]
fn a_scan_takes_the_baseline_then_reports_each_change_once_until_it_is_accepted() {
    let sandbox = three_files();
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
    let tree = sandbox.tree();
    let place = |name: &str| tree.join(name).to_str().unwrap().to_owned();
    let expected = [
        ("updated", place("a")),
        ("deleted", place("dir/b")),
        ("created", place("new")),
    ];
    assert_eq!(
        run.changes(),
        expected.map(|(action, path)| (action.to_owned(), path))
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
fn text_has_one_escaped_line_for_each_change() {
    let sandbox = three_files();
    sandbox.baseline();
    sandbox.write("a", "longer than before");
    sandbox.write("evil\n\u{1b}[31mname", "");
    let run = sandbox.waxseal(&["check"]).exits(1);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", run.stdout);
    assert!(lines[0].starts_with("updated   /"), "{}", lines[0]);
    assert!(
        lines[0].contains("size 3→18") && lines[0].contains("sha256 "),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].contains("/evil\\n\\x1b[31mname  file 0 B mode "),
        "{}",
        lines[1]
    );
    assert!(
        lines[2].starts_with("2 differences: 1 created, 1 updated; 6 paths"),
        "{}",
        lines[2]
    );
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
fn a_link_is_an_object_and_what_it_leads_to_is_looked_at() {
    let sandbox = three_files();
    symlink("dir", sandbox.path("link")).unwrap();
    let run = sandbox
        .waxseal(&["scan", "link", "--format=ndjson"])
        .exits(0);
    assert_eq!(
        run.summary()["joined"],
        4,
        "the link, the directory and two files"
    );
}

#[test]
fn names_of_any_bytes_are_arguments_too() {
    let sandbox = Sandbox::new();
    let name = OsStr::from_bytes(b"b\xff\nd");
    fs::write(sandbox.path(name), "x").unwrap();
    let scan = sandbox.waxseal(&[OsStr::new("scan"), name]).exits(0);
    assert!(scan.stdout.contains("1 path"), "{}", scan.stdout);
    fs::write(sandbox.path(name), "y").unwrap();
    let run = sandbox
        .waxseal(&[OsStr::new("scan"), OsStr::new("--format=ndjson"), name])
        .exits(1);
    let document = &run.documents()[0];
    assert!(file_path(document).ends_with("/b\\xff\\nd"), "{document}");
    assert!(document["waxseal"]["path_bytes"].is_string());
    let reason = OsStr::new("--reason=x");
    sandbox
        .waxseal(&[OsStr::new("accept"), reason, name])
        .exits(0)
        .says("b\\xff\\nd");
    sandbox
        .waxseal(&[OsStr::new("log"), name])
        .exits(0)
        .says("updated");
    sandbox
        .waxseal(&[OsStr::new("explain"), name])
        .exits(0)
        .says("b\\xff\\nd: file");
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
fn a_report_that_cannot_be_written_fails_but_loses_nothing() {
    let sandbox = three_files();
    sandbox.baseline();
    sandbox.write("a", "changed");
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = sandbox
        .command(&["scan"])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    Run::of(output)
        .exits(4)
        .complains("cannot write the report");
    sandbox.waxseal(&["log"]).exits(0).says("updated");
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
fn init_writes_a_configuration_once() {
    let sandbox = Sandbox::new();
    let config = sandbox.home().join("new/waxseal.toml");
    let config = config.to_str().unwrap();
    sandbox
        .waxseal(&["--config", config, "init", "--no-scan"])
        .exits(0)
        .complains("wrote ");
    sandbox
        .waxseal(&["--config", config, "config", "check"])
        .exits(0)
        .says("is valid");
    sandbox
        .waxseal(&["--config", config, "init", "--no-scan"])
        .exits(2)
        .complains("--force");
    sandbox
        .waxseal(&["--config", config, "init", "--no-scan", "--force"])
        .exits(0);
}

#[test]
fn init_begins_with_the_configuration_of_a_package() {
    let sandbox = three_files();
    let config = sandbox.home().join("waxseal.toml");
    let monitor = format!(
        "[[monitor]]\nname = \"dir\"\npaths = [\"{}\"]\n",
        sandbox.path("dir").display()
    );
    fs::write(&config, &monitor).unwrap();
    let config_text = config.to_str().unwrap();
    sandbox
        .waxseal(&["--config", config_text, "init"])
        .exits(0)
        .complains("exists already, and is used as it is")
        .says("first baseline taken");
    assert_eq!(fs::read_to_string(&config).unwrap(), monitor);
    sandbox
        .waxseal(&["--config", config_text, "init"])
        .exits(2)
        .complains("take a baseline with `waxseal scan`");
}

#[test]
fn the_configuration_is_used_shown_and_refused_with_its_line() {
    let sandbox = three_files();
    let config = sandbox.home().join("waxseal.toml");
    let config_text = config.to_str().unwrap();
    let monitor = format!(
        "[[monitor]]\nname = \"dir\"\npaths = [\"{}\"]\nexclude_files = [\"c\"]\n",
        sandbox.path("dir").display()
    );
    fs::write(&config, &monitor).unwrap();
    let run = |args: &[&str]| sandbox.waxseal(&[&["--config", config_text], args].concat());
    run(&["scan"]).exits(0).says("of 2 paths");
    run(&["config", "show"])
        .exits(0)
        .says("hash_types = [\"sha256\"]");
    run(&["explain", "dir/c"]).exits(0).says("leaves it out: c");

    fs::write(&config, monitor.replace("exclude_files = [\"c\"]\n", "")).unwrap();
    let joined = run(&["scan", "--format=ndjson"]).exits(0);
    assert_eq!(
        (joined.changes().len(), &joined.summary()["joined"]),
        (0, &json!(1))
    );

    fs::write(&config, format!("{monitor}no_such_key = 1\n")).unwrap();
    for args in [&["config", "check"][..], &["scan"], &["check"]] {
        run(args).exits(2).complains(":5:").complains("no_such_key");
    }
    run(&["status"]).exits(0).says("policy           unknown");
    fs::remove_file(&config).unwrap();
    run(&["scan"]).exits(2).complains("waxseal.toml");
}

#[test]
fn check_speaks_aide_when_asked() {
    let sandbox = three_files();
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
            .complains("mv ");
    }
    assert_eq!(fs::metadata(&db).unwrap().len(), length / 2);
}

#[test]
fn hash_agrees_with_coreutils() {
    let sandbox = three_files();
    for name in [&b"back\\slash"[..], b"new\nline", b"inv\xffalid"] {
        fs::write(sandbox.path(OsStr::from_bytes(name)), name).unwrap();
    }
    sandbox.write("empty", "");
    let mut names: Vec<OsString> = fs::read_dir(sandbox.tree())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.retain(|name| name != "dir");
    names.push(OsString::from_vec(b"dir/b".to_vec()));
    for (hash_type, tool) in [
        ("sha256", "sha256sum"),
        ("md5", "md5sum"),
        ("sha512", "sha512sum"),
    ] {
        let theirs = Command::new(tool)
            .args(&names)
            .current_dir(sandbox.tree())
            .output()
            .unwrap();
        let mut command = sandbox.command(&["hash", "--hash-types", hash_type]);
        let ours = command.args(&names).output().unwrap();
        assert_eq!(ours.stdout, theirs.stdout, "{tool}");
        assert!(ours.status.success());
    }
}

#[test]
fn hash_reads_standard_input_and_goes_on_after_an_error() {
    let sandbox = three_files();
    let run = sandbox.waxseal(&["hash", "nowhere", "a", "dir"]).exits(4);
    assert_eq!(run.stdout.lines().count(), 1);
    run.complains("nowhere: ")
        .complains("dir: not a regular file");

    let mut child = sandbox
        .command(&["hash", "-", "--hash-types", "md5,sha256"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"abc").unwrap();
    let run = Run::of(child.wait_with_output().unwrap()).exits(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], "md5          900150983cd24fb0d6963f7d28e17f72  -");
    assert!(
        lines[1].starts_with("sha256       ba7816bf"),
        "{}",
        lines[1]
    );
}

#[test]
fn completions_and_manual_pages_are_made() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        sandbox
            .waxseal(&["completions", shell])
            .exits(0)
            .says("waxseal");
    }
    sandbox.waxseal(&["man"]).exits(0).says(".TH");
    let dir = sandbox.home();
    sandbox
        .waxseal(&["man", "--dir", dir.to_str().unwrap()])
        .exits(0);
    for verb in VERBS {
        assert!(dir.join(format!("waxseal-{verb}.1")).exists(), "{verb}");
    }
    assert!(!dir.join("waxseal-man.1").exists(), "hidden");
}
