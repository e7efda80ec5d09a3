//! macOS: which backends there are. FSEvents itself tells of file systems that come and go.

use std::path::Path;

use super::backend::NOT_HERE;
use super::starting::start_each;
use super::{BackendKind, Hear, Options, Wants, WatchError, Watcher, fsevents};
use crate::dir::Dir;
use crate::private::FilesystemKind;
use crate::private::macos::filesystem_kind_of;

/// Those that this system has.
pub(super) const NATIVE: &[BackendKind] = &[BackendKind::FsEvents];

pub(super) fn start(options: &Options, _wants: &Wants, hear: &Hear) -> Result<Watcher, WatchError> {
    crate::private::ensure_private_dir(&options.canary_dir)?;
    Ok(start_each(options, hear, |kind, deliver| match kind {
        BackendKind::FsEvents => fsevents::start(&options.canary_dir, deliver),
        _ => Err(NOT_HERE.to_owned()),
    }))
}

/// Returns the name of a file system whose files change without this kernel knowing.
pub(super) fn elsewhere(dir: &Dir, _path: &Path) -> Option<&'static str> {
    match filesystem_kind_of(dir).ok()? {
        FilesystemKind::Network(name) => Some(name),
        FilesystemKind::Local | FilesystemKind::Pseudo(_) => None,
    }
}
