//! Windows: reading through a handle that keeps nobody from anything, and the streams of an object.
//!
//! The handle says that it reads in order, so the cache drops what was read first; there is no way
//! to ask what was cached before. Where the volume keeps access times, reading changes one.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _};
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::io::{AsHandle as _, OwnedHandle};

use crate::nt::{self, Opened};
use crate::ntfs::stream_names;
use crate::stat::Stat;
use crate::stat::windows::stat;
use crate::xattr::{Xattrs, windows as xattr};

#[derive(Debug)]
pub(crate) struct File {
    file: fs::File,
    access: nt::Access,
}

impl File {
    pub(crate) fn new(opened: Opened) -> File {
        File {
            file: opened.handle.into(),
            access: opened.access,
        }
    }

    pub(super) fn stat(&self) -> io::Result<Stat> {
        stat(self.file.as_handle())
    }

    pub(super) fn xattrs(&self) -> io::Result<Xattrs> {
        let opened = Opened {
            handle: self.file.as_handle().try_clone_to_owned()?,
            access: self.access,
        };
        Ok(xattr::read(&opened)?.0)
    }

    pub(super) fn streams(&self) -> io::Result<Streams> {
        Streams::of(self.file.as_handle().try_clone_to_owned()?)
    }

    pub(super) fn advise_sequential(&mut self, _size: u64) {
        // It was opened so.
    }

    pub(super) fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.file.read(buf)
    }

    pub(super) fn finish(self) {
        // Closed here: nothing is left to be dropped.
    }
}

/// The streams of an object, opened one after the other.
#[derive(Debug)]
pub(crate) struct Streams {
    object: OwnedHandle,
    names: std::vec::IntoIter<OsString>,
}

impl Streams {
    pub(crate) fn of(object: OwnedHandle) -> io::Result<Streams> {
        let list = nt::streams(object.as_handle())?;
        let names = stream_names(&list).ok_or_else(|| {
            io::Error::other("the system lists the streams in a form that is not known")
        })?;
        let names: Vec<OsString> = names.iter().map(|name| OsString::from_wide(name)).collect();
        Ok(Streams {
            object,
            names: names.into_iter(),
        })
    }
}

impl Iterator for Streams {
    type Item = (OsString, io::Result<File>);

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.names.next()?;
        let opened = nt::stream(self.object.as_handle(), &name);
        Some((name, opened.map(File::new)))
    }
}
