//! Open directories: listing them and reaching what is in them.
//!
//! Everything goes through the descriptor of an open [`Dir`] and one plain name, never through a
//! whole path again, so nobody can swap a parent for a link in between. No method follows a link
//! in the name it is given, and none opens anything for reading but directories and, in
//! [`Dir::open_file`], what the caller expects to be a regular file. The walk over whole trees is
//! in `walk`; what the entries mean is the caller's business.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as os;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as os;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as os;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod unsupported;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use unsupported as os;

#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod steady;
#[cfg(unix)]
mod unix;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use crate::file::{File, Streams};
use crate::stat::Stat;
use crate::xattr::Xattrs;

/// An open directory.
///
/// Names given to its methods are single names: one that is empty, `.`, `..` or holds a `/` is
/// refused with `InvalidInput`.
#[derive(Debug)]
pub struct Dir {
    os: os::Dir,
}

/// One entry of a listed directory.
#[derive(Debug)]
pub struct Entry {
    /// The name, without the directory.
    pub name: OsString,
    /// What the system says about it, or why it does not: the entry may have vanished meanwhile.
    pub stat: io::Result<Stat>,
}

/// All metadata of one object, taken at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What the operating system says, with all inode flags.
    pub stat: Stat,
    /// The extended attributes.
    pub xattrs: Xattrs,
    /// Where a symbolic link points, as written in it; `None` for everything else.
    pub target: Option<OsString>,
}

/// Says whether an error means that nothing has the path that was asked for.
pub fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

impl Dir {
    /// Opens the directory at `path`, however long the path is; its last name must not be a link.
    pub fn open(path: &Path) -> io::Result<Dir> {
        os::Dir::open(path).map(|os| Dir { os })
    }

    /// Opens the directory at `path` only if no name in it is a link: one is refused with
    /// `NotADirectory`.
    pub fn open_real(path: &Path) -> io::Result<Dir> {
        os::Dir::open_real(path).map(|os| Dir { os })
    }

    /// Says whether this directory is what `path` leads to now.
    pub fn is_at(&self, path: &Path) -> bool {
        let identity = |dir: &Dir| dir.stat().map(|stat| (stat.device, stat.inode));
        match (
            identity(self),
            Dir::open(path).and_then(|dir| identity(&dir)),
        ) {
            (Ok(own), Ok(found)) => own == found,
            _ => false,
        }
    }

    /// Opens a directory in this one; a link is refused.
    pub fn open_child(&self, name: &OsStr) -> io::Result<Dir> {
        self.os.open_child(name).map(|os| Dir { os })
    }

    /// Returns what the system says about this directory itself, with all inode flags.
    pub fn stat(&self) -> io::Result<Stat> {
        self.os.stat()
    }

    /// Returns all metadata of this directory itself.
    pub fn metadata(&self) -> io::Result<Metadata> {
        self.os.metadata()
    }

    /// Opens the streams of this directory itself; there are none but on Windows.
    pub fn streams(&self) -> io::Result<Streams> {
        self.os.streams().map(Streams::from_os)
    }

    /// Returns what a listing would say about one name.
    pub fn stat_child(&self, name: &OsStr) -> io::Result<Stat> {
        self.os.stat_child(name)
    }

    /// Returns all entries but `.` and `..`, ordered by the bytes of their names.
    pub fn list(&self) -> io::Result<Vec<Entry>> {
        self.os.list()
    }

    /// Returns the names of all entries but `.` and `..`, ordered by their bytes. Asks none of the
    /// entries, so that one on a dead mount keeps nobody from the others.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = self.os.names()?;
        names.sort_unstable_by(|a, b| a.as_encoded_bytes().cmp(b.as_encoded_bytes()));
        Ok(names)
    }

    /// Returns where a symbolic link points, as written in it.
    pub fn read_link(&self, name: &OsStr) -> io::Result<OsString> {
        self.os.read_link(name)
    }

    /// Opens a regular file to be read; links are refused, and nothing ever blocks.
    ///
    /// The caller checks that the kind of the opened file is [`crate::stat::Kind::File`] before it
    /// reads: the name may have become something else since it was listed.
    pub fn open_file(&self, name: &OsStr) -> io::Result<File> {
        self.os.open_file(name).map(File::from_os)
    }

    /// Returns all metadata of an object whose content is not read, without opening it.
    ///
    /// When the object changes meanwhile the whole is done again; after several tries the error
    /// is `ResourceBusy`.
    pub fn metadata_child(&self, name: &OsStr) -> io::Result<Metadata> {
        self.os.metadata_child(name)
    }

    /// Returns the same and opens the streams of the same object beside its content; there are none
    /// but on Windows.
    pub fn metadata_and_streams(&self, name: &OsStr) -> io::Result<(Metadata, Streams)> {
        let (metadata, streams) = self.os.metadata_and_streams(name)?;
        Ok((metadata, Streams::from_os(streams)))
    }
}
