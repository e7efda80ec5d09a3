//! Linux: the memory of the last processes, so that a busy one costs little.
//!
//! The proof of a first look is the record's pidfd, asked after everything else was read: see
//! `pidfd`. It gives the number of its process as `/proc` counts, and none once the process was
//! collected. A number that is still taken has been taken by the same process since before the
//! record, so the directory that was read by that number is that of the process.
//!
//! A process that is remembered has its directory open, which stays its own. It is told without a
//! full look if the descriptor is of the same process and a glance is as before; so a process that
//! executes another program, changes users or directory, or loses its parent is read anew. The
//! name it gives itself, its session and its control group may be a second old.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Process;
use super::pidfd::{self, Unique};
use super::snapshot::{self, Clock, Glance, ProcDir};

/// How many processes are remembered, with two open descriptors each.
pub(super) const REMEMBERED: usize = 64;
/// After this time a process is read anew, because a glance does not see everything.
const KEPT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Processes {
    clock: Clock,
    /// The last ones, the latest at the end.
    recent: Mutex<Vec<Arc<Known>>>,
}

/// A process that was read.
#[derive(Debug)]
struct Known {
    process: Arc<Process>,
    dir: ProcDir,
    cmdline: OwnedFd,
    glance: Glance,
    unique: Option<Unique>,
    read_at: Instant,
}

impl Processes {
    pub(super) fn new() -> Processes {
        Processes {
            clock: Clock::new(),
            recent: Mutex::default(),
        }
    }

    pub(super) fn lookup(&self, pid: u32, pidfd: BorrowedFd<'_>) -> Option<Arc<Process>> {
        if let Some(known) = self.recall(pid)
            && known.is_still(pid, pidfd)
        {
            return Some(Arc::clone(&known.process));
        }
        let read_at = Instant::now();
        let dir = ProcDir::open(pid)?;
        let (process, glance) = snapshot::read(&dir, pid, pidfd, &self.clock)?;
        if !pidfd::is_taken_by(pid, pidfd) {
            return None;
        }
        let process = Arc::new(process);
        if let Some(glance) = glance
            && let Some(cmdline) = dir.open_file(c"cmdline")
        {
            self.remember(Known {
                process: Arc::clone(&process),
                dir,
                cmdline,
                glance,
                unique: pidfd::unique(pidfd),
                read_at,
            });
        }
        Some(process)
    }

    /// Finds the remembered process with this number and makes it the latest.
    fn recall(&self, pid: u32) -> Option<Arc<Known>> {
        // The list is whole after every step, so a poisoned lock does not matter.
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let at = recent.iter().rposition(|known| known.process.pid == pid)?;
        let known = recent.remove(at);
        recent.push(Arc::clone(&known));
        Some(known)
    }

    fn remember(&self, known: Known) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|other| other.process.pid != known.process.pid);
        if recent.len() >= REMEMBERED {
            recent.remove(0);
        }
        recent.push(Arc::new(known));
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

impl Known {
    /// Says whether the descriptor is of this process, and the process as it was read.
    fn is_still(&self, pid: u32, pidfd: BorrowedFd<'_>) -> bool {
        if self.read_at.elapsed() >= KEPT {
            return false;
        }
        let is_same = match self.unique {
            Some(unique) => pidfd::is_of(pidfd, unique),
            // The number is that of the descriptor's process now. The glance that follows says
            // that ours, which had the number before, has not ended: so they are one.
            None => pidfd::is_taken_by(pid, pidfd),
        };
        let now = is_same.then(|| self.dir.glance(pidfd, &self.cmdline));
        now.flatten().is_some_and(|now| now == self.glance)
    }
}
