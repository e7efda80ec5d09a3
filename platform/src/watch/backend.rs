//! What every way to be told of changes must do, and what it tells of itself.
//!
//! A backend covers directories under the paths it was given and reports with those paths. It has
//! queues, which are read elsewhere, and a canary in each.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::dir::Dir;

/// A way to be told of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BackendKind {
    /// Linux: one mark for a whole file system where that works, else one for each directory;
    /// tells who did it.
    Fanotify,
    /// Linux: one watch for each directory.
    Inotify,
    /// macOS: one stream for whole trees.
    FsEvents,
    /// Windows: one watch for each tree.
    ReadDirectoryChanges,
}

impl BackendKind {
    /// Every backend, in the order in which they are best tried.
    pub const ALL: [BackendKind; 4] = [
        BackendKind::Fanotify,
        BackendKind::Inotify,
        BackendKind::FsEvents,
        BackendKind::ReadDirectoryChanges,
    ];

    /// Returns those of this operating system, in the order in which they are best tried.
    pub fn native() -> &'static [BackendKind] {
        super::os::NATIVE
    }

    /// Returns its name, such as `fanotify`.
    pub fn name(self) -> &'static str {
        match self {
            BackendKind::Fanotify => "fanotify",
            BackendKind::Inotify => "inotify",
            BackendKind::FsEvents => "fsevents",
            BackendKind::ReadDirectoryChanges => "read_directory_changes",
        }
    }
}

/// Why a backend of another operating system is not used.
pub(super) const NOT_HERE: &str = "this operating system does not have it";

impl fmt::Display for BackendKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A kernel queue that somebody must read.
pub trait Queue: Send {
    /// Returns a name for the thread that reads it.
    fn name(&self) -> &'static str;

    /// Waits for records, at most so long, and delivers what came; returns now and then even when
    /// more and more comes.
    ///
    /// After an error the queue may be read again, but what it covers must be taken as lost.
    fn read(&mut self, timeout: Duration) -> io::Result<()>;
}

/// What a backend tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendHealth {
    /// Which one it is.
    pub kind: BackendKind,
    /// How many directories it covers.
    pub directories: u64,
    /// How many signals it delivered.
    pub signals: u64,
    /// How many records of our own doings it dropped.
    pub own_dropped: u64,
    /// How many records about what is not covered it dropped.
    pub foreign_dropped: u64,
    /// How many records named an object without any path, so that nobody could be told.
    pub unnamed_dropped: u64,
    /// How often the kernel's queue overflowed.
    pub overflows: u64,
    /// What it cannot do here, or not everywhere, each with the reason.
    pub limits: Vec<String>,
    /// Why it is not used at all; `None` when it is.
    pub unusable: Option<String>,
}

impl BackendHealth {
    /// Returns the health of a backend that has not done anything yet.
    pub fn new(kind: BackendKind) -> BackendHealth {
        BackendHealth {
            kind,
            directories: 0,
            signals: 0,
            own_dropped: 0,
            foreign_dropped: 0,
            unnamed_dropped: 0,
            overflows: 0,
            limits: Vec::new(),
            unusable: None,
        }
    }
}

/// Why a backend does not cover a directory, or cannot be used at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// The reason in words.
    pub(super) reason: String,
}

/// A backend that was started, and the queue to be read for it.
pub(super) type Started = (Arc<dyn Backend>, Box<dyn Queue>);

/// One way to be told of changes.
pub(super) trait Backend: Send + Sync {
    /// Says which it is.
    fn kind(&self) -> BackendKind;

    /// Covers one open directory under this path; cheap when it is covered already.
    fn cover(&self, dir: &Dir, path: &Path) -> Result<(), Refused>;

    /// Drops everything at and below this path.
    fn forget(&self, path: &Path);

    /// Says whether the directory at this path is covered.
    fn covers(&self, path: &Path) -> bool;

    /// Says whether something is covered at or below this path, or the directory it is in; `true`
    /// where that is not known.
    #[cfg_attr(
        not(target_os = "linux"),
        allow(dead_code, reason = "other systems tell of mounts in the same queue")
    )]
    fn is_near(&self, _path: &Path) -> bool {
        true
    }

    /// Touches the canary.
    fn beat(&self) -> io::Result<()>;

    /// Tells how it is.
    fn health(&self) -> BackendHealth;
}
