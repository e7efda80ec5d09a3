//! Which directories a backend over `notify` covers, and which of its watches are to be dropped.
//!
//! `notify` knows watches by path and keeps a path also when another directory has come to it. So
//! the identity of each directory is kept here, and a path whose directory went away is *stale*
//! until `notify` was told to drop it: watching such a path again would silently do nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::stat::{Stat, Timestamp};

/// What tells one directory from every other, also from one that gets its inode later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::watch) struct Identity {
    device: u64,
    inode: u64,
    created: Option<Timestamp>,
}

impl From<&Stat> for Identity {
    fn from(stat: &Stat) -> Identity {
        Identity {
            device: stat.device,
            inode: stat.inode,
            created: stat.created,
        }
    }
}

/// The covered directories.
#[derive(Debug, Default)]
pub(in crate::watch) struct Covered {
    /// Ordered by the parts of the path, so that what is below one path follows it.
    by_path: BTreeMap<Arc<Path>, Identity>,
    by_identity: HashMap<Identity, Arc<Path>>,
    stale: HashSet<PathBuf>,
}

impl Covered {
    /// Returns the directory that is covered under this path.
    pub(in crate::watch) fn at(&self, path: &Path) -> Option<Identity> {
        self.by_path.get(path).copied()
    }

    /// Says whether a directory is covered under this path.
    pub(in crate::watch) fn contains(&self, path: &Path) -> bool {
        self.by_path.contains_key(path)
    }

    /// Says whether a directory is covered at or below a path, or the one it is in.
    pub(in crate::watch) fn is_near(&self, path: &Path) -> bool {
        let from = self.by_path.range(Arc::from(path)..).next();
        from.is_some_and(|(first, _)| first.starts_with(path))
            || path.parent().is_some_and(|parent| self.contains(parent))
    }

    /// Returns the path under which a directory is covered.
    pub(in crate::watch) fn path_of(&self, identity: Identity) -> Option<Arc<Path>> {
        self.by_identity.get(&identity).cloned()
    }

    /// Returns how many are covered.
    pub(in crate::watch) fn len(&self) -> usize {
        self.by_path.len()
    }

    /// Adds a directory; neither it nor another at its path may be covered.
    pub(in crate::watch) fn insert(&mut self, path: &Path, identity: Identity) {
        let path: Arc<Path> = Arc::from(path);
        self.by_identity.insert(identity, Arc::clone(&path));
        self.by_path.insert(path, identity);
    }

    /// Drops everything at and below a path that `notify` drops by itself.
    pub(in crate::watch) fn remove(&mut self, path: &Path) {
        for path in self.at_and_below(path) {
            self.remove_one(&path);
        }
    }

    /// Drops everything at and below a path; `notify` is still to be told.
    pub(in crate::watch) fn retire(&mut self, path: &Path) {
        for path in self.at_and_below(path) {
            self.remove_one(&path);
            self.stale.insert(path.to_path_buf());
        }
    }

    /// Returns the paths that `notify` is to be told to drop, and counts on it.
    pub(in crate::watch) fn take_stale(&mut self) -> Vec<PathBuf> {
        self.stale.drain().collect()
    }

    fn remove_one(&mut self, path: &Arc<Path>) {
        let Some(identity) = self.by_path.remove(path) else {
            return;
        };
        // It may be covered under another path by now.
        if self.by_identity.get(&identity) == Some(path) {
            self.by_identity.remove(&identity);
        }
    }

    fn at_and_below(&self, path: &Path) -> Vec<Arc<Path>> {
        let from = (Bound::Included(path), Bound::Unbounded);
        self.by_path
            .range::<Path, _>(from)
            .map(|(path, _)| path)
            .take_while(|found| found.starts_with(path))
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(inode: u64) -> Identity {
        Identity {
            device: 1,
            inode,
            created: None,
        }
    }

    fn covered(paths: &[&str]) -> Covered {
        let mut covered = Covered::default();
        for (inode, path) in (1..).zip(paths) {
            covered.insert(Path::new(path), identity(inode));
        }
        covered
    }

    #[test]
    fn a_place_is_near_when_something_is_covered_below_it_or_just_above() {
        let covered = covered(&["/a/b", "/a/b-c", "/d"]);
        for near in ["/a", "/a/b", "/a/b/c", "/d/e", "/"] {
            assert!(covered.is_near(Path::new(near)), "{near}");
        }
        for far in ["/a/c", "/a/b/c/d", "/e", "/a/b-"] {
            assert!(!covered.is_near(Path::new(far)), "{far}");
        }
    }

    #[test]
    fn what_is_below_goes_with_it_and_nothing_else() {
        let paths = ["/a", "/a/b", "/a/b/c", "/a-b", "/a/bc", "/ab"];
        let mut covered = covered(&paths);
        covered.retire(Path::new("/a/b"));
        let left = ["/a", "/a-b", "/a/bc", "/ab"];
        for path in paths {
            let is_left = left.contains(&path);
            assert_eq!(covered.contains(Path::new(path)), is_left, "{path}");
        }
        let mut stale = covered.take_stale();
        stale.sort();
        assert_eq!(stale, [PathBuf::from("/a/b"), PathBuf::from("/a/b/c")]);
        assert!(covered.take_stale().is_empty());
        assert_eq!(covered.path_of(identity(3)), None);

        covered.remove(Path::new("/a"));
        assert_eq!(covered.len(), 2);
        assert!(covered.take_stale().is_empty());
    }

    #[test]
    fn what_is_below_goes_also_when_the_path_itself_is_not_covered() {
        let mut covered = covered(&["/x/a/b", "/x/b"]);
        covered.retire(Path::new("/x/a"));
        assert_eq!(covered.take_stale(), [PathBuf::from("/x/a/b")]);
        assert_eq!(covered.len(), 1);
    }

    #[test]
    fn a_directory_that_is_covered_elsewhere_by_now_stays_so() {
        let mut covered = covered(&["/old"]);
        covered.insert(Path::new("/new"), identity(1));
        covered.remove(Path::new("/old"));
        let path = covered.path_of(identity(1)).unwrap();
        assert_eq!(&*path, Path::new("/new"));
    }
}
