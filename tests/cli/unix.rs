//! Names of any bytes, links, and devices, which Unix has.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use super::three_files;
use crate::util::{Run, Sandbox, file_path};

#[test]
fn a_name_that_would_move_the_cursor_stays_on_its_line() {
    let sandbox = three_files();
    sandbox.baseline();
    sandbox.write("evil\n\u{1b}[31mname", "");
    let run = sandbox.waxseal(&["check"]).exits(1);
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
    run.says("/evil\\n\\x1b[31mname  file 0 B mode ");
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
