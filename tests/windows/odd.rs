//! Names and files that are odd on Windows: each a clear message or event, nothing hung, nothing lost.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use crate::util::Sandbox;

/// Returns a path in the tree by which every name is taken as it is.
fn verbatim(sandbox: &Sandbox, name: &str) -> PathBuf {
    let mut path = OsString::from(r"\\?\");
    path.push(sandbox.path(name));
    PathBuf::from(path)
}

/// Scans, and returns what is told of what is in the tree: action and name.
fn told_inside(sandbox: &Sandbox) -> Vec<(String, String)> {
    let scan = sandbox.ndjson("scan", &[]);
    let changes = scan.changes().into_iter();
    let about_files = changes.filter_map(|(action, path)| Some((action, sandbox.name(&path)?)));
    about_files.filter(|(_, name)| !name.is_empty()).collect()
}

#[test]
fn names_that_programs_here_cannot_open_are_watched_like_others() {
    let sandbox = Sandbox::with(&[("plain", "1")]);
    let odd = ["CON", "file ", "file."];
    for name in odd {
        fs::write(verbatim(&sandbox, name), "before").unwrap();
    }
    sandbox.baseline();
    for name in odd {
        fs::write(verbatim(&sandbox, name), "after it").unwrap();
    }
    let updated = odd.map(|name| ("updated".to_owned(), name.to_owned()));
    assert_eq!(told_inside(&sandbox), updated);
    fs::remove_file(verbatim(&sandbox, "CON")).unwrap();
    assert_eq!(
        told_inside(&sandbox),
        [("deleted".to_owned(), "CON".to_owned())]
    );
}

#[test]
fn a_name_that_only_looks_like_another_is_not_taken_for_it() {
    let sandbox = Sandbox::with(&[("dir/file", "1"), ("name", "2")]);
    for missing in ["dir.", "name ", "CON"] {
        let scan = sandbox.waxseal(&["scan", sandbox.path(missing).to_str().unwrap()]);
        scan.exits(2);
    }
    fs::create_dir(verbatim(&sandbox, "dir.")).unwrap();
    fs::write(verbatim(&sandbox, r"dir.\other"), "before").unwrap();
    sandbox.waxseal(&["scan", "dir."]).exits(0);
    fs::write(verbatim(&sandbox, r"dir.\other"), "after it").unwrap();
    sandbox.write("dir/file", "nobody watches this");
    // However the way there is written.
    for way in [r"dir\..\dir.", r".\dir.\."] {
        let check = sandbox.waxseal(&["check", "--format=ndjson", way]).exits(1);
        let told = check.changes();
        assert!(
            told.iter().all(|(_, path)| path.contains(r"\dir.\")),
            "{told:?}"
        );
    }
    let scan = sandbox.waxseal(&["scan", "--format=ndjson"]);
    let told: Vec<Option<String>> = scan
        .changes()
        .iter()
        .map(|(_, path)| sandbox.name(path))
        .collect();
    assert_eq!(told, [Some("dir./other".to_owned())]);
    fs::remove_dir_all(verbatim(&sandbox, "dir.")).unwrap();
    let gone = sandbox.waxseal(&["scan", "--format=ndjson"]).changes();
    assert_eq!(gone.len(), 2, "{gone:?}");
    assert!(
        gone.iter().all(|(action, _)| action == "deleted"),
        "{gone:?}"
    );
}

#[test]
fn what_no_file_can_be_called_is_a_mistake() {
    let sandbox = Sandbox::with(&[("file", "1")]);
    sandbox.baseline();
    for path in ["a*", "file:stream", "a|b", r"sub\x:y"] {
        for verb in ["scan", "check", "explain"] {
            let run = sandbox.waxseal(&[verb, path]).exits(2);
            run.complains("no file can be called");
        }
    }
    let config = sandbox.home().join("waxseal.toml");
    for (path, reason) in [
        ("C:/t:stream", "no file can be called"),
        ("C:/xx/yy:stream", "no file can be called"),
        ("//./C:/t", "names a device"),
        ("//?/Volume{1}/t", "names a device"),
    ] {
        fs::write(
            &config,
            format!("[[monitor]]\nname = \"m\"\npaths = [{path:?}]\n"),
        )
        .unwrap();
        let check = sandbox.waxseal(&["config", "check", config.to_str().unwrap()]);
        check.exits(2).complains(reason);
    }
}

#[test]
fn a_configured_path_may_begin_as_the_interface_has_it() {
    let sandbox = Sandbox::with(&[("file", "1")]);
    let config = sandbox.home().join("waxseal.toml");
    let tree = verbatim(&sandbox, "");
    fs::write(
        &config,
        format!("[[monitor]]\nname = \"m\"\npaths = [{tree:?}]\n"),
    )
    .unwrap();
    let config = format!("--config={}", config.display());
    sandbox
        .waxseal(&["scan", &config])
        .exits(0)
        .says("of 2 paths");
    sandbox.write("file", "changed");
    let scan = sandbox
        .waxseal(&["scan", &config, "--format=ndjson"])
        .exits(1);
    let path = sandbox.path("file").to_str().unwrap().to_owned();
    assert!(
        scan.changes().contains(&("updated".to_owned(), path)),
        "{}",
        scan.stdout
    );
}

#[test]
fn a_path_beyond_260_characters_is_watched() {
    let sandbox = Sandbox::new();
    let mut name = "a directory whose name has forty letters".to_owned();
    for _ in 0..8 {
        name.push_str(r"\a directory whose name has forty letters");
    }
    fs::create_dir_all(verbatim(&sandbox, &name)).unwrap();
    let file = format!(r"{name}\file");
    fs::write(verbatim(&sandbox, &file), "before").unwrap();
    sandbox.baseline();
    fs::write(verbatim(&sandbox, &file), "after it").unwrap();
    let expected = ("updated".to_owned(), file.replace('\\', "/"));
    assert_eq!(told_inside(&sandbox), [expected]);
}

#[test]
fn a_file_that_is_open_to_nobody_else_is_told_and_not_lost() {
    let sandbox = Sandbox::with(&[("locked", "1"), ("other", "2")]);
    sandbox.baseline();
    let mut alone = OpenOptions::new();
    let locked = alone
        .write(true)
        .share_mode(0)
        .open(sandbox.path("locked"))
        .unwrap();
    let scan = sandbox.ndjson("scan", &["--full"]).exits(3);
    assert_eq!(scan.changes(), []);
    assert!(scan.stderr.contains("locked"), "{}", scan.stderr);
    drop(locked);
    sandbox.ndjson("scan", &["--full"]).exits(0);
    sandbox.write("locked", "changed");
    assert_eq!(
        told_inside(&sandbox),
        [("updated".to_owned(), "locked".to_owned())]
    );
}

#[test]
fn a_drive_that_is_not_there_is_an_error_with_its_name() {
    let sandbox = Sandbox::with(&[("file", "1")]);
    sandbox
        .waxseal(&["scan", r"Q:\nowhere"])
        .exits(2)
        .complains(r"Q:\nowhere");
}

#[test]
fn a_path_without_a_drive_is_that_of_the_current_one() {
    let sandbox = Sandbox::with(&[("sub/file", "1")]);
    sandbox.waxseal(&["scan", "sub"]).exits(0);
    sandbox.write("sub/file", "changed");
    let told = sandbox
        .waxseal(&["scan", "--format=ndjson", "sub"])
        .exits(1)
        .changes();
    let path = sandbox.path(r"sub\file").to_str().unwrap().to_owned();
    assert!(told.contains(&("updated".to_owned(), path)), "{told:?}");
}
