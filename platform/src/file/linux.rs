//! Linux: reading that leaves the page cache as it was.
//!
//! A small file is read with `preadv2(RWF_NOWAIT)`, which answers only from the cache: one call,
//! as cheap as a plain read. The first miss tells that the rest of the file was not cached either;
//! from there on reads are plain, and `finish` drops that rest. For a large file the rest may well
//! be cached, and the kernel's read-ahead soon blurs what was there before us, so `survey` asks
//! before the first read. Rejected: `RWF_DONTCACHE` (Linux 6.14), because before 6.16 it could
//! drop pages that another program had just dirtied; `mincore`, because it needs a mapping.

use std::cell::Cell;
use std::io::{self, IoSliceMut};
use std::num::NonZeroU64;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::Advice;
use rustix::io::{Errno, ReadWriteFlags};

pub(crate) use super::no_streams::Streams;
use super::survey::{self, Survey};
use crate::stat::linux::{inode_flags, stat_fd};
use crate::stat::{InodeFlags, Stat, Timestamp};
use crate::xattr::{Xattrs, linux as xattr};

#[derive(Debug)]
pub(crate) struct File {
    fd: OwnedFd,
    offset: u64,
    cache: Cache,
    /// Flags change only together with the change time, so the second stat need not ask again.
    flags: Cell<Option<(Timestamp, InodeFlags)>>,
}

/// What is known of the part of the file that is still to be read.
#[derive(Debug)]
enum Cache {
    /// Nothing; every read asks.
    Unknown,
    /// Nothing was cached from this offset on.
    UncachedFrom(u64),
    /// A survey found what was cached.
    Surveyed(Survey),
    /// The file system cannot tell; drop nothing.
    Untold,
}

impl File {
    pub(crate) fn new(fd: OwnedFd) -> File {
        File {
            fd,
            offset: 0,
            cache: Cache::Unknown,
            flags: Cell::new(None),
        }
    }

    pub(super) fn stat(&self) -> io::Result<Stat> {
        let stat = stat_fd(self.fd.as_fd())?;
        let more = match self.flags.get() {
            Some((changed, flags)) if changed == stat.changed => flags,
            _ => inode_flags(&self.fd)?.unwrap_or_default(),
        };
        self.flags.set(Some((stat.changed, more)));
        Ok(Stat {
            flags: stat.flags.union(more),
            ..stat
        })
    }

    pub(super) fn xattrs(&self) -> io::Result<Xattrs> {
        xattr::read(xattr::Source::Open(self.fd.as_fd()))
    }

    pub(super) fn streams(&self) -> io::Result<Streams> {
        Ok(Streams)
    }

    pub(super) fn advise_sequential(&mut self, size: u64) {
        // Only advice: a file system that refuses it reads all the same.
        let _ = rustix::fs::fadvise(&self.fd, 0, None, Advice::Sequential);
        if let Some(survey) = survey::take(self.fd.as_fd(), size) {
            self.cache = Cache::Surveyed(survey);
        }
    }

    pub(super) fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = match self.cache {
            Cache::Unknown => self.read_asking(buf)?,
            _ => self.read_plainly(buf)?,
        };
        self.offset += read as u64;
        Ok(read)
    }

    fn read_asking(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let nowait = ReadWriteFlags::NOWAIT;
        match rustix::io::preadv2(&self.fd, &mut [IoSliceMut::new(buf)], self.offset, nowait) {
            Ok(read) => return Ok(read),
            Err(Errno::AGAIN) => self.cache = Cache::UncachedFrom(self.offset),
            Err(Errno::INTR) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => self.cache = Cache::Untold,
            Err(errno) => return Err(errno.into()),
        }
        self.read_plainly(buf)
    }

    fn read_plainly(&self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match rustix::io::pread(&self.fd, &mut *buf, self.offset) {
                Err(Errno::INTR) => {}
                read => return Ok(read?),
            }
        }
    }

    pub(super) fn finish(self) {
        match &self.cache {
            Cache::Unknown | Cache::Untold => {}
            Cache::UncachedFrom(start) => self.drop_cached(*start, None),
            Cache::Surveyed(survey) => {
                let read = survey
                    .uncached()
                    .take_while(|range| range.start < self.offset);
                read.for_each(|range| self.drop_cached(range.start, Some(range.end - range.start)));
            }
        }
    }

    fn drop_cached(&self, start: u64, len: Option<u64>) {
        // Only advice: what cannot be dropped (dirty, mapped) stays, and that is right.
        let len = len.and_then(NonZeroU64::new);
        let _ = rustix::fs::fadvise(&self.fd, start, len, Advice::DontNeed);
    }
}
