//! The process behind a change: what `/proc` says of it, proven to be of that very process.
//!
//! The kernel's record of a change carries a number, and numbers of processes are used again. So
//! nothing is answered for a number alone: [`Processes::lookup`] takes the pidfd that came with
//! the record and gives a [`Process`] only if that descriptor proves that the number still meant
//! the same process after everything was read. What cannot be proven is `None`, never a guess;
//! a process that is gone before the look is not known.
//!
//! What is told is of the moment of the look, not of the change: a process that executed another
//! program in between is described as that program. Who asks, and what an actor means for an
//! event, is the caller's business.

pub mod decode;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as os;
#[cfg(target_os = "linux")]
mod pidfd;
#[cfg(target_os = "linux")]
mod snapshot;
#[cfg(not(target_os = "linux"))]
mod unsupported;
#[cfg(not(target_os = "linux"))]
use unsupported as os;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use std::ffi::OsString;
#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
#[cfg(unix)]
use std::sync::Arc;

use crate::stat::Timestamp;

/// How much of a command line is kept, in bytes.
pub const MAX_ARGS_LEN: usize = 4096;

/// What the system says about one process at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number, as we see it.
    pub pid: u32,
    /// When it started, in clock ticks since boot; together with the number it names one process
    /// of this boot.
    pub start_ticks: u64,
    /// When it started by the system clock, as exact as a clock tick and as the clock was set when
    /// the [`Processes`] was made.
    pub started: Timestamp,
    /// The program it runs; `None` for a kernel thread, for a process that has ended and is not
    /// yet collected, and where we may not look.
    pub executable: Option<Location>,
    /// Its short name (`comm`): 15 bytes of the program's name, or what it calls itself.
    pub name: OsString,
    /// Its command line as it stands in its own memory, where it may rewrite it; empty for a
    /// kernel thread and for a process that has ended.
    pub args: Vec<OsString>,
    /// Whether the command line is longer than [`MAX_ARGS_LEN`] and was cut there.
    pub are_args_cut: bool,
    /// Its working directory, with the same exceptions as the executable.
    pub working_directory: Option<Location>,
    /// The process that is its parent now; `None` if that is not visible to us.
    pub parent: Option<Box<ParentProcess>>,
    /// The user who started it.
    pub uid: u32,
    /// The group of the user who started it.
    pub gid: u32,
    /// The user it acts as.
    pub euid: u32,
    /// The group it acts as.
    pub egid: u32,
    /// The user who logged in, kept by the kernel through `su` and `sudo`; `None` when nobody did
    /// or the kernel does not keep it.
    pub login_uid: Option<u32>,
    /// The login session, with the same exceptions.
    pub session_id: Option<u32>,
    /// Its control group, where a service or a container can be told from; see
    /// [`decode::cgroup`] for which one of several.
    pub cgroup: Option<String>,
    /// Whether it is a thread of the kernel and runs no program.
    pub is_kernel_thread: bool,
}

/// What is told of a parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParentProcess {
    /// Its number, as we see it.
    pub pid: u32,
    /// When it started, in clock ticks since boot.
    pub start_ticks: u64,
    /// When it started by the system clock, see [`Process::started`].
    pub started: Timestamp,
    /// Its short name.
    pub name: OsString,
    /// The program it runs, see [`Process::executable`].
    pub executable: Option<Location>,
}

/// Where something that a process holds is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Its path as seen from our root, or from the root of a mount that we do not see.
    pub path: PathBuf,
    /// Whether that name is gone: the path says where it was.
    pub is_deleted: bool,
}

/// Looks up processes, and remembers the last ones so that a busy one costs little.
#[derive(Debug)]
pub struct Processes {
    // Other systems know no pidfd, so nobody can ask there.
    #[cfg_attr(not(unix), expect(dead_code, reason = "lookup needs a descriptor"))]
    os: os::Processes,
}

impl Processes {
    /// Returns a lookup that remembers nothing yet.
    pub fn new() -> Processes {
        Processes {
            os: os::Processes::new(),
        }
    }

    /// Returns what the process with this number is, if `pidfd` proves that it is the one.
    ///
    /// `pidfd` is what the kernel's record carries. Without it there is no proof: the process
    /// that has the number now may have started after the change, also when it stays the same
    /// during the whole look. So the answer is `None` then.
    #[cfg(unix)]
    pub fn lookup(&self, pid: u32, pidfd: Option<BorrowedFd<'_>>) -> Option<Arc<Process>> {
        self.os.lookup(pid, pidfd?)
    }
}

impl Default for Processes {
    fn default() -> Processes {
        Processes::new()
    }
}
