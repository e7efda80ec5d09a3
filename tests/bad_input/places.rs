//! State directories that are unsafe, full, read-only or damaged.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::{changed, open_to_nobody, run, unprivileged};
use crate::util::{Mount, Run, Sandbox, is_root, program};

/// Runs a verb over the tree with another state directory.
fn at(sandbox: &Sandbox, state_dir: &Path, words: &[&str]) -> Run {
    let mut command = Command::new(program());
    command.arg("--state-dir").arg(state_dir).args(words);
    command
        .env("HOME", sandbox.home())
        .env("XDG_CONFIG_HOME", sandbox.home())
        .current_dir(sandbox.tree())
        .stdin(Stdio::null());
    run(&command)
}

#[test]
fn every_refused_place_is_named_without_raw_bytes_and_left_alone() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    let home = sandbox.home();
    let odd = home.join(OsString::from_vec(b"odd\x1b[31m\n\xff".to_vec()));
    at(&sandbox, &odd.join("state"), &["scan", "."])
        .exits(4)
        .complains("odd\\x1b[31m\\n\\xff does not exist; mount the filesystem");
    assert!(!odd.exists(), "no parent is ever made");
    at(&sandbox, &odd, &["check"])
        .exits(2)
        .complains("odd\\x1b[31m\\n\\xff; take one");
    at(&sandbox, &odd, &["scan", "."]).exits(0);
    fs::write(odd.join("baseline.db"), "").unwrap();
    at(&sandbox, &odd, &["check"])
        .exits(5)
        .complains("odd\\x1b[31m\\x0a\\xff.damaged'");

    let target = home.join("target");
    fs::create_dir(&target).unwrap();
    fs::set_permissions(&target, Permissions::from_mode(0o770)).unwrap();
    symlink("target", home.join("link")).unwrap();
    fs::write(home.join("file"), "").unwrap();
    let table = [
        ("target", "chmod go-w"),
        ("link", "is not a directory"),
        ("link/", "is not a directory"),
        ("file", "is not a directory"),
        ("file/state", "file is not a directory"),
    ];
    for (place, reason) in table {
        at(&sandbox, &home.join(place), &["scan", "."])
            .exits(4)
            .complains(reason);
    }
    at(&sandbox, &home.join("file"), &["check"])
        .exits(4)
        .complains("is not a directory");
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
}

#[test]
fn a_store_that_may_only_be_read_serves_every_verb_that_reads() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    open_to_nobody(&sandbox);
    let tree = sandbox.tree();
    let tree = tree.to_str().unwrap();
    unprivileged(&sandbox, &["scan", tree]).exits(0);
    sandbox.write("f", "changed");
    let state = sandbox.state_dir();
    let files: Vec<_> = fs::read_dir(&state)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    for file in &files {
        fs::set_permissions(file, Permissions::from_mode(0o400)).unwrap();
    }
    fs::set_permissions(&state, Permissions::from_mode(0o500)).unwrap();
    unprivileged(&sandbox, &["check"]).exits(1).says("updated");
    for words in [&["log"][..], &["status"], &["log", "--verify"]] {
        unprivileged(&sandbox, words).exits(0);
    }
    for words in [&["scan"][..], &["accept", "--all", "--reason", "x"]] {
        unprivileged(&sandbox, words)
            .exits(4)
            .complains("Permission denied");
    }
    assert_eq!(fs::read_dir(&state).unwrap().count(), files.len());
    fs::set_permissions(&state, Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_disk_of_any_size_is_enough_or_full_and_never_a_reason_for_damage() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    for n in 0..50 {
        sandbox.write(&format!("f{n}"), "1");
    }
    let (mut full, mut enough) = (0, 0);
    for kib in (4..400).step_by(24) {
        let place = sandbox.home().join(format!("disk{kib}"));
        let disk = Mount::tmpfs(place, &format!("size={kib}k,mode=0755"));
        let state = disk.at().join("state");
        let first = at(&sandbox, &state, &["scan", "."]);
        match first.code {
            0 => enough += 1,
            _ => {
                full += 1;
                first.exits(4).complains("free some space");
            }
        }
        disk.remount("size=4m");
        at(&sandbox, &state, &["scan", "."]).exits(0);
        at(&sandbox, &state, &["check", "--full"])
            .exits(0)
            .says("51 paths looked at");
    }
    assert!(full > 2 && enough > 2, "{full} were full, {enough} enough");
}

