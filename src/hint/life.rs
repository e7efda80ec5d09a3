//! What became of a name since its hint began: [`Life`].
//!
//! A set of changes has no order, but "created, then deleted" and "deleted, then created" are two
//! stories: the first is a file that nobody will ever see, the second an ordinary replacement.

use super::Changes;

/// The last that was heard of a name's coming and going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It neither came nor went.
    Unmoved {
        /// Whether content was written.
        is_written: bool,
    },
    /// It was created.
    Created {
        /// Whether content has been written since then.
        is_written: bool,
    },
    /// It came by a rename.
    Arrived {
        /// Whether nobody has looked at what came: it was created and written under another name,
        /// or comes from where nobody watches.
        is_new: bool,
    },
    /// It went by a rename.
    Left {
        /// Whether it went to where nobody watches, and nobody has looked at it.
        is_short_lived: bool,
    },
    /// It was deleted.
    Deleted {
        /// Whether what was deleted had been created and written under the same hint.
        is_short_lived: bool,
        /// If this deletion is where the coming and going began, whether content was written
        /// before it: an older hint may yet be found to have created the name.
        opening: Option<bool>,
    },
}

impl Life {
    /// That of a name in a directory that went: what it named is to be found elsewhere.
    pub const DEPARTED: Life = Life::Left {
        is_short_lived: false,
    };

    /// Returns what one signal tells.
    ///
    /// A kernel that merges signals may say at once that a name was created and deleted, without
    /// the order. Then the name counts as gone: if it is, the deletion came last; if it is not,
    /// the look will find it.
    pub fn of(changes: Changes) -> Life {
        let is_created = changes.contains(Changes::CREATED);
        let is_written = changes.contains(Changes::WRITTEN);
        if changes.contains(Changes::DELETED) {
            Life::Deleted {
                is_short_lived: is_created && is_written,
                opening: Some(is_written),
            }
        } else if is_created {
            Life::Created { is_written }
        } else {
            Life::Unmoved { is_written }
        }
    }

    /// Returns this life with what happened later.
    pub fn then(self, later: Life) -> Life {
        match (self, later) {
            (Life::Unmoved { is_written: before }, Life::Unmoved { is_written }) => {
                let is_written = before || is_written;
                Life::Unmoved { is_written }
            }
            (Life::Created { is_written: before }, Life::Unmoved { is_written }) => {
                let is_written = before || is_written;
                Life::Created { is_written }
            }
            (life, Life::Unmoved { .. }) => life,
            (
                life,
                Life::Deleted {
                    is_short_lived,
                    opening: Some(is_written),
                },
            ) => life.deleted(is_short_lived, is_written),
            (_, later) => later,
        }
    }

    /// Returns this life ended by a deletion that had nothing but writing before it.
    fn deleted(self, is_short_lived: bool, is_written: bool) -> Life {
        let (lost, opening) = match self {
            Life::Unmoved { is_written: before } => (false, Some(before || is_written)),
            Life::Created { is_written: before } => (before || is_written, None),
            Life::Arrived { is_new } => (is_new, None),
            Life::Left { is_short_lived } => (is_short_lived, None),
            // Told twice.
            Life::Deleted {
                is_short_lived,
                opening,
            } => (is_short_lived, opening),
        };
        let is_short_lived = is_short_lived || lost;
        Life::Deleted {
            is_short_lived,
            opening,
        }
    }

    /// Says whether the name is gone, as far as was heard.
    pub fn is_gone(self) -> bool {
        matches!(self, Life::Left { .. } | Life::Deleted { .. })
    }

    /// Says whether nobody has looked at what is there, and content is or may be in it.
    pub fn is_new(self) -> bool {
        matches!(
            self,
            Life::Created { is_written: true } | Life::Arrived { is_new: true }
        )
    }

    /// Says whether a file came, had content, and went.
    pub fn is_short_lived(self) -> bool {
        matches!(
            self,
            Life::Deleted {
                is_short_lived: true,
                ..
            } | Life::Left {
                is_short_lived: true
            }
        )
    }
}
