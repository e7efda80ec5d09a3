//! Unix: permission bits, owners and `flock`.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Access, FlockOperation, access};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::PrivateError;

pub(super) fn create_dir_private(path: &Path) -> io::Result<()> {
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        std::fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        created => created,
    }
}

pub(super) fn create_file_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

pub(super) fn ensure_private_dir(path: &Path) -> Result<(), PrivateError> {
    let failed = |source| PrivateError::Io {
        path: path.to_owned(),
        source,
    };
    if path.symlink_metadata().is_err() {
        create_dir_private(path).map_err(failed)?;
    }
    let found = path.symlink_metadata().map_err(failed)?;
    if !found.is_dir() {
        return Err(PrivateError::NotADirectory {
            path: path.to_owned(),
        });
    }
    let owner = found.uid();
    if owner != 0 && owner != geteuid().as_raw() {
        return Err(PrivateError::ForeignOwner {
            path: path.to_owned(),
            owner,
        });
    }
    let mode = found.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(PrivateError::WritableByOthers {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

pub(super) fn may_write(path: &Path) -> io::Result<()> {
    Ok(access(path, Access::WRITE_OK)?)
}

pub(super) fn lock_exclusive(file: &File) -> io::Result<bool> {
    loop {
        match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
