//! Systems without a backend of their own yet.

use super::{Deliver, Options, Wants, WatchError, Watcher};
use crate::dir::Dir;

pub(super) fn start(
    _options: &Options,
    _wants: &Wants,
    _deliver: &Deliver,
) -> Result<Watcher, WatchError> {
    Err(WatchError::Unsupported)
}

pub(super) fn elsewhere(_dir: &Dir) -> Option<&'static str> {
    None
}
