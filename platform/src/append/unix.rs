//! Unix: everything below one descriptor of the directory.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::geteuid;

use super::AppendError;

/// What makes a directory that is safe.
pub(super) const MAKE: &str = "mkdir -m 700";

const DIR_FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Reading is for the end of the last line. `NONBLOCK` is for a pipe that is put in the place of
/// the file just after it was looked at.
const FILE_FLAGS: OFlags = OFlags::RDWR
    .union(OFlags::APPEND)
    .union(OFlags::CREATE)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

#[derive(Debug)]
pub(super) struct Place {
    dir: File,
    dir_path: PathBuf,
    name: OsString,
}

/// Which file it is, in the system's own types, whose widths differ.
#[derive(Debug)]
pub(super) struct Identity(Stat);

impl Identity {
    fn is_of(&self, stat: &Stat) -> bool {
        self.0.st_dev == stat.st_dev && self.0.st_ino == stat.st_ino
    }
}

impl Place {
    pub(super) fn open(path: &Path) -> Result<Place, AppendError> {
        let not_a_file = || AppendError::NotAFile {
            path: path.to_owned(),
            kind: "directory",
        };
        let (parent, name) = path.parent().zip(path.file_name()).ok_or_else(not_a_file)?;
        // `components` strips a trailing slash or `/.`, which would make `openat` follow a link.
        let dir_path = match parent.components().as_path() {
            none if none.as_os_str().is_empty() => Path::new("."),
            some => some,
        };
        let opened = retry_on_intr(|| rustix::fs::openat(CWD, dir_path, DIR_FLAGS, Mode::empty()));
        let dir = match opened {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => {
                return Err(AppendError::NoDirectory {
                    path: path.to_owned(),
                    dir: dir_path.to_owned(),
                });
            }
            Err(Errno::NOTDIR | Errno::LOOP) => {
                return Err(AppendError::NotADirectory {
                    path: dir_path.to_owned(),
                });
            }
            Err(errno) => return Err(AppendError::io("open", dir_path, errno)),
        };
        let found = dir
            .metadata()
            .map_err(|error| AppendError::io("look at", dir_path, error))?;
        refuse_foreign(dir_path, &found)?;
        Ok(Place {
            dir,
            dir_path: dir_path.to_owned(),
            name: name.to_owned(),
        })
    }

    pub(super) fn open_file(&self) -> Result<(File, Identity), AppendError> {
        let path = self.dir_path.join(&self.name);
        let failed = |op| {
            let path = path.clone();
            move |error: std::io::Error| AppendError::io(op, &path, error)
        };
        // A device may act when it is opened, so whatever is no file is not even opened.
        let before = self.stat(&self.name)?;
        if let Some(stat) = &before {
            refuse_no_file(&path, FileType::from_raw_mode(stat.st_mode))?;
        }
        let mode = Mode::RUSR | Mode::WUSR;
        let opened = retry_on_intr(|| rustix::fs::openat(&self.dir, &self.name, FILE_FLAGS, mode));
        let file = match opened {
            Ok(fd) => File::from(fd),
            Err(Errno::LOOP) => {
                return Err(AppendError::NotAFile { path, kind: "link" });
            }
            Err(errno) => return Err(failed("open")(errno.into())),
        };
        let found = file.metadata().map_err(failed("look at"))?;
        let stat = rustix::fs::fstat(&file).map_err(|errno| failed("look at")(errno.into()))?;
        refuse_no_file(&path, FileType::from_raw_mode(stat.st_mode))?;
        refuse_foreign(&path, &found)?;
        if before.is_none() {
            self.sync()?;
        }
        Ok((file, Identity(stat)))
    }

    pub(super) fn holds(&self, _file: &File, identity: &Identity) -> Result<bool, AppendError> {
        let found = self.stat(&self.name)?;
        Ok(found.is_some_and(|stat| identity.is_of(&stat)))
    }

    pub(super) fn has(&self, name: &OsStr) -> Result<bool, AppendError> {
        Ok(self.stat(name)?.is_some())
    }

    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), AppendError> {
        rustix::fs::renameat(&self.dir, from, &self.dir, to)
            .map_err(|errno| AppendError::io("rename", &self.dir_path.join(from), errno))
    }

    pub(super) fn sync(&self) -> Result<(), AppendError> {
        match rustix::fs::fsync(&self.dir) {
            // Some file systems, FUSE ones mostly, cannot do that for a directory.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(errno) => Err(AppendError::io("sync", &self.dir_path, errno)),
        }
    }

    fn stat(&self, name: &OsStr) -> Result<Option<Stat>, AppendError> {
        match rustix::fs::statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(AppendError::io("look at", &self.dir_path.join(name), errno)),
        }
    }
}

fn refuse_no_file(path: &Path, found: FileType) -> Result<(), AppendError> {
    let kind = match found {
        FileType::RegularFile => return Ok(()),
        FileType::Directory => "directory",
        FileType::Symlink => "link",
        FileType::Fifo => "FIFO",
        FileType::Socket => "socket",
        _ => "device",
    };
    Err(AppendError::NotAFile {
        path: path.to_owned(),
        kind,
    })
}

fn refuse_foreign(path: &Path, found: &Metadata) -> Result<(), AppendError> {
    let path = || path.to_owned();
    let owner = found.uid();
    if owner != 0 && owner != geteuid().as_raw() {
        return Err(AppendError::ForeignOwner {
            path: path(),
            owner,
        });
    }
    let mode = found.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(AppendError::WritableByOthers { path: path(), mode });
    }
    Ok(())
}
