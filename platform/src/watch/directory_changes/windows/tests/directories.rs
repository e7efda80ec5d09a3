//! Directories that come, go and move, with what is in them, and the watches on them.

use super::*;

#[test]
fn a_new_directory_is_covered_before_anybody_asks() {
    let mut watched = Watched::start();
    for (directory, name) in [("root/a", "root/a/f"), ("root/a/b", "root/a/b/g")] {
        watched.mkdir(directory);
        let told = watched.told();
        told.touched(&format!("{directory}/"), CREATED);
        assert!(watched.backend.covers(&watched.path(directory)));
        watched.write(name);
        watched
            .told()
            .touched(name, CREATED | WRITTEN)
            .nothing_lost();
    }
    let before = watched.backend.health().directories;
    // Covering it by hand changes nothing.
    watched.cover("root/a");
    assert_eq!(watched.backend.health().directories, before);
}

#[test]
fn what_is_made_at_once_is_told_or_found_by_whoever_walks() {
    let mut watched = Watched::start();
    watched.mkdir("root/a/b/c");
    watched.write("root/a/b/c/f");
    watched.told().touched("root/a/", CREATED);
    watched.cover_all("root/a");
    watched.told();
    watched.write("root/a/b/c/g");
    watched
        .told()
        .touched("root/a/b/c/g", CREATED)
        .nothing_lost();
}

#[test]
fn what_was_there_is_watched_once_it_is_covered() {
    let mut watched = Watched::start();
    watched.mkdir("outside/p/q");
    watched.write("outside/p/q/f");
    watched.rename("outside/p", "root/p");
    watched.told().went("", "root/p/");
    watched.cover_all("root/p");
    watched.told();
    fs::remove_file(watched.path("root/p/q/f")).unwrap();
    fs::remove_dir(watched.path("root/p/q")).unwrap();
    let told = watched.told();
    told.touched("root/p/q/f", DELETED)
        .touched("root/p/q/", DELETED);
    assert!(!watched.backend.covers(&watched.path("root/p/q")));
}

#[test]
fn a_renamed_directory_is_covered_by_its_new_name() {
    let mut watched = Watched::start();
    watched.mkdir("root/a/b");
    watched.write("root/a/b/f");
    watched.told();
    watched.cover_all("root");
    watched.rename("root/a", "root/z");
    watched.told().moved(&["root/a/ -> root/z/"]).nothing_lost();
    assert!(watched.backend.covers(&watched.path("root/z/b")));
    assert!(!watched.backend.covers(&watched.path("root/a")));
    // Away, with all that is in it.
    watched.rename("root/z", "outside/z");
    watched.told().went("root/z/", "").nothing_lost();
    assert!(!watched.backend.covers(&watched.path("root/z/b")));
}

#[test]
fn a_directory_above_makes_the_watches_below_needless() {
    let mut watched = Watched::start();
    watched.backend.forget(&watched.path(""));
    watched.mkdir("root/a/b");
    watched.mkdir("root/c");
    watched.cover("root/a/b");
    watched.cover("root/c");
    // These, and that of the canary.
    assert_eq!(watched.watches(), 3);
    watched.write("root/a/b/before");
    watched.cover("root");
    assert_eq!(watched.watches(), 2);
    watched.write("root/a/b/after");
    watched.write("root/c/after");
    let told = watched.told();
    told.touched("root/a/b/before", CREATED)
        .touched("root/a/b/after", CREATED)
        .touched("root/c/after", CREATED)
        .nothing_lost();
    // The others have come to their end by now.
    let deadline = Instant::now() + DEADLINE;
    while watched.backend.0.state().watches.len() > 2 {
        assert!(Instant::now() < deadline);
        watched.queue.read(Duration::from_millis(10)).unwrap();
    }
}

