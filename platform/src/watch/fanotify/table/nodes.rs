//! The nodes behind a [`super::Table`]: names below names, found by handle and by name.
//!
//! Made for hundreds of thousands of them: numbers instead of pointers, and indexes that hold
//! nothing but those numbers. Node [`ROOT`] stands above all others and is no directory; its
//! children are the anchors, whose name is a whole path.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::super::handle::{Handle, HandleRef};

pub(super) type NodeId = u32;

/// Above everything; its children's names are whole paths.
pub(super) const ROOT: NodeId = 0;
const NONE: NodeId = NodeId::MAX;

/// One directory under one path.
pub(super) struct Node {
    pub(super) handle: Handle,
    pub(super) name: Box<[u8]>,
    pub(super) parent: NodeId,
    first_child: NodeId,
    next: NodeId,
    previous: NodeId,
    /// Whether it is found by its name.
    pub(super) is_named: bool,
    /// Whether it has a mark of its own in the kernel.
    pub(super) is_marked: bool,
    /// Whether somebody looked at it, and so at what is below, and not only a record told of it.
    pub(super) is_seen: bool,
}

impl Node {
    fn vacant() -> Node {
        let none = HandleRef {
            fsid: 0,
            kind: 0,
            bytes: &[],
        };
        Node {
            handle: none.to_owned(),
            name: Box::default(),
            parent: NONE,
            first_child: NONE,
            next: NONE,
            previous: NONE,
            is_named: false,
            is_marked: false,
            is_seen: false,
        }
    }
}

pub(super) struct Nodes {
    slots: Vec<Node>,
    free: Vec<NodeId>,
    by_handle: HashTable<NodeId>,
    by_name: HashTable<NodeId>,
    state: RandomState,
    /// What is read where there is no such node.
    vacant: Node,
}

impl Nodes {
    pub(super) fn new() -> Nodes {
        Nodes {
            slots: vec![Node::vacant()],
            free: Vec::new(),
            by_handle: HashTable::new(),
            by_name: HashTable::new(),
            state: RandomState::new(),
            vacant: Node::vacant(),
        }
    }

    /// Returns how many there are, the root not counted.
    pub(super) fn len(&self) -> usize {
        self.by_handle.len()
    }

    pub(super) fn get(&self, id: NodeId) -> &Node {
        node_in(&self.slots, id).unwrap_or(&self.vacant)
    }

    pub(super) fn set_marked(&mut self, id: NodeId, is_marked: bool) {
        self.change(id, |node| node.is_marked = is_marked);
    }

    pub(super) fn set_seen(&mut self, id: NodeId) {
        self.change(id, |node| node.is_seen = true);
    }

    /// Returns the nodes of this directory: one for each path it is covered under.
    pub(super) fn with_handle(&self, handle: HandleRef<'_>) -> impl Iterator<Item = NodeId> {
        let candidates = self.by_handle.iter_hash(handle.hash_with(&self.state));
        candidates
            .copied()
            .filter(move |&id| self.get(id).handle.borrowed() == handle)
    }

    /// Returns the node with this name.
    pub(super) fn child(&self, parent: NodeId, name: &[u8]) -> Option<NodeId> {
        let is_it = |&id: &NodeId| {
            let node = self.get(id);
            node.parent == parent && *node.name == *name
        };
        let hash = self.state.hash_one((parent, name));
        self.by_name.find(hash, is_it).copied()
    }

