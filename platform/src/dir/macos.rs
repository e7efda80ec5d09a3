//! macOS: `openat`, `fdopendir` and `fstatat` below one descriptor.
//!
//! There is no `O_PATH`. Files and directories are opened for reading, links with `O_SYMLINK`, and
//! all metadata is taken through that descriptor. What must not be opened (pipes, sockets, devices)
//! or may not be is asked about by a path, and only believed if the name means the same object
//! afterwards.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

use super::steady::steady;
use super::unix::{c_name, checked};
use super::{Entry, Metadata};
use crate::file::os::{File, Streams};
use crate::io_policy;
use crate::stat::macos::{stat_at, stat_fd};
use crate::stat::{Kind, Stat};
use crate::xattr::Xattrs;
use crate::xattr::macos::{self as xattr, Source};

const READ_FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
/// Opens a link itself, and nothing else.
const LINK_FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::SYMLINK)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

#[derive(Debug)]
pub(super) struct Dir {
    fd: OwnedFd,
}

impl AsFd for super::Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.os.fd.as_fd()
    }
}

impl Dir {
    pub(super) fn open(path: &Path) -> io::Result<Dir> {
        // `components` strips a trailing slash or `/.`, which would make `openat` follow a link.
        let path = match path.components().as_path() {
            none if none.as_os_str().is_empty() => Path::new("."),
            some => some,
        };
        match open_readable(CWD, path, OFlags::DIRECTORY) {
            Err(Errno::NAMETOOLONG) => open_stepwise(path, OFlags::empty()),
            opened => Ok(Dir { fd: opened? }),
        }
    }

    pub(super) fn open_real(path: &Path) -> io::Result<Dir> {
        io_policy::leave_files_alone();
        // Not both: the last name is one of any.
        let flags = READ_FLAGS.difference(OFlags::NOFOLLOW) | OFlags::NOFOLLOW_ANY;
        let flags = flags | OFlags::DIRECTORY;
        match retry_on_intr(|| rustix::fs::openat(CWD, path, flags, Mode::empty())) {
            Err(Errno::NAMETOOLONG | Errno::INVAL) => open_stepwise(path, OFlags::NOFOLLOW),
            Err(Errno::LOOP) => Err(Errno::NOTDIR.into()),
            opened => Ok(Dir { fd: opened? }),
        }
    }

    pub(super) fn open_child(&self, name: &OsStr) -> io::Result<Dir> {
        let fd = open_readable(&self.fd, checked(name)?, OFlags::DIRECTORY)?;
        Ok(Dir { fd })
    }

    pub(super) fn stat(&self) -> io::Result<Stat> {
        stat_fd(self.fd.as_fd())
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        steady(|| {
            let stat = self.stat()?;
            let xattrs = xattr::read(Source::Open(self.fd.as_fd()))?;
            let metadata = Metadata {
                stat,
                xattrs,
                target: None,
            };
            Ok((metadata, self.stat()?))
        })
    }

    pub(super) fn stat_child(&self, name: &OsStr) -> io::Result<Stat> {
        stat_at(self.fd.as_fd(), &c_name(checked(name)?)?)
    }

    pub(super) fn list(&self) -> io::Result<Vec<Entry>> {
        let mut names = self.c_names()?;
        names.sort_unstable();
        let entry = |name: CString| Entry {
            stat: stat_at(self.fd.as_fd(), &name),
            name: OsString::from_vec(name.into_bytes()),
        };
        Ok(names.into_iter().map(entry).collect())
    }

    pub(super) fn names(&self) -> io::Result<Vec<OsString>> {
        let names = self.c_names()?.into_iter();
        Ok(names
            .map(|name| OsString::from_vec(name.into_bytes()))
            .collect())
    }

