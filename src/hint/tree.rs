//! Values kept by path, as a tree of names: [`Tree`].
//!
//! A tree and not a map of paths, because most questions are about what is above or below: is a
//! directory above this path in doubt as a whole, which values are below it, which directory
//! holds the most. Each name is stored once, and a directory of files that change together is
//! walked down to once: the last one is remembered.
//!
//! Every node but the root has a value, or has one below it.
//!
//! The maps hash with keys: names are made by whoever may write in a directory, who must not be
//! able to choose them so that they collide.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The place of one path in a tree, valid while there is a value at it or below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NodeId(u32);

/// The place of the empty path, which is above all others.
const ROOT: NodeId = NodeId(0);

impl From<u32> for NodeId {
    fn from(number: u32) -> NodeId {
        NodeId(number)
    }
}

/// Where a walk down a path ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// At the path.
    Path(NodeId),
    /// At a value that covers the path: at it or above.
    Cover(NodeId),
}

impl Reached {
    /// Returns the place, whichever it is.
    pub fn id(self) -> NodeId {
        match self {
            Reached::Path(id) | Reached::Cover(id) => id,
        }
    }
}

#[derive(Debug)]
struct Node<T> {
    parent: NodeId,
    /// Shared with the parent's map.
    name: Arc<OsStr>,
    /// Most nodes are files and have none.
    children: Option<Box<Children>>,
    value: Option<Box<T>>,
}

#[derive(Debug, Default)]
struct Children(HashMap<Arc<OsStr>, NodeId>);

#[derive(Debug)]
pub(super) struct Tree<T> {
    nodes: Vec<Option<Node<T>>>,
    free: Vec<NodeId>,
    len: usize,
    /// The directory of the path that was reached last.
    recent: Option<NodeId>,
    recent_path: PathBuf,
}

impl<T> Tree<T> {
    pub fn new() -> Tree<T> {
        Tree {
            nodes: vec![Some(Node::new(ROOT, Arc::from(OsStr::new(""))))],
            free: Vec::new(),
            len: 0,
            recent: None,
            recent_path: PathBuf::new(),
        }
    }

    /// Returns the number of values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns the number of nodes, with those that only lead to values.
    pub fn nodes(&self) -> usize {
        self.nodes.len() - self.free.len()
    }

