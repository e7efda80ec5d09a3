//! File systems mounted below what is covered, and directories seen at several places. Each test
//! has mounts of its own, which end with its thread.

use std::thread;

use super::*;

const FILE: &[Changes] = &[Changes::CREATED, Changes::WRITTEN, Changes::CLOSED];

/// Runs `test` on a thread with mounts of its own; without the right to that it is skipped.
fn with_own_mounts(test: impl FnOnce(&mut Watched) + Send) {
    let run = || {
        // SAFETY: takes a plain number; it changes this thread only, which ends with the test.
        let status = unsafe { libc::unshare(libc::CLONE_FS | libc::CLONE_NEWNS) };
        if status != 0 {
            eprintln!("skipped: needs root");
            return None;
        }
        let child = Command::new("mount")
            .args(["--make-rprivate", "/"])
            .status();
        if !child.is_ok_and(|status| status.success()) {
            eprintln!("skipped: needs mount");
            return None;
        }
        let mut watched = Watched::start()?;
        test(&mut watched);
        Some(watched)
    };
    // The temporary directory is removed where nothing is mounted in it.
    let watched = thread::scope(|scope| scope.spawn(run).join());
    drop(watched.unwrap_or_else(|cause| std::panic::resume_unwind(cause)));
}

fn lost(watched: &mut Watched) -> Vec<(Option<PathBuf>, LostReason)> {
    let is_lost = |signal: &Signal| matches!(signal, Signal::Lost { .. });
    watched
        .told_until(|signals| signals.iter().any(is_lost))
        .lost
}

#[test]
fn a_file_system_comes_and_goes() {
    with_own_mounts(|watched| {
        watched.sh("mkdir -p root/a/b");
        watched.told();
        let place = || Some(PathBuf::from("root/a"));
        watched.sh("mount -t tmpfs none root/a");
        assert_eq!(lost(watched), [(place(), LostReason::Mounted)]);
        assert_eq!(watched.health().directories, 1);
        watched.cover("root/a");
        let told = watched.told_of("echo x > root/a/f; mkdir root/a/d; echo x > root/a/d/f");
        told.touched(&[
            ("root/a/f", FILE),
            ("root/a/d/", &[Changes::CREATED]),
            ("root/a/d/f", FILE),
        ]);
        watched.sh("umount root/a");
        assert_eq!(lost(watched), [(place(), LostReason::Unmounted)]);
        // What is there now was forgotten when it was hidden, and is covered anew.
        watched.cover("root/a");
        let told = watched.told_of("echo x > root/a/f; echo x > root/a/b/f");
        told.touched(&[("root/a/f", FILE)]);
        // Nothing of this concerns anybody.
        watched.sh("mount -t tmpfs none outside; umount outside");
        for queue in &mut watched.queues {
            queue.read(Duration::from_millis(1)).unwrap();
        }
        watched.told().nothing_lost();
    });
}

#[test]
fn a_place_with_two_paths_is_told_under_both() {
    with_own_mounts(|watched| {
        watched.sh("mkdir -p root/a/d root/other outside/bound; mount --bind root/a root/other");
        lost(watched);
        watched.cover("root/a");
        watched.cover("root/a/d");
        watched.cover("root/other");
        watched.cover("root/other/d");
        let told =
            watched.told_of("echo x > root/a/f; echo x > root/other/d/g; mv root/a/f root/a/h");
        told.touched(&[
            ("root/a/d/g", FILE),
            ("root/a/f", FILE),
            ("root/other/d/g", FILE),
            ("root/other/f", FILE),
        ]);
        let mut moved = told.moved;
        moved.sort();
        let moved_in = |place: &str| {
            let path = |name| Some(PathBuf::from(format!("root/{place}/{name}")));
            (path("f"), path("h"), false)
        };
        assert_eq!(moved, [moved_in("a"), moved_in("other")]);
        let told = watched.told_of("mv root/a/d root/a/e; echo x > root/a/e/i");
        told.touched(&[("root/a/e/i", FILE), ("root/other/e/i", FILE)]);
        watched.sh("umount root/other");
        lost(watched);
        let told = watched.told_of("echo y > root/a/h");
        let changes = &[Changes::WRITTEN, Changes::CLOSED];
        told.touched(&[("root/a/h", changes)]).nothing_lost();
    });
}

#[test]
fn a_place_bound_elsewhere_stays_when_its_source_is_renamed() {
    with_own_mounts(|watched| {
        watched
            .sh("mkdir -p outside/source/d root/bound; mount --bind outside/source/d root/bound");
        lost(watched);
        watched.cover("root/bound");
        let told =
            watched.told_of("mv outside/source/d outside/source/e; mv outside/source outside/x");
        told.nothing_lost().moved(&[]);
        let told = watched.told_of("echo x > outside/x/e/f");
        told.touched(&[("root/bound/f", FILE)]);
    });
}

#[test]
fn an_overlay_is_covered_directory_by_directory() {
    with_own_mounts(|watched| {
        watched.sh("mkdir root/m; mount -t tmpfs none outside; mkdir -p outside/low/d/e outside/up outside/work; echo x > outside/low/old");
        let overlay = "mount -t overlay none -o lowerdir=outside/low,upperdir=outside/up,workdir=outside/work root/m";
        if !watched.can(overlay) {
            return;
        }
        lost(watched);
        for name in ["root/m", "root/m/d", "root/m/d/e"] {
            watched.cover(name);
        }
        let told = watched.told_of("echo x > root/m/d/e/f; echo y >> root/m/old; mkdir root/m/new");
        told.touched(&[
            ("root/m/d/e/f", FILE),
            ("root/m/new/", &[Changes::CREATED]),
            ("root/m/old", &[Changes::WRITTEN, Changes::CLOSED]),
        ]);
        // A new directory needs a mark, which whoever covers it makes.
        watched.cover("root/m/new");
        let told = watched.told_of(
            "echo x > root/m/new/g; mv root/m/new root/m/d/moved; echo x > root/m/d/moved/h",
        );
        told.moved(&["root/m/new/ -> root/m/d/moved/"]);
        told.touched(&[("root/m/new/g", FILE), ("root/m/d/moved/h", FILE)]);
        let limits = watched.health().limits;
        assert!(
            limits.iter().any(|limit| limit.contains("root/m")),
            "{limits:?}"
        );
        watched.watcher.forget(&watched.path("root/m/d"));
        let told = watched.told_of("echo x > root/m/d/e/again; chmod 700 root/m/d/moved");
        told.touched(&[]);
    });
}
