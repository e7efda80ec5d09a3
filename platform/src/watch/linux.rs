//! Linux: which backends there are.

use super::{Deliver, Options, Wants, WatchError, Watcher};

pub(super) fn start(
    options: &Options,
    _wants: &Wants,
    _deliver: &Deliver,
) -> Result<Watcher, WatchError> {
    crate::private::ensure_private_dir(&options.canary_dir)?;
    Ok(Watcher {
        backends: Vec::new(),
        unusable: Vec::new(),
        queues: Vec::new(),
    })
}
