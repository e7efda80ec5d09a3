//! Hash: any file, without a store.

use std::io::Write as _;
use std::process::Stdio;

use super::three_files;
use crate::util::Run;

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