#[test]
fn differences_met_on_a_full_disk_are_told_once_there_is_space() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::with(&[("f", "1")]);
    let disk = Mount::tmpfs(sandbox.home().join("disk"), "size=1m,mode=0755");
    let state = disk.at().join("state");
    at(&sandbox, &state, &["scan", "."]).exits(0);
    for n in 0..300 {
        sandbox.write(&format!("new{n}"), "1");
    }
    // However much a store needs: nothing of it is left.
    let ballast = disk.at().join("ballast");
    let _full = fs::write(&ballast, vec![0; 2 << 20]);
    at(&sandbox, &state, &["scan"])
        .exits(4)
        .complains("no space is left");
    at(&sandbox, &state, &["check"])
        .exits(4)
        .complains("no space is left");
    fs::remove_file(&ballast).unwrap();
    disk.remount("size=8m");
    let told = at(&sandbox, &state, &["scan", "--format=ndjson"]).exits(1);
    assert_eq!(told.changes().len(), 300, "none was lost, none told before");
    let log = at(&sandbox, &state, &["log", "--format=ndjson"]).exits(0);
    assert_eq!(log.documents().len(), 301);
    at(&sandbox, &state, &["log", "--verify"]).exits(0);
    at(&sandbox, &state, &["accept", "--all", "--reason", "space"]).exits(0);
    at(&sandbox, &state, &["check"]).exits(0);
}

#[test]
fn no_verb_believes_repairs_or_replaces_a_store_that_is_none() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    sandbox.baseline();
    let state = sandbox.state_dir();
    let db = state.join("baseline.db");
    let whole = fs::read(&db).unwrap();
    let seal = fs::read(state.join("baseline.sum")).unwrap();
    let patched = |offset: usize, bytes: &[u8]| {
        let mut patched = whole.clone();
        patched[offset..offset + bytes.len()].copy_from_slice(bytes);
        patched
    };
    // Offsets of the header: https://sqlite.org/fileformat2.html#the_database_header
    let table = [
        (Vec::new(), "the file is empty"),
        (b"hello".to_vec(), "it is no SQLite database"),
        (patched(68, &[0; 4]), "the database of another program"),
        (patched(60, &99_u32.to_be_bytes()), "schema version 99"),
        (patched(60, &[0; 4]), "it has no schema version"),
        (whole[..whole.len() / 2].to_vec(), "is damaged"),
        (whole[..99].to_vec(), "is damaged"),
    ];
    let verbs: [&[&str]; 7] = [
        &["scan"],
        &["check"],
        &["status"],
        &["log"],
        &["log", "--verify"],
        &["explain", "f"],
        &["accept", "--all", "--reason", "x"],
    ];
    // Without the seal of the last clean close, as after a crash or in a restored copy.
    fs::remove_file(state.join("baseline.sum")).unwrap();
    for (content, reason) in table {
        fs::write(&db, &content).unwrap();
        for words in verbs {
            run(&sandbox.command(words)).exits(5).complains(reason);
        }
        assert_eq!(fs::read(&db).unwrap(), content, "left as it was: {reason}");
    }
    fs::remove_file(&db).unwrap();
    fs::create_dir(&db).unwrap();
    for words in verbs {
        run(&sandbox.command(words))
            .exits(5)
            .complains("it is a directory")
            .complains(" aside, to ");
    }
    fs::remove_dir(&db).unwrap();
    fs::write(state.join("baseline.sum"), &seal).unwrap();
    for words in verbs {
        run(&sandbox.command(words))
            .exits(5)
            .complains("the file is gone");
    }
    fs::write(&db, &whole).unwrap();
    run(&sandbox.command(&["check"])).exits(0);
}

