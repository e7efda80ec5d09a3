//! Windows: handles of directories, and names opened below them by the kernel's own interface.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::io::{AsHandle, BorrowedHandle};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_REPARSE_POINT, FILE_ATTRIBUTE_TAG_INFO,
};

use super::steady::steady;
use super::{Entry, Metadata};
use crate::file::os::{File, Streams};
use crate::nt::{self, Opened, What};
use crate::ntfs::{Entries, Entry as Record, Form, Reparse, flags};
use crate::stat::windows::{listed, stat};
use crate::stat::{InodeFlags, Kind, Stat};
use crate::xattr::windows as xattr;

/// One call fills this much, in units of 8 bytes: some 500 names.
const LISTING_BUFFER: usize = 8 * 1024;

/// Reading a file with one of these would fetch its content from somewhere.
const ELSEWHERE: InodeFlags = InodeFlags::OFFLINE
    .union(InodeFlags::RECALL_ON_OPEN)
    .union(InodeFlags::RECALL_ON_READ);

#[derive(Debug)]
pub(super) struct Dir {
    opened: Opened,
    /// Keeps two listings of one handle, which has one position, apart.
    listing: Mutex<()>,
}

impl AsHandle for super::Dir {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.os.handle()
    }
}

impl Dir {
    /// Takes what was opened as a directory, unless it stands for something elsewhere.
    fn new(opened: Opened) -> io::Result<Dir> {
        match stat(opened.handle.as_handle())?.kind {
            Kind::Directory => Ok(Dir {
                opened,
                listing: Mutex::new(()),
            }),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn handle(&self) -> BorrowedHandle<'_> {
        self.opened.handle.as_handle()
    }

    pub(super) fn open(path: &Path) -> io::Result<Dir> {
        Dir::new(nt::path(path, What::List)?)
    }

    pub(super) fn open_real(path: &Path) -> io::Result<Dir> {
        let mut parts = path.components();
        let mut top = PathBuf::new();
        while let Some(part @ (Component::Prefix(_) | Component::RootDir | Component::CurDir)) =
            parts.clone().next()
        {
            top.push(part);
            parts.next();
        }
        let mut dir = Dir::open(match top.as_os_str().is_empty() {
            true => Path::new("."),
            false => &top,
        })?;
        for part in parts {
            dir = dir.open_child(part.as_os_str())?;
        }
        Ok(dir)
    }

    pub(super) fn open_child(&self, name: &OsStr) -> io::Result<Dir> {
        Dir::new(nt::child(self.handle(), name, What::List)?)
    }

    pub(super) fn stat(&self) -> io::Result<Stat> {
        stat(self.handle())
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        metadata(&self.opened)
    }

    pub(super) fn streams(&self) -> io::Result<Streams> {
        Streams::of(self.handle().try_clone_to_owned()?)
    }

    pub(super) fn stat_child(&self, name: &OsStr) -> io::Result<Stat> {
        let child = nt::child(self.handle(), name, What::Ask)?;
        stat(child.handle.as_handle())
    }

    pub(super) fn list(&self) -> io::Result<Vec<Entry>> {
        let device = self.stat()?.device;
        let entry = |record: Record| Entry {
            stat: Ok(listed(&record, device)),
            name: OsString::from_wide(&record.name),
        };
        let mut entries: Vec<Entry> = self.records()?.into_iter().map(entry).collect();
        entries.sort_unstable_by(|a, b| {
            let (a, b) = (a.name.as_encoded_bytes(), b.name.as_encoded_bytes());
            a.cmp(b)
        });
        Ok(entries)
    }

    pub(super) fn names(&self) -> io::Result<Vec<OsString>> {
        let records = self.records()?.into_iter();
        Ok(records
            .map(|record| OsString::from_wide(&record.name))
            .collect())
    }

    /// Returns all entries but `.` and `..`, in the order of the file system.
    fn records(&self) -> io::Result<Vec<Record>> {
        // It guards nothing but a position, which each listing sets anew.
        let _one_at_a_time = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        for form in [Form::Extended, Form::Both] {
            if let Some(mut records) = self.records_in(form)? {
                let dot = u16::from(b'.');
                records.retain(|record| record.name != [dot] && record.name != [dot, dot]);
                return Ok(records);
            }
        }
        Err(io::ErrorKind::Unsupported.into())
    }

    fn records_in(&self, form: Form) -> io::Result<Option<Vec<Record>>> {
        let mut buffer = vec![0_u64; LISTING_BUFFER];
        let mut records = Vec::new();
        let mut is_first = true;
        loop {
            match nt::listing(self.handle(), form, is_first, &mut buffer)? {
                None => return Ok(None),
                Some(false) => return Ok(Some(records)),
                Some(true) => is_first = false,
            }
            let bytes: Vec<u8> = buffer.iter().flat_map(|part| part.to_ne_bytes()).collect();
            for record in Entries::new(&bytes, form) {
                records.push(record.map_err(io::Error::other)?);
            }
        }
    }

    pub(super) fn read_link(&self, name: &OsStr) -> io::Result<OsString> {
        let link = nt::child(self.handle(), name, What::Ask)?;
        let (_, target) = xattr::read(&link)?;
        target.ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    pub(super) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        let opened = nt::child(self.handle(), name, What::Read)?;
        let tag: FILE_ATTRIBUTE_TAG_INFO = nt::fill(opened.handle.as_handle())?;
        if flags(tag.FileAttributes).intersects(ELSEWHERE) {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "its content is not on this machine, and is not fetched",
            ));
        }
        let is_reparse = tag.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT != 0;
        match is_reparse && Reparse::kind(tag.ReparseTag).is_none() {
            true => nt::through(opened.handle.as_handle()).map(File::new),
            false => Ok(File::new(opened)),
        }
    }

    pub(super) fn metadata_child(&self, name: &OsStr) -> io::Result<Metadata> {
        metadata(&nt::child(self.handle(), name, What::Ask)?)
    }

    pub(super) fn metadata_and_streams(&self, name: &OsStr) -> io::Result<(Metadata, Streams)> {
        let child = nt::child(self.handle(), name, What::Ask)?;
        let metadata = metadata(&child)?;
        Ok((metadata, Streams::of(child.handle)?))
    }
}

fn metadata(object: &Opened) -> io::Result<Metadata> {
    steady(|| {
        let before = stat(object.handle.as_handle())?;
        let (xattrs, target) = xattr::read(object)?;
        let after = stat(object.handle.as_handle())?;
        let metadata = Metadata {
            stat: before,
            xattrs,
            target,
        };
        Ok((metadata, after))
    })
}
