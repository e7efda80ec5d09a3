//! Reasons to look, until somebody has looked: [`PendingHints`].
//!
//! What a kernel says of the file system is a hint and never a fact: it comes late, merged, out of
//! order, or not at all. So it is not believed; it only says *where to look*. Hints come in on the
//! threads that read the kernel's queues, are merged here by path, wait until the path has come to
//! rest, and are taken by whoever looks. Nothing here blocks, reads a file or knows the time.
//!
//! - **Nothing is lost.** What comes in goes out: as itself, or covered by a [`Subtree`].
//! - **Bounded.** Over the limit, the fullest directory becomes a [`Subtree`]: less is known, but
//!   the look finds it all. A hint takes about 250 bytes, its directory as much again, shared by all
//!   in it. Directories count too: at the worst there are two for each hint, so a limit of 100 000
//!   usually means 25 MB and never more than 80 MB, names of unusual length aside.
//! - **In time.** A path is taken [`QUIET`] after the last that was heard of it, at once when a
//!   writer has closed it, [`NAMING`] later when it is new, and never later than [`LONGEST`] after
//!   the first, which is when a new file with a passing name is taken.
//! - **Together.** Both ends of a rename are taken at once, and all that is linked to either:
//!   whoever sees only one end cannot know that it is a rename.
//! - **Where it is now.** What was heard below a directory goes with it when it is renamed. So does
//!   what somebody has taken meanwhile, if it comes back.
//!
//! What it does not do: decide whether a path is watched, and find out what changed.

mod actors;
mod entry;
mod life;
mod links;
mod pending;
mod provisional;
mod queue;
mod renames;
mod requeue;
mod room;
mod settle;
mod tree;

#[cfg(test)]
mod tests;

pub use actors::Actors;
pub use pending::PendingHints;
pub use settle::{LONGEST, NAMING, QUIET};
pub use waxseal_platform::watch::{BackendKind, Changes};

use std::path::PathBuf;
use std::time::Instant;

use life::Life;

/// Where a signal comes from.
#[derive(Clone, Debug)]
pub struct Origin<A> {
    /// Who caused what it tells, if the operating system named somebody.
    pub actor: Option<A>,
    /// Which backend tells, if it is one.
    pub backend: Option<BackendKind>,
}

impl<A> From<Option<A>> for Origin<A> {
    fn from(actor: Option<A>) -> Origin<A> {
        Origin {
            actor,
            backend: None,
        }
    }
}

/// A reason to look at one path. `A` is whatever stands for an acting process.
#[derive(Clone, Debug)]
pub struct Hint<A> {
    /// The path.
    pub path: PathBuf,
    /// All that is said to have happened to it, without the order. Empty if only its name moved.
    pub changes: Changes,
    /// Whether it was a directory when it was last heard of.
    pub is_directory: bool,
    /// Who caused it.
    pub actors: Actors<A>,
    /// Which backend told of it last, if it was one.
    pub backend: Option<BackendKind>,
    /// When it was first heard of.
    pub first: Instant,
    /// Equal for all that was taken together because of renames.
    pub group: Option<u64>,
    /// How many renames of directories had been heard of when it was taken.
    renames: u64,
    life: Life,
}

impl<A> Hint<A> {
    /// Says whether a file came here, and went before anybody could look: it was created and written,
    /// here or under a name before it, or came from where nobody watches; and was deleted, or went
    /// there.
    ///
    /// It counts only where nothing is found: a kernel that merges signals may hide that the name
    /// was created again. An empty file does not count, nor does a name that was renamed to one
    /// that is watched: what it held is to be found there.
    pub fn is_short_lived(&self) -> bool {
        self.life.is_short_lived()
    }

    /// Says whether nothing was heard of the name going.
    ///
    /// Where nothing is found, something is still to be heard: a deletion, or a rename, of it or
    /// of a directory above.
    pub fn is_unfinished(&self) -> bool {
        !self.life.is_gone()
    }

    /// Says whether a file came here that nobody has looked at and that has content, as far as was heard.
    pub fn was_written_anew(&self) -> bool {
        self.life.is_new()
    }
}

/// A reason to look at everything at and below a path; the empty path means everything there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtree {
    /// The path.
    pub path: PathBuf,
    /// Why.
    pub reason: Reason,
    /// How many hints it stands for: what they said of changes, actors and short-lived files is
    /// lost.
    pub absorbed: u64,
    /// When the first of it was heard of.
    pub first: Instant,
    /// Equal for all that was taken together because of renames.
    pub group: Option<u64>,
}

/// Why everything at and below a path is in doubt, from the weakest to the strongest: of two
/// reasons for the same path the stronger stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Somebody asked for it.
    Requested,
    /// A directory appeared; what was made in it before it was watched is not known.
    Appeared,
    /// There were too many hints for a limited memory.
    Collapsed,
    /// Signals were lost.
    LostSync,
}

impl Reason {
    /// Says whether it is a sign of a storm, which is better waited for than looked into.
    fn settles(self) -> bool {
        matches!(self, Reason::Collapsed | Reason::LostSync)
    }
}

/// What is to be looked at now.
#[derive(Clone, Debug)]
pub struct Work<A> {
    /// Single paths; those of one directory stand together.
    pub hints: Vec<Hint<A>>,
    /// Whole subtrees; none is below another.
    pub subtrees: Vec<Subtree>,
}

/// How much is pending, and what became of all that was ever heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Paths that are pending.
    pub hints: usize,
    /// Subtrees that are pending.
    pub subtrees: usize,
    /// Signals that said more of a path that was pending already.
    pub merged: u64,
    /// Hints that a subtree has absorbed.
    pub absorbed: u64,
    /// How often a directory was made a subtree to save memory.
    pub collapsed: u64,
}
