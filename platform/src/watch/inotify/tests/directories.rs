//! Directories that come, go and move.

use super::*;

#[test]
fn what_is_in_a_new_directory_is_told_once_it_is_covered() {
    let watch = Watch::start();
    watch.mkdir("d");
    let told = changes_of(&watch.settled(), &watch.path("d"), true);
    assert_eq!(told, Changes::CREATED);
    watch.write("d/unheard");
    assert!(watch.settled().is_empty());
    watch.cover("d").unwrap();
    watch.write("d/heard");
    let seen = watch.settled();
    assert!(
        touched(&seen)
            .iter()
            .all(|path| *path == watch.path("d/heard")),
        "{seen:?}"
    );
    assert!(!seen.is_empty());
}

#[test]
fn covering_twice_is_nothing_and_forgetting_ends_it() {
    let watch = Watch::start();
    for name in ["d", "d/e", "d-e"] {
        watch.mkdir(name);
        watch.cover(name).unwrap();
        watch.cover(name).unwrap();
    }
    watch.settle();
    assert_eq!(watch.backend.health().directories, 4);
    watch.backend.forget(&watch.path("d"));
    assert_eq!(watch.backend.health().directories, 2);
    for name in ["d/file", "d/e/file", "d-e/file"] {
        watch.write(name);
    }
    let seen = watch.settled();
    assert!(
        touched(&seen)
            .iter()
            .all(|path| *path == watch.path("d-e/file")),
        "{seen:?}"
    );
    assert!(!seen.is_empty());
    watch.cover("d").unwrap();
    watch.write("d/again");
    assert!(!watch.settled().is_empty());
}

#[test]
fn covering_a_directory_above_leaves_what_is_below_covered() {
    let watch = Watch::start();
    for name in ["d", "d/e"] {
        watch.mkdir(name);
    }
    watch.cover("d/e").unwrap();
    watch.cover("d").unwrap();
    watch.write("d/e/file");
    let seen = watch.settled();
    assert!(
        touched(&seen).contains(&watch.path("d/e/file").as_path()),
        "{seen:?}"
    );
}

#[test]
fn a_moved_tree_is_told_under_its_new_path_once_it_is_covered_again() {
    let watch = Watch::start();
    for name in ["a", "a/sub"] {
        watch.mkdir(name);
        watch.cover(name).unwrap();
    }
    watch.write("a/sub/file");
    watch.settle();
    watch.rename("a", "b");
    let (from, to) = (watch.path("a"), watch.path("b"));
    assert_eq!(moves(&watch.settled()), [(Some(&*from), Some(&*to), true)]);
    assert_eq!(watch.backend.health().directories, 1);

    watch.cover("b").unwrap();
    watch.cover("b/sub").unwrap();
    watch.write("b/sub/file");
    let seen = watch.settled();
    let file = watch.path("b/sub/file");
    assert!(touched(&seen).iter().all(|path| *path == file), "{seen:?}");
    assert!(changes_of(&seen, &file, false).contains(Changes::CLOSED));

    // What takes its place is another directory.
    for name in ["a", "a/sub"] {
        watch.mkdir(name);
        watch.cover(name).unwrap();
    }
    watch.settle();
    watch.write("a/sub/file");
    watch.write("b/sub/file");
    let seen = watch.settled();
    for path in [watch.path("a/sub/file"), file] {
        assert!(
            changes_of(&seen, &path, false).contains(Changes::CLOSED),
            "{seen:?}"
        );
    }
}

#[test]
fn a_tree_that_is_covered_before_its_move_is_heard_stays_covered() {
    let watch = Watch::start();
    watch.mkdir("a");
    watch.cover("a").unwrap();
    watch.settle();
    watch.rename("a", "b");
    watch.cover("b").unwrap();
    watch.until(is_moved);
    // Whoever hears of an arrival covers it.
    watch.cover("b").unwrap();
    watch.settle();
    watch.write("b/file");
    let seen = watch.settled();
    let told = changes_of(&seen, &watch.path("b/file"), false);
    assert!(told.contains(Changes::CLOSED), "{seen:?}");
    assert_eq!(watch.backend.health().directories, 2);
}