    /// Walks down to a path, making the way where there is none. Ends early at a value that
    /// covers everything below it, and makes nothing then.
    ///
    /// Without a cover, the caller must put a value there before anything else is asked.
    pub fn reach(&mut self, path: &Path, covers: impl Fn(&T) -> bool) -> Reached {
        let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
            return self.walk(path, &covers);
        };
        let known = self
            .recent
            .filter(|_| self.recent_path.as_os_str() == dir.as_os_str());
        let dir_id = match known {
            Some(id) if self.get(id).is_some_and(&covers) => return Reached::Cover(id),
            Some(id) => id,
            None => match self.walk(dir, &covers) {
                Reached::Path(id) => self.remember(dir, id),
                cover => return cover,
            },
        };
        self.step(dir_id, name, &covers)
    }

    /// Finds the place of a path without making a way to it.
    pub fn find(&self, path: &Path) -> Option<NodeId> {
        let mut at = ROOT;
        for name in path {
            at = *self.node(at).children.as_ref()?.0.get(name)?;
        }
        Some(at)
    }

    /// Returns the value at a place, also of one that may be no more.
    pub fn get(&self, id: NodeId) -> Option<&T> {
        self.nodes.get(id.0 as usize)?.as_ref()?.value.as_deref()
    }

    /// Returns the value at a place, to be changed.
    pub fn get_mut(&mut self, id: NodeId) -> Option<&mut T> {
        self.nodes
            .get_mut(id.0 as usize)?
            .as_mut()?
            .value
            .as_deref_mut()
    }

    /// Says whether a place is still there.
    pub fn is_live(&self, id: NodeId) -> bool {
        self.nodes.get(id.0 as usize).is_some_and(Option::is_some)
    }

    /// Puts a value at a place, and returns the earlier one.
    pub fn put(&mut self, id: NodeId, value: T) -> Option<T> {
        let old = self.node_mut(id).value.replace(Box::new(value));
        self.len += usize::from(old.is_none());
        old.map(|old| *old)
    }

    /// Takes the value from a place, where the caller must put another.
    pub fn take(&mut self, id: NodeId) -> Option<T> {
        let value = self.node_mut(id).value.take()?;
        self.len -= 1;
        Some(*value)
    }

    /// Takes the value from a place, and the way to it where it leads nowhere else.
    pub fn remove(&mut self, id: NodeId) -> Option<T> {
        let value = self.take(id)?;
        self.prune(id);
        Some(value)
    }

    /// Returns the place above; that of the empty path is above itself.
    pub fn parent(&self, id: NodeId) -> NodeId {
        self.node(id).parent
    }

    /// Returns the path of a place.
    pub fn path(&self, id: NodeId) -> PathBuf {
        let mut names = Vec::new();
        let mut at = id;
        while at != ROOT {
            let node = self.node(at);
            names.push(&*node.name);
            at = node.parent;
        }
        names.into_iter().rev().collect()
    }

    /// Returns the last name of a place.
    pub fn name(&self, id: NodeId) -> &OsStr {
        &self.node(id).name
    }

    /// Returns the places at and below one that have a value.
    pub fn places_from(&self, top: NodeId) -> Vec<NodeId> {
        let mut places = Vec::new();
        let mut open = vec![top];
        while let Some(id) = open.pop() {
            let node = self.node(id);
            if node.value.is_some() {
                places.push(id);
            }
            let children = node.children.iter();
            open.extend(children.flat_map(|children| children.0.values()));
        }
        places
    }

    /// Gives a place another path, with all that is below it. Says whether there was room: no cover,
    /// and nothing at the path or below it.
    pub fn graft(&mut self, top: NodeId, to: &Path, covers: impl Fn(&T) -> bool) -> bool {
        if top == ROOT || to.starts_with(self.path(top)) {
            return false;
        }
        let Reached::Path(stub) = self.reach(to, covers) else {
            return false;
        };
        let node = self.node(stub);
        if stub == ROOT || node.value.is_some() || node.children.is_some() {
            return false;
        }
        let (parent, name) = (node.parent, Arc::clone(&node.name));
        let moved = self.node_mut(top);
        let old_parent = std::mem::replace(&mut moved.parent, parent);
        let old_name = std::mem::replace(&mut moved.name, Arc::clone(&name));
        if let Some(children) = &mut self.node_mut(parent).children {
            children.0.insert(name, top);
        }
        self.discard(stub);
        self.leave(old_parent, &old_name);
        self.prune(old_parent);
        // Its path may have changed.
        self.recent = None;
        true
    }

    /// Takes all values below a place, where the caller must put another.
    pub fn drain_below(&mut self, id: NodeId, mut each: impl FnMut(NodeId, T)) {
        // Whole maps at once: to take a hundred thousand names out one by one, as `remove` would,
        // would keep the kernel's queue waiting.
        let mut open: Vec<Box<Children>> = self.node_mut(id).children.take().into_iter().collect();
        while let Some(children) = open.pop() {
            for child in children.0.into_values() {
                let Some(node) = self.nodes.get_mut(child.0 as usize).and_then(Option::take) else {
                    continue;
                };
                self.free.push(child);
                open.extend(node.children);
                if let Some(value) = node.value {
                    self.len -= 1;
                    each(child, *value);
                }
            }
        }
        self.recent = None;
    }

    /// Says whether there are two values or more at a place and below it.
    pub fn holds_two(&self, id: NodeId) -> bool {
        let mut found = 0;
        let mut at = id;
        loop {
            let node = self.node(at);
            found += usize::from(node.value.is_some());
            let Some(children) = &node.children else {
                return found > 1;
            };
            // There is a value in each of them.
            let mut children = children.0.values();
            match (children.next(), children.next()) {
                (Some(only), None) if found < 2 => at = *only,
                _ => return true,
            }
        }
    }

    /// Returns all places that have a value, with it.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &T)> {
        let numbered = (0..).map(NodeId).zip(&self.nodes);
        numbered.filter_map(|(id, node)| Some((id, node.as_ref()?.value.as_deref()?)))
    }

    /// Gives the memory of a storm back.
    pub fn shrink_if_empty(&mut self) {
        if self.len == 0 && self.nodes.capacity() > 4096 {
            *self = Tree::new();
        }
    }

    fn walk(&mut self, path: &Path, covers: &impl Fn(&T) -> bool) -> Reached {
        if self.get(ROOT).is_some_and(covers) {
            return Reached::Cover(ROOT);
        }
        let mut at = ROOT;
        for name in path {
            match self.step(at, name, covers) {
                Reached::Path(id) => at = id,
                cover => return cover,
            }
        }
        Reached::Path(at)
    }

    fn step(&mut self, dir: NodeId, name: &OsStr, covers: &impl Fn(&T) -> bool) -> Reached {
        let children = self.node(dir).children.as_ref();
        let Some(&id) = children.and_then(|children| children.0.get(name)) else {
            return Reached::Path(self.make(dir, name));
        };
        if self.get(id).is_some_and(covers) {
            Reached::Cover(id)
        } else {
            Reached::Path(id)
        }
    }

    fn make(&mut self, parent: NodeId, name: &OsStr) -> NodeId {
        let name: Arc<OsStr> = Arc::from(name);
        let node = Some(Node::new(parent, Arc::clone(&name)));
        let reused = self.free.pop();
        let id = reused.unwrap_or_else(|| {
            // The bound of the pending hints is far below four milliards of nodes.
            NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX))
        });
        match self.nodes.get_mut(id.0 as usize) {
            Some(slot) => *slot = node,
            None => self.nodes.push(node),
        }
        let children = self.node_mut(parent).children.get_or_insert_default();
        children.0.insert(name, id);
        id
    }

    fn remember(&mut self, dir: &Path, id: NodeId) -> NodeId {
        self.recent = Some(id);
        // In place: this happens at each change of the directory.
        let kept = self.recent_path.as_mut_os_string();
        kept.clear();
        kept.push(dir);
        id
    }

    /// Removes a node that has neither a value nor one below it, and those above it likewise.
    fn prune(&mut self, mut id: NodeId) {
        while id != ROOT {
            let node = self.node(id);
            if node.value.is_some() || node.children.is_some() {
                return;
            }
            let (parent, name) = (node.parent, Arc::clone(&node.name));
            self.leave(parent, &name);
            self.discard(id);
            id = parent;
        }
    }

    /// Takes a name out of a directory.
    fn leave(&mut self, dir: NodeId, name: &OsStr) {
        let node = self.node_mut(dir);
        if let Some(children) = &mut node.children {
            children.0.remove(name);
            if children.0.is_empty() {
                node.children = None;
            }
        }
    }

    /// Frees a node that no directory has any more.
    fn discard(&mut self, id: NodeId) {
        if let Some(slot) = self.nodes.get_mut(id.0 as usize) {
            *slot = None;
        }
        self.free.push(id);
        if self.recent == Some(id) {
            self.recent = None;
        }
    }

    fn node(&self, id: NodeId) -> &Node<T> {
        let slot = self.nodes.get(id.0 as usize);
        slot.and_then(Option::as_ref)
            .expect("places are kept only while there is a value below")
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node<T> {
        let slot = self.nodes.get_mut(id.0 as usize);
        slot.and_then(Option::as_mut)
            .expect("places are kept only while there is a value below")
    }
}

impl<T> Node<T> {
    fn new(parent: NodeId, name: Arc<OsStr>) -> Node<T> {
        Node {
            parent,
            name,
            children: None,
            value: None,
        }
    }
}
