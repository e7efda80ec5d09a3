//! Linux: reading without a trace.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use crate::stat::linux::stat_fd;
use crate::stat::Stat;
use crate::xattr::{Xattrs, linux as xattr};

#[derive(Debug)]
pub(crate) struct File {
    fd: OwnedFd,
    offset: u64,
}

impl File {
    pub(crate) fn new(fd: OwnedFd) -> File {
        File { fd, offset: 0 }
    }

    pub(super) fn stat(&self) -> io::Result<Stat> {
        stat_fd(self.fd.as_fd())
    }

    pub(super) fn xattrs(&self) -> io::Result<Xattrs> {
        xattr::read(xattr::Source::Open(self.fd.as_fd()))
    }

    pub(super) fn advise_sequential(&mut self, _size: u64) {}

    pub(super) fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = rustix::io::pread(&self.fd, buf, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }

    pub(super) fn finish(self) {}
}
