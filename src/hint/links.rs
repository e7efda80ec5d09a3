//! Which pending entries must be looked at together: [`Links`].
//!
//! A rename is only recognised by somebody who sees both ends, so both are linked, and with them
//! whatever either end is linked with already. A group is a ring: two neighbours for each member,
//! so that leaving costs the same in a group of two and in one of a hundred thousand (rotating
//! logs). Only linked entries are in the map; the others, nearly all, cost nothing.

use std::collections::HashMap;

use super::tree::NodeId;

#[derive(Debug, Default)]
pub(super) struct Links {
    members: HashMap<NodeId, Member>,
    sizes: HashMap<u64, usize>,
    last_group: u64,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    group: u64,
    before: NodeId,
    after: NodeId,
}

impl Links {
    /// Puts two entries into one group, with all that are linked to either.
    pub fn join(&mut self, left: NodeId, right: NodeId) {
        if left == right {
            return;
        }
        let (left_group, right_group) = (self.enter(left), self.enter(right));
        if left_group == right_group {
            return;
        }
        // The smaller group takes the other's number, so that a chain of any length costs
        // n log n altogether.
        let (large, large_group, small, small_group) =
            if self.size(left_group) < self.size(right_group) {
                (right, right_group, left, left_group)
            } else {
                (left, left_group, right, right_group)
            };
        for id in self.ring(small) {
            self.change(id, |member| member.group = large_group);
        }
        let moved = self.sizes.remove(&small_group).unwrap_or(0);
        *self.sizes.entry(large_group).or_insert(0) += moved;
        self.splice(large, small);
    }

    /// Lets one entry stand for another, which has gone.
    pub fn replace(&mut self, old: NodeId, new: NodeId) {
        if self.members.contains_key(&old) {
            self.join(old, new);
            self.leave(old);
        }
    }

    /// Returns the group of an entry, if it is linked.
    pub fn group(&self, id: NodeId) -> Option<u64> {
        self.members.get(&id).map(|member| member.group)
    }

    /// Dissolves the group of an entry and returns all its members; just the entry itself if it
    /// is not linked.
    pub fn dissolve(&mut self, id: NodeId) -> Vec<NodeId> {
        let Some(group) = self.group(id) else {
            return vec![id];
        };
        let ring = self.ring(id);
        for id in &ring {
            self.members.remove(id);
        }
        self.sizes.remove(&group);
        ring
    }

    /// Takes one entry out of its group.
    fn leave(&mut self, id: NodeId) {
        let Some(member) = self.members.remove(&id) else {
            return;
        };
        self.change(member.before, |before| before.after = member.after);
        self.change(member.after, |after| after.before = member.before);
        let size = self.sizes.entry(member.group).or_insert(1);
        *size -= 1;
        if *size <= 1 {
            // One that is left alone is linked to nothing.
            self.members.remove(&member.after);
            self.sizes.remove(&member.group);
        }
    }

    /// Returns the group of an entry, a new one if it had none.
    fn enter(&mut self, id: NodeId) -> u64 {
        if let Some(group) = self.group(id) {
            return group;
        }
        self.last_group += 1;
        let group = self.last_group;
        let (before, after) = (id, id);
        self.members.insert(
            id,
            Member {
                group,
                before,
                after,
            },
        );
        self.sizes.insert(group, 1);
        group
    }

    /// Makes one ring of two.
    fn splice(&mut self, left: NodeId, right: NodeId) {
        let after = |links: &Links, id| links.members.get(&id).map_or(id, |member| member.after);
        let (left_after, right_after) = (after(self, left), after(self, right));
        self.change(left, |member| member.after = right_after);
        self.change(right_after, |member| member.before = left);
        self.change(right, |member| member.after = left_after);
        self.change(left_after, |member| member.before = right);
    }

    /// Returns all members of the ring of an entry, itself first.
    fn ring(&self, id: NodeId) -> Vec<NodeId> {
        let mut ring = vec![id];
        let mut at = id;
        while let Some(member) = self.members.get(&at).filter(|member| member.after != id) {
            at = member.after;
            ring.push(at);
        }
        ring
    }

    fn size(&self, group: u64) -> usize {
        self.sizes.get(&group).copied().unwrap_or(0)
    }

    fn change(&mut self, id: NodeId, change: impl FnOnce(&mut Member)) {
        if let Some(member) = self.members.get_mut(&id) {
            change(member);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> NodeId {
        NodeId::from(number)
    }

    fn dissolved(links: &mut Links, number: u32) -> Vec<NodeId> {
        let mut ring = links.dissolve(id(number));
        ring.sort_unstable();
        ring
    }

    #[test]
    fn groups_grow_together() {
        let mut links = Links::default();
        for (left, right) in [(1, 2), (3, 4), (4, 5), (2, 3), (5, 1), (6, 7), (8, 8)] {
            links.join(id(left), id(right));
        }
        assert_eq!(links.group(id(1)), links.group(id(5)));
        assert_ne!(links.group(id(1)), links.group(id(6)));
        assert_eq!(links.group(id(8)), None);
        assert_eq!(dissolved(&mut links, 4), [1, 2, 3, 4, 5].map(id));
        assert_eq!(dissolved(&mut links, 4), [id(4)]);
        assert_eq!(dissolved(&mut links, 7), [6, 7].map(id));
        assert!(links.members.is_empty() && links.sizes.is_empty());
    }

    #[test]
    fn an_entry_is_replaced_within_its_group() {
        let mut links = Links::default();
        links.join(id(1), id(2));
        links.replace(id(2), id(9));
        links.replace(id(3), id(9));
        assert_eq!(dissolved(&mut links, 1), [1, 9].map(id));

        // Both ends replaced by the same entry: nothing is left to link.
        links.join(id(1), id(2));
        links.replace(id(1), id(9));
        links.replace(id(2), id(9));
        assert!(links.members.is_empty() && links.sizes.is_empty());
    }
}
