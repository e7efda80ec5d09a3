//! [`Table`]: which directories are covered, and under which paths. Pure.
//!
//! The kernel names a directory by its handle; the table knows where that is. A directory is a node
//! with a name below its parent's node, so that renaming one moves everything below it at once.
//! A directory whose parent is not covered is an *anchor* and has its whole path; it also knows the
//! handles of the directories above it, because renaming one of those makes its path wrong. One
//! directory may be covered under several paths (bind mounts).
//!
//! The table is told of the same things twice: by records, in order but late, and by whoever covers
//! directories, who looks at the present. So two directories may have one name: one that is gone or
//! about to move (two names being exchanged are two renames, one after the other), and its
//! successor. Both stay known by their handles, one is found by the name, and both are in *doubt*:
//! when all records are taken, or doubts are too many, somebody must look which of them is there
//! ([`Table::doubtful`]).
//!
//! Paths are bytes, absolute, without `.`, `..` and a `/` at the end.

mod links;
mod nodes;

use std::collections::{HashMap, VecDeque};

use self::nodes::{NodeId, Nodes, ROOT, push_name};
use super::handle::{Handle, HandleRef};

/// See the module.
pub(super) struct Table {
    nodes: Nodes,
    doubts: VecDeque<NodeId>,
    /// The anchors below each directory that is not covered itself.
    above: HashMap<Handle, Vec<NodeId>>,
}

/// A directory under one of its paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: Vec<u8>,
    pub(super) handle: Handle,
}

/// A name in a covered directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot<'s> {
    pub(super) dir: HandleRef<'s>,
    pub(super) dir_path: &'s [u8],
    pub(super) name: &'s [u8],
}

impl Spot<'_> {
    /// Returns the whole path.
    pub(super) fn path(self) -> Vec<u8> {
        let mut path = self.dir_path.to_vec();
        if !matches!(self.name, b"" | b".") {
            push_name(&mut path, self.name);
        }
        path
    }
}

impl Table {
    pub(super) fn new() -> Table {
        Table {
            nodes: Nodes::new(),
            doubts: VecDeque::new(),
            above: HashMap::new(),
        }
    }

    /// Returns how many directories there are, each as often as it has paths.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Says whether this directory is covered.
    pub(super) fn knows(&self, handle: HandleRef<'_>) -> bool {
        self.nodes.with_handle(handle).next().is_some()
    }

    /// Says whether the directory at this path is covered.
    pub(super) fn covers(&self, path: &[u8]) -> bool {
        self.find(path).is_some()
    }

    /// Returns where this directory is covered.
    pub(super) fn places(&self, handle: HandleRef<'_>) -> Vec<Place> {
        self.all_places(self.nodes.with_handle(handle))
    }

    /// Says whether directories that appear in this one need a mark of their own.
    pub(super) fn needs_marks(&self, handle: HandleRef<'_>) -> bool {
        let mut nodes = self.nodes.with_handle(handle);
        nodes.any(|id| self.nodes.get(id).is_marked)
    }

    /// Takes in a directory that was found at this path just now, in that parent; `true` when it
    /// became an anchor.
    pub(super) fn cover(
        &mut self,
        handle: HandleRef<'_>,
        parent: Option<&Place>,
        path: &[u8],
        is_marked: bool,
    ) -> bool {
        let (parent, name) = self.parent(handle, parent, path).unwrap_or((ROOT, path));
        let known = self.child(parent, name, Some(handle));
        let id = match known.or_else(|| self.at(handle, path)) {
            Some(id) if self.relink(id, parent, name) => id,
            _ => self.nodes.add(handle, parent, name),
        };
        self.nodes.set_seen(id);
        self.nodes.set_marked(id, is_marked);
        self.reveal(id);
        self.doubts.retain(|&doubt| doubt != id);
        known.is_none() && parent == ROOT
    }

    /// Takes in that what was covered at `place` was found at this path.
    pub(super) fn found(&mut self, place: &Place, path: &[u8]) {
        let handle = place.handle.borrowed();
        if let (Some(from), Some(into)) = (self.at(handle, &place.path), self.at(handle, path)) {
            self.merge(from, into);
            self.take_in_anchors(path);
        }
    }

    /// Takes in a directory that a record says appeared there.
    pub(super) fn register(&mut self, spot: Spot<'_>, handle: HandleRef<'_>) {
        let Some(parent) = self.at(spot.dir, spot.dir_path) else {
            return;
        };
        let known = self.child(parent, spot.name, Some(handle));
        let id = match known.or_else(|| self.anchor(handle, &spot.path())) {
            Some(id) if self.relink(id, parent, spot.name) => id,
            _ => self.nodes.add(handle, parent, spot.name),
        };
        self.show(id);
    }

