//! Arguments, environments and outputs that a user may get wrong.

use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::{changed, copied_program, open_to_nobody, run, through};
use crate::util::{Run, Sandbox, is_root};

#[test]
fn a_path_that_never_was_is_a_mistake_and_one_that_is_gone_a_difference() {
    let sandbox = Sandbox::with(&[("dir/f", "1"), ("other", "1")]);
    sandbox.baseline();
    for verb in ["scan", "check"] {
        for path in ["nowhere", "dir/nowhere", "dir/f/below"] {
            sandbox
                .waxseal(&[verb, path])
                .exits(2)
                .complains(&format!("{path} does not exist, and no baseline knows it"));
        }
    }
    sandbox
        .waxseal(&["accept", "nowhere", "--reason", "x"])
        .exits(2)
        .complains("nothing is open at or below");
    fs::remove_dir_all(sandbox.path("dir")).unwrap();
    for (verb, path) in [("check", "dir/f"), ("check", "dir"), ("scan", "dir/f")] {
        sandbox.waxseal(&[verb, path]).exits(1).says("deleted");
    }
    let tree = sandbox.tree();
    fs::remove_dir_all(&tree).unwrap();
    let mut check = sandbox.command(&["check", "--format=ndjson"]);
    let gone = run(check.current_dir("/")).exits(1);
    assert_eq!(gone.changes().len(), 4);
    fs::create_dir(&tree).unwrap();
}

#[test]
fn a_path_through_a_link_to_itself_is_a_mistake() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    std::os::unix::fs::symlink("itself", sandbox.path("itself")).unwrap();
    sandbox.baseline();
    for verb in ["scan", "check"] {
        for path in ["itself/f", "itself/f/below"] {
            let run = sandbox.waxseal(&[verb, path]).exits(2);
            run.complains(&format!("cannot use {path}: "));
        }
        // The link itself is an object like others.
        sandbox.waxseal(&[verb, "itself"]).exits(0);
    }
}

#[test]
fn a_path_is_read_as_the_shell_would() {
    let sandbox = Sandbox::with(&[("a/b/f", "1"), ("g", "1")]);
    std::os::unix::fs::symlink("a", sandbox.path("link")).unwrap();
    sandbox.baseline();
    sandbox.write("a/b/f", "changed");
    sandbox.write("g", "changed");
    let table: [(&[&str], &[&str]); 9] = [
        (&["a/b/f"], &["a/b/f"]),
        (&["./a/../a//b/./f"], &["a/b/f"]),
        (&["link/b/f"], &["a/b/f"]),
        (&["link/"], &["a/b/f"]),
        (&["link"], &["a/b/f"]),
        (&["g", "g", "./g"], &["g"]),
        (&["a", "a/b", "a/b/f"], &["a/b/f"]),
        (&[".", "a"], &["a/b/f", "g"]),
        (&["../tree/a/.."], &["a/b/f", "g"]),
    ];
    for (paths, expected) in table {
        let run = sandbox
            .waxseal(&[&["check", "--format=ndjson"], paths].concat())
            .exits(1);
        assert_eq!(changed(&sandbox, &run), expected, "{paths:?}");
    }
}

#[test]
fn a_working_directory_that_is_gone_matters_only_to_relative_paths() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    sandbox.baseline();
    let from_nowhere = |words: &[&str]| {
        let gone = sandbox.home().join("gone");
        fs::create_dir(&gone).unwrap();
        let enter = [
            "sh",
            "-c",
            "cd \"$HOME/gone\" && rmdir \"$HOME/gone\" && exec \"$@\"",
            "sh",
        ];
        run(&through(&enter, &sandbox.command(words)))
    };
    from_nowhere(&["scan", "relative"])
        .exits(2)
        .complains("cannot use relative");
    from_nowhere(&["check"]).exits(0);
}

#[test]
fn a_configuration_with_a_mistake_makes_no_store() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    let file = sandbox.home().join("waxseal.toml");
    let texts: [&[u8]; 4] = [b"", b"colour = 1\n", b"\xff", b"a = \"\x1b[31m\n"];
    for text in texts {
        fs::write(&file, text).unwrap();
        for words in [&["scan"][..], &["scan", "f"], &["check"], &["init"]] {
            let run = sandbox
                .waxseal(&[&["--config", file.to_str().unwrap()], words].concat())
                .exits(2);
            assert!(!run.stderr.contains('\u{1b}'), "{:?}", run.stderr);
        }
        assert!(!sandbox.state_dir().exists(), "{text:?}");
    }
    let odd = OsString::from_vec(b"no\x1b[31m\xff.toml".to_vec());
    let mut scan = sandbox.command(&["scan", "--config"]);
    run(scan.arg(&odd))
        .exits(2)
        .complains("no\\x1b[31m\\xff.toml");
    run(&sandbox.command(&["--config", "/dev/zero", "scan"])).exits(2);
}

