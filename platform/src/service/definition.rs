//! The file that describes the service to whoever starts it, on Unix: written whole, and never over
//! somebody else's.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::ServiceError;

/// Says whether the file is there, and refuses one that we have not written; `mark` tells which
/// line of a text shows who wrote it.
pub(super) fn is_ours(
    path: &Path,
    text: &str,
    mark: impl Fn(&str) -> Option<&str>,
) -> Result<bool, ServiceError> {
    // A link would be somebody's choice, such as a masked unit.
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(file("look at", path, error)),
        Ok(found) if !found.is_file() => return Err(ServiceError::Foreign(path.to_owned())),
        Ok(_) => {}
    }
    let found = fs::read_to_string(path).map_err(|source| file("read", path, source))?;
    match mark(&found) == mark(text) {
        true => Ok(true),
        false => Err(ServiceError::Foreign(path.to_owned())),
    }
}

/// Writes the file beside its place and renames it there: nobody ever reads half of it.
pub(super) fn write(path: &Path, text: &str) -> Result<(), ServiceError> {
    let mut new = OsString::from(path);
    new.push(".new");
    let new = PathBuf::from(new);
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o644)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&new)
        .and_then(|mut at| {
            at.write_all(text.as_bytes())?;
            at.sync_all()
        });
    written.map_err(|source| file("write", &new, source))?;
    fs::rename(&new, path).map_err(|source| file("write", path, source))
}

/// Removes the file.
pub(super) fn remove(path: &Path) -> Result<(), ServiceError> {
    fs::remove_file(path).map_err(|source| file("remove", path, source))
}

/// Returns the error of an operation on a file.
pub(super) fn file(op: &'static str, path: &Path, source: io::Error) -> ServiceError {
    let path = path.to_owned();
    ServiceError::File { op, path, source }
}
