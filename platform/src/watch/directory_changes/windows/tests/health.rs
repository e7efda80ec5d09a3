//! Overflow, the canary, floods, and what a backend tells of itself.

use super::*;
use crate::watch::{Coverage, Watcher};

#[test]
fn an_overflow_is_told_and_the_watch_goes_on() {
    let mut watched = Watched::start();
    watched.mkdir("root/d");
    watched.told();
    let name = "n".repeat(100);
    // Nobody reads, and 64 KiB hold some three hundred of such names.
    for number in 0..800 {
        watched.write(&format!("root/d/{name}{number}"));
    }
    let is_overflow = |signal: &Signal| {
        matches!(
            signal,
            Signal::Lost {
                reason: LostReason::Overflow,
                ..
            }
        )
    };
    let told = watched.told_until(|signals| signals.iter().any(is_overflow));
    let overflow = ("root".to_owned(), LostReason::Overflow);
    assert!(told.lost.contains(&overflow), "{:?}", told.lost);
    watched.told();
    assert!(watched.backend.health().overflows > 0);
    assert!(watched.backend.covers(&watched.path("root")));
    watched.cover_all("root");
    watched.write("root/d/after");
    let told = watched.told();
    told.touched("root/d/after", CREATED).nothing_lost();
}

#[test]
fn a_flood_is_told_to_the_last_file() {
    const FILES: usize = 2_000;
    let mut watched = Watched::start();
    let path = watched.path("root");
    let writer = std::thread::spawn(move || {
        for number in 0..FILES {
            fs::write(path.join(format!("f{number}")), "x").unwrap();
        }
    });
    let mut names = std::collections::BTreeSet::new();
    let mut lost = 0;
    let deadline = Instant::now() + DEADLINE;
    while !writer.is_finished() {
        assert!(Instant::now() < deadline);
        watched.queue.read(Duration::from_millis(10)).unwrap();
    }
    writer.join().unwrap();
    let told = watched.told();
    names.extend(told.touched.into_keys());
    lost += told.lost.len();
    // What was lost is looked at by whoever hears of it.
    assert!(
        names.len() == FILES || lost > 0,
        "{} of {FILES}",
        names.len()
    );
    eprintln!("{} files told of, {lost} overflows", names.len());
}

#[test]
fn the_canary_is_heard_each_time() {
    let mut watched = Watched::start();
    for _ in 0..3 * CANARIES {
        assert_eq!(watched.told().touched.len(), 0);
    }
    let left = fs::read_dir(watched.path("canary")).unwrap().count();
    assert_eq!(left, 0);
    // One that was left there by a process that was killed is in nobody's way.
    for number in 0..CANARIES {
        watched.write(&format!("canary/read-directory-changes-{number}"));
    }
    watched.told();
}

#[test]
fn a_canary_that_cannot_be_heard_is_an_error() {
    let mut watched = Watched::start();
    watched.backend.0.state().call_off(CANARY);
    let deadline = Instant::now() + DEADLINE;
    let error = loop {
        assert!(Instant::now() < deadline);
        if let Err(error) = watched.queue.read(Duration::from_millis(10)) {
            break error;
        }
    };
    assert!(error.to_string().contains("canaries"), "{error}");
}

#[test]
fn our_own_files_are_not_told() {
    let mut watched = Watched::start_with(|options| {
        let state = options.canary_dir.parent().unwrap().join("root");
        options.quiet_dir = Some(state);
    });
    watched.write("root/store");
    let told = watched.told();
    let (changes, _) = told.touched["root/store"];
    assert!(changes.contains(CREATED) && !changes.contains(WRITTEN));
    assert!(watched.backend.health().own_dropped > 0);
}

#[test]
fn what_cannot_be_watched_is_refused_with_the_reason() {
    let watched = Watched::start();
    watched.write("outside/file");
    for name in ["outside/file", "outside/nothing"] {
        let refused = watched.backend.cover_at(&watched.path(name), (0, 0));
        let reason = refused.unwrap_err().reason;
        assert!(reason.contains("cannot watch"), "{reason}");
        assert!(!watched.backend.covers(&watched.path(name)));
    }
    assert_eq!(watched.watches(), 3);
}

#[test]
fn another_directory_at_the_path_is_not_taken_for_the_one_that_is_meant() {
    let watched = Watched::start();
    let outside = watched.path("outside");
    let dir = Dir::open(&outside).unwrap();
    watched.rename("outside", "former");
    watched.mkdir("outside");
    let refused = watched.backend.cover(&dir, &outside).unwrap_err();
    assert!(refused.reason.contains("another"), "{}", refused.reason);
    assert!(!watched.backend.covers(&outside));
    watched
        .backend
        .cover(&dir, &watched.path("former"))
        .unwrap();
}

#[test]
fn a_watcher_of_this_system_covers_by_this_backend() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("root");
    fs::create_dir(&root).unwrap();
    let mut options = Options::new(temp.path().join("state").join("canary"));
    assert_eq!(options.backends, [BackendKind::ReadDirectoryChanges]);
    options.backends = BackendKind::ALL.to_vec();
    fs::create_dir(temp.path().join("state")).unwrap();
    let hear: crate::watch::Hear = Arc::new(|_, _| {});
    let watcher = Watcher::start(options, Arc::new(|_: &Path| true), hear).unwrap();
    let dir = Dir::open(&root).unwrap();
    assert_eq!(watcher.cover(&dir, &root), Coverage::ReadDirectoryChanges);
    let covering = watcher.covering(&root);
    assert_eq!(covering, Some(BackendKind::ReadDirectoryChanges));
    for health in watcher.health() {
        let is_here = health.kind == BackendKind::ReadDirectoryChanges;
        assert_eq!(health.unusable.is_none(), is_here, "{health:?}");
    }
    assert_eq!(watcher.queues().len(), 1);
}

#[test]
fn health_counts_what_is_covered() {
    let mut watched = Watched::start();
    watched.write("root/f");
    watched.told();
    let health = watched.backend.health();
    assert_eq!(health.kind, BackendKind::ReadDirectoryChanges);
    assert_eq!(health.kind.name(), "read_directory_changes");
    assert_eq!(health.directories, 2);
    assert!(health.signals > 0);
    assert_eq!(health.unusable, None);
    assert!(health.limits[0].contains("who made a change"));
}

#[test]
fn everything_can_be_dropped_while_records_come() {
    for _ in 0..5 {
        let watched = Watched::start();
        for number in 0..50 {
            watched.write(&format!("root/f{number}"));
        }
        let Watched {
            backend,
            queue,
            temp,
            ..
        } = watched;
        let shared = Arc::downgrade(&backend.0);
        drop(backend);
        drop(queue);
        assert!(shared.upgrade().is_none());
        temp.close().unwrap();
    }
}