    /// Returns the names of all entries, in the order of the file system.
    fn c_names(&self) -> io::Result<Vec<CString>> {
        let mut names = Vec::new();
        // This opens `.` anew, so that two listings at a time have a position each.
        for entry in rustix::fs::Dir::read_from(&self.fd)? {
            let entry = entry?;
            let name = entry.file_name();
            if name != c"." && name != c".." {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    pub(super) fn read_link(&self, name: &OsStr) -> io::Result<OsString> {
        let link = rustix::fs::readlinkat(&self.fd, checked(name)?, Vec::new())?;
        Ok(OsString::from_vec(link.into_bytes()))
    }

    pub(super) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        let fd = open_readable(&self.fd, checked(name)?, OFlags::empty())?;
        Ok(File::new(fd))
    }

    pub(super) fn metadata_child(&self, name: &OsStr) -> io::Result<Metadata> {
        steady(|| {
            let before = self.stat_child(name)?;
            let (stat, xattrs) = self.closer_look(name, before)?;
            let target = match stat.kind {
                Kind::Symlink => Some(self.read_link(name)?),
                _ => None,
            };
            let metadata = Metadata {
                stat,
                xattrs,
                target,
            };
            Ok((metadata, self.stat_child(name)?))
        })
    }

    pub(super) fn streams(&self) -> io::Result<Streams> {
        Ok(Streams)
    }

    pub(super) fn metadata_and_streams(&self, name: &OsStr) -> io::Result<(Metadata, Streams)> {
        Ok((self.metadata_child(name)?, Streams))
    }

    /// Returns what is said of an object, and its attributes, from one descriptor where it can be
    /// opened.
    fn closer_look(&self, name: &OsStr, before: Stat) -> io::Result<(Stat, Xattrs)> {
        let opened = match before.kind {
            Kind::Directory => open_readable(&self.fd, name, OFlags::DIRECTORY),
            Kind::File => open_readable(&self.fd, name, OFlags::empty()),
            Kind::Symlink => {
                retry_on_intr(|| rustix::fs::openat(&self.fd, name, LINK_FLAGS, Mode::empty()))
            }
            _ => Err(Errno::ACCESS),
        };
        if let Ok(fd) = opened {
            let xattrs = xattr::read(Source::Open(fd.as_fd()))?;
            return Ok((stat_fd(fd.as_fd())?, xattrs));
        }
        let path = self.path_of(name)?;
        let source = Source::Path(&path);
        let xattrs = match before.kind {
            Kind::File | Kind::Directory | Kind::Symlink => xattr::read(source)?,
            _ => xattr::read_acl(source)?,
        };
        Ok((before, xattrs))
    }

    /// Returns a path of an entry of this directory, wherever it is now.
    fn path_of(&self, name: &OsStr) -> io::Result<CString> {
        let dir = rustix::fs::getpath(&self.fd)?;
        let path = PathBuf::from(OsString::from_vec(dir.into_bytes())).join(name);
        Ok(CString::new(path.into_os_string().into_vec())?)
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
        let is_last = components.peek().is_none();
        let flags = if is_last { OFlags::NOFOLLOW } else { links };
        let fd = search(parent, name, flags).map_err(|errno| match errno {
            // A link where none may be.
            Errno::LOOP => Errno::NOTDIR,
            other => other,
        })?;
        if is_last {
            return Ok(Dir { fd });
        }
        at = Some(fd);
    }
    Err(Errno::NOENT.into())
}

/// Opens a directory on the way down.
fn search(parent: BorrowedFd<'_>, name: &OsStr, links: OFlags) -> rustix::io::Result<OwnedFd> {
    let flags = READ_FLAGS.difference(OFlags::NOFOLLOW) | OFlags::DIRECTORY | links;
    retry_on_intr(|| rustix::fs::openat(parent, name, flags, Mode::empty()))
}

/// Opens for reading; never follows a link in the last name and never blocks.
fn open_readable(
    dir: impl AsFd,
    name: impl rustix::path::Arg + Copy,
    more: OFlags,
) -> rustix::io::Result<OwnedFd> {
    io_policy::leave_files_alone();
    let flags = READ_FLAGS | more;
    let opened = retry_on_intr(|| rustix::fs::openat(&dir, name, flags, Mode::empty()));
    match opened {
        // What Linux says of a link when a directory is wanted.
        Err(Errno::LOOP) if more.contains(OFlags::DIRECTORY) => Err(Errno::NOTDIR),
        opened => opened,
    }
}
