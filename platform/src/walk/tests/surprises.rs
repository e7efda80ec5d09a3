//! What changes, is denied or leads in a circle while it is walked.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;
use crate::own_mounts::{mount, with_own_mounts};

/// Walks `root` and calls `meddle` once, when the root has been listed.
fn record_after(root: &Path, meddle: impl Fn() + Send) -> Recorder {
    record_while(root, move |listing| {
        if listing.depth == 0 {
            meddle();
        }
    })
}

#[test]
fn a_directory_that_vanished_is_reported() {
    let root = tree(&["a/", "b/"]);
    let a = root.path().join("a");
    let seen = record_after(root.path(), || fs::remove_dir(&a).unwrap());
    assert_eq!(
        seen.failed,
        [(a.clone(), WalkOp::Open, io::ErrorKind::NotFound, None)]
    );
    assert_eq!(seen.paths(), [root.path(), &root.path().join("b")]);
}

#[test]
fn a_directory_swapped_for_something_else_is_not_followed() {
    let outside = tree(&["secret"]);
    for swap in ["link", "file", "directory"] {
        let root = tree(&["a/", "b/"]);
        let a = root.path().join("a");
        let seen = record_after(root.path(), || {
            // Moved away, not removed: its inode number must not be given to the successor.
            fs::rename(&a, outside.path().join(swap)).unwrap();
            match swap {
                "link" => symlink(outside.path(), &a).unwrap(),
                "file" => fs::write(&a, "").unwrap(),
                _ => fs::create_dir(&a).unwrap(),
            }
        });
        let refusal = Some(Refusal::Replaced);
        assert_eq!(
            seen.failed,
            [(a, WalkOp::Open, io::ErrorKind::Other, refusal)],
            "{swap}"
        );
        assert_eq!(seen.paths(), [root.path(), &root.path().join("b")]);
    }
}

#[test]
fn a_parent_moved_away_does_not_lead_the_walk_astray() {
    let outside = tree(&["b/evil/"]);
    let root = tree(&["a/b/good/"]);
    let a = root.path().join("a");
    let seen = record_while(root.path(), |listing| {
        if listing.depth == 1 {
            fs::rename(&a, root.path().join("moved")).unwrap();
            symlink(outside.path(), &a).unwrap();
        }
    });
    assert_eq!(seen.failed, []);
    assert_eq!(seen.paths().last(), Some(&a.join("b/good").as_path()));
}

#[test]
fn a_walk_goes_on_while_the_tree_is_deleted_and_made_again() {
    let names: Vec<String> = (0..10)
        .flat_map(|a| (0..10).map(move |b| format!("{a}/{b}/c/")))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let root = tree(&names);
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                for name in &names {
                    let _ = fs::remove_dir_all(root.path().join(name).parent().unwrap());
                    fs::create_dir_all(root.path().join(name)).unwrap();
                }
            }
        });
        for round in 0..200 {
            let seen = record(root.path(), 1 + round % 3);
            for (path, _, kind, refusal) in &seen.failed {
                let is_expected = *kind == io::ErrorKind::NotFound || refusal.is_some();
                assert!(is_expected, "{}: {kind}", path.display());
            }
            let mut paths = seen.paths();
            paths.sort();
            paths.dedup();
            assert_eq!(paths.len(), seen.directories.len());
        }
        is_done.store(true, Ordering::Relaxed);
    });
}

/// Runs `test` on a thread that has no privileges, whoever started this program.
fn unprivileged(test: impl FnOnce() + Send) {
    let nobody: libc::uid_t = 65534;
    thread::scope(|scope| {
        scope.spawn(|| {
            if rustix::process::geteuid().is_root() {
                // SAFETY: takes plain numbers. The system call changes this thread only, and the
                // thread ends with the test.
                let status = unsafe { libc::syscall(libc::SYS_setresuid, nobody, nobody, nobody) };
                assert_eq!(status, 0);
            }
            test();
        });
    });
}

#[test]
fn denied_directories_are_reported_and_the_walk_goes_on() {
    let root = tree(&["a/x/", "blind/x/", "b/x/"]);
    let mode = |name: &str, bits| {
        fs::set_permissions(root.path().join(name), fs::Permissions::from_mode(bits)).unwrap();
    };
    mode("", 0o755);
    mode("a", 0o000);
    mode("blind", 0o444);
    let mut seen = Recorder::default();
    unprivileged(|| seen = record(root.path(), 1));
    mode("a", 0o755);
    mode("blind", 0o755);
    let denied = (
        root.path().join("a"),
        WalkOp::Open,
        io::ErrorKind::PermissionDenied,
        None,
    );
    assert_eq!(seen.failed, [denied]);
    let expected = ["", "b", "b/x", "blind"].map(|name| root.path().join(name));
    assert_eq!(
        seen.paths(),
        expected.iter().map(PathBuf::as_path).collect::<Vec<_>>()[..]
    );
    // It may be listed but not entered, so nothing is known about what is in it.
    let hidden = seen
        .entries
        .iter()
        .find(|(path, _)| path.ends_with("blind/x"))
        .unwrap();
    assert_eq!(hidden.1, None);
}

#[test]
fn a_loop_of_mounts_is_reported_and_ends() {
    let root = tree(&["a/b/", "a/c/", "tmp/"]);
    with_own_mounts(|| {
        let tmp = root.path().join("tmp");
        mount(Path::new("none"), &tmp, c"tmpfs", 0);
        fs::create_dir(tmp.join("back")).unwrap();
        // Within one device, and back again from another one.
        mount(root.path(), &root.path().join("a/b"), c"", libc::MS_BIND);
        mount(root.path(), &tmp.join("back"), c"", libc::MS_BIND);
        let seen = record(root.path(), 1);
        let refused: Vec<_> = seen
            .failed
            .iter()
            .map(|(path, .., refusal)| (path, *refusal))
            .collect();
        let refusal = Some(Refusal::Loop);
        let looped = ["a/b", "tmp/back"].map(|name| root.path().join(name));
        assert_eq!(refused, [(&looped[0], refusal), (&looped[1], refusal)]);
        let expected = ["", "a", "a/c", "tmp"].map(|name| root.path().join(name));
        assert_eq!(
            seen.paths(),
            expected.iter().map(PathBuf::as_path).collect::<Vec<_>>()[..]
        );
    });
}

#[test]
fn one_file_system_stops_at_mounts() {
    let root = tree(&["a/", "tmp/"]);
    with_own_mounts(|| {
        let tmp = root.path().join("tmp");
        mount(Path::new("none"), &tmp, c"tmpfs", 0);
        fs::create_dir(tmp.join("x")).unwrap();
        for one_file_system in [false, true] {
            let walk = Walk::new(vec![root.path().to_owned()]).one_file_system(one_file_system);
            let seen = merge(walk.run(|_| Recorder::default()).unwrap());
            assert_eq!(seen.failed, []);
            assert_eq!(
                seen.paths().contains(&tmp.join("x").as_path()),
                !one_file_system
            );
            // The recorder makes a task of what it may not descend into.
            assert_eq!(seen.tasks.contains(&tmp), one_file_system);
        }
    });
}
