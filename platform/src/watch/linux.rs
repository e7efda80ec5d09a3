//! Linux: which backends there are.

use super::mounts::Mounts;
use super::{Deliver, Options, Wants, WatchError, Watcher};

pub(super) fn start(
    options: &Options,
    wants: &Wants,
    deliver: &Deliver,
) -> Result<Watcher, WatchError> {
    crate::private::ensure_private_dir(&options.canary_dir)?;
    let mounts = Mounts::open(Vec::new(), wants, deliver).map_err(WatchError::Mounts)?;
    Ok(Watcher {
        backends: Vec::new(),
        unusable: Vec::new(),
        queues: vec![Box::new(mounts)],
    })
}
