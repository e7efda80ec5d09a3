//! Being told of changes by the kernel: a [`Watcher`] covers directories and delivers [`Signal`]s.
//!
//! A signal is a hint to look at a path, never a fact about it: records are merged, late and may
//! be lost. What is lost is said ([`Signal::Lost`]), so that whoever listens looks again at exactly
//! what is in doubt. The parts:
//!
//! - `backend`: what each way to be told must do; `fanotify`, `inotify` and `directory_changes` are
//!   those there are.
//! - `mounts`: a queue of its own, for file systems that come and go.
//!
//! Directories are covered one by one, each before it is listed, so nothing falls between the
//! listing and the watching. Which directories that are, what a signal means and what becomes of
//! it is the caller's business. Nothing here reads a file, and nothing is ever written into what
//! is covered: the canaries are in a directory of our own.
//!
//! The caller reads each [`Queue`] on a thread of his own. `hear` and `wants` are called on
//! those threads, or on one of a library below, with no lock held, and must not block.

mod actor;
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "only Linux needs all of it")
)]
mod backend;
mod changes;
#[cfg(any(target_os = "linux", target_os = "macos"))]
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "not every backend over notify needs all of it")
)]
mod covered;
#[cfg_attr(
    not(windows),
    allow(dead_code, reason = "compiled everywhere to be tested everywhere")
)]
mod directory_changes;
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "compiled everywhere to be tested everywhere")
)]
mod fanotify;
// What is pure in it is tested on Linux, which has `notify` too.
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod fsevents;
#[cfg(target_os = "linux")]
mod inotify;
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "compiled everywhere to be tested everywhere")
)]
mod mounts;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod notified;

#[cfg(target_os = "linux")]
mod poll;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod starting;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as os;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as os;
#[cfg(windows)]
#[allow(unsafe_code, reason = "no crate asks of what kind a drive is")]
mod windows;
#[cfg(windows)]
use windows as os;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod unsupported;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use unsupported as os;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

/// Private decoders, checked against any bytes; for the targets of `fuzz/` only.
#[cfg(fuzzing)]
pub mod fuzzing {
    pub use super::directory_changes::directory_changes;
    pub use super::fanotify::fanotify_records;
    pub use super::mounts::mount_table;
}

pub use self::actor::Process;
pub use self::backend::{BackendHealth, BackendKind, Queue};
pub use self::changes::Changes;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use self::backend::{Backend, Refused};
use crate::dir::Dir;
use crate::private::PrivateError;

/// Takes signals, with the backend that tells, if it is one; called on the threads that read the
/// queues, so it must not block.
pub type Hear = Arc<dyn Fn(Option<BackendKind>, Signal) + Send + Sync>;

/// Takes the signals of one backend.
#[cfg_attr(
    not(any(target_os = "linux", target_os = "macos", windows)),
    allow(dead_code, reason = "what uses it is for other systems")
)]
type Deliver = Arc<dyn Fn(Signal) + Send + Sync>;

/// Says whether a directory that appears at this path is to be covered; must be cheap.
pub type Wants = Arc<dyn Fn(&Path) -> bool + Send + Sync>;

/// A hint that something happened.
#[derive(Clone, Debug)]
pub enum Signal {
    /// Something happened to what a path names.
    Touched {
        /// The path.
        path: PathBuf,
        /// What happened; the order in which it did is not known.
        changes: Changes,
        /// Whether it was a directory.
        is_directory: bool,
        /// Who did it, where the backend knows.
        actor: Option<Arc<Process>>,
    },
    /// A name became another.
    ///
    /// A directory that has both is covered with all that is below it. One that has no `from` must
    /// be walked: what is below it is not covered yet. So a directory that is renamed before it was
    /// walked is told as two moves, away and here.
    Moved {
        /// The old path; `None` is a place that is not covered.
        from: Option<PathBuf>,
        /// The new path; `None` is a place that is not covered.
        to: Option<PathBuf>,
        /// Whether it is a directory.
        is_directory: bool,
        /// Who did it, where the backend knows.
        actor: Option<Arc<Process>>,
    },
    /// What happened at or below a path is unknown. Directories there may have to be covered anew.
    Lost {
        /// The path; `None` is everything that was covered.
        below: Option<PathBuf>,
        /// Why.
        reason: LostReason,
    },
    /// The canary was heard: this queue and the thread that reads it are alive.
    Alive {
        /// Which queue it is.
        backend: BackendKind,
    },
}

/// Why it is unknown what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LostReason {
    /// The kernel's queue was full.
    Overflow,
    /// A file system was mounted there.
    Mounted,
    /// A file system was unmounted there.
    Unmounted,
    /// The place, or a directory above it, was renamed.
    Renamed,
    /// Something else, in words.
    Error(String),
}

impl fmt::Display for LostReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LostReason::Overflow => "the kernel's queue overflowed",
            LostReason::Mounted => "a file system was mounted",
            LostReason::Unmounted => "a file system was unmounted",
            LostReason::Renamed => "a directory above was renamed",
            LostReason::Error(message) => message,
        })
    }
}

