//! Linux: which backends there are.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::backend::NOT_HERE;
use super::mounts::Mounts;
use super::{
    BackendHealth, BackendKind, Deliver, Hear, Options, Wants, WatchError, Watcher, fanotify,
    inotify,
};
use crate::dir::Dir;
use crate::private::FilesystemKind;
use crate::private::linux::kind_of;
use crate::process::Processes;

pub(super) const NATIVE: &[BackendKind] = &[BackendKind::Fanotify, BackendKind::Inotify];

pub(super) fn start(options: &Options, wants: &Wants, hear: &Hear) -> Result<Watcher, WatchError> {
    crate::private::ensure_private_dir(&options.canary_dir)?;
    let mut backends = Vec::new();
    let mut queues = Vec::new();
    let mut unusable = Vec::new();
    for &kind in &options.backends {
        let deliver = &deliver(hear, Some(kind));
        let started = match kind {
            BackendKind::Fanotify => {
                let processes = Processes::new();
                let lookup = move |pid, pidfd: Option<BorrowedFd<'_>>| processes.lookup(pid, pidfd);
                fanotify::start(options, wants, deliver, Box::new(lookup))
            }
            BackendKind::Inotify => inotify::start(&options.canary_dir, deliver),
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
    let deliver = deliver(hear, None);
    let mounts = Mounts::open(backends.clone(), wants, &deliver).map_err(WatchError::Mounts)?;
    queues.push(Box::new(mounts));
    Ok(Watcher {
        backends,
        unusable,
        queues: Mutex::new(queues),
    })
}

/// Returns where one backend, or none of them, delivers its signals.
fn deliver(hear: &Hear, backend: Option<BackendKind>) -> Deliver {
    let hear = Arc::clone(hear);
    Arc::new(move |signal| hear(backend, signal))
}

/// Returns the name of a file system whose files change without this kernel knowing.
pub(super) fn elsewhere(dir: &Dir, _path: &Path) -> Option<&'static str> {
    let magic = rustix::fs::fstatfs(dir.as_fd()).ok()?.f_type;
    match kind_of(magic as u32) {
        FilesystemKind::Network(name) => Some(name),
        FilesystemKind::Local | FilesystemKind::Pseudo(_) => None,
    }
}
