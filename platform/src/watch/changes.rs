//! [`Changes`]: what happened to a path, as a set.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// A set of things that happened to what a path names.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Changes(u8);

impl Changes {
    /// Nothing.
    pub const NONE: Changes = Changes(0);
    /// It appeared under this name.
    pub const CREATED: Changes = Changes(1);
    /// Its content changed; it may still be open for more.
    pub const WRITTEN: Changes = Changes(2);
    /// It was closed by somebody who could write to it.
    pub const CLOSED: Changes = Changes(4);
    /// Its metadata changed.
    pub const ATTRIBUTES: Changes = Changes(8);
    /// It vanished from this name.
    pub const DELETED: Changes = Changes(16);

    const NAMES: [(Changes, &'static str); 5] = [
        (Changes::CREATED, "created"),
        (Changes::WRITTEN, "written"),
        (Changes::CLOSED, "closed"),
        (Changes::ATTRIBUTES, "attributes"),
        (Changes::DELETED, "deleted"),
    ];

    /// Returns what is in one or the other.
    pub const fn union(self, other: Changes) -> Changes {
        Changes(self.0 | other.0)
    }

    /// Says whether all of `other` is in it.
    pub const fn contains(self, other: Changes) -> bool {
        self.0 & other.0 == other.0
    }

    /// Says whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Changes {
    type Output = Changes;

    fn bitor(self, other: Changes) -> Changes {
        self.union(other)
    }
}

impl BitOrAssign for Changes {
    fn bitor_assign(&mut self, other: Changes) {
        *self = self.union(other);
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Changes::NAMES.into_iter();
        let present = names.filter(|(change, _)| self.contains(*change));
        f.debug_set()
            .entries(present.map(|(_, name)| name))
            .finish()
    }
}
