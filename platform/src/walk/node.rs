//! A directory whose subdirectories wait to be walked.
//!
//! Nodes are linked from child to parent and live as long as anything below them is pending. A
//! node keeps its directory open while children wait, so that they are opened relative to it and
//! nobody can lead the walk astray by moving or linking a parent. When descriptors get scarce
//! `open_dirs` closes nodes, oldest first; such a node is opened again, when a child's turn comes,
//! by going down from its nearest open ancestor, one name at a time, following no link and checking
//! at every step that the directory is still the one that was listed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Refusal;
use super::open_dirs::Keeper;
use crate::dir::Dir;
use crate::stat::Stat;

/// Paths up to this length (the kernel's `PATH_MAX`) are kept with the node. Longer ones are put
/// together from the names when they are needed: in a tree made deep on purpose the kept paths
/// would take memory quadratic in its depth.
const KEPT_PATH: usize = 4096;

/// Ancestors are compared at every directory down to this depth, and deeper down where it costs
/// little: see [`Node::closes_loop`].
const SHALLOW: usize = 64;

/// What makes a directory the same directory under any name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The device it lives on.
    pub(super) device: u64,
    /// Its number there.
    pub(super) inode: u64,
}

impl From<&Stat> for Identity {
    fn from(stat: &Stat) -> Identity {
        Identity {
            device: stat.device,
            inode: stat.inode,
        }
    }
}

/// A directory whose subdirectories wait to be walked.
pub(super) struct Node {
    parent: Option<Arc<Node>>,
    /// The name in the parent, or the whole path of a root.
    name: OsString,
    identity: Identity,
    depth: usize,
    path: Option<Arc<Path>>,
    access: Mutex<Access>,
}

/// The part of a node that changes.
struct Access {
    /// The directory, unless it was closed to save a descriptor or nobody waits for it.
    dir: Option<Arc<Dir>>,
    /// How many children have not been opened yet.
    waiting: usize,
}

/// The place of a directory in the tree, before anybody looks at it.
pub(super) struct Place {
    /// The directory it was listed in; `None` for a root.
    pub(super) parent: Option<Arc<Node>>,
    /// The name in the parent, or the whole path of a root.
    pub(super) name: OsString,
    /// What the listing said it is; `None` for a root.
    pub(super) expected: Option<Identity>,
}

impl Place {
    /// Returns the number of directories between this one and its root.
    pub(super) fn depth(&self) -> usize {
        self.parent.as_ref().map_or(0, |parent| parent.depth + 1)
    }

    /// Returns the path of the root that this place is below.
    pub(super) fn root(&self) -> &OsStr {
        let root = self.parent.as_ref().and_then(|parent| parent.up().last());
        root.map_or(&self.name, |root| &root.name)
    }

    /// Opens the directory that was listed here.
    pub(super) fn open(&self, keeper: &Keeper<'_>) -> io::Result<Dir> {
        match &self.parent {
            None => Dir::open(Path::new(&self.name)),
            Some(parent) => parent.dir(keeper)?.open_child(&self.name).map_err(replaced),
        }
    }

    /// Checks that a directory found here is one to walk.
    pub(super) fn admit(&self, found: Identity) -> Result<(), Refusal> {
        if self.expected.is_some_and(|expected| expected != found) {
            return Err(Refusal::Replaced);
        }
        match &self.parent {
            Some(parent) if parent.closes_loop(found) => Err(Refusal::Loop),
            _ => Ok(()),
        }
    }
}

impl Node {
    /// Makes the node of a directory that was listed, for `waiting` of its subdirectories.
    pub(super) fn new(
        place: Place,
        identity: Identity,
        path: &Arc<Path>,
        dir: Arc<Dir>,
        waiting: usize,
    ) -> Arc<Node> {
        let is_short = path.as_os_str().len() <= KEPT_PATH;
        Arc::new(Node {
            depth: place.depth(),
            parent: place.parent,
            name: place.name,
            identity,
            path: is_short.then(|| Arc::clone(path)),
            access: Mutex::new(Access {
                dir: Some(dir),
                waiting,
            }),
        })
    }

    /// Tells whether the directory is held open for children that wait.
    pub(super) fn is_open(&self) -> bool {
        self.access().dir.is_some()
    }

    /// Closes the directory; it is opened again when a child needs it.
    pub(super) fn close(&self) {
        let dir = self.access().dir.take();
        // Only now, so that the system call is not made under the lock.
        drop(dir);
    }

    /// Counts one child less that waits; after the last the directory is closed.
    pub(super) fn child_opened(&self) {
        let mut access = self.access();
        access.waiting -= 1;
        let unneeded = if access.waiting == 0 {
            access.dir.take()
        } else {
            None
        };
        drop(access);
        drop(unneeded);
    }

    /// Tells whether the path is kept here, or put together anew by every [`Node::write_path`].
    pub(super) fn keeps_path(&self) -> bool {
        self.path.is_some()
    }

