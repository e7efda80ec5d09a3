//! Files that are only ever appended to: opened where nobody else can tamper with them, never
//! reached through a link, never a pipe or a device.
//!
//! Whoever may write to the directory of such a file can put another one, or a link, in its place,
//! and then we would write there with our rights. So the directory and the file must be ours or
//! root's and closed to other writers; both are refused otherwise, not repaired. What is written
//! is the caller's business, and nothing here truncates or removes a file.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as os;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as os;
#[cfg(not(any(unix, windows)))]
mod unsupported;
#[cfg(not(any(unix, windows)))]
use unsupported as os;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
#[cfg(test)]
#[cfg(windows)]
mod windows_tests;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Why nothing is appended there.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The directory does not exist.
    #[error(
        "there is no directory {dir:?} for {path:?}; make it: {} {dir:?}",
        os::MAKE
    )]
    NoDirectory {
        /// The file.
        path: PathBuf,
        /// Its directory.
        dir: PathBuf,
    },
    /// What should be the directory is something else.
    #[error("{path:?} is not a directory, or a link to one; name the real directory")]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// What should be the file is something else.
    #[error("{path:?} is a {kind}, not a file; remove it or name another file")]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// The directory or file belongs to somebody else.
    #[error(
        "{path:?} belongs to user {owner}, not to you or root, who could change what is written there; change its owner or name another place"
    )]
    ForeignOwner {
        /// The directory or file.
        path: PathBuf,
        /// The number of its owner.
        owner: u32,
    },
    /// Others than the owner may write to the directory or file.
    #[error(
        "{path:?} can be written by others (mode {mode:04o}); run: chmod go-w {path:?}, or name another place"
    )]
    WritableByOthers {
        /// The directory or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The access list lets others than the system, administrators and us write.
    #[error("{path:?} {how} {who}, who could change what is written there; {next}")]
    OpenToOthers {
        /// The directory or file.
        path: PathBuf,
        /// What they may do.
        how: &'static str,
        /// Who they are.
        who: String,
        /// What to do about it.
        next: String,
    },
    /// The system refused.
    #[error("cannot {op} {path:?}: {source}")]
    Io {
        /// What was tried.
        op: &'static str,
        /// The directory or file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl AppendError {
    fn io(op: &'static str, path: &Path, source: impl Into<io::Error>) -> AppendError {
        AppendError::Io {
            op,
            path: path.to_owned(),
            source: source.into(),
        }
    }
}

/// The open directory of a file, and the file's name in it.
///
/// Cheap to open again: do that for each piece of work rather than keep it, or what happens to
/// the directory itself goes unnoticed.
#[derive(Debug)]
pub struct Place {
    os: os::Place,
}

impl Place {
    /// Opens the directory of this file and refuses an unsafe one; nothing is created.
    pub fn open(path: &Path) -> Result<Place, AppendError> {
        os::Place::open(path).map(|os| Place { os })
    }

    /// Opens the file, or creates it so that only we can read and write it (mode 0600).
    ///
    /// It never blocks, and opens nothing but a regular file.
    pub fn open_file(&self) -> Result<AppendFile, AppendError> {
        let (file, identity) = self.os.open_file()?;
        Ok(AppendFile { file, identity })
    }

    /// Says whether the name still stands for this open file: `false` once it was renamed,
    /// removed or replaced.
    pub fn holds(&self, file: &AppendFile) -> Result<bool, AppendError> {
        self.os.holds(&file.file, &file.identity)
    }

    /// Says whether the directory has an entry of this name, whatever it is.
    pub fn has(&self, name: &OsStr) -> Result<bool, AppendError> {
        self.os.has(name)
    }

    /// Renames an entry of the directory; a file with the new name is replaced.
    pub fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), AppendError> {
        self.os.rename(from, to)
    }

    /// Makes new names and renames durable.
    pub fn sync(&self) -> Result<(), AppendError> {
        self.os.sync()
    }
}

/// A file open for appending.
#[derive(Debug)]
pub struct AppendFile {
    file: File,
    identity: os::Identity,
}

impl AppendFile {
    /// Returns how long the file is now.
    pub fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Returns when the file was made, where the file system knows it.
    pub fn made_at(&self) -> Option<SystemTime> {
        self.file.metadata().and_then(|found| found.created()).ok()
    }

    /// Appends bytes and returns how many of them: fewer where a disk fills, for one.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    /// Reads from this offset on; 0 is the end. Where the next bytes are appended stays the same.
    pub fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read(buf)
    }

    /// Makes what was appended durable.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}
