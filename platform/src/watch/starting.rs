//! Starting what is wanted: [`start_each`].

use std::sync::{Arc, Mutex};

use super::backend::Started;
use super::{BackendHealth, BackendKind, Deliver, Hear, Options, Watcher};

/// Starts each backend that is wanted by `start`, which is given where it delivers its signals, and
/// notes why those that it cannot start are unusable.
pub(super) fn start_each(
    options: &Options,
    hear: &Hear,
    mut start: impl FnMut(BackendKind, &Deliver) -> Result<Started, String>,
) -> Watcher {
    let mut backends = Vec::new();
    let mut queues = Vec::new();
    let mut unusable = Vec::new();
    for &kind in &options.backends {
        match start(kind, &deliver(hear, Some(kind))) {
            Ok((backend, queue)) => {
                backends.push(backend);
                queues.push(queue);
            }
            Err(reason) => unusable.push(BackendHealth {
                unusable: Some(reason),
                ..BackendHealth::new(kind)
            }),
        }
    }
    Watcher {
        backends,
        unusable,
        queues: Mutex::new(queues),
    }
}

/// Returns where one backend, or none of them, delivers its signals.
pub(super) fn deliver(hear: &Hear, backend: Option<BackendKind>) -> Deliver {
    let hear = Arc::clone(hear);
    Arc::new(move |signal| hear(backend, signal))
}
