//! Which directories are covered, and by which watches. Pure.
//!
//! A watch tells of one directory, or of the whole tree below it. So of what is told much is about
//! directories that nobody asked for: a directory counts only once it is covered.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::path::{Path, PathBuf};

/// The number of a watch.
pub(super) type Id = usize;

/// How far down a watch tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Of the names in one directory.
    Level,
    /// Of everything below it.
    Tree,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The watches that are counted on, ordered so that what is below one path follows it.
    roots: BTreeMap<PathBuf, (Id, Reach)>,
    /// Where each watch is, also one that is on its way out.
    paths: HashMap<Id, PathBuf>,
    covered: BTreeSet<PathBuf>,
}

impl Places {
    /// Says whether the directory at a path is covered.
    pub(super) fn covers(&self, path: &Path) -> bool {
        self.covered.contains(path)
    }

    /// Says whether the directory that a path is in is covered.
    pub(super) fn covers_parent(&self, path: &Path) -> bool {
        path.parent().is_some_and(|parent| self.covers(parent))
    }

    /// Returns how many directories are covered.
    pub(super) fn len(&self) -> usize {
        self.covered.len()
    }

    /// Returns how far the watch at a path reaches, if one is there.
    pub(super) fn reach_at(&self, path: &Path) -> Option<Reach> {
        self.roots.get(path).map(|(_, reach)| *reach)
    }

    /// Says whether a watch on a tree tells of the names in the directory at a path.
    pub(super) fn is_in_tree(&self, path: &Path) -> bool {
        let mut above = path.ancestors();
        above.any(|above| self.reach_at(above) == Some(Reach::Tree))
    }

    /// Returns how many watches tell of one directory only.
    pub(super) fn levels(&self) -> usize {
        let reaches = self.roots.values().map(|(_, reach)| reach);
        reaches.filter(|reach| **reach == Reach::Level).count()
    }

    /// Returns the nearest directory above a path that has a watch.
    pub(super) fn watched_above(&self, path: &Path) -> Option<PathBuf> {
        let mut above = path.ancestors().skip(1);
        let found = above.find(|above| self.roots.contains_key(*above));
        found.map(Path::to_path_buf)
    }

    /// Returns where a watch is.
    pub(super) fn path_of(&self, id: Id) -> Option<&Path> {
        self.paths.get(&id).map(PathBuf::as_path)
    }

    /// Takes in a watch, and returns those that it makes needless.
    pub(super) fn watch(&mut self, path: &Path, id: Id, reach: Reach) -> Vec<Id> {
        let needless = match reach {
            Reach::Tree => self.drop_roots(path),
            Reach::Level => self
                .roots
                .remove(path)
                .map(|(id, _)| id)
                .into_iter()
                .collect(),
        };
        self.roots.insert(path.to_owned(), (id, reach));
        self.paths.insert(id, path.to_owned());
        needless
    }

    /// Takes in a directory that a watch tells of.
    pub(super) fn cover(&mut self, path: &Path) {
        self.covered.insert(path.to_owned());
    }

    /// Drops a directory and all below it, and returns the watches there, which nobody needs.
    pub(super) fn forget(&mut self, path: &Path) -> Vec<Id> {
        for gone in collected(&self.covered, path) {
            self.covered.remove(&gone);
        }
        self.drop_roots(path)
    }

    /// Drops all that is below a directory but not itself, and returns the watches there.
    pub(super) fn forget_below(&mut self, path: &Path) -> Vec<Id> {
        let own_root = self.roots.remove(path);
        let is_covered = self.covers(path);
        let needless = self.forget(path);
        if let Some(root) = own_root {
            self.roots.insert(path.to_owned(), root);
        }
        if is_covered {
            self.cover(path);
        }
        needless
    }

    /// Gives a directory, with all below it and the watches there, the path that it has now.
    pub(super) fn rename(&mut self, from: &Path, to: &Path) {
        let moved = |path: &Path| path.strip_prefix(from).ok().map(|rest| joined(to, rest));
        for old in collected(&self.covered, from) {
            self.covered.remove(&old);
            self.covered.extend(moved(&old));
        }
        let roots: Vec<PathBuf> = self.roots.keys().cloned().collect();
        for old in roots.into_iter().filter(|root| root.starts_with(from)) {
            if let (Some(root), Some(new)) = (self.roots.remove(&old), moved(&old)) {
                self.paths.insert(root.0, new.clone());
                self.roots.insert(new, root);
            }
        }
    }

    /// Drops a watch that ended, with what only it told of; returns where it was counted on.
    pub(super) fn end(&mut self, id: Id) -> Option<PathBuf> {
        let path = self.paths.remove(&id)?;
        let (found, reach) = *self.roots.get(&path)?;
        if found != id {
            return None;
        }
        self.roots.remove(&path);
        match reach {
            Reach::Tree => {
                for gone in collected(&self.covered, &path) {
                    self.covered.remove(&gone);
                }
            }
            Reach::Level => {
                self.covered.remove(&path);
            }
        }
        Some(path)
    }

