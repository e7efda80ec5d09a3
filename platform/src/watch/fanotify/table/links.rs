//! What the methods of a [`Table`] are made of: finding nodes, and giving them their places.

use super::nodes::{Node, NodeId, ROOT};
use super::{Place, Spot, Table, is_at_or_below, split_name};
use crate::watch::fanotify::handle::HandleRef;

impl Table {
    pub(super) fn place(&self, id: NodeId) -> Place {
        Place {
            path: self.nodes.path(id),
            handle: self.nodes.get(id).handle.clone(),
        }
    }

    pub(super) fn all_places(&self, ids: impl Iterator<Item = NodeId>) -> Vec<Place> {
        ids.map(|id| self.place(id)).collect()
    }

    /// Returns the node found by this path.
    pub(super) fn find(&self, path: &[u8]) -> Option<NodeId> {
        let mut prefix = path;
        loop {
            let names = path.get(prefix.len()..).unwrap_or_default();
            let mut names = names
                .split(|&byte| byte == b'/')
                .filter(|name| !name.is_empty());
            let found = (self.nodes.child(ROOT, prefix))
                .and_then(|anchor| names.try_fold(anchor, |id, name| self.nodes.child(id, name)));
            if found.is_some() {
                return found;
            }
            prefix = split_name(prefix)?.0;
        }
    }