#[test]
fn the_way_out_of_a_damaged_store_works_as_it_is_printed() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    sandbox.baseline();
    fs::write(sandbox.state_dir().join("baseline.db"), "broken").unwrap();
    let message = run(&sandbox.command(&["scan"])).exits(5).stderr;
    let (_, words) = message.split_once("or move ").unwrap();
    let (from, words) = words.split_once(" aside, to ").unwrap();
    let (to, _) = words.split_once(", and take ").unwrap();
    let command = format!("mv {from} {to}");
    let moved = Command::new("sh").arg("-c").arg(command).status();
    assert!(moved.unwrap().success());
    sandbox.baseline();
    sandbox.ndjson("check", &[]).exits(0);
}

#[test]
fn a_store_inside_the_tree_is_quiet_and_cannot_be_watched() {
    let sandbox = Sandbox::with(&[("f", "1"), ("sub/", "")]);
    let inside = sandbox.path("sub/state");
    let scan = |words: &[&str]| at(&sandbox, &inside, words);
    scan(&["scan", "."]).exits(0).says("of 3 paths");
    for words in [
        &["scan", "."][..],
        &["scan", "--full"],
        &["check", "--full"],
    ] {
        scan(words).exits(0);
    }
    for path in [
        "sub/state",
        "sub/state/baseline.db",
        "sub/state/baseline.db-wal",
    ] {
        let run = scan(&["scan", path]);
        assert_eq!(run.code, 2, "{path}: {}", run.stderr);
    }
    sandbox.write("sub/state.txt", "1");
    sandbox.write("sub/state2/f", "1");
    let run = scan(&["scan", "--format=ndjson"]).exits(1);
    let expected = ["sub/state.txt", "sub/state2", "sub/state2/f"];
    assert_eq!(changed(&sandbox, &run), expected);
    let summary = run.summary();
    assert_eq!(summary["unreadable"], json!(0));
    // Moved elsewhere it is told as what it was: nothing.
    let outside = sandbox.home().join("state");
    fs::rename(&inside, &outside).unwrap();
    let words = ["check", "--format=ndjson"];
    let run = at(&sandbox, &outside, &words).exits(1);
    assert_eq!(changed(&sandbox, &run), expected);
}

#[test]
fn two_spellings_of_the_state_directory_are_one_store() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    let home = sandbox.home();
    symlink(".", home.join("here")).unwrap();
    at(&sandbox, &home.join("state"), &["scan", "."]).exits(0);
    let spellings = ["state/", "./state/.", "here/state", "here/../home/state"];
    for spelling in spellings {
        at(&sandbox, &home.join(spelling), &["check"]).exits(0);
    }
    let mut relative = sandbox.command(&["check"]);
    relative = {
        let mut command = Command::new(relative.get_program());
        command.args([OsStr::new("--state-dir"), OsStr::new("../home/state")]);
        command.arg("check").env("HOME", &home);
        command.current_dir(sandbox.tree());
        command
    };
    run(&relative).exits(0);
}

#[test]
fn a_damaged_checksum_record_is_told_and_every_row_verified() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    sandbox.baseline();
    let record = sandbox.state_dir().join("baseline.sum");
    let told = "baseline.sum is damaged";
    for garbage in ["zzz\n", "xxh64 0 0\n", "\0\0\0", "\u{fffd}"] {
        fs::write(&record, garbage).unwrap();
        for verb in ["check", "status", "log"] {
            sandbox.waxseal(&[verb]).exits(0).complains(told);
        }
        sandbox.waxseal(&["scan"]).exits(0).complains(told);
        let again = sandbox.waxseal(&["check"]).exits(0);
        assert!(again.stderr.is_empty(), "written anew: {}", again.stderr);
    }
    fs::write(&record, "").unwrap();
    assert!(sandbox.waxseal(&["check"]).exits(0).stderr.is_empty());
}