/// How to watch.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which backends to try for each directory, in this order. Those that another system has are
    /// unusable, which is told.
    pub backends: Vec<BackendKind>,
    /// A directory for the canaries, private and outside of everything covered; made when missing.
    pub canary_dir: PathBuf,
    /// A directory with files of our own, of which the kernel need not tell where it can be told so:
    /// they would only be dropped. Not what is in directories below.
    pub quiet_dir: Option<PathBuf>,
    /// Whether the kernel may drop records when its queue is full; for tests of exactly that.
    pub has_bounded_queue: bool,
    /// Whether what this process does is told, too; for tests, in which it is the actor.
    pub hears_itself: bool,
}

impl Options {
    /// Returns the usual options: every backend of this operating system.
    pub fn new(canary_dir: PathBuf) -> Options {
        Options {
            backends: BackendKind::native().to_vec(),
            canary_dir,
            quiet_dir: None,
            has_bounded_queue: false,
            hears_itself: false,
        }
    }
}

/// Why nothing can be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// There is no backend for this operating system.
    #[error("watching is not supported on this OS yet")]
    Unsupported,
    /// The directory for the canaries cannot be used.
    #[error("cannot keep the watcher's canaries")]
    Canary(#[from] PrivateError),
    /// A thread to read a queue cannot be started.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
    /// It cannot be told which file systems are mounted.
    #[error("cannot read the table of mounts; is /proc mounted?")]
    Mounts(#[source] io::Error),
}

/// By what a directory is covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// The kernel tells through fanotify, with the process that did it.
    Fanotify,
    /// The kernel tells through inotify.
    Inotify,
    /// The system tells through FSEvents.
    FsEvents,
    /// Windows tells through `ReadDirectoryChangesW`.
    ReadDirectoryChanges,
    /// Nobody tells; only looking again and again helps.
    Polling {
        /// Why no backend covers it.
        reason: String,
    },
}

impl From<BackendKind> for Coverage {
    fn from(kind: BackendKind) -> Coverage {
        match kind {
            BackendKind::Fanotify => Coverage::Fanotify,
            BackendKind::Inotify => Coverage::Inotify,
            BackendKind::FsEvents => Coverage::FsEvents,
            BackendKind::ReadDirectoryChanges => Coverage::ReadDirectoryChanges,
        }
    }
}

/// All backends together: each directory is covered by the first that can.
pub struct Watcher {
    /// In the order in which they are tried.
    backends: Vec<Arc<dyn Backend>>,
    /// Those that could not be started.
    unusable: Vec<BackendHealth>,
    /// Those not yet handed out.
    queues: Mutex<Vec<Box<dyn Queue>>>,
}

impl Watcher {
    /// Starts the backends that can be started here; [`Watcher::health`] says why others cannot.
    pub fn start(options: Options, wants: Wants, hear: Hear) -> Result<Watcher, WatchError> {
        os::start(&options, &wants, &hear)
    }

    /// Returns the queues that must be read from now on; each is returned once.
    pub fn queues(&self) -> Vec<Box<dyn Queue>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut queues)
    }

    /// Covers one open directory, not what is below it, and says by what.
    ///
    /// To be called before the directory is listed. A directory whose own attributes count must be
    /// covered even when nothing in it does. Calling it again is cheap, and needed after
    /// [`Signal::Lost`].
    pub fn cover(&self, dir: &Dir, path: &Path) -> Coverage {
        if let Some(name) = os::elsewhere(dir, path) {
            return Coverage::Polling {
                reason: format!("{name} changes without this system knowing"),
            };
        }
        let mut reasons = Vec::new();
        for backend in &self.backends {
            match backend.cover(dir, path) {
                Ok(()) => return backend.kind().into(),
                Err(Refused { reason, .. }) => {
                    reasons.push(format!("{}: {reason}", backend.kind()))
                }
            }
        }
        let unusable = self.unusable.iter().filter_map(|health| {
            let reason = health.unusable.as_ref()?;
            Some(format!("{}: {reason}", health.kind))
        });
        reasons.extend(unusable);
        if reasons.is_empty() {
            reasons.push("no other way to be told is wanted".to_owned());
        }
        Coverage::Polling {
            reason: reasons.join("; "),
        }
    }

    /// Returns what covers the directory at a path, if something does; asks no file system.
    pub fn covering(&self, path: &Path) -> Option<BackendKind> {
        let mut backends = self.backends.iter();
        let found = backends.find(|backend| backend.covers(path));
        found.map(|backend| backend.kind())
    }

    /// Stops covering everything at and below this path.
    pub fn forget(&self, path: &Path) {
        for backend in &self.backends {
            backend.forget(path);
        }
    }

    /// Touches the canary of every backend; [`Signal::Alive`] follows from each.
    pub fn beat(&self) -> io::Result<()> {
        self.backends.iter().try_for_each(|backend| backend.beat())
    }

    /// Returns what each backend covers and what it dropped.
    pub fn health(&self) -> Vec<BackendHealth> {
        let running = self.backends.iter().map(|backend| backend.health());
        running.chain(self.unusable.iter().cloned()).collect()
    }
}