    /// Returns the node of the directory that a path is in, and the name there.
    ///
    /// The path alone would not do, for others may have had it before. Only where another file
    /// system is mounted nothing else is known.
    pub(super) fn parent<'p>(
        &self,
        handle: HandleRef<'_>,
        parent: Option<&Place>,
        path: &'p [u8],
    ) -> Option<(NodeId, &'p [u8])> {
        let (parent_path, name) = split_name(path)?;
        let known = parent.and_then(|parent| self.at(parent.handle.borrowed(), &parent.path));
        let is_other = |id: &NodeId| self.nodes.get(*id).handle.borrowed().fsid != handle.fsid;
        let by_path = || self.find(parent_path).filter(is_other);
        Some((known.or_else(by_path)?, name))
    }

    /// Returns the node of this directory with this path, whether it is found by it or not.
    pub(super) fn at(&self, handle: HandleRef<'_>, path: &[u8]) -> Option<NodeId> {
        let is_there = |id: &NodeId| self.nodes.path(*id) == path;
        let mut nodes = self.nodes.with_handle(handle).filter(is_there);
        let first = nodes.next()?;
        // There are two where two directories have the path of the one above. What was looked at
        // last is found by its name, and goes on to be looked at.
        let named = nodes.next().and_then(|_| self.find(path));
        let is_it = |id: &NodeId| self.nodes.get(*id).handle.borrowed() == handle;
        Some(named.filter(is_it).unwrap_or(first))
    }

    /// Returns the node with this name and, if it is given, this handle.
    pub(super) fn child(
        &self,
        parent: NodeId,
        name: &[u8],
        handle: Option<HandleRef<'_>>,
    ) -> Option<NodeId> {
        let Some(handle) = handle else {
            return self.nodes.child(parent, name);
        };
        let is_it = |&id: &NodeId| {
            let node = self.nodes.get(id);
            node.parent == parent && *node.name == *name
        };
        self.nodes.with_handle(handle).find(is_it)
    }

    /// Returns the node in this spot, of this directory if a handle is given.
    pub(super) fn spotted(&self, spot: Spot<'_>, handle: Option<HandleRef<'_>>) -> Option<NodeId> {
        // A directory may be there twice until all records are taken.
        let mut parents = self.nodes.with_handle(spot.dir);
        parents.find_map(|parent| {
            let child = self.child(parent, spot.name, handle)?;
            (self.nodes.path(parent) == spot.dir_path).then_some(child)
        })
    }

    /// Returns the anchor of this directory with this path.
    pub(super) fn anchor(&self, handle: HandleRef<'_>, path: &[u8]) -> Option<NodeId> {
        self.child(ROOT, path, Some(handle))
    }

    /// Gives a node its place; `false` when that would be below itself.
    pub(super) fn relink(&mut self, id: NodeId, parent: NodeId, name: &[u8]) -> bool {
        let node = self.nodes.get(id);
        if node.parent == parent && *node.name == *name {
            return true;
        }
        if self.nodes.is_within(parent, id) {
            return false;
        }
        self.unanchor(id);
        self.nodes.relink(id, parent, name);
        true
    }

    /// Lets a node be found by its name unless another has it; then both are in doubt.
    pub(super) fn show(&mut self, id: NodeId) {
        let node = self.nodes.get(id);
        match self.nodes.child(node.parent, &node.name) {
            None => self.nodes.show(id),
            Some(occupant) if occupant == id => {}
            Some(occupant) => {
                self.doubt(occupant);
                self.doubt(id);
            }
        }
    }

    /// Lets a node be found by its name; if another had it, both are in doubt.
    pub(super) fn reveal(&mut self, id: NodeId) {
        let node = self.nodes.get(id);
        let occupant = self.nodes.child(node.parent, &node.name);
        if let Some(occupant) = occupant.filter(|&occupant| occupant != id) {
            self.nodes.hide(occupant);
            self.doubt(occupant);
            self.doubt(id);
        }
        self.nodes.show(id);
    }

    pub(super) fn doubt(&mut self, id: NodeId) {
        if !self.doubts.contains(&id) {
            self.doubts.push_back(id);
        }
    }

    /// Moves what is below one node to another node of the same directory, and removes the first.
    pub(super) fn merge(&mut self, from: NodeId, into: NodeId) {
        if self.nodes.is_within(into, from) {
            if into != from {
                self.doubt(from);
            }
            return;
        }
        if self.nodes.get(from).is_seen {
            self.nodes.set_seen(into);
        }
        let mut pairs = vec![(from, into)];
        while let Some((from, into)) = pairs.pop() {
            let children: Vec<NodeId> = self.nodes.children(from).collect();
            for child in children {
                let node = self.nodes.get(child);
                let name = node.name.clone();
                let there = self.child(into, &name, Some(node.handle.clone().borrowed()));
                if let Some(there) = there {
                    pairs.push((child, there));
                } else if self.relink(child, into, &name) {
                    self.show(child);
                }
            }
        }
        self.drop_below(from);
    }

    /// Merges anchors with what has come to be at their path, below this one.
    pub(super) fn take_in_anchors(&mut self, path: &[u8]) {
        let is_below = |id: &NodeId| is_at_or_below(&self.nodes.get(*id).name, path);
        let anchors: Vec<NodeId> = self.nodes.children(ROOT).filter(is_below).collect();
        for anchor in anchors {
            let Node { handle, name, .. } = self.nodes.get(anchor);
            let is_there = |&id: &NodeId| id != anchor && self.nodes.path(id) == **name;
            let there = self.nodes.with_handle(handle.borrowed()).find(is_there);
            if let Some(there) = there {
                self.merge(anchor, there);
            }
        }
    }

    /// Removes a node and everything below; returns what had a mark of its own and is not covered
    /// under another path.
    pub(super) fn drop_below(&mut self, top: NodeId) -> Vec<Place> {
        let all = self.within(top);
        let is_marked = |id: &NodeId| self.nodes.get(*id).is_marked;
        let mut marked = self.all_places(all.iter().copied().filter(is_marked));
        self.unanchor(top);
        for id in all.into_iter().rev() {
            self.nodes.remove(id);
        }
        let Table { nodes, doubts, .. } = self;
        // What is removed has no name any more.
        doubts.retain(|&id| !nodes.get(id).name.is_empty());
        marked.retain(|place| !self.knows(place.handle.borrowed()));
        marked
    }

    /// Returns a node and all below it, the upper ones first.
    pub(super) fn within(&self, top: NodeId) -> Vec<NodeId> {
        let mut all = vec![top];
        let mut next = 0;
        while let Some(&id) = all.get(next) {
            all.extend(self.nodes.children(id));
            next += 1;
        }
        all
    }

    /// Takes note that a node is no anchor, or one with other directories above it.
    pub(super) fn unanchor(&mut self, id: NodeId) {
        if self.nodes.get(id).parent == ROOT {
            self.above.retain(|_, anchors| {
                anchors.retain(|&anchor| anchor != id);
                !anchors.is_empty()
            });
        }
    }
}
