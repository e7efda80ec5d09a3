//! Systems without a backend of their own yet.

use super::{Deliver, Options, Wants, WatchError, Watcher};

pub(super) fn start(
    _options: &Options,
    _wants: &Wants,
    _deliver: &Deliver,
) -> Result<Watcher, WatchError> {
    Err(WatchError::Unsupported)
}
