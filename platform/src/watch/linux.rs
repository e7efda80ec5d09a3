//! Linux: which backends there are.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use super::mounts::Mounts;
use super::{
    BackendHealth, BackendKind, Deliver, Options, Process, Wants, WatchError, Watcher, fanotify,
};
use crate::dir::Dir;
use crate::private::FilesystemKind;
use crate::private::linux::kind_of;

pub(super) fn start(
    options: &Options,
    wants: &Wants,
    deliver: &Deliver,
) -> Result<Watcher, WatchError> {
    crate::private::ensure_private_dir(&options.canary_dir)?;
    let mut backends = Vec::new();
    let mut queues = Vec::new();
    let mut unusable = Vec::new();
    for &kind in &options.backends {
        let started = match kind {
            BackendKind::Fanotify => {
                let lookup = |pid, _: Option<BorrowedFd<'_>>| Some(Arc::new(Process { pid }));
                fanotify::start(options, wants, deliver, Box::new(lookup))
            }
            BackendKind::Inotify => Err("not there yet".to_owned()),
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
    let mounts = Mounts::open(backends.clone(), wants, deliver).map_err(WatchError::Mounts)?;
    queues.push(Box::new(mounts));
    Ok(Watcher {
        backends,
        unusable,
        queues,
    })
}

/// Returns the name of a file system whose files change without this kernel knowing.
pub(super) fn elsewhere(dir: &Dir) -> Option<&'static str> {
    let magic = rustix::fs::fstatfs(dir.as_fd()).ok()?.f_type;
    match kind_of(magic as u32) {
        FilesystemKind::Network(name) => Some(name),
        FilesystemKind::Local | FilesystemKind::Pseudo(_) => None,
    }
}
