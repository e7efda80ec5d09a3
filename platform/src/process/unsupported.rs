//! Systems that do not tell who changed a file: no process is ever known.

#[cfg(unix)]
use std::os::fd::BorrowedFd;
#[cfg(unix)]
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Processes;

impl Processes {
    pub(super) fn new() -> Processes {
        Processes
    }

    #[cfg(unix)]
    pub(super) fn lookup(&self, _pid: u32, _pidfd: BorrowedFd<'_>) -> Option<Arc<super::Process>> {
        None
    }
}