    /// Writes the path of this directory over `path`.
    pub(super) fn write_path(&self, path: &mut PathBuf) {
        path.clear();
        let mut names = Vec::new();
        for node in self.up() {
            if let Some(kept) = &node.path {
                path.push(kept);
                break;
            }
            names.push(&node.name);
        }
        path.extend(names.iter().rev());
    }

    /// Returns the open directory, opening it again when it had been closed.
    fn dir(self: &Arc<Node>, keeper: &Keeper<'_>) -> io::Result<Arc<Dir>> {
        let mut closed = Vec::new();
        let mut nearest = None;
        let mut next = Some(self);
        while let Some(node) = next {
            nearest = node.access().dir.clone();
            if nearest.is_some() {
                break;
            }
            closed.push(node);
            next = node.parent.as_ref();
        }
        // A loop, not recursion: the way down may be many thousand directories long.
        for node in closed.into_iter().rev() {
            nearest = Some(node.reopen(nearest, keeper)?);
        }
        // The first node looked at is either open or was just opened.
        nearest.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn reopen(
        self: &Arc<Node>,
        parent: Option<Arc<Dir>>,
        keeper: &Keeper<'_>,
    ) -> io::Result<Arc<Dir>> {
        let dir = match parent {
            None => Dir::open(Path::new(&self.name))?,
            Some(parent) => parent.open_child(&self.name).map_err(replaced)?,
        };
        if Identity::from(&dir.stat()?) != self.identity {
            return Err(Refusal::Replaced.into());
        }
        let dir = Arc::new(dir);
        if self.keep(&dir) {
            keeper.keep(self);
        }
        Ok(dir)
    }

    /// Holds `dir` for the children that wait; false when none does.
    fn keep(&self, dir: &Arc<Dir>) -> bool {
        let mut access = self.access();
        if access.waiting > 0 {
            access.dir = Some(Arc::clone(dir));
        }
        access.waiting > 0
    }

    /// Tells whether a child with this identity is this directory or one above it.
    ///
    /// Only damaged file systems can lead in a circle within one device, and mounts change the
    /// device or show a tree a finite number of times. So beyond the depth of ordinary trees the
    /// way up is searched only where the device changes and at powers of two: a circle is still
    /// found before it was gone round twice as deep, and a deep tree costs no quadratic time.
    fn closes_loop(&self, child: Identity) -> bool {
        let depth = self.depth + 1;
        let is_cheap = depth <= SHALLOW || depth.is_power_of_two();
        (is_cheap || child.device != self.identity.device)
            && self.up().any(|node| node.identity == child)
    }

    /// Returns this node and those above it, up to the root.
    fn up(&self) -> impl Iterator<Item = &Node> {
        iter::successors(Some(self), |node| node.parent.as_deref())
    }

    fn access(&self) -> MutexGuard<'_, Access> {
        // Nothing in here panics between two steps that belong together.
        self.access.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Node {
    /// Lets go of the ancestors one by one: the derived way would recurse once per level and
    /// overflow the stack in a deep tree.
    fn drop(&mut self) {
        let mut next = self.parent.take();
        while let Some(mut node) = next.and_then(Arc::into_inner) {
            next = node.parent.take();
        }
    }
}

/// Names what a failed opening means where the listing had shown a directory.
fn replaced(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotADirectory => Refusal::Replaced.into(),
        _ => error,
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn identity(inode: u64) -> Identity {
        Identity { device: 1, inode }
    }

    fn chain(depth: u64) -> Arc<Node> {
        let dir = Arc::new(Dir::open(Path::new("/")).unwrap());
        let mut path: Arc<Path> = Arc::from(Path::new("/r"));
        let mut parent = None;
        for inode in 0..depth {
            let name = if inode == 0 { "/r" } else { "n" }.into();
            let place = Place {
                parent,
                name,
                expected: None,
            };
            let node = Node::new(place, identity(inode), &path, Arc::clone(&dir), 1);
            if inode < 3000 {
                path = Arc::from(path.join("n"));
            }
            parent = Some(node);
        }
        parent.unwrap()
    }

    #[test]
    fn a_nest_of_100_000_levels_is_dropped_without_recursion() {
        let deepest = chain(100_000);
        let shared = Arc::clone(&deepest);
        drop(deepest);
        assert_eq!(shared.up().count(), 100_000);
        drop(shared);
    }

    #[test]
    fn long_paths_are_put_together_from_their_names() {
        let node = chain(5000);
        assert!(node.path.is_none());
        let mut path = PathBuf::new();
        node.write_path(&mut path);
        assert_eq!(path, Path::new(&format!("/r{}", "/n".repeat(4999))));
    }

    #[test]
    fn loops_are_found_at_once_near_the_root_and_in_time_below() {
        assert!(chain(10).closes_loop(identity(3)));
        assert!(chain(10).closes_loop(identity(9)));
        assert!(!chain(10).closes_loop(identity(10)));
        assert!(!chain(100).closes_loop(identity(3)));
        assert!(chain(128).closes_loop(identity(3)));
        let crossing = Identity {
            device: 2,
            inode: 3,
        };
        assert!(!chain(100).closes_loop(crossing));
    }
}
