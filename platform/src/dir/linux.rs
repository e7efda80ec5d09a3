//! Linux: `openat`, `getdents64` and `statx` below one descriptor.
//!
//! What is not opened for reading is pinned with `O_PATH`, so that all its metadata is of one
//! object even when the name changes hands meanwhile. Its extended attributes are then read
//! through `/proc/self/fd`, because the calls that take a descriptor refuse an `O_PATH` one.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path};
use std::sync::Mutex;

use rustix::fs::{CWD, Mode, OFlags, RawDir, ResolveFlags, SeekFrom, openat2};
use rustix::io::Errno;

use super::steady::steady;
use super::unix::{c_name, checked};
use super::{Entry, Metadata};
use crate::file::os::{File, Streams};
use crate::stat::linux::{inode_flags, stat_at, stat_fd};
use crate::stat::{InodeFlags, Kind, Stat};
use crate::xattr::Xattrs;
use crate::xattr::linux::{self as xattr, Source};

/// One `getdents64` call fills this much: some 1000 names, and small enough for the stack.
const LISTING_BUFFER: usize = 32 * 1024;

const READ_FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
const PATH_FLAGS: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

#[derive(Debug)]
pub(super) struct Dir {
    fd: OwnedFd,
    /// Whether the descriptor was listed before and must be rewound; the lock keeps two listings
    /// of one descriptor, which has one position, apart.
    listed: Mutex<bool>,
}

impl AsFd for super::Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.os.fd.as_fd()
    }
}

impl Dir {
    fn new(fd: OwnedFd) -> Dir {
        Dir {
            fd,
            listed: Mutex::new(false),
        }
    }

    pub(super) fn open(path: &Path) -> io::Result<Dir> {
        // `components` strips a trailing slash or `/.`, which would make `openat` follow a link.
        let path = path.components().as_path();
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        match open_readable(CWD, path, OFlags::DIRECTORY) {
            Err(Errno::NAMETOOLONG) => open_stepwise(path, OFlags::empty()),
            opened => Ok(Dir::new(opened?)),
        }
    }

    pub(super) fn open_real(path: &Path) -> io::Result<Dir> {
        let flags = READ_FLAGS | OFlags::DIRECTORY | OFlags::NOATIME;
        let whole = |flags| openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS);
        let opened = match whole(flags) {
            Err(Errno::PERM) => whole(flags.difference(OFlags::NOATIME)),
            opened => opened,
        };
        match opened {
            // Too long, or a kernel before 5.6, or a sandbox that does not know the call.
            Err(Errno::NAMETOOLONG | Errno::NOSYS | Errno::PERM) => {
                open_stepwise(path, OFlags::NOFOLLOW)
            }
            Err(Errno::LOOP) => Err(Errno::NOTDIR.into()),
            opened => Ok(Dir::new(opened?)),
        }
    }

    pub(super) fn open_child(&self, name: &OsStr) -> io::Result<Dir> {
        Ok(Dir::new(open_readable(
            &self.fd,
            checked(name)?,
            OFlags::DIRECTORY,
        )?))
    }

    pub(super) fn stat(&self) -> io::Result<Stat> {
        Ok(with_flags(
            stat_fd(self.fd.as_fd())?,
            inode_flags(&self.fd)?,
        ))
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        steady(|| {
            let stat = self.stat()?;
            let xattrs = xattr::read(Source::Open(self.fd.as_fd()))?;
            Ok((
                Metadata {
                    stat,
                    xattrs,
                    target: None,
                },
                self.stat()?,
            ))
        })
    }

    pub(super) fn stat_child(&self, name: &OsStr) -> io::Result<Stat> {
        stat_at(self.fd.as_fd(), &c_name(checked(name)?)?)
    }

    pub(super) fn list(&self) -> io::Result<Vec<Entry>> {
        let mut names = self.c_names()?;
        names.sort_unstable();
        Ok(self.entries(names))
    }

    pub(super) fn names(&self) -> io::Result<Vec<OsString>> {
        let names = self.c_names()?.into_iter();
        Ok(names
            .map(|name| OsString::from_vec(name.into_bytes()))
            .collect())
    }

    pub(super) fn entries(&self, names: Vec<CString>) -> Vec<Entry> {
        let entry = |name: CString| {
            let stat = stat_at(self.fd.as_fd(), &name);
            Entry {
                name: OsString::from_vec(name.into_bytes()),
                stat,
            }
        };
        names.into_iter().map(entry).collect()
    }

    /// Returns the names of all entries, in the order of the file system.
    fn c_names(&self) -> io::Result<Vec<CString>> {
        // The flag is set before anything that can panic, so a poisoned lock still holds the truth.
        let mut listed = self
            .listed
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if std::mem::replace(&mut *listed, true) {
            rustix::fs::seek(&self.fd, SeekFrom::Start(0))?;
        }
        let mut buffer = [MaybeUninit::uninit(); LISTING_BUFFER];
        let mut entries = RawDir::new(&self.fd, &mut buffer);
        let mut names = Vec::new();
        while let Some(entry) = entries.next() {
            let name = match &entry {
                Ok(entry) => entry.file_name(),
                Err(Errno::INTR) => continue,
                Err(errno) => return Err((*errno).into()),
            };
            if name != c"." && name != c".." {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    pub(super) fn read_link(&self, name: &OsStr) -> io::Result<OsString> {
        Ok(target(rustix::fs::readlinkat(
            &self.fd,
            checked(name)?,
            Vec::new(),
        )?))
    }

    pub(super) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        let name = checked(name)?;
        match open_readable(&self.fd, name, OFlags::empty()) {
            Err(Errno::WOULDBLOCK) => self.open_leased(name),
            opened => Ok(File::new(opened?)),
        }
    }

    /// Opens a regular file that somebody, such as a file server, holds a lease on.
    ///
    /// Such an open must wait for the holder to let go (at most `/proc/sys/fs/lease-break-time`),
    /// so it is done without `O_NONBLOCK`, through a descriptor known to be of a regular file.
    fn open_leased(&self, name: &OsStr) -> io::Result<File> {
        let pinned = rustix::fs::openat(&self.fd, name, PATH_FLAGS, Mode::empty())?;
        if stat_fd(pinned.as_fd())?.kind != Kind::File {
            return Err(Errno::WOULDBLOCK.into());
        }
        let flags = READ_FLAGS.difference(OFlags::NONBLOCK | OFlags::NOFOLLOW);
        Ok(File::new(open_noatime(
            CWD,
            proc_path(&pinned)?.as_c_str(),
            flags,
        )?))
    }

    pub(super) fn streams(&self) -> io::Result<Streams> {
        Ok(Streams)
    }

    pub(super) fn metadata_and_streams(&self, name: &OsStr) -> io::Result<(Metadata, Streams)> {
        Ok((self.metadata_child(name)?, Streams))
    }

    pub(super) fn metadata_child(&self, name: &OsStr) -> io::Result<Metadata> {
        let name = checked(name)?;
        steady(|| {
            let pinned = rustix::fs::openat(&self.fd, name, PATH_FLAGS, Mode::empty())?;
            let before = stat_fd(pinned.as_fd())?;
            let (flags, xattrs) = closer_look(&pinned, before.kind)?;
            let target = match before.kind {
                Kind::Symlink => Some(target(rustix::fs::readlinkat(&pinned, c"", Vec::new())?)),
                _ => None,
            };
            let after = with_flags(stat_fd(pinned.as_fd())?, flags);
            let stat = with_flags(before, flags);
            Ok((
                Metadata {
                    stat,
                    xattrs,
                    target,
                },
                after,
            ))
        })
    }
}

/// Returns what needs more than an `O_PATH` descriptor: inode flags and extended attributes.
///
/// Directories and regular files are opened for reading where we may; everything else is only
/// named, through `/proc`, because opening a pipe or a device has effects.
fn closer_look(pinned: &OwnedFd, kind: Kind) -> io::Result<(Option<InodeFlags>, Xattrs)> {
    let path = proc_path(pinned)?;
    let flags = READ_FLAGS.difference(OFlags::NOFOLLOW);
    let opened = match kind {
        Kind::Directory => open_noatime(pinned, c".", flags | OFlags::DIRECTORY),
        Kind::File => open_noatime(CWD, path.as_c_str(), flags),
        _ => Err(Errno::ACCESS),
    };
    match opened {
        Ok(fd) => Ok((inode_flags(&fd)?, xattr::read(Source::Open(fd.as_fd()))?)),
        Err(_) => match xattr::read(Source::Path(&path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "reading extended attributes needs /proc, which is not mounted",
            )),
            read => Ok((None, read?)),
        },
    }
}

