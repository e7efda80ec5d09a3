//! Linux: which backends there are.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::PoisonError;

use super::backend::NOT_HERE;
use super::mounts::Mounts;
use super::starting::{deliver, start_each};
use super::{BackendKind, Hear, Options, Wants, WatchError, Watcher, fanotify, inotify};
use crate::dir::Dir;
use crate::private::FilesystemKind;
use crate::private::linux::kind_of;
use crate::process::Processes;

pub(super) const NATIVE: &[BackendKind] = &[BackendKind::Fanotify, BackendKind::Inotify];

pub(super) fn start(options: &Options, wants: &Wants, hear: &Hear) -> Result<Watcher, WatchError> {
    crate::private::ensure_private_dir(&options.canary_dir)?;
    let mut watcher = start_each(options, hear, |kind, deliver| match kind {
        BackendKind::Fanotify => {
            let processes = Processes::new();
            let lookup = move |pid, pidfd: Option<BorrowedFd<'_>>| processes.lookup(pid, pidfd);
            fanotify::start(options, wants, deliver, Box::new(lookup))
        }
        BackendKind::Inotify => inotify::start(&options.canary_dir, deliver),
        _ => Err(NOT_HERE.to_owned()),
    });
    let mounts = Mounts::open(watcher.backends.clone(), wants, &deliver(hear, None))
        .map_err(WatchError::Mounts)?;
    let queues = watcher.queues.get_mut();
    let queues = queues.unwrap_or_else(PoisonError::into_inner);
    queues.push(Box::new(mounts));
    Ok(watcher)
}

/// Returns the name of a file system whose files change without this kernel knowing.
pub(super) fn elsewhere(dir: &Dir, _path: &Path) -> Option<&'static str> {
    let magic = rustix::fs::fstatfs(dir.as_fd()).ok()?.f_type;
    match kind_of(magic as u32) {
        FilesystemKind::Network(name) => Some(name),
        FilesystemKind::Local | FilesystemKind::Pseudo(_) => None,
    }
}