    pub(super) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let first = self.get(id).first_child;
        std::iter::successors(Some(first), |&id| Some(self.get(id).next))
            .take_while(|&id| id != NONE)
    }

    /// Returns the path of a node.
    pub(super) fn path(&self, id: NodeId) -> Vec<u8> {
        let mut names = Vec::new();
        let mut at = id;
        while at != ROOT && at != NONE {
            let node = self.get(at);
            names.push(&*node.name);
            at = node.parent;
        }
        let mut path = Vec::with_capacity(names.iter().map(|name| name.len() + 1).sum());
        for name in names.into_iter().rev() {
            push_name(&mut path, name);
        }
        path
    }

    /// Says whether a node is `above` or below it.
    pub(super) fn is_within(&self, id: NodeId, above: NodeId) -> bool {
        let mut at = id;
        while at != above && at != NONE {
            at = self.get(at).parent;
        }
        at == above
    }

    /// Makes a node that is not found by its name yet.
    pub(super) fn add(&mut self, handle: HandleRef<'_>, parent: NodeId, name: &[u8]) -> NodeId {
        let node = Node {
            handle: handle.to_owned(),
            ..Node::vacant()
        };
        let id = match self.free.pop() {
            Some(id) => id,
            None => {
                self.slots.push(Node::vacant());
                (self.slots.len() - 1) as NodeId
            }
        };
        self.change(id, |place| *place = node);
        let Nodes { slots, state, .. } = self;
        self.by_handle
            .insert_unique(handle.hash_with(state), id, |&id| {
                handle_hash(slots, state, id)
            });
        self.link(id, parent, name);
        id
    }

    /// Gives a node another parent and name; it is not found by its name then.
    pub(super) fn relink(&mut self, id: NodeId, parent: NodeId, name: &[u8]) {
        self.unlink(id);
        self.link(id, parent, name);
    }

    /// Removes a node, which must have no children.
    pub(super) fn remove(&mut self, id: NodeId) {
        self.unlink(id);
        let hash = handle_hash(&self.slots, &self.state, id);
        if let Ok(entry) = self.by_handle.find_entry(hash, |&other| other == id) {
            entry.remove();
            self.change(id, |node| *node = Node::vacant());
            self.free.push(id);
        }
    }

    /// Lets a node be found by its name, which no other may be.
    pub(super) fn show(&mut self, id: NodeId) {
        if self.get(id).is_named {
            return;
        }
        let Nodes { slots, state, .. } = self;
        let hash = name_hash(slots, state, id);
        self.by_name
            .insert_unique(hash, id, |&id| name_hash(slots, state, id));
        self.change(id, |node| node.is_named = true);
    }

    /// Lets a node no longer be found by its name.
    pub(super) fn hide(&mut self, id: NodeId) {
        let hash = name_hash(&self.slots, &self.state, id);
        if let Ok(entry) = self.by_name.find_entry(hash, |&other| other == id) {
            entry.remove();
        }
        self.change(id, |node| node.is_named = false);
    }

    fn link(&mut self, id: NodeId, parent: NodeId, name: &[u8]) {
        let next = self.get(parent).first_child;
        self.change(next, |node| node.previous = id);
        self.change(parent, |node| node.first_child = id);
        self.change(id, |node| {
            node.parent = parent;
            node.name = name.into();
            node.next = next;
            node.previous = NONE;
        });
    }

    fn unlink(&mut self, id: NodeId) {
        self.hide(id);
        let &Node {
            parent,
            next,
            previous,
            ..
        } = self.get(id);
        self.change(next, |node| node.previous = previous);
        if previous == NONE {
            self.change(parent, |node| node.first_child = next);
        } else {
            self.change(previous, |node| node.next = next);
        }
    }

    fn change(&mut self, id: NodeId, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.slots.get_mut(id as usize) {
            change(node);
        }
    }
}

/// Adds a name to a path.
pub(super) fn push_name(path: &mut Vec<u8>, name: &[u8]) {
    if !path.is_empty() && path.last() != Some(&b'/') {
        path.push(b'/');
    }
    path.extend(name);
}

fn node_in(slots: &[Node], id: NodeId) -> Option<&Node> {
    slots.get(id as usize)
}

fn handle_hash(slots: &[Node], state: &RandomState, id: NodeId) -> u64 {
    node_in(slots, id).map_or(0, |node| node.handle.borrowed().hash_with(state))
}

fn name_hash(slots: &[Node], state: &RandomState, id: NodeId) -> u64 {
    node_in(slots, id).map_or(0, |node| state.hash_one((node.parent, &*node.name)))
}
