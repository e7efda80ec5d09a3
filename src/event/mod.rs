//! What the journal and every sink carry: [`Event`]s about files and [`Notice`]s about the monitor
//! itself, as JSON documents in ECS 8 names.
//!
//! An event is a view on states that someone else owns; [`Writer`] turns it into the text of a
//! document. File documents are a superset of those of Auditbeat's file_integrity module, so its
//! dashboards and detection rules work on them unchanged. Each object of a document is one file
//! here, and writes itself. Storing, chaining and delivering are not done here.

mod actor;
mod file;
mod notice;
mod text;
mod waxseal;
mod who;
mod writer;

#[cfg(test)]
mod tests;

pub use actor::{Account, Actor, ActorParent, Confidence, Source};
pub use notice::{Notice, NoticeAction};
pub use text::{path_bytes, path_text, time};
pub use writer::Writer;

use std::path::Path;

use waxseal_platform::stat::{Kind, Timestamp};

use crate::change::{Actions, Field};
use crate::policy::Rule;
use crate::state::FileState;

/// The version of the Elastic Common Schema whose names are used.
pub const ECS_VERSION: &str = "8.17.0";

/// How a change was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// A scan compared what is there with what was remembered.
    Scan,
    /// The operating system told the watch of it, or the watch looked by itself.
    Watch,
}

impl FoundBy {
    /// Returns the value of `waxseal.found_by`.
    pub fn name(self) -> &'static str {
        match self {
            FoundBy::Scan => "scan",
            FoundBy::Watch => "watch",
        }
    }
}

/// The tag of an event whose path came and went between two looks.
pub const SHORT_LIVED: &str = "short_lived";

/// The tag of an event whose content differs though neither size nor times do.
pub const SILENT_CHANGE: &str = "silent_change";

/// One change of one path, with the states it lies between.
#[derive(Clone, Debug)]
pub struct Event<'e> {
    /// What happened.
    pub actions: Actions,
    /// When it was noticed.
    pub at: Timestamp,
    /// The path it happened to; the new one of a move.
    pub path: &'e Path,
    /// What was at the path, for an event without any state.
    pub kind: Option<Kind>,
    /// The path before a move.
    pub moved_from: Option<&'e Path>,
    /// What was at the path, when a move put an end to it.
    pub replaced: Option<&'e FileState>,
    /// The state before, if there was one.
    pub before: Option<&'e FileState>,
    /// The state after, if there is one.
    pub after: Option<&'e FileState>,
    /// The fields that differ between the two.
    pub changed: Vec<Field>,
    /// Whether the path now differs from its approved state.
    pub drift: bool,
    /// How it was noticed.
    pub found_by: FoundBy,
    /// What told of it: the name of a backend of the watch.
    pub backend: Option<&'e str>,
    /// The processes that touched the path since the last look, where they are known.
    pub actors: &'e [&'e Actor],
    /// The rule under which the path is watched.
    pub rule: Option<&'e Rule>,
    /// Tags beside those of the rule, such as [`SHORT_LIVED`].
    pub tags: &'e [&'e str],
}

impl<'e> Event<'e> {
    /// Returns an event of this moment without states, rule or anything else that is known.
    pub fn new(path: &'e Path, actions: Actions, found_by: FoundBy) -> Event<'e> {
        Event {
            actions,
            at: Timestamp::now(),
            path,
            kind: None,
            moved_from: None,
            replaced: None,
            before: None,
            after: None,
            changed: Vec::new(),
            drift: false,
            found_by,
            backend: None,
            actors: &[],
            rule: None,
            tags: &[],
        }
    }
}
