//! Paths whose names are taken as they are: `CON`, `file.` and `file ` are names like others to the
//! file systems, and listings have them. Only the older interface means something else by them.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::windows::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf, Prefix};

use super::wide;

/// Returns a path that begins with a drive or a server; no name in it is changed.
pub(crate) fn absolute(path: &Path) -> io::Result<PathBuf> {
    let is_plain = |path: &Path| {
        let goes_up = path.components().any(|part| part == Component::ParentDir);
        path.is_absolute() && !goes_up
    };
    let is_verbatim =
        |part| matches!(part, Component::Prefix(prefix) if prefix.kind().is_verbatim());
    if path.components().next().is_some_and(is_verbatim) {
        return Ok(path.to_owned());
    }
    if is_plain(path) {
        return Ok(path.components().collect());
    }
    let whole = env::current_dir()?.join(path);
    match is_plain(&whole) && !path.as_os_str().is_empty() {
        true => Ok(whole.components().collect()),
        // Up from where, and where one is on another drive, the system knows.
        false => std::path::absolute(path),
    }
}

/// Returns a path in the form that has no limit of 260 characters and no reserved names.
pub(crate) fn verbatim(path: &Path) -> io::Result<PathBuf> {
    let path = absolute(path)?;
    let prefix = match path.components().next() {
        Some(Component::Prefix(prefix)) => prefix.kind(),
        _ => return Ok(path),
    };
    // Of `\\server\share` the slashes give way to the new beginning.
    let (beginning, without) = match prefix {
        Prefix::Disk(_) => (r"\\?\", 0),
        Prefix::UNC(..) => (r"\\?\UNC\", 2),
        _ => return Ok(path),
    };
    let rest = path.as_os_str().encode_wide().skip(without);
    let units: Vec<u16> = beginning.encode_utf16().chain(rest).collect();
    Ok(OsString::from_wide(&units).into())
}

/// Returns the units of a path in that form.
pub(crate) fn wide_path(path: &Path) -> io::Result<Vec<u16>> {
    wide(verbatim(path)?.as_os_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_verbatim_and_no_name_is_changed() {
        for (path, expected) in [
            (r"C:\a\b", r"\\?\C:\a\b"),
            (r"C:/a./CON/b ", r"\\?\C:\a.\CON\b "),
            (r"C:\", r"\\?\C:\"),
            (r"\\server\share\a b\c ", r"\\?\UNC\server\share\a b\c "),
            (r"\\server\share", r"\\?\UNC\server\share\"),
            (r"\\?\C:\a/b", r"\\?\C:\a/b"),
            (r"C:\a\..\b", r"\\?\C:\b"),
        ] {
            let verbatim = verbatim(Path::new(path)).unwrap();
            assert_eq!(verbatim.as_os_str(), expected, "{path}");
        }
    }

    #[test]
    fn a_path_without_a_drive_is_that_of_the_current_one() {
        let here = env::current_dir().unwrap();
        let absolute = |path: &str| absolute(Path::new(path)).unwrap();
        assert_eq!(absolute(r".\name."), here.join("name."));
        assert_eq!(absolute("CON"), here.join("CON"));
        let above = here.parent().unwrap();
        assert_eq!(absolute(r"..\name"), above.join("name"));
        assert_eq!(
            absolute(r"\name "),
            here.ancestors().last().unwrap().join("name ")
        );
        assert!(super::absolute(Path::new("")).is_err());
    }
}
