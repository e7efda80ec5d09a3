//! All configured paths of a policy as one tree of names, walked along with a path.
//!
//! A path is looked up name by name: [`Tree::step`] moves a [`Position`] one name down. The
//! position knows which configured path covers it (the [`Cover`]) and whether a deeper one may
//! still follow. Most directories leave the tree at once, which is what makes `DirScope` cheap.
//! Patterns of exclusion are not known here.

use std::collections::BTreeMap;
use std::path::Path;

use globset::{Candidate, GlobMatcher};

use super::path_pattern::{Segment, names};

type NodeId = usize;

/// The tree; node 0 is the root directory.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    /// Children by exact name.
    names: BTreeMap<Box<[u8]>, NodeId>,
    /// Children by wildcard, with its text.
    wild: Vec<(String, GlobMatcher, NodeId)>,
    /// The child reached by `**`, without consuming a name.
    any_depth: Option<NodeId>,
    /// This node is behind a `**`: it stays reached whatever name follows.
    stays: bool,
    /// The configured paths that end here.
    ends: Vec<End>,
}

/// A configured path that ends at a node.
#[derive(Clone, Copy, Debug)]
struct End {
    place: Place,
    recursive: bool,
}

/// Which entry of which rule's `paths`; a later rule is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub rule: usize,
    pub path: usize,
}

/// The configured path that decides about a path, and how many names deep it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cover {
    pub place: Place,
    pub depth: usize,
}

/// A place in the file system as the tree sees it.
#[derive(Clone, Debug)]
pub(super) struct Position {
    /// Reached nodes below which something is configured.
    open: Vec<NodeId>,
    /// How many names this place is below the root directory.
    pub depth: usize,
    /// The configured path that is exactly this place.
    pub here: Option<Cover>,
    /// The configured path that is exactly the parent, recursive or not.
    parent: Option<Cover>,
    /// The deepest recursive configured path at or above this place.
    pub recursive: Option<Cover>,
}

impl Position {
    /// Tells whether a configured path may lie below this place.
    pub fn leads_deeper(&self) -> bool {
        !self.open.is_empty()
    }

    /// Returns what decides about this place: the deepest configured path that reaches it.
    pub fn cover(&self) -> Option<Cover> {
        self.here.or(self.parent).or(self.recursive)
    }

    /// Returns what decides about an entry that is not configured itself.
    pub fn cover_of_children(&self) -> Option<Cover> {
        self.here.or(self.recursive)
    }
}

impl Tree {
    /// Returns a tree without any configured path.
    pub fn new() -> Tree {
        Tree {
            nodes: vec![Node::default()],
        }
    }

    /// Adds a configured path.
    pub fn insert(&mut self, segments: &[Segment], place: Place, recursive: bool) {
        let mut at = 0;
        for segment in segments {
            at = self.child(at, segment);
        }
        self.node_mut(at).ends.push(End { place, recursive });
    }

    fn child(&mut self, at: NodeId, segment: &Segment) -> NodeId {
        let fresh = self.nodes.len();
        let node = self.node_mut(at);
        let existing = match segment {
            Segment::Name(name) => node.names.get(name).copied(),
            Segment::Wild(text, _) => node
                .wild
                .iter()
                .find(|(other, ..)| other == text)
                .map(|(.., id)| *id),
            Segment::AnyDepth => node.any_depth,
        };
        if let Some(existing) = existing {
            return existing;
        }
        match segment {
            Segment::Name(name) => {
                node.names.insert(name.clone(), fresh);
            }
            Segment::Wild(text, matcher) => node.wild.push((text.clone(), matcher.clone(), fresh)),
            Segment::AnyDepth => node.any_depth = Some(fresh),
        }
        let stays = matches!(segment, Segment::AnyDepth);
        self.nodes.push(Node {
            stays,
            ..Node::default()
        });
        fresh
    }

    /// Returns the position of the root directory.
    pub fn root(&self) -> Position {
        let mut root = Position {
            open: Vec::new(),
            depth: 0,
            here: None,
            parent: None,
            recursive: None,
        };
        self.reach(0, &mut root);
        root
    }

    /// Returns the position of an absolute path.
    pub fn position(&self, path: &Path) -> Position {
        names(path).fold(self.root(), |position, name| self.step(&position, name))
    }

    /// Returns the position one name below.
    pub fn step(&self, from: &Position, name: &[u8]) -> Position {
        let mut next = Position {
            open: Vec::new(),
            depth: from.depth + 1,
            here: None,
            parent: from.here,
            recursive: from.recursive,
        };
        for &id in &from.open {
            let node = self.node(id);
            if node.stays {
                self.reach(id, &mut next);
            }
            if let Some(&child) = node.names.get(name) {
                self.reach(child, &mut next);
            }
            if node.wild.is_empty() {
                continue;
            }
            let candidate = Candidate::from_bytes(name);
            for (_, matcher, child) in &node.wild {
                if matcher.is_match_candidate(&candidate) {
                    self.reach(*child, &mut next);
                }
            }
        }
        next
    }

    /// Marks a node as reached, and the node behind its `**` too.
    fn reach(&self, id: NodeId, position: &mut Position) {
        let node = self.node(id);
        for end in &node.ends {
            let cover = Cover {
                place: end.place,
                depth: position.depth,
            };
            position.here = later(position.here, cover);
            if end.recursive {
                position.recursive = later(position.recursive, cover);
            }
        }
        let leads_on = node.stays || !node.names.is_empty() || !node.wild.is_empty();
        if leads_on && !position.open.contains(&id) {
            position.open.push(id);
        }
        if let Some(behind) = node.any_depth {
            self.reach(behind, position);
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "ids are only made by `child`, nodes are never removed"
    )]
    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "ids are only made by `child`, nodes are never removed"
    )]
    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id]
    }
}

/// Returns the deeper cover, at equal depth the one of the later rule.
fn later(current: Option<Cover>, new: Cover) -> Option<Cover> {
    match current {
        Some(current) if (current.depth, current.place) > (new.depth, new.place) => Some(current),
        _ => Some(new),
    }
}
