//! What happens over the limit: whole directories stand for what is pending in them.
//!
//! The fullest directories first, those with the fewest ends of renames before others. When no
//! directory holds two entries any more, the directories above are tried, and those above them.
//! Every step leaves fewer entries, and at the latest the root stands for everything.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::settle::Tick;
use super::tree::NodeId;
use super::{PendingHints, Reason};

/// Once over the limit, room is made for this part of it. To look for the fullest directory at
/// each single hint of a storm would cost a pass over all of them each time.
const SLACK: usize = 8;

/// Nodes that may be kept for each entry: its own, and those of directories. Without this bound, a
/// few files at the bottom of chains of a thousand directories would take the memory of a million.
const NODES_PER_ENTRY: usize = 3;

/// Nodes that are kept in any case, so that one path of any depth always has room.
const NODES_AT_LEAST: usize = 8192;

/// How much there is in one directory.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Weight {
    unlinked: usize,
    all: usize,
}

impl<A: Clone + PartialEq> PendingHints<A> {
    /// Collapses directories until all that is pending is within the limit.
    pub(super) fn make_room(&mut self, now: Tick) {
        if self.fits(self.limit) {
            return;
        }
        let goal = self.limit - self.limit / SLACK;
        let mut climbing: Vec<(NodeId, NodeId)> = self
            .tree
            .iter()
            .map(|(id, _)| (id, self.tree.parent(id)))
            .collect();
        loop {
            let mut collapsed = Vec::new();
            for dir in self.fullest(&climbing) {
                if self.fits(goal) {
                    return;
                }
                if self.collapse(dir, now) {
                    collapsed.push((dir, dir));
                }
            }
            climbing.extend(collapsed);
            climbing.retain(|(id, _)| self.tree.get(*id).is_some());
            let mut is_at_top = true;
            for (_, above) in &mut climbing {
                let parent = self.tree.parent(*above);
                is_at_top &= parent == *above;
                *above = parent;
            }
            if is_at_top || self.fits(goal) {
                return;
            }
        }
    }

    fn fits(&self, limit: usize) -> bool {
        let nodes = limit
            .saturating_mul(NODES_PER_ENTRY)
            .saturating_add(NODES_AT_LEAST);
        self.tree.len() <= limit && self.tree.nodes() <= nodes
    }

    /// Returns the directories above two entries or more, in the order in which they should go.
    fn fullest(&self, climbing: &[(NodeId, NodeId)]) -> Vec<NodeId> {
        let mut weights: HashMap<NodeId, Weight> = HashMap::new();
        for (id, above) in climbing {
            let weight = weights.entry(*above).or_default();
            weight.all += 1;
            weight.unlinked += usize::from(self.links.group(*id).is_none());
        }
        let mut dirs: Vec<(Weight, NodeId)> = weights
            .into_iter()
            .filter(|(_, weight)| weight.all > 1)
            .map(|(dir, weight)| (weight, dir))
            .collect();
        dirs.sort_unstable_by_key(|dir| Reverse(*dir));
        dirs.into_iter().map(|(_, dir)| dir).collect()
    }

    /// Makes a directory one subtree, unless that would not save anything by now.
    fn collapse(&mut self, dir: NodeId, now: Tick) -> bool {
        if !self.tree.is_live(dir) || !self.tree.holds_two(dir) {
            return false;
        }
        self.absorb_below(dir, Reason::Collapsed, now);
        self.totals.collapsed += 1;
        true
    }
}
