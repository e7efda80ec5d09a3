//! What a listing alone leaves doubtful: [`weigh`] decides, [`Doubt`]s wait in a [`Task`].
//!
//! A listing that shows a path untouched since its last look ends the matter, unless every file
//! is to be read. Everything else is inspected.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic;

use waxseal_hashers::HashTypes;
use waxseal_platform::dir::Dir;
use waxseal_platform::stat::{Kind, Stat};

use super::Look;
use super::joining::was_directory;
use super::survey::Shared;
use crate::baseline::Row;
use crate::change::diff_listed;
use crate::inspect::{Observation, Present, Request, UnreadStreams, Wanted};
use crate::policy::Rule;
use crate::state::FileState;

/// Doubtful entries of one directory, to be inspected.
pub(super) struct Task<'p> {
    pub(super) path: Arc<Path>,
    pub(super) dir: Arc<Dir>,
    pub(super) doubts: Vec<Doubt<'p>>,
}

/// One path that must be inspected.
pub(super) struct Doubt<'p> {
    pub(super) name: OsString,
    pub(super) kind: Kind,
    row: Option<Box<Row>>,
    rule: &'p Rule,
    covered: bool,
}

/// What a listing alone says about one path.
#[expect(
    clippy::large_enum_variant,
    reason = "short-lived and mostly the large variant; a box would be an allocation for each file"
)]
pub(super) enum Weighed<'p> {
    /// It is as it was at the last look.
    Untouched,
    /// It is as it was at the last look, which differed from the approved state.
    StillDiffers(Look<'p>),
    /// It must be inspected.
    Doubtful(Doubt<'p>),
}

impl<'p> Doubt<'p> {
    pub(super) fn request(&self) -> Request<'_> {
        let wanted = Wanted {
            hash_types: wanted_types(self.row.as_deref(), self.rule),
            max_file_size: self.rule.max_file_size,
        };
        Request {
            name: &self.name,
            kind: self.kind,
            wanted,
        }
    }

    /// Says whether rows may exist below the path.
    pub(super) fn was_directory(&self) -> bool {
        was_directory(self.row.as_deref())
    }

    pub(super) fn into_look(self, observed: Observation) -> Look<'p> {
        let Doubt {
            name,
            row,
            rule,
            covered,
            ..
        } = self;
        Look {
            name,
            row,
            observed,
            rule,
            covered,
        }
    }
}

/// Asks about a file itself where its directory may be behind: on Windows a directory learns of a write
/// only by the name that was used for it, and any file may have others.
pub(super) fn asked(dir: &Dir, name: &OsStr, listed: &Stat, row: Option<&Row>) -> Stat {
    if listed.links != 0 || listed.kind != Kind::File || row.is_none() {
        return *listed;
    }
    // One that is gone or refused meanwhile is found so when it is looked at.
    dir.stat_child(name).unwrap_or(*listed)
}

/// Says what a listing alone tells about a watched path.
pub(super) fn weigh<'p>(
    shared: &Shared<'p>,
    name: OsString,
    listed: &Stat,
    row: Option<Box<Row>>,
    rule: &'p Rule,
    covered: bool,
) -> Weighed<'p> {
    shared
        .progress
        .objects
        .fetch_add(1, atomic::Ordering::Relaxed);
    let kind = listed.kind;
    let doubtful = |row| {
        Weighed::Doubtful(Doubt {
            name: name.clone(),
            kind,
            row,
            rule,
            covered,
        })
    };
    let Some(row) = row else {
        return doubtful(None);
    };
    let is_untouched = row.last().is_some_and(|last| {
        last.is_untouched(listed)
            && (kind != Kind::File || has_digests(last, wanted_types(Some(&row), rule)))
            && !last.has_unread_streams()
            && diff_listed(&last.stat, listed, rule.attributes).is_empty()
    });
    if !is_untouched || shared.plan.full {
        return doubtful(Some(row));
    }
    match row.seen.as_ref().and_then(|seen| seen.state.clone()) {
        None => Weighed::Untouched,
        Some(state) => {
            let observed = Observation::Present(Present {
                state,
                unread: None,
                unread_streams: UnreadStreams::default(),
            });
            Weighed::StillDiffers(Look {
                name,
                row: Some(row),
                observed,
                rule,
                covered,
            })
        }
    }
}

/// Returns the digests to compute of a file: those of the policy, and, where the approved state or
/// the last look has none of them, those it has: only they can prove what the content is.
///
/// The approved state is asked for itself. As long as it has none of the policy's types, a look
/// that agrees with the last one says nothing of what was approved.
pub(crate) fn wanted_types(row: Option<&Row>, rule: &Rule) -> HashTypes {
    let trusted = row.and_then(|row| row.trusted.as_ref());
    let seen = row.and_then(|row| row.seen.as_ref()?.state.as_ref());
    let mut wanted = rule.hash_types;
    for known in [trusted, seen].into_iter().flatten() {
        let types = known.digests.types();
        if rule.hash_types.intersection(types).is_empty() {
            wanted = wanted.union(types);
        }
    }
    wanted
}

fn has_digests(state: &FileState, types: HashTypes) -> bool {
    types.difference(state.digests.types()).is_empty()
}
