//! macOS: which backends there are. FSEvents itself tells of file systems that come and go.

use std::path::Path;
use std::sync::{Arc, Mutex};

use super::backend::NOT_HERE;
use super::{
    BackendHealth, BackendKind, Deliver, Hear, Options, Wants, WatchError, Watcher, fsevents,
};
use crate::dir::Dir;
use crate::private::FilesystemKind;
use crate::private::macos::filesystem_kind_of;

/// Those that this system has.
pub(super) const NATIVE: &[BackendKind] = &[BackendKind::FsEvents];

pub(super) fn start(options: &Options, _wants: &Wants, hear: &Hear) -> Result<Watcher, WatchError> {
    crate::private::ensure_private_dir(&options.canary_dir)?;
    let mut backends = Vec::new();
    let mut queues = Vec::new();
    let mut unusable = Vec::new();
    for &kind in &options.backends {
        let hear = Arc::clone(hear);
        let deliver: Deliver = Arc::new(move |signal| hear(Some(kind), signal));
        let started = match kind {
            BackendKind::FsEvents => fsevents::start(&options.canary_dir, &deliver),
            _ => Err(NOT_HERE.to_owned()),
        };
        match started {
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
    Ok(Watcher {
        backends,
        unusable,
        queues: Mutex::new(queues),
    })
}

/// Returns the name of a file system whose files change without this kernel knowing.
pub(super) fn elsewhere(dir: &Dir, _path: &Path) -> Option<&'static str> {
    match filesystem_kind_of(dir).ok()? {
        FilesystemKind::Network(name) => Some(name),
        FilesystemKind::Local | FilesystemKind::Pseudo(_) => None,
    }
}