    /// Gives a directory another name, and so everything below another path; `false` when not all
    /// that is below is covered, because nobody has looked at it yet, or it was not there at all.
    pub(super) fn relocate(
        &mut self,
        from: Spot<'_>,
        to: Spot<'_>,
        target: Option<HandleRef<'_>>,
    ) -> bool {
        let parent = self.at(to.dir, to.dir_path);
        let known = self.spotted(from, target);
        let handle = known.map(|id| self.nodes.get(id).handle.clone());
        let handle = handle.as_ref().map(Handle::borrowed).or(target);
        // Perhaps it was found there before this record was read.
        let there = parent
            .zip(handle)
            .and_then(|(parent, handle)| self.child(parent, to.name, Some(handle)));
        let id = match (known, there, parent) {
            (known, Some(there), _) => {
                self.merge(known.unwrap_or(there), there);
                self.show(there);
                there
            }
            (Some(id), None, Some(parent)) if self.relink(id, parent, to.name) => {
                self.reveal(id);
                id
            }
            (Some(id), None, Some(_)) => {
                // It went into what is known to be below it by now: a later record moves that.
                self.doubt(id);
                return false;
            }
            (known, ..) => {
                known.into_iter().for_each(|id| drop(self.drop_below(id)));
                return false;
            }
        };
        let is_seen = self.within(id).iter().all(|&id| self.nodes.get(id).is_seen);
        self.take_in_anchors(&to.path());
        is_seen
    }

    /// Says whether this directory is known there.
    pub(super) fn holds(&self, spot: Spot<'_>, target: Option<HandleRef<'_>>) -> bool {
        self.spotted(spot, target).is_some()
    }

    /// Removes a directory that is gone from there, with everything below.
    pub(super) fn remove(&mut self, spot: Spot<'_>, target: Option<HandleRef<'_>>) {
        if let Some(id) = self.spotted(spot, target) {
            self.drop_below(id);
        }
    }

    /// Removes a directory that is not at its path any more, with everything below.
    pub(super) fn uproot(&mut self, place: &Place) {
        if let Some(id) = self.at(place.handle.borrowed(), &place.path) {
            self.drop_below(id);
        }
    }

    /// Removes everything at and below this path; returns what had a mark of its own.
    pub(super) fn forget(&mut self, path: &[u8]) -> Vec<Place> {
        let mut dropped = Vec::new();
        let is_in = |id: &NodeId| is_at_or_below(&self.nodes.path(*id), path);
        let anchors: Vec<NodeId> = self.nodes.children(ROOT).filter(is_in).collect();
        for anchor in anchors {
            dropped.extend(self.drop_below(anchor));
        }
        if let Some(id) = self.find(path) {
            dropped.extend(self.drop_below(id));
        }
        while let Some(&id) =
            (self.doubts.iter()).find(|id| is_at_or_below(&self.nodes.path(**id), path))
        {
            dropped.extend(self.drop_below(id));
        }
        dropped
    }

    /// Says which directories are above an anchor.
    pub(super) fn set_above(&mut self, path: &[u8], above: &[Handle]) {
        let Some(id) = self.nodes.child(ROOT, path) else {
            return;
        };
        self.unanchor(id);
        for handle in above {
            self.above.entry(handle.clone()).or_default().push(id);
        }
    }

    /// Returns the anchors that are this directory.
    pub(super) fn anchors_at(&self, handle: HandleRef<'_>) -> Vec<Place> {
        let nodes = self.nodes.with_handle(handle);
        self.all_places(nodes.filter(|&id| self.nodes.get(id).parent == ROOT))
    }

    /// Returns the anchors that are below this directory.
    pub(super) fn anchors_below(&self, handle: HandleRef<'_>) -> Vec<Place> {
        let anchors = self.above.get(&handle.to_owned());
        self.all_places(anchors.into_iter().flatten().copied())
    }

    /// Returns the anchors on this file system.
    pub(super) fn anchors_on(&self, fsid: u64) -> Vec<Place> {
        let is_on = |&id: &NodeId| self.nodes.get(id).handle.borrowed().fsid == fsid;
        self.all_places(self.nodes.children(ROOT).filter(is_on))
    }

    /// Says whether something is covered at or below this path, or the directory it is in.
    pub(super) fn is_near(&self, path: &[u8]) -> bool {
        let mut anchors = self.nodes.children(ROOT);
        self.find(path).is_some()
            || split_name(path).is_some_and(|(parent, _)| self.find(parent).is_some())
            || anchors.any(|id| is_at_or_below(&self.nodes.get(id).name, path))
    }

    /// Returns the directory that was in doubt for longest when there are more than so many.
    pub(super) fn doubtful(&self, keep: usize) -> Option<Place> {
        let oldest = self.doubts.front()?;
        (self.doubts.len() > keep).then(|| self.place(*oldest))
    }

    /// Takes in whether a doubtful directory is at its path.
    pub(super) fn settle(&mut self, place: &Place, is_there: bool) {
        let mut doubts = self.doubts.iter().copied();
        match doubts.find(|&id| self.place(id) == *place) {
            Some(id) if is_there => {
                self.reveal(id);
                self.doubts.retain(|&doubt| doubt != id);
            }
            Some(id) => drop(self.drop_below(id)),
            None => {}
        }
    }
}

/// Returns the path of the directory and the name in it; `None` when a path has only one name.
pub(super) fn split_name(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = path.iter().rposition(|&byte| byte == b'/')?;
    let (parent, name) = path.split_at_checked(slash)?;
    let name = name.get(1..).filter(|name| !name.is_empty())?;
    Some((if parent.is_empty() { b"/" } else { parent }, name))
}

/// Says whether a path is `above` or below it.
fn is_at_or_below(path: &[u8], above: &[u8]) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/") || above.ends_with(b"/"))
}
