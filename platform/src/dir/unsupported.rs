//! Systems without directory access of their own yet: opening says so, the rest is not reached.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use super::{Entry, Metadata};
use crate::file::os::{File, Streams};
use crate::stat::Stat;

#[derive(Debug)]
pub(super) struct Dir(Infallible);

impl Dir {
    pub(super) fn open(_path: &Path) -> io::Result<Dir> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "not supported on this OS yet",
        ))
    }

    pub(super) fn open_real(path: &Path) -> io::Result<Dir> {
        Self::open(path)
    }

    pub(super) fn open_child(&self, _name: &OsStr) -> io::Result<Dir> {
        match self.0 {}
    }

    pub(super) fn stat(&self) -> io::Result<Stat> {
        match self.0 {}
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        match self.0 {}
    }

    pub(super) fn stat_child(&self, _name: &OsStr) -> io::Result<Stat> {
        match self.0 {}
    }

    pub(super) fn list(&self) -> io::Result<Vec<Entry>> {
        match self.0 {}
    }

    pub(super) fn names(&self) -> io::Result<Vec<OsString>> {
        match self.0 {}
    }

    pub(super) fn read_link(&self, _name: &OsStr) -> io::Result<OsString> {
        match self.0 {}
    }

    pub(super) fn open_file(&self, _name: &OsStr) -> io::Result<File> {
        match self.0 {}
    }

    pub(super) fn streams(&self) -> io::Result<Streams> {
        match self.0 {}
    }

    pub(super) fn metadata_and_streams(&self, _name: &OsStr) -> io::Result<(Metadata, Streams)> {
        match self.0 {}
    }

    pub(super) fn metadata_child(&self, _name: &OsStr) -> io::Result<Metadata> {
        match self.0 {}
    }
}
