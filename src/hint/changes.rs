//! What is said to have happened to a path: [`Changes`].

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// A set of things that happened to what a path names.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Changes(u8);

impl Changes {
    /// Nothing but the name itself, as when it moved.
    pub const NONE: Changes = Changes(0);
    /// The name came into being.
    pub const CREATED: Changes = Changes(1);
    /// Content was written; the file may still be open.
    pub const WRITTEN: Changes = Changes(1 << 1);
    /// The file was closed after it had been open for writing.
    pub const CLOSED: Changes = Changes(1 << 2);
    /// Mode, owner, times or extended attributes were set.
    pub const ATTRIBUTES: Changes = Changes(1 << 3);
    /// The name was removed.
    pub const DELETED: Changes = Changes(1 << 4);

    const NAMES: [(Changes, &str); 5] = [
        (Changes::CREATED, "created"),
        (Changes::WRITTEN, "written"),
        (Changes::CLOSED, "closed"),
        (Changes::ATTRIBUTES, "attributes"),
        (Changes::DELETED, "deleted"),
    ];

    /// Says whether all of these are in the set.
    pub const fn contains(self, all: Changes) -> bool {
        self.0 & all.0 == all.0
    }

    /// Says whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Changes {
    type Output = Changes;

    fn bitor(self, other: Changes) -> Changes {
        Changes(self.0 | other.0)
    }
}

impl BitOrAssign for Changes {
    fn bitor_assign(&mut self, other: Changes) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Changes::NAMES
            .into_iter()
            .filter(|(bit, _)| self.contains(*bit));
        f.debug_set().entries(named.map(|(_, name)| name)).finish()
    }
}