#[test]
fn outputs_that_are_closed_or_full_lose_nothing() {
    let sandbox = Sandbox::new();
    for n in 0..500 {
        sandbox.write(&format!("f{n:03}"), "1");
    }
    sandbox.baseline();
    let in_shell = |redirection: &str, words: &[&str]| {
        let script = format!("exec \"$@\" {redirection}");
        run(&through(
            &["sh", "-c", &script, "sh"],
            &sandbox.command(words),
        ))
    };
    for (round, redirection) in ["2>&-", ">&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/full"]
        .into_iter()
        .enumerate()
    {
        sandbox.write(&format!("f{round:03}"), "changed");
        let code = if redirection == ">/dev/full" { 4 } else { 1 };
        in_shell(redirection, &["scan"]).exits(code);
        let open = sandbox.ndjson("scan", &[]).exits(1).summary()["open"].clone();
        assert_eq!(open, json!(round + 1), "{redirection}");
    }
    let verbs: [&[&str]; 7] = [
        &["check"],
        &["log"],
        &["log", "--verify"],
        &["status"],
        &["explain", "f000"],
        &["hash", "f000"],
        &["accept", "f000", "--reason", "full"],
    ];
    for words in verbs {
        in_shell(">/dev/full", words)
            .exits(4)
            .complains("No space left");
    }
    assert_eq!(sandbox.ndjson("check", &[]).changes().len(), 4);
    in_shell("2>&-", &["scan", "nowhere"]).exits(2);
    sandbox.waxseal(&["log", "--verify"]).exits(0);
}

#[test]
fn a_reader_that_is_gone_before_the_first_line_changes_no_exit_status() {
    let sandbox = Sandbox::new();
    for n in 0..500 {
        sandbox.write(&format!("f{n:03}"), "1");
    }
    sandbox.baseline();
    for n in 0..500 {
        sandbox.write(&format!("f{n:03}"), "changed");
    }
    for (words, code) in [(&["scan"][..], 1), (&["check"], 1), (&["log"], 0)] {
        let mut child = sandbox
            .command(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let run = Run::of(child.wait_with_output().unwrap()).exits(code);
        assert_eq!(run.stderr, "", "{words:?}");
    }
    let log = sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
    assert_eq!(log.documents().len(), 501);
}

#[test]
fn the_first_line_can_be_had_alone() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    sandbox.baseline();
    for n in 0..2000 {
        sandbox.write(&format!("new{n:04}"), "1");
    }
    let mut child = sandbox
        .command(&["scan"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut start = [0; 7];
    child.stdout.take().unwrap().read_exact(&mut start).unwrap();
    assert_eq!(&start, b"created");
    let run = Run::of(child.wait_with_output().unwrap()).exits(1);
    assert_eq!(run.stderr, "");
}

#[test]
fn more_threads_than_descriptors_are_cut_to_what_there_is() {
    let sandbox = Sandbox::new();
    for n in 0..40 {
        sandbox.write(&format!("a{n}/b/c/d/e/f"), "1");
    }
    for threads in ["0", "-1", "1025", "many"] {
        sandbox
            .waxseal(&[&format!("--threads={threads}"), "scan", "."])
            .exits(2);
    }
    let limited = |files: &str, words: &[&str]| {
        let script = format!("ulimit -n {files} && exec \"$@\"");
        run(&through(
            &["sh", "-c", &script, "sh"],
            &sandbox.command(words),
        ))
    };
    let first = ["--threads=64", "--format=ndjson", "scan", "."];
    assert_eq!(limited("64", &first).exits(0).summary()["objects"], 241);
    for files in ["24", "64", "256"] {
        limited(files, &["--threads=64", "check", "--full"]).exits(0);
    }
    // With less there is no run, but a reason.
    let starved = limited("8", &["check"]);
    assert!([3, 4].contains(&starved.code), "{}", starved.stdout);
    starved.complains("Too many open files");
}

/// Returns a command without a state directory, run as a user with this number who has no
/// password entry and no environment.
fn stranger(sandbox: &Sandbox, words: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=54321", "--regid=54321", "--clear-groups"]);
    command
        .args(["env", "-i"])
        .arg(copied_program(sandbox))
        .args(words);
    command.current_dir("/");
    command
}

#[test]
fn a_user_without_a_home_is_told_which_option_helps() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::with(&[("f", "1")]);
    open_to_nobody(&sandbox);
    let tree = sandbox.tree();
    let tree = tree.to_str().unwrap();
    for words in [&["scan", tree][..], &["check"], &["log"]] {
        run(&stranger(&sandbox, words))
            .exits(2)
            .complains("--state-dir");
    }
    for words in [&["init"][..], &["config", "check"]] {
        run(&stranger(&sandbox, words))
            .exits(2)
            .complains("--config");
    }
}

#[test]
fn a_user_without_privileges_keeps_the_store_at_home() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    open_to_nobody(&sandbox);
    let state = |words: &[&str], xdg: Option<&Path>| {
        let mut command = Command::new(copied_program(&sandbox));
        command.args(words).env("HOME", sandbox.home());
        command.env_remove("XDG_CONFIG_HOME").current_dir("/");
        match xdg {
            Some(dir) => command.env("XDG_STATE_HOME", dir),
            None => command.env_remove("XDG_STATE_HOME"),
        };
        if waxseal_platform::host::is_privileged() {
            let nobody = [
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
            ];
            command = through(&nobody, &command);
        }
        run(&command)
    };
    let tree = sandbox.tree();
    let scan = ["scan", tree.to_str().unwrap()];
    state(&["check"], None)
        .exits(2)
        .complains(".local/state/waxseal");
    state(&scan, None).exits(0);
    assert!(
        sandbox
            .home()
            .join(".local/state/waxseal/baseline.db")
            .exists()
    );
    let elsewhere = sandbox.home().join("xdg/state");
    state(&["check"], Some(&elsewhere)).exits(2);
    state(&scan, Some(&elsewhere)).exits(0);
    assert!(elsewhere.join("waxseal/baseline.db").exists());
    // A relative one is to be ignored, says the specification.
    state(&["check"], Some(Path::new("relative"))).exits(0);
}
