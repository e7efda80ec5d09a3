//! Windows: access lists are not written yet, so nothing is promised to be private.

use std::fs::File;
use std::io;
use std::path::Path;

use super::PrivateError;

fn unsupported() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "not supported on this OS yet")
}

pub(super) fn create_dir_private(_path: &Path) -> io::Result<()> {
    Err(unsupported())
}

pub(super) fn create_file_private(_path: &Path) -> io::Result<File> {
    Err(unsupported())
}

pub(super) fn ensure_private_dir(path: &Path) -> Result<(), PrivateError> {
    Err(PrivateError::Io {
        path: path.to_owned(),
        source: unsupported(),
    })
}

pub(super) fn may_write(_path: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn lock_exclusive(_file: &File) -> io::Result<bool> {
    Err(unsupported())
}
