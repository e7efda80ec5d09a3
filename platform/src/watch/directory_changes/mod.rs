//! Windows: `ReadDirectoryChangesW`, one watch for each tree.
//!
//! - `record`: decodes what the system wrote; `completion`: what the end of a read means.
//! - `places`: which directories are covered, and by which watches.
//! - `translate`: from records to signals; `short_names`: which names may stand for longer ones.
//! - `beats`: canaries that were heard before older records of other watches.
//! - `sys`, `watched`, `windows`, `queue`: the system calls, a directory that is read, the backend,
//!   and its queue.
//!
//! All but the last line is pure and tested everywhere. The way of a record: `queue` → `record` →
//! `translate` → `deliver`.
//!
//! A watch tells of a whole tree, also of what nobody wants. So the directories above what is to
//! be watched have watches that tell of one directory only. What a watch cannot tell is not made
//! up: there is never an actor, changes that we make ourselves are told like those of others, and
//! whether a file was closed is not known.

mod beats;
mod completion;
mod places;
mod record;
mod short_names;
mod translate;

#[cfg(fuzzing)]
pub use record::fuzzing::directory_changes;

#[cfg(windows)]
mod queue;
#[cfg(windows)]
#[allow(unsafe_code, reason = "no crate has safe calls for overlapped reads")]
mod sys;
#[cfg(windows)]
mod watched;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(super) use windows::start;
