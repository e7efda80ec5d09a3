//! Places that modes, owners, links and file systems of Unix make unfit.

use std::fs;
use std::path::Path;
use std::process::Command;

use waxseal_platform::dir::Dir;

use super::super::places::refusal;
use super::super::{Place, put};
use super::is_root;
use crate::baseline::state_dir::StateDir;
use crate::baseline::{Baseline, BaselineError, Reader};

/// Runs a program that is there on every Unix; says whether it succeeded.
fn run(program: &str, arguments: &[&str], path: &Path) -> bool {
    let status = Command::new(program).args(arguments).arg(path).status();
    status.is_ok_and(|status| status.success())
}

#[test]
fn everything_is_private() {
    let place = Place::new();
    let mut store = place.open();
    put(&mut store, &[("/a/b", 1)]);
    let reader = store.reader().unwrap();
    assert_eq!(reader.counts().unwrap().trusted, 1);
    let dir = Dir::open(&place.state_dir).unwrap();
    assert_eq!(dir.stat().unwrap().mode, 0o700);
    let mut names = Vec::new();
    for entry in dir.list().unwrap() {
        assert_eq!(entry.stat.unwrap().mode, 0o600, "{:?}", entry.name);
        names.push(entry.name);
    }
    assert_eq!(
        names,
        [
            "baseline.db",
            "baseline.db-shm",
            "baseline.db-wal",
            "waxseal.lock"
        ]
    );
    drop(reader);
    store.close().unwrap();
    let entries = dir.list().unwrap();
    let names: Vec<_> = entries.iter().map(|entry| &entry.name).collect();
    assert_eq!(names, ["baseline.db", "baseline.sum", "waxseal.lock"]);
    assert!(
        entries
            .iter()
            .all(|entry| entry.stat.as_ref().unwrap().mode == 0o600)
    );
}

#[test]
fn writable_by_others_is_refused() {
    let place = Place::new();
    place.open().close().unwrap();
    for (path, open, closed) in [
        (&place.state_dir, "0770", "0700"),
        (&place.db(), "0602", "0600"),
    ] {
        assert!(run("chmod", &[open], path));
        for error in [
            refusal(&place.state_dir),
            Reader::open(&place.state_dir).map(drop).unwrap_err(),
        ] {
            assert!(matches!(error, BaselineError::Permission { .. }), "{error}");
            assert!(error.to_string().contains("chmod"), "{error}");
        }
        assert!(run("chmod", &[closed], path));
        place.open().close().unwrap();
    }
}

#[test]
fn a_link_in_place_of_the_store_is_refused() {
    let place = Place::new();
    let real = Place::new();
    real.open().close().unwrap();
    for name in ["baseline.db", "waxseal.lock", "baseline.sum"] {
        let _ = fs::remove_dir_all(&place.state_dir);
        place.open().close().unwrap();
        let link = place.file(name);
        fs::remove_file(&link).unwrap();
        if !run("ln", &["-s", &real.db().display().to_string()], &link) {
            eprintln!("skipped: needs symbolic links");
            return;
        }
        let error = refusal(&place.state_dir);
        assert!(
            matches!(error, BaselineError::Permission { .. }),
            "{name}: {error}"
        );
        assert!(error.to_string().contains("link"), "{error}");
    }
}

#[test]
fn a_directory_or_file_of_somebody_else_is_refused() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    place.open().close().unwrap();
    for path in [&place.state_dir, &place.db()] {
        assert!(run("chown", &["12345"], path));
        let error = refusal(&place.state_dir);
        assert!(matches!(error, BaselineError::Permission { .. }), "{error}");
        assert!(error.to_string().contains("12345"), "{error}");
        assert!(run("chown", &["0"], path));
    }
    place.open().close().unwrap();
}

#[test]
fn a_pseudo_filesystem_is_refused() {
    let proc = Path::new("/proc/self");
    if !proc.exists() {
        eprintln!("skipped: needs /proc");
        return;
    }
    let error = StateDir::at(proc).unwrap().verify_filesystem().unwrap_err();
    assert!(
        error.to_string().contains("pseudo filesystem (proc)"),
        "{error}"
    );
}

#[test]
fn a_name_with_a_question_mark_names_a_directory_and_no_parameters() {
    let place = Place::new();
    let odd = place.state_dir.with_file_name("it?mode=ro#1");
    let mut store = Baseline::open(&odd).unwrap();
    put(&mut store, &[("/a/b", 1)]);
    store.close().unwrap();
    assert_eq!(Reader::open(&odd).unwrap().counts().unwrap().trusted, 1);
}
