//! Directories that come, go and move, with what is in them.

use super::files::exchanged;
use super::*;

const FILE: &[Changes] = &[Changes::CREATED, Changes::WRITTEN, Changes::CLOSED];
const CREATED: &[Changes] = &[Changes::CREATED];
const DELETED: &[Changes] = &[Changes::DELETED];

#[test]
fn a_new_directory_is_covered_before_anybody_asks() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    let told = watched.told_of("mkdir -p root/a/b/c; echo x > root/a/b/c/f; echo x > root/a/g");
    told.touched(&[
        ("root/a/", CREATED),
        ("root/a/b/", CREATED),
        ("root/a/b/c/", CREATED),
        ("root/a/b/c/f", FILE),
        ("root/a/g", FILE),
    ]);
    assert_eq!(watched.health().directories, 4);
    // Covering it by hand changes nothing.
    watched.cover("root/a");
    assert_eq!(watched.health().directories, 4);
}

#[test]
fn a_directory_nobody_wants_stays_uncovered() {
    let wants = |path: &Path| !path.ends_with("no");
    let Some(mut watched) = Watched::start_with(|_| {}, wants) else {
        return;
    };
    let told = watched.told_of("mkdir root/no root/yes; echo x > root/no/f; echo x > root/yes/f");
    told.touched(&[
        ("root/no/", CREATED),
        ("root/yes/", CREATED),
        ("root/yes/f", FILE),
    ]);
    // Renamed to a name that nobody wants, with all that is below.
    let told = watched
        .told_of("mv root/yes outside/x; mv outside/x root/no/; rm -r root/no; mkdir root/yes");
    told.moved(&["root/yes/ -> "]);
    let told = watched.told_of("mkdir root/yes/d; mv root/yes root/no; echo x > root/no/d/f");
    told.moved(&["root/yes/ -> root/no/"])
        .touched(&[("root/yes/d/", CREATED)]);
    assert_eq!(watched.health().directories, 1);
}

#[test]
fn what_is_below_a_renamed_directory_has_its_new_path() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    watched.sh("mkdir -p root/a/b/c root/z; echo x > root/a/b/c/f");
    watched.cover_all("root");
    watched.told();
    let told = watched.told_of(
        "mv root/a root/y; echo y >> root/y/b/c/f; mv root/y/b root/z/b; echo z > root/z/b/c/g",
    );
    told.moved(&["root/a/ -> root/y/", "root/y/b/ -> root/z/b/"]);
    told.touched(&[
        ("root/y/b/c/f", &[Changes::WRITTEN, Changes::CLOSED]),
        ("root/z/b/c/g", FILE),
    ]);
    assert_eq!(watched.health().directories, 5);
}

#[test]
fn a_directory_nobody_has_looked_at_comes_anew_when_it_is_renamed() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    // Whoever walked it by its first name would have found nothing there.
    let told = watched.told_of("mkdir -p outside/a/b; mv outside/a root/a; mv root/a root/z");
    told.moved(&[" -> root/a/", "root/a/ -> ", " -> root/z/"]);
    watched.cover_all("root");
    let told = watched.told_of("mv root/z root/y; echo x > root/y/b/f");
    told.moved(&["root/z/ -> root/y/"]);
    told.touched(&[("root/y/b/f", FILE)]);
}

#[test]
fn a_directory_over_an_empty_one_takes_its_place() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    watched.sh("mkdir -p root/a/b root/victim");
    watched.cover_all("root");
    watched.told();
    let told = watched.told_of("mv -T root/a root/victim; echo x > root/victim/b/f");
    told.moved(&["root/a/ -> root/victim/"]);
    // What was replaced had its attributes changed: it has no name any more.
    told.touched(&[
        ("root/victim/", &[Changes::ATTRIBUTES]),
        ("root/victim/b/f", FILE),
    ]);
    assert_eq!(told.lost, []);
}

