use super::*;
use crate::stat::{InodeFlags, Timestamp};

fn stat(kind: Kind, inode: u64) -> Stat {
    Stat {
        kind,
        device: 1,
        inode,
        mode: 0o755,
        links: 2,
        uid: 0,
        gid: 0,
        rdev: 0,
        size: 0,
        blocks: 0,
        accessed: Timestamp::default(),
        modified: Timestamp::default(),
        changed: Timestamp::default(),
        created: None,
        flags: InodeFlags::default(),
    }
}

/// Covers `/d`, which is 1, and `/d/e`, which is 2, of the tree `/d`.
fn translator() -> Translator {
    let mut translator = Translator::new(PathBuf::from("/state/canary/fsevents"));
    for (path, inode) in [("/d", 1), ("/d/e", 2)] {
        let identity = Identity::from(&stat(Kind::Directory, inode));
        translator.covered.insert(Path::new(path), identity);
    }
    translator.roots.insert(Path::new("/d"), 1);
    translator
}

fn touched(path: &str, changes: Changes, is_directory: Option<bool>) -> Told {
    Told::Touched {
        path: PathBuf::from(path),
        changes,
        is_directory,
    }
}

fn renamed(path: &str) -> Told {
    Told::Renamed {
        path: PathBuf::from(path),
    }
}

fn nothing(_: &Path) -> Option<Stat> {
    None
}

#[track_caller]
fn told(meaning: Meaning) -> (PathBuf, Changes, bool) {
    match meaning {
        Meaning::Signal(Signal::Touched {
            path,
            changes,
            is_directory,
            actor: None,
        }) => (path, changes, is_directory),
        other => panic!("{other:?} is no touch"),
    }
}

#[test]
fn what_is_in_a_covered_directory_is_told_and_nothing_else() {
    let mut translator = translator();
    let written = Changes::WRITTEN;
    let meaning = translator.translate(touched("/d/e/f", written, Some(false)), nothing);
    assert_eq!(told(meaning), (PathBuf::from("/d/e/f"), written, false));
    // The directory itself.
    let meaning = translator.translate(touched("/d", Changes::ATTRIBUTES, None), nothing);
    assert_eq!(
        told(meaning),
        (PathBuf::from("/d"), Changes::ATTRIBUTES, true)
    );
    for foreign in ["/d/x/f", "/d/e/g/f", "/de", "/other"] {
        let meaning = translator.translate(touched(foreign, written, None), nothing);
        assert!(matches!(meaning, Meaning::Foreign), "{foreign}");
    }
}

#[test]
fn the_canary_is_heard_and_what_is_beside_it_is_our_own() {
    let mut translator = translator();
    let canary = touched("/state/canary/fsevents", Changes::WRITTEN, Some(false));
    assert!(matches!(
        translator.translate(canary, nothing),
        Meaning::Signal(Signal::Alive {
            backend: BackendKind::FsEvents
        })
    ));
    let beside = touched("/state/canary/other", Changes::WRITTEN, Some(false));
    assert!(matches!(
        translator.translate(beside, nothing),
        Meaning::Own
    ));
}

#[test]
fn a_directory_that_left_is_covered_no_longer_with_all_below() {
    let mut translator = translator();
    let meaning = translator.translate(renamed("/d"), nothing);
    let (_, changes, is_directory) = told(meaning);
    assert!(changes.contains(Changes::DELETED) && is_directory);
    assert_eq!(translator.covered.len(), 0);
}

#[test]
fn a_directory_that_arrives_is_to_be_walked() {
    let mut translator = translator();
    let look = |_: &Path| Some(stat(Kind::Directory, 7));
    let (path, changes, is_directory) = told(translator.translate(renamed("/d/new"), look));
    assert_eq!(path, Path::new("/d/new"));
    assert!(changes.contains(Changes::CREATED) && is_directory);
}

#[test]
fn another_directory_of_the_same_name_is_not_the_covered_one() {
    let mut translator = translator();
    // Removed and made again: one event says both, `notify` tells the removal last.
    let look = |_: &Path| Some(stat(Kind::Directory, 9));
    let removed = touched("/d/e", Changes::DELETED, Some(true));
    let (_, changes, is_directory) = told(translator.translate(removed, look));
    assert!(changes.contains(Changes::CREATED) && is_directory);
    assert!(!translator.covered.contains(Path::new("/d/e")));
}

#[test]
fn a_directory_that_is_still_there_stays_covered() {
    let mut translator = translator();
    // Flags of long ago come again with a new one.
    let look = |_: &Path| Some(stat(Kind::Directory, 2));
    translator.translate(touched("/d/e", Changes::CREATED, Some(true)), look);
    assert!(translator.covered.contains(Path::new("/d/e")));
}

#[test]
fn a_root_that_changed_is_in_doubt_and_asked_for_again() {
    let mut translator = translator();
    let path = PathBuf::from("/d");
    let meaning = translator.translate(Told::RootChanged { path }, nothing);
    assert!(matches!(
        meaning,
        Meaning::Signal(Signal::Lost {
            below: Some(below),
            reason: LostReason::Renamed
        }) if below == Path::new("/d")
    ));
    assert!(!translator.roots.have(Path::new("/d"), 1));
    assert_eq!(translator.covered.len(), 0);
}

#[test]
fn what_was_dropped_counts_where_something_is_covered() {
    let mut translator = translator();
    let mut dropped = |below: Option<&str>| {
        let below = below.map(PathBuf::from);
        let reason = LostReason::Overflow;
        translator.translate(Told::Lost { below, reason }, nothing)
    };
    for lost in [None, Some("/"), Some("/d"), Some("/d/e"), Some("/d/new")] {
        let meaning = dropped(lost);
        assert!(
            matches!(meaning, Meaning::Signal(Signal::Lost { .. })),
            "{lost:?}"
        );
    }
    assert!(matches!(dropped(Some("/other")), Meaning::Foreign));
}

#[test]
fn mounts_are_losses() {
    let mut translator = translator();
    let path = PathBuf::from("/d/e");
    let mounted = translator.translate(Told::Mounted { path: path.clone() }, nothing);
    assert!(matches!(
        mounted,
        Meaning::Signal(Signal::Lost {
            reason: LostReason::Mounted,
            ..
        })
    ));
    let unmounted = translator.translate(Told::Unmounted { path }, nothing);
    assert!(matches!(
        unmounted,
        Meaning::Signal(Signal::Lost {
            reason: LostReason::Unmounted,
            ..
        })
    ));
}
