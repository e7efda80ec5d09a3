//! Systems where the kind of a file system is not looked up yet.

use std::io;
use std::path::Path;

use super::FilesystemKind;

pub(super) fn filesystem_kind(_path: &Path) -> io::Result<FilesystemKind> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "not supported on this OS yet",
    ))
}
