//! What `notify` says of the kind of an object, for the backends that use it.

use notify::event::{CreateKind, RemoveKind};

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
