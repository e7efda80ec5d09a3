//! What happens to files in a covered directory.

use std::process::Stdio;

use super::*;

const CREATED: Changes = Changes::CREATED;
const WRITTEN: Changes = Changes::WRITTEN;
const CLOSED: Changes = Changes::CLOSED;
const ATTRIBUTES: Changes = Changes::ATTRIBUTES;
const DELETED: Changes = Changes::DELETED;

#[test]
fn a_file_is_followed_through_its_life() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    let file = "root/f";
    for (script, changes) in [
        ("echo a > root/f", &[CREATED, WRITTEN, CLOSED][..]),
        ("echo b >> root/f", &[WRITTEN, CLOSED]),
        ("truncate -s 1 root/f", &[WRITTEN, CLOSED]),
        ("chmod 600 root/f", &[ATTRIBUTES]),
        ("chown 1:1 root/f", &[ATTRIBUTES]),
        ("touch -d 2001-01-01 root/f", &[ATTRIBUTES, CLOSED]),
        ("ln root/f outside/other", &[]),
        ("rm root/f", &[DELETED]),
    ] {
        let told = watched.told_of(script);
        match changes {
            [] => told.touched(&[]),
            _ => told.touched(&[(file, changes)]),
        };
        told.moved(&[]).nothing_lost();
    }
    if watched.can("echo > outside/x && setfattr -n user.x -v y outside/x && mv outside/x root/x") {
        watched.told().moved(&[" -> root/x"]);
        let told = watched.told_of("setfattr -n user.x -v z root/x");
        told.touched(&[("root/x", &[ATTRIBUTES])]);
    }
}

#[test]
fn every_kind_of_name_appears() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    let told = watched.told_of("ln -s nowhere root/s; mkfifo root/p; mkdir root/d; touch root/f");
    told.touched(&[
        ("root/d/", &[CREATED]),
        ("root/f", &[CREATED, ATTRIBUTES, CLOSED]),
        ("root/p", &[CREATED]),
        ("root/s", &[CREATED]),
    ]);
    let told = watched.told_of("ln root/f root/g");
    told.touched(&[("root/g", &[CREATED])]);
    // Under the name that was used, not under the first one.
    let told = watched.told_of("echo > root/g");
    told.touched(&[("root/g", &[WRITTEN, CLOSED])]);
}

#[test]
fn odd_names_are_told_exactly() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    watched.sh(r#"touch "$(printf 'root/\377\n ..x')"; touch root/..."#);
    let told = watched.told();
    let odd = std::ffi::OsString::from(std::ffi::OsStr::new("root"));
    let odd = PathBuf::from(odd).join(crate::bytes::bytes_to_os(b"\xff\n ..x").unwrap());
    assert!(told.touched.contains_key(&odd), "{:?}", told.touched);
    assert!(told.touched.contains_key(Path::new("root/...")));
    let long = "n".repeat(255);
    let told = watched.told_of(&format!("touch root/{long}"));
    assert!(told.touched.contains_key(&Path::new("root").join(long)));
}

#[test]
fn a_rename_tells_both_ends() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    watched.sh("mkdir root/d; echo > root/a; echo > outside/o; echo > root/victim");
    watched.cover("root/d");
    watched.told();
    for (script, moved) in [
        ("mv root/a root/b", "root/a -> root/b"),
        ("mv root/b root/d/c", "root/b -> root/d/c"),
        ("mv root/d/c outside/c", "root/d/c -> "),
        ("mv outside/o root/o", " -> root/o"),
        ("mv root/o root/victim", "root/o -> root/victim"),
    ] {
        let told = watched.told_of(script);
        told.moved(&[moved]).touched(&[]).nothing_lost();
    }
}

#[test]
fn names_that_are_exchanged_are_two_renames() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    watched.sh("echo a > root/a; echo b > root/b");
    watched.told();
    let (a, b) = (watched.path("root/a"), watched.path("root/b"));
    let told = exchanged(&mut watched, &a, &b);
    told.moved(&["root/a -> root/b", "root/b -> root/a"])
        .nothing_lost();
}

/// Exchanges two names by a process that is not this one.
pub(super) fn exchanged(watched: &mut Watched, a: &Path, b: &Path) -> Told {
    let (a, b) = (a.to_owned(), b.to_owned());
    let mut child = Command::new("true");
    let exchange = move || {
        let flags = rustix::fs::RenameFlags::EXCHANGE;
        Ok(rustix::fs::renameat_with(
            rustix::fs::CWD,
            &a,
            rustix::fs::CWD,
            &b,
            flags,
        )?)
    };
    // SAFETY: between fork and exec it makes one system call; the paths are short enough to need
    // no allocation.
    unsafe { child.pre_exec(exchange) };
    assert!(child.status().unwrap().success());
    watched.told()
}

#[test]
fn what_is_not_covered_is_dropped_and_counted() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    watched.sh("mkdir root/d");
    watched.told();
    let before = watched.health().foreign_dropped;
    let told = watched
        .told_of("echo > outside/f; mkdir outside/d; mv outside/f outside/d; rm -r outside/d");
    told.touched(&[]).moved(&[]).nothing_lost();
    assert!(watched.health().foreign_dropped > before);
}

#[test]
fn what_we_do_ourselves_is_dropped_and_counted() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    let before = watched.health().own_dropped;
    fs::write(watched.path("root/own"), "x").unwrap();
    watched.told().touched(&[]);
    assert!(watched.health().own_dropped > before);
    // A process that is gone when its records are read is not named.
    let mut child = Command::new("sh");
    child.args(["-c", "echo > root/pid; cat"]);
    let mut child = child
        .current_dir(watched.path(""))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = watched.told();
    while told.pids.is_empty() {
        told = watched.told();
    }
    assert_eq!(told.pids, [child.id()]);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}