/// Opens a directory name by name, however long the path is; `links` says how to take links on the
/// way.
fn open_stepwise(path: &Path, links: OFlags) -> io::Result<Dir> {
    let mut components = path.components().peekable();
    let mut at: Option<OwnedFd> = None;
    while let Some(component) = components.next() {
        let name: &OsStr = match component {
            Component::RootDir => OsStr::new("/"),
            other => other.as_os_str(),
        };
        let parent = at.as_ref().map_or(CWD, |fd| fd.as_fd());
        at = Some(if components.peek().is_none() {
            return Ok(Dir::new(open_readable(parent, name, OFlags::DIRECTORY)?));
        } else {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC | links;
            rustix::fs::openat(parent, name, flags, Mode::empty())?
        });
    }
    Err(Errno::NOENT.into())
}

/// Opens for reading; never follows a link in the last name and never blocks.
fn open_readable(
    dir: impl AsFd,
    name: impl rustix::path::Arg + Copy,
    more: OFlags,
) -> rustix::io::Result<OwnedFd> {
    open_noatime(dir, name, READ_FLAGS | more)
}

/// Opens with `O_NOATIME`, which only owner and root may use; without it where that is denied.
fn open_noatime(
    dir: impl AsFd,
    name: impl rustix::path::Arg + Copy,
    flags: OFlags,
) -> rustix::io::Result<OwnedFd> {
    match rustix::fs::openat(&dir, name, flags | OFlags::NOATIME, Mode::empty()) {
        Err(Errno::PERM) => rustix::fs::openat(&dir, name, flags, Mode::empty()),
        opened => opened,
    }
}

/// Returns a path that leads to exactly what a descriptor has open.
fn proc_path(fd: &OwnedFd) -> io::Result<CString> {
    Ok(CString::new(format!("/proc/self/fd/{}", fd.as_raw_fd()))?)
}

fn target(link: CString) -> OsString {
    OsString::from_vec(link.into_bytes())
}

fn with_flags(stat: Stat, flags: Option<InodeFlags>) -> Stat {
    Stat {
        flags: stat.flags.union(flags.unwrap_or_default()),
        ..stat
    }
}