#[test]
fn exchanged_directories_keep_what_is_below() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    watched.sh("mkdir -p root/a/in_a root/b/in_b");
    watched.cover_all("root");
    watched.told();
    let (a, b) = (watched.path("root/a"), watched.path("root/b"));
    let told = exchanged(&mut watched, &a, &b);
    told.moved(&["root/a/ -> root/b/", "root/b/ -> root/a/"]);
    let told = watched.told_of("echo x > root/b/in_a/f; echo x > root/a/in_b/g");
    told.touched(&[("root/b/in_a/f", FILE), ("root/a/in_b/g", FILE)]);
    assert_eq!(watched.health().directories, 5);
}

#[test]
fn out_and_in_again() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    watched.sh("mkdir -p root/a/b");
    watched.cover_all("root");
    watched.told();
    let told = watched.told_of("mv root/a outside/a; echo x > outside/a/b/f");
    told.moved(&["root/a/ -> "]).touched(&[]);
    assert_eq!(watched.health().directories, 1);
    // What comes in is covered itself; what is below it is for whoever walks it.
    let told = watched.told_of("mv outside/a root/new; echo x > root/new/g");
    told.moved(&[" -> root/new/"])
        .touched(&[("root/new/g", FILE)]);
    watched.cover("root/new");
    watched.cover("root/new/b");
    let told = watched.told_of("echo x > root/new/b/h");
    told.touched(&[("root/new/b/h", FILE)]);
}

#[test]
fn a_removed_tree_is_told_whole() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    watched.sh("mkdir -p root/a/b; touch root/a/f root/a/b/g");
    watched.told();
    let told = watched.told_of("rm -r root/a");
    told.touched(&[
        ("root/a/", DELETED),
        ("root/a/b/", DELETED),
        ("root/a/b/g", DELETED),
        ("root/a/f", DELETED),
    ]);
    assert_eq!(watched.health().directories, 1);
    watched.told_of("mkdir root/a; rmdir root/a");
    assert_eq!(watched.health().directories, 1);
}

#[test]
fn attributes_of_a_directory_are_its_own() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    watched.sh("mkdir root/d");
    watched.told();
    let told = watched.told_of("chmod 700 root root/d");
    let changes = &[Changes::ATTRIBUTES];
    told.touched(&[("root/", changes), ("root/d/", changes)]);
}

#[test]
fn a_covered_place_that_goes_is_told() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    watched.sh("mkdir -p outside/top/middle/one outside/two outside/three/below");
    for name in ["top/middle/one", "two", "three", "three/below"] {
        watched.cover(&format!("outside/{name}"));
    }
    watched.told();
    let told = watched.told_of("rmdir outside/two");
    told.touched(&[("outside/two/", DELETED)]).nothing_lost();
    let told = watched.told_of("mv outside/three outside/four");
    told.moved(&["outside/three/ -> "]);
    let three = Some(PathBuf::from("outside/three"));
    assert_eq!(told.lost, [(three, LostReason::Renamed)]);
    // A directory above it, which is not covered itself.
    let told = watched.told_of("mv outside/top outside/other");
    told.moved(&[]).touched(&[]);
    let one = Some(PathBuf::from("outside/top/middle/one"));
    assert_eq!(told.lost, [(one, LostReason::Renamed)]);
    let told =
        watched.told_of("echo x > outside/other/middle/one/f; echo x > outside/four/below/f");
    told.touched(&[]);
    assert_eq!(watched.health().directories, 1);
}

#[test]
fn what_is_forgotten_is_silent() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    watched.sh("mkdir -p root/a/b root/c");
    watched.told();
    watched.watcher.forget(&watched.path("root/a"));
    assert_eq!(watched.health().directories, 2);
    let told = watched.told_of("echo x > root/a/b/f; echo x > root/a/f; echo x > root/c/f");
    told.touched(&[("root/c/f", FILE)]);
}

#[test]
fn a_rename_that_was_seen_before_it_was_told_moves_everything() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    watched.sh("mkdir -p root/a/b");
    watched.cover_all("root");
    watched.told();
    watched.sh("mv root/a root/z");
    // Somebody walks it while the record is still in the queue.
    watched.cover("root/z");
    let told = watched.told_of("echo x > root/z/b/f");
    told.moved(&["root/a/ -> root/z/"])
        .touched(&[("root/z/b/f", FILE)]);
    assert_eq!(watched.health().directories, 3);
}
