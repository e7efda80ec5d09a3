//! What every event of `notify` begins with, and what it says of the kind of an object, for the
//! backends that use it. Pure.

use std::path::PathBuf;

use notify::event::{CreateKind, Event, RemoveKind};

use super::LostReason;

/// That something was not told, at and below a path where one is named.
pub(super) struct Untold {
    pub(super) below: Option<PathBuf>,
    pub(super) reason: LostReason,
}

/// Returns the path that is told of and the event, as `notify` calls us with it.
pub(super) fn about_a_path(event: notify::Result<Event>) -> Result<(PathBuf, Event), Untold> {
    let mut event = event.map_err(|error| Untold {
        reason: LostReason::Error(error.to_string()),
        below: error.paths.into_iter().next(),
    })?;
    let path = std::mem::take(&mut event.paths).into_iter().next();
    match path {
        below if event.need_rescan() => Err(Untold {
            below,
            reason: LostReason::Overflow,
        }),
        Some(path) => Ok((path, event)),
        None => Err(Untold {
            below: None,
            reason: LostReason::Error(format!("notify tells {:?} of no path", event.kind)),
        }),
    }
}

/// Says whether what was created is a directory, where `notify` knows.
pub(super) fn created_directory(kind: CreateKind) -> Option<bool> {
    match kind {
        CreateKind::Folder => Some(true),
        CreateKind::File => Some(false),
        CreateKind::Any | CreateKind::Other => None,
    }
}

/// Says whether what was removed was a directory, where `notify` knows.
pub(super) fn removed_directory(kind: RemoveKind) -> Option<bool> {
    match kind {
        RemoveKind::Folder => Some(true),
        RemoveKind::File => Some(false),
        RemoveKind::Any | RemoveKind::Other => None,
    }
}
