//! An open file, for a stable read: stat, attributes, content, stat again.
//!
//! Opened by [`crate::dir::Dir::open_file`]. Reading changes no access time where the system lets
//! us, and leaves the page cache as it was: what was cached stays, what was not is dropped again
//! in [`File::finish`]. Whether the file held still is for the caller to judge, from the two stats.

#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux as os;
#[cfg(target_os = "macos")]
pub(crate) mod macos;
#[cfg(target_os = "linux")]
mod survey;
#[cfg(target_os = "macos")]
pub(crate) use macos as os;
#[cfg(windows)]
pub(crate) mod windows;
#[cfg(windows)]
pub(crate) use windows as os;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
pub(crate) mod unsupported;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
pub(crate) use unsupported as os;

#[cfg(unix)]
mod no_streams;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use std::ffi::OsString;
use std::io;

use crate::stat::Stat;
use crate::xattr::Xattrs;

/// A file opened to be read from start to end, once.
#[derive(Debug)]
pub struct File {
    os: os::File,
}

impl File {
    pub(crate) fn from_os(os: os::File) -> File {
        File { os }
    }

    /// Returns what the system says about the open file, with all inode flags.
    pub fn stat(&self) -> io::Result<Stat> {
        self.os.stat()
    }

    /// Returns the extended attributes; empty where the file system has none.
    pub fn xattrs(&self) -> io::Result<Xattrs> {
        self.os.xattrs()
    }

    /// Opens the streams of the file beside its content; there are none but on Windows.
    pub fn streams(&self) -> io::Result<Streams> {
        self.os.streams().map(Streams::from_os)
    }

    /// Tells that the whole file of this size will be read in order.
    ///
    /// Worth its system calls for files above some 256 KiB; call it before the first read.
    pub fn advise_sequential(&mut self, size: u64) {
        self.os.advise_sequential(size)
    }

    /// Reads the next bytes into `buf` and returns how many; 0 is the end.
    ///
    /// Fewer bytes than asked for do not mean the end.
    pub fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.os.read(buf)
    }

    /// Closes the file after dropping from the page cache what this reading brought into it.
    pub fn finish(self) {
        self.os.finish()
    }
}

/// The named streams of an object beside its content, each with its file: alternate data streams of
/// NTFS.
#[derive(Debug)]
pub struct Streams {
    os: os::Streams,
}

impl Streams {
    pub(crate) fn from_os(os: os::Streams) -> Streams {
        Streams { os }
    }
}

impl Iterator for Streams {
    type Item = (OsString, io::Result<File>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, opened) = self.os.next()?;
        Some((name, opened.map(File::from_os)))
    }
}
