//! Which trees the system is asked for. Pure.
//!
//! A stream tells of everything below a directory, but not of other file systems mounted there. So
//! a directory below one that was asked for needs nothing more if it is on the same device.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The trees that were asked for.
#[derive(Debug, Default)]
pub(super) struct Roots {
    by_path: BTreeMap<PathBuf, Root>,
}

#[derive(Debug)]
struct Root {
    device: u64,
    /// Whether another directory may be at its path by now.
    is_stale: bool,
}

impl Roots {
    /// Says whether a directory is told of already.
    pub(super) fn have(&self, path: &Path, device: u64) -> bool {
        let mut above = path.ancestors().filter_map(|above| self.by_path.get(above));
        above.any(|root| root.device == device && !root.is_stale)
    }

    /// Notes that a tree was asked for.
    pub(super) fn insert(&mut self, path: &Path, device: u64) {
        let is_stale = false;
        self.by_path
            .insert(path.to_owned(), Root { device, is_stale });
    }

    /// Notes that another directory may be at this path, so that it is asked for again.
    pub(super) fn doubt(&mut self, path: &Path) {
        for (root, found) in &mut self.by_path {
            if root.starts_with(path) {
                found.is_stale = true;
            }
        }
    }

    /// Drops the trees at and below a path, and returns them.
    pub(super) fn remove(&mut self, path: &Path) -> Vec<PathBuf> {
        let is_below = |root: &PathBuf, _: &mut Root| root.starts_with(path);
        let removed = self.by_path.extract_if(.., is_below);
        removed.map(|(root, _)| root).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(paths: &[(&str, u64)]) -> Roots {
        let mut roots = Roots::default();
        for (path, device) in paths {
            roots.insert(Path::new(path), *device);
        }
        roots
    }

    #[test]
    fn what_is_below_a_tree_needs_no_other() {
        let roots = roots(&[("/Library", 1)]);
        assert!(roots.have(Path::new("/Library"), 1));
        assert!(roots.have(Path::new("/Library/LaunchDaemons"), 1));
        assert!(!roots.have(Path::new("/LibraryX"), 1));
        assert!(!roots.have(Path::new("/"), 1));
    }

    #[test]
    fn another_volume_needs_a_tree_of_its_own() {
        let mut roots = roots(&[("/", 1)]);
        assert!(!roots.have(Path::new("/Users/a"), 2));
        roots.insert(Path::new("/Users"), 2);
        assert!(roots.have(Path::new("/Users/a"), 2));
    }

    #[test]
    fn a_tree_in_doubt_is_asked_for_again() {
        let mut roots = roots(&[("/a/b", 1)]);
        roots.doubt(Path::new("/a"));
        assert!(!roots.have(Path::new("/a/b/c"), 1));
        roots.insert(Path::new("/a/b"), 1);
        assert!(roots.have(Path::new("/a/b/c"), 1));
    }

    #[test]
    fn trees_go_with_what_is_above_them() {
        let mut roots = roots(&[("/a", 1), ("/a/b", 2), ("/ab", 1)]);
        assert_eq!(
            roots.remove(Path::new("/a")),
            [PathBuf::from("/a"), PathBuf::from("/a/b")]
        );
        assert!(roots.have(Path::new("/ab"), 1));
        assert!(!roots.have(Path::new("/a/b"), 2));
    }
}
