//! Paths whose names are taken as they are: `CON`, `file.` and `file ` are names like others to the
//! file systems, and listings have them. Only the older interface means something else by them.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::windows::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf, Prefix};

use super::wide;

/// Returns a path that begins with a drive or a server; no name in it is changed, and `..` takes away
/// the name before it, as everywhere on Windows.
pub(crate) fn absolute(path: &Path) -> io::Result<PathBuf> {
    let base = match path.components().next() {
        None => return Err(io::Error::new(io::ErrorKind::InvalidInput, "an empty path")),
        Some(Component::Prefix(prefix)) if prefix.kind().is_verbatim() => {
            return Ok(path.to_owned());
        }
        Some(Component::Prefix(_)) if path.has_root() => PathBuf::new(),
        // Where one is on a drive, the system knows.
        Some(Component::Prefix(prefix)) => std::path::absolute(prefix.as_os_str())?,
        Some(Component::RootDir) => {
            let here = env::current_dir()?;
            here.components().take(1).collect()
        }
        Some(_) => env::current_dir()?,
    };
    let is_wild = |name: &OsStr| {
        name.as_encoded_bytes()
            .iter()
            .any(|byte| b"*?".contains(byte))
    };
    let wild = path
        .components()
        .find(|part| matches!(part, Component::Normal(name) if is_wild(name)));
    if let Some(name) = bad_name(path).or(wild.as_ref().map(|part| part.as_os_str())) {
        let message = format!(
            "no file can be called {name:?}: wildcards belong into the configuration, and a stream \
             is looked at with its file"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let mut drive = None;
    let mut names = Vec::new();
    for part in base.components().chain(path.components()) {
        match part {
            Component::Prefix(prefix) => drive = drive.or(Some(prefix.as_os_str())),
            Component::Normal(name) => names.push(name),
            Component::ParentDir => drop(names.pop()),
            Component::RootDir | Component::CurDir => {}
        }
    }
    let mut whole = drive.unwrap_or_default().to_owned();
    for name in &names {
        whole.push(r"\");
        whole.push(name);
    }
    if names.is_empty() {
        whole.push(r"\");
    }
    Ok(whole.into())
}

/// Returns a name in a path that no file can have, wildcards aside: the rules of
/// <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>.
pub(crate) fn bad_name(path: &Path) -> Option<&OsStr> {
    let is_bad = |byte: &u8| *byte < b' ' || b":\"<>|".contains(byte);
    path.components().find_map(|part| match part {
        Component::Normal(name) if name.as_encoded_bytes().iter().any(is_bad) => Some(name),
        _ => None,
    })
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
            (r"C:\a\..\..\CON\b.", r"\\?\C:\CON\b."),
            (r"C:\a.\sub\..\b ", r"\\?\C:\a.\b "),
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
        assert_eq!(absolute(r"..\name."), above.join("name."));
        let drive = here.components().next().unwrap().as_os_str().to_owned();
        let on_drive = [drive.to_str().unwrap(), "name."].concat();
        assert_eq!(absolute(&on_drive), here.join("name."));
        assert_eq!(
            absolute(r"\name "),
            here.ancestors().last().unwrap().join("name ")
        );
        for none in ["", r"C:\a\D:", r"C:\a\b:stream", r"C:\*", "a?", r"C:\a|b"] {
            assert!(super::absolute(Path::new(none)).is_err(), "{none}");
        }
    }
}
