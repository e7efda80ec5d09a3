//! The file that describes the service to whoever starts it, on Unix: written whole, and never over
//! somebody else's.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
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

/// Refuses a program that others than root could replace: it would act as root.
pub(super) fn refuse_unsafe(program: &Path) -> Result<(), ServiceError> {
    let real = fs::canonicalize(program).map_err(|source| file("look at", program, source))?;
    for path in real.ancestors() {
        let found = fs::metadata(path).map_err(|source| file("look at", path, source))?;
        let why = match (found.uid(), found.mode() & 0o022) {
            (0, 0) => continue,
            (0, _) => format!(
                "can be written by others (mode {:04o})",
                found.mode() & 0o7777
            ),
            (uid, _) => format!("belongs to user {uid}"),
        };
        return Err(ServiceError::Unsafe(format!(
            "{path:?} {why}, who could let root run anything: copy the program to a directory of root's, \
             such as /usr/local/sbin, and call that"
        )));
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_others_could_replace_is_refused() {
        refuse_unsafe(Path::new("/bin/sh")).unwrap();
        // In a directory to which everybody may write.
        let temp = tempfile::tempdir_in("/tmp").unwrap();
        let program = temp.path().join("program");
        fs::write(&program, "").unwrap();
        let error = refuse_unsafe(&program).unwrap_err().to_string();
        assert!(error.contains("/usr/local/sbin"), "{error}");
        let gone = refuse_unsafe(&temp.path().join("gone"));
        assert!(matches!(gone, Err(ServiceError::File { .. })));
    }
}
