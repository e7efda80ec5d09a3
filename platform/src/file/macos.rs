//! macOS: plain reading, told what of it may stay in memory.
//!
//! With `F_NOCACHE` what is read and was not in memory does not stay there, and what was stays: so
//! nothing is to be given back afterwards. It costs the system's read-ahead, so small files are
//! read without it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::retry_on_intr;

pub(crate) use super::no_streams::Streams;
use crate::stat::Stat;
use crate::stat::macos::stat_fd;
use crate::xattr::{Xattrs, macos as xattr};

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

    pub(super) fn streams(&self) -> io::Result<Streams> {
        Ok(Streams)
    }

    pub(super) fn advise_sequential(&mut self, _size: u64) {
        // Only advice: a file system that refuses it reads all the same.
        let _ = rustix::fs::fcntl_nocache(&self.fd, true);
    }

    pub(super) fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = retry_on_intr(|| rustix::io::pread(&self.fd, &mut *buf, self.offset))?;
        self.offset += read as u64;
        Ok(read)
    }

    pub(super) fn finish(self) {}
}