#[test]
fn a_directory_that_comes_and_goes_with_its_tree_is_one_move() {
    let watch = Watch::start();
    fs::create_dir_all(watch.outside("tree/sub")).unwrap();
    let tree = watch.path("tree");
    fs::rename(watch.outside("tree"), &tree).unwrap();
    assert_eq!(moves(&watch.settled()), [(None, Some(&*tree), true)]);
    watch.cover("tree").unwrap();
    watch.cover("tree/sub").unwrap();
    fs::rename(&tree, watch.outside("tree")).unwrap();
    assert_eq!(moves(&watch.until(is_moved)), [(Some(&*tree), None, true)]);
    fs::write(watch.outside("tree/sub/file"), "").unwrap();
    assert!(watch.settled().is_empty());
    assert_eq!(watch.backend.health().directories, 1);
}

#[test]
fn a_directory_that_is_moved_over_an_empty_one_can_be_covered() {
    let watch = Watch::start();
    for name in ["a", "b"] {
        watch.mkdir(name);
        watch.cover(name).unwrap();
    }
    watch.settle();
    watch.rename("a", "b");
    watch.until(is_moved);
    watch.cover("b").unwrap();
    watch.settle();
    watch.cover("b").unwrap();
    watch.write("b/file");
    let seen = watch.settled();
    let told = changes_of(&seen, &watch.path("b/file"), false);
    assert!(told.contains(Changes::CLOSED), "{seen:?}");
}

#[test]
fn a_root_that_is_renamed_is_a_move_to_elsewhere() {
    let watch = Watch::start();
    watch.mkdir("d");
    watch.cover("d").unwrap();
    watch.settle();
    let root = watch.path("");
    fs::rename(&root, watch.outside("other")).unwrap();
    let seen = watch.until(is_moved);
    assert_eq!(moves(&seen), [(Some(&*root), None, true)]);
    fs::create_dir(&root).unwrap();
    watch.cover("").unwrap();
    watch.mkdir("d");
    watch.cover("d").unwrap();
    watch.settle();
    fs::write(watch.outside("other/d/file"), "").unwrap();
    watch.write("d/file");
    watch.write("file");
    let seen = watch.settled();
    for path in [watch.path("d/file"), watch.path("file")] {
        let all = [Changes::CREATED, Changes::WRITTEN, Changes::CLOSED];
        let all = all.into_iter().fold(Changes::NONE, Changes::union);
        assert_eq!(changes_of(&seen, &path, false), all, "{seen:?}");
    }
}

#[test]
fn a_removed_tree_is_told_without_noise() {
    let watch = Watch::start();
    for name in ["a", "a/b", "a/b/c"] {
        watch.mkdir(name);
        watch.cover(name).unwrap();
        watch.write(&format!("{name}/file"));
    }
    watch.settle();
    fs::remove_dir_all(watch.path("a")).unwrap();
    let seen = watch.settled();
    assert_eq!(touched(&seen).len(), seen.len(), "{seen:?}");
    for (name, is_directory) in [("a", true), ("a/b/c", true), ("a/b/file", false)] {
        let told = changes_of(&seen, &watch.path(name), is_directory);
        assert!(told.contains(Changes::DELETED), "{name}: {seen:?}");
    }
    assert_eq!(watch.backend.health().directories, 1);
}

#[test]
fn a_directory_that_is_made_again_can_be_covered_again() {
    let watch = Watch::start();
    for _ in 0..50 {
        watch.mkdir("d");
        // Before its creation is heard, and once more because it was.
        watch.cover("d").unwrap();
        watch.settle();
        watch.cover("d").unwrap();
        watch.write("d/file");
        let seen = watch.settled();
        let told = changes_of(&seen, &watch.path("d/file"), false);
        assert!(told.contains(Changes::CLOSED), "{seen:?}");
        fs::remove_dir_all(watch.path("d")).unwrap();
    }
}

