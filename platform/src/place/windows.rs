//! Windows: drives, and names that are there in any spelling.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf, Prefix};

use crate::nt::{What, final_path, path as open};

pub(super) const TOP: &str = "";

pub(super) const IGNORES_CASE: bool = true;

pub(super) fn real(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path).map(|real| plain(&real))
}

pub(super) fn spelled(dir: &Path, name: &OsStr) -> OsString {
    let found = open(&dir.join(name), What::Ask).and_then(|object| final_path(&object));
    let found = found
        .ok()
        .and_then(|path| path.file_name().map(OsStr::to_owned));
    found.unwrap_or_else(|| name.to_owned())
}

/// Writes a path as people do: `C:\x` for `\\?\C:\x`, `\\server\share` for `\\?\UNC\server\share`.
fn plain(path: &Path) -> PathBuf {
    let mut parts = path.components();
    let Some(Component::Prefix(prefix)) = parts.next() else {
        return path.to_owned();
    };
    let mut plain = match prefix.kind() {
        Prefix::VerbatimDisk(letter) | Prefix::Disk(letter) => {
            PathBuf::from(format!("{}:\\", char::from(letter.to_ascii_uppercase())))
        }
        Prefix::VerbatimUNC(server, share) => {
            let mut plain = OsString::from(r"\\");
            plain.push(server);
            plain.push(r"\");
            plain.push(share);
            plain.push(r"\");
            PathBuf::from(plain)
        }
        _ => return path.to_owned(),
    };
    let names = parts.filter(|part| matches!(part, Component::Normal(_)));
    names.for_each(|name| plain.push(name));
    plain
}