#[test]
fn what_leads_to_a_root_is_watched_by_itself() {
    let mut watched = Watched::start();
    let reach = |name: &str| {
        let state = watched.backend.0.state();
        state.translator.places.reach_at(&watched.path(name))
    };
    assert_eq!(reach(""), Some(Reach::Level));
    assert_eq!(reach("root"), Some(Reach::Tree));
    watched.mkdir("outside/d");
    watched.write("outside/d/f");
    let told = watched.told();
    told.not("outside/d/").not("outside/d/f");
}

#[test]
fn many_watches_become_one() {
    let watched = Watched::start();
    for number in 0..MOST_LEVELS + 5 {
        let name = format!("outside/{number}");
        watched.mkdir(&name);
        watched.cover(&name);
    }
    let state = watched.backend.0.state();
    let places = &state.translator.places;
    assert_eq!(places.reach_at(&watched.path("")), Some(Reach::Tree));
    assert!(places.covers(&watched.path("outside/0")));
    drop(state);
    // The tree, and the canary.
    assert_eq!(watched.watches(), 2);
}

#[test]
fn a_root_that_is_deleted_and_made_again_is_watched_again() {
    let mut watched = Watched::start();
    watched.write("root/f");
    watched.told();
    fs::remove_file(watched.path("root/f")).unwrap();
    fs::remove_dir(watched.path("root")).unwrap();
    let root = watched.path("root");
    let mut told = watched.told();
    if told.lost.is_empty() && root.exists() {
        eprintln!("skipped: this system (Wine) does not say that what is watched is to be deleted");
        watched.backend.forget(&root);
        told = watched.told_until(|signals| !signals.is_empty());
    }
    // By the directory that it was in, or by the watch itself, or by both.
    let is_deleted = |changes: &Changes| changes.contains(DELETED);
    let by_parent = |told: &Told| {
        let found = told.touched.iter();
        found
            .filter(|(name, _)| name.trim_end_matches('/') == "root")
            .any(|(_, (changes, _))| is_deleted(changes))
    };
    let by_itself = told.lost.iter().any(|(below, _)| below == "root");
    assert!(by_itself || by_parent(&told), "{told:#?}");
    assert!(!watched.backend.covers(&root));
    assert_eq!(watched.watches(), 2);
    let deadline = Instant::now() + DEADLINE;
    while let Err(error) = fs::create_dir(&root) {
        // Windows deletes it once nobody has it open.
        assert!(Instant::now() < deadline, "{error}");
        watched.queue.read(Duration::from_millis(10)).unwrap();
    }
    watched.told().touched("root/", CREATED);
    watched.cover("root");
    assert_eq!(watched.watches(), 3);
    watched.write("root/g");
    watched.told().touched("root/g", CREATED).nothing_lost();
    // Wine tells of streams nowhere, NTFS everywhere.
    let limits = watched.backend.health().limits;
    let shown = format!("{root:?}");
    let of_root = limits.iter().filter(|limit| limit.ends_with(&shown));
    assert!(of_root.count() <= 1, "{limits:?}");
}

#[test]
fn a_renamed_root_takes_its_watch_along() {
    let mut watched = Watched::start();
    watched.rename("root", "moved");
    let told = watched.told();
    // Nobody wants the new name, so it is covered no longer.
    told.moved(&["root/ -> moved/"]);
    assert!(!watched.backend.covers(&watched.path("moved")));
    assert_eq!(watched.watches(), 2);
}

#[test]
fn what_is_forgotten_is_not_told_and_comes_again() {
    let mut watched = Watched::start();
    watched.mkdir("root/d");
    watched.told();
    watched.backend.forget(&watched.path("root/d"));
    watched.write("root/d/f");
    watched.told().not("root/d/f");
    watched.cover("root/d");
    watched.write("root/d/g");
    watched.told().touched("root/d/g", CREATED);
    watched.backend.forget(&watched.path("root"));
    assert_eq!(watched.watches(), 2);
    watched.write("root/f");
    watched.told().not("root/f").nothing_lost();
}