/// The kernel's watch of an old directory must not be taken for one of the new.
#[test]
fn a_root_that_is_replaced_is_covered_anew() {
    let watch = Watch::start();
    let root = watch.path("");
    for _ in 0..50 {
        fs::remove_dir_all(&root).unwrap();
        fs::create_dir(&root).unwrap();
        watch.cover("").unwrap();
        watch.settle();
        watch.cover("").unwrap();
        watch.write("file");
        let seen = watch.settled();
        let told = changes_of(&seen, &watch.path("file"), false);
        assert!(told.contains(Changes::CLOSED), "{seen:?}");
    }
}

#[test]
fn a_path_that_leads_to_another_directory_is_refused() {
    let watch = Watch::start();
    watch.mkdir("d");
    watch.mkdir("e");
    let dir = Dir::open(&watch.path("d")).unwrap();
    let refused = watch.backend.cover(&dir, &watch.path("e")).unwrap_err();
    assert!(refused.reason.contains("no longer"), "{}", refused.reason);
    fs::remove_dir(watch.path("d")).unwrap();
    watch.backend.cover(&dir, &watch.path("d")).unwrap_err();
    watch.settle();
    assert_eq!(watch.backend.health().directories, 1);
    watch.write("e/file");
    assert!(watch.settled().is_empty());
}

/// Somebody who listens covers what comes and forgets nothing; after each round every directory
/// that is there must be told of, whatever raced with whatever.
#[test]
fn whoever_covers_what_he_hears_of_ends_up_with_everything() {
    let watch = Watch::start();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let names = [
        "a", "b", "c", "a/a", "a/b", "b/a", "b/b", "c/a", "a/a/a", "b/a/b",
    ];
    for round in 0..150 {
        for _ in 0..random.below(6) + 1 {
            let name = names[random.below(names.len())];
            let other = names[random.below(names.len())];
            // Most of these fail, because there is nothing or something there.
            match random.below(4) {
                0 => drop(fs::create_dir(watch.path(name))),
                1 => drop(fs::rename(watch.path(name), watch.path(other))),
                2 => drop(fs::remove_dir_all(watch.path(name))),
                _ => cover_tree(&watch, &watch.path("")),
            }
        }
        follow(&watch);
        let directories = tree(&watch.path(""));
        let files: Vec<PathBuf> = directories.iter().map(|dir| dir.join("f")).collect();
        for file in &files {
            fs::write(file, format!("{round}")).unwrap();
        }
        let seen = watch.settled();
        for file in &files {
            let told = changes_of(&seen, file, false);
            assert!(
                told.contains(Changes::CLOSED),
                "{round}: {file:?} not in {seen:#?}"
            );
        }
        for file in &files {
            fs::remove_file(file).unwrap();
        }
        watch.settle();
    }
}

/// Does what a listener does, until nothing is heard any more.
fn follow(watch: &Watch) {
    loop {
        let mut seen = watch.settled();
        if seen.is_empty() {
            return;
        }
        for signal in seen.drain(..) {
            match signal {
                Signal::Touched { path, .. } => cover_tree(watch, &path),
                Signal::Moved { to: Some(path), .. } => cover_tree(watch, &path),
                Signal::Moved { to: None, .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

fn cover_tree(watch: &Watch, path: &Path) {
    let Ok(dir) = Dir::open(path) else {
        return;
    };
    // It may have gone, or be another one, by now; then more will be heard.
    let _ = watch.backend.cover(&dir, path);
    for entry in dir.list().unwrap() {
        cover_tree(watch, &path.join(entry.name));
    }
}

fn tree(path: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(path).into_iter().map(Result::unwrap);
    let directories = entries.filter(|entry| entry.file_type().is_dir());
    directories.map(walkdir::DirEntry::into_path).collect()
}

/// Xorshift: the same rounds every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}