    fn drop_roots(&mut self, path: &Path) -> Vec<Id> {
        let from = (Bound::Included(path), Bound::Unbounded);
        let found = self.roots.range::<Path, _>(from);
        let found: Vec<_> = found
            .take_while(|(root, _)| root.starts_with(path))
            .map(|(root, (id, _))| (root.clone(), *id))
            .collect();
        let drop = |(root, id)| {
            self.roots.remove(&root);
            id
        };
        found.into_iter().map(drop).collect()
    }
}

fn collected(covered: &BTreeSet<PathBuf>, path: &Path) -> Vec<PathBuf> {
    let from = (Bound::Included(path), Bound::Unbounded);
    let found = covered.range::<Path, _>(from);
    found
        .take_while(|found| found.starts_with(path))
        .cloned()
        .collect()
}

/// Joins paths, but adds nothing to the first for an empty second.
fn joined(path: &Path, rest: &Path) -> PathBuf {
    match rest.as_os_str().is_empty() {
        true => path.to_owned(),
        false => path.join(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> &Path {
        Path::new(name)
    }

    fn places(roots: &[(&str, Reach)], covered: &[&str]) -> Places {
        let mut places = Places::default();
        for (id, (root, reach)) in (1..).zip(roots) {
            assert_eq!(places.watch(path(root), id, *reach), Vec::<Id>::new());
        }
        covered
            .iter()
            .for_each(|covered| places.cover(path(covered)));
        places
    }

    #[test]
    fn a_tree_makes_the_watches_below_needless() {
        let roots = [
            ("/a", Reach::Level),
            ("/a/b", Reach::Tree),
            ("/a-b", Reach::Level),
        ];
        let mut places = places(&roots, &["/a", "/a/b", "/a/b/c", "/a-b"]);
        assert!(!places.is_in_tree(path("/a")) && places.is_in_tree(path("/a/b/c/d")));
        assert_eq!(places.watch(path("/a"), 9, Reach::Tree), [1, 2]);
        assert!(places.is_in_tree(path("/a")) && !places.is_in_tree(path("/a-b")));
        assert_eq!(places.len(), 4);
        // The last records of a watch on its way out are still about the place it was at.
        assert_eq!(places.path_of(2), Some(path("/a/b")));
        assert_eq!(places.end(2), None);
        assert_eq!(places.path_of(2), None);
        assert!(places.covers(path("/a/b/c")));
    }

    #[test]
    fn with_a_watch_goes_what_only_it_told_of() {
        let roots = [("/a", Reach::Level), ("/a/b", Reach::Tree)];
        let mut places = places(&roots, &["/a", "/a/b", "/a/b/c"]);
        assert_eq!(places.end(1), Some(PathBuf::from("/a")));
        assert!(!places.covers(path("/a")) && places.covers(path("/a/b")));
        assert_eq!(places.end(2), Some(PathBuf::from("/a/b")));
        assert_eq!(places.len(), 0);
    }

    #[test]
    fn what_is_below_goes_with_it_and_nothing_else() {
        let roots = [
            ("/a", Reach::Tree),
            ("/x/b", Reach::Tree),
            ("/x/b-c", Reach::Level),
        ];
        let covered = ["/a", "/a/b", "/a/b/c", "/a/b-c", "/x/b", "/x/b-c"];
        let mut places = places(&roots, &covered);
        assert_eq!(places.forget(path("/a/b")), Vec::<Id>::new());
        assert!(!places.covers(path("/a/b/c")) && places.covers(path("/a/b-c")));
        assert_eq!(places.forget(path("/x/b")), [2]);
        assert!(places.covers(path("/x/b-c")));
        assert_eq!(places.forget_below(path("/a")), Vec::<Id>::new());
        assert!(places.covers(path("/a")) && !places.covers(path("/a/b-c")));
        assert_eq!(places.reach_at(path("/a")), Some(Reach::Tree));
        assert_eq!(places.forget_below(path("/")), [1, 3]);
    }

    #[test]
    fn a_renamed_directory_takes_all_along() {
        let roots = [
            ("/a", Reach::Level),
            ("/a/b", Reach::Tree),
            ("/a/bc", Reach::Tree),
        ];
        let mut places = places(&roots, &["/a", "/a/b", "/a/b/c", "/a/bc"]);
        places.rename(path("/a/b"), path("/a/z"));
        for (covered, expected) in [
            ("/a", true),
            ("/a/b", false),
            ("/a/b/c", false),
            ("/a/z", true),
            ("/a/z/c", true),
            ("/a/bc", true),
        ] {
            assert_eq!(places.covers(path(covered)), expected, "{covered}");
        }
        assert_eq!(places.path_of(2), Some(path("/a/z")));
        assert_eq!(places.reach_at(path("/a/z")), Some(Reach::Tree));
        assert_eq!(places.end(2), Some(PathBuf::from("/a/z")));
    }

    #[test]
    fn the_nearest_watch_above_is_found() {
        let roots = [("/a", Reach::Level), ("/a/b", Reach::Level)];
        let places = places(&roots, &["/a", "/a/b"]);
        assert_eq!(
            places.watched_above(path("/a/b/c/d")),
            Some(PathBuf::from("/a/b"))
        );
        assert_eq!(
            places.watched_above(path("/a/b")),
            Some(PathBuf::from("/a"))
        );
        assert_eq!(places.watched_above(path("/a")), None);
        assert_eq!(places.levels(), 2);
    }
}
