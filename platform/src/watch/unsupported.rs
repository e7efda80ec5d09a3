//! Systems without a backend of their own yet.

use std::path::Path;

use super::{BackendKind, Hear, Options, Wants, WatchError, Watcher};
use crate::dir::Dir;

pub(super) const NATIVE: &[BackendKind] = &[];

pub(super) fn start(
    _options: &Options,
    _wants: &Wants,
    _hear: &Hear,
) -> Result<Watcher, WatchError> {
    Err(WatchError::Unsupported)
}

pub(super) fn elsewhere(_dir: &Dir, _path: &Path) -> Option<&'static str> {
    None
}
