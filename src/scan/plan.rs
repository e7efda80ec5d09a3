//! What one run looks at: [`Plan`].
//!
//! A run over the whole policy starts at every root of its monitors; PATHs narrow it to what lies
//! at or below them. Roots may lie inside each other: each is walked once, by its own walk.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use waxseal_platform::dir::Dir;
use waxseal_platform::place;
use waxseal_platform::stat::Stat;

use crate::baseline::{BaselineError, Reader};
use crate::inspect::Halt;
use crate::policy::Policy;

/// Is told of each directory before it is listed, or why it cannot be opened.
pub type Enter<'p> = dyn Fn(&Path, Result<&Dir, &io::Error>) + Sync + 'p;

/// What to look at, and how.
pub struct Plan<'p> {
    /// The rules.
    pub policy: &'p Policy,
    /// The scopes: rows outside them are left alone.
    pub scopes: Vec<PathBuf>,
    /// Where walks start; existing or not.
    pub roots: Vec<PathBuf>,
    /// Whether to read files that look untouched.
    pub full: bool,
    /// How many threads to use.
    pub threads: usize,
    /// Bytes a second to read at most; 0 is unlimited.
    pub rate: u64,
    /// Whether paths in doubt are only named, for somebody else to look at.
    pub only_names: bool,
    /// Who is told of each directory before it is listed.
    pub enter: Option<&'p Enter<'p>>,
    /// What calls the run off: it ends with [`ScanError::Halted`](super::ScanError::Halted).
    pub halt: Halt,
    /// Device and inode of the state directory.
    store: Option<(u64, u64)>,
}

impl<'p> Plan<'p> {
    /// Plans a run over these absolute paths, or over the whole policy when there are none.
    pub fn new(policy: &'p Policy, paths: &[PathBuf], threads: usize) -> Plan<'p> {
        let monitored = policy.roots().into_iter().map(|root| root.path);
        let (scopes, mut roots): (Vec<PathBuf>, Vec<PathBuf>) = if paths.is_empty() {
            (vec![place::top().to_owned()], monitored.collect())
        } else {
            let is_inside = |root: &PathBuf| paths.iter().any(|path| root.starts_with(path));
            let inside = monitored.filter(is_inside);
            // What all drives are below is a place, but nothing that could be looked at.
            let objects = paths.iter().filter(|path| !path.as_os_str().is_empty());
            (paths.to_vec(), objects.cloned().chain(inside).collect())
        };
        roots.sort();
        roots.dedup();
        Plan {
            policy,
            scopes,
            roots,
            full: false,
            threads: threads.max(1),
            rate: 0,
            only_names: false,
            enter: None,
            halt: Halt::default(),
            store: None,
        }
    }

    /// Adds the roots that a wildcard found in an earlier run, so that one that is gone is missed.
    pub fn add_known_roots(&mut self, reader: &Reader) -> Result<(), BaselineError> {
        for base in self.policy.wildcard_bases() {
            reader.below(&base, |path, _| {
                if self.policy.is_configured(&path) && self.is_in_scope(&path) {
                    self.roots.push(path);
                }
                Ok::<(), BaselineError>(())
            })?;
        }
        self.roots.sort();
        self.roots.dedup();
        Ok(())
    }

    /// Keeps walks out of the state directory under whatever name it shows.
    ///
    /// The policy leaves out its path; through a bind mount it has another.
    pub fn keep_out_of(&mut self, state_dir: &Path) {
        let stat = Dir::open(state_dir).and_then(|dir| dir.stat());
        self.store = stat.ok().map(|stat| (stat.device, stat.inode));
    }

    /// Says whether a directory is the state directory.
    pub(super) fn is_store(&self, directory: &Stat) -> bool {
        self.store == Some((directory.device, directory.inode))
    }

    /// Says whether a path lies in one of the scopes.
    pub fn is_in_scope(&self, path: &Path) -> bool {
        self.scopes.iter().any(|scope| path.starts_with(scope))
    }

    /// Returns the roots that lie inside another one, which that one's walk leaves to them.
    pub(super) fn nested_roots(&self) -> HashSet<&Path> {
        let roots = self.roots.iter().map(PathBuf::as_path);
        let mut nested = HashSet::new();
        let mut open: Vec<&Path> = Vec::new();
        for root in roots {
            while open.last().is_some_and(|outer| !root.starts_with(outer)) {
                open.pop();
            }
            if !open.is_empty() {
                nested.insert(root);
            }
            open.push(root);
        }
        nested
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PolicySpec;

    #[test]
    fn roots_inside_others_are_found_whatever_sorts_between() {
        let policy = Policy::compile(&PolicySpec::builtin(&[], None)).unwrap();
        let paths = ["/a", "/a/b", "/a-b", "/a/b/c", "/d"].map(PathBuf::from);
        let plan = Plan::new(&policy, &paths, 1);
        let mut nested: Vec<&Path> = plan.nested_roots().into_iter().collect();
        nested.sort();
        assert_eq!(nested, [Path::new("/a/b"), Path::new("/a/b/c")]);
    }
}
