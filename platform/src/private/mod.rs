//! The private state directory: made so that nobody else can read or change it, checked at every
//! start, locked while in use.
//!
//! The state says what is trusted. Whoever can write to it can hide a change, so a directory that
//! others may write to is refused, not repaired.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as os;
#[cfg(not(unix))]
mod windows;
#[cfg(not(unix))]
use windows as os;

#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(target_os = "linux")]
use linux as mounts;
#[cfg(target_os = "macos")]
pub(crate) mod macos;
#[cfg(target_os = "macos")]
use macos as mounts;
#[cfg_attr(
    not(target_os = "macos"),
    allow(dead_code, reason = "compiled everywhere to be tested everywhere")
)]
mod type_name;
#[cfg(windows)]
use windows as mounts;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod unsupported;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use unsupported as mounts;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
#[cfg(test)]
#[cfg(windows)]
mod windows_tests;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Why a directory cannot hold the state.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// The directory could not be made or looked at.
    #[error("cannot use {path:?} as a private directory")]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The path exists and is something else, or a link.
    #[error("{path:?} is not a directory; remove it or name another state directory")]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// The directory belongs to somebody else.
    #[error(
        "{path:?} belongs to user {owner}, not to you or root; name another state directory or run as that user"
    )]
    ForeignOwner {
        /// The directory.
        path: PathBuf,
        /// The number of its owner.
        owner: u32,
    },
    /// Others than the owner may write to the directory.
    #[error("{path:?} can be written by others (mode {mode:04o}); run: chmod go-w {path:?}")]
    WritableByOthers {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The access list lets in others than the system, administrators and us.
    #[error("{path:?} {how} {who}; {next}")]
    OpenToOthers {
        /// The directory.
        path: PathBuf,
        /// What they may do.
        how: &'static str,
        /// Who they are.
        who: String,
        /// What to do about it.
        next: String,
    },
}

/// What kind of file system something is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesystemKind {
    /// Kept by this machine; notifications and locks work.
    Local,
    /// Kept elsewhere or by another program; changes made there are not notified here.
    Network(&'static str),
    /// Made up by the kernel, such as `/proc`; there is nothing to monitor.
    Pseudo(&'static str),
}

/// Makes a directory that only we can enter (mode 0700; on Windows also the system and
/// administrators), with its parents as they come; one that exists stays as it is.
pub fn create_dir_private(path: &Path) -> io::Result<()> {
    os::create_dir_private(path)
}

/// Creates a file that only we can read and write (mode 0600; on Windows also the system and
/// administrators); it must not exist.
pub fn create_file_private(path: &Path) -> io::Result<File> {
    os::create_file_private(path)
}

/// Makes the directory when it is missing and checks that it is ours or root's and that nobody
/// else can write to it; on Windows, where rights are inherited by what is made there, nor read.
pub fn ensure_private_dir(path: &Path) -> Result<(), PrivateError> {
    os::ensure_private_dir(path)
}

/// Finds out whether a file may be written to, without opening it: closing it again would end the
/// locks that others in this process have on it.
pub fn may_write(path: &Path) -> io::Result<()> {
    os::may_write(path)
}

/// Takes the exclusive lock of an open file without waiting; `false` when somebody else has it.
/// The lock ends when the file is closed, also by a crash.
pub fn lock_exclusive(file: &File) -> io::Result<bool> {
    os::lock_exclusive(file)
}

/// Returns the kind of file system that `path` is on.
pub fn filesystem_kind(path: &Path) -> io::Result<FilesystemKind> {
    mounts::filesystem_kind(path)
}
