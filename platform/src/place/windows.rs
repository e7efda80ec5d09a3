//! Windows: drives, and names that are there in any spelling.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::os::windows::io::{AsHandle as _, BorrowedHandle};
use std::path::{Component, Path, PathBuf, Prefix};

use windows_sys::Win32::Foundation::ERROR_CANT_RESOLVE_FILENAME;
use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_BACKUP_SEMANTICS;

use crate::nt::{What, final_path, identity, path as open};
use crate::stat::Kind;
use crate::stat::windows::stat;
use crate::windows::{SHARE_ALL, verbatim};
pub(super) use crate::windows::{absolute, bad_name};

pub(super) const TOP: &str = "";

pub(super) const EXAMPLE: &str = "C:/Windows/System32/drivers/etc";

pub(super) const EXAMPLE_LOG: &str = "C:/ProgramData/waxseal-log/events.ndjson";

pub(super) const IGNORES_CASE: bool = true;

pub(super) fn real(path: &Path) -> io::Result<PathBuf> {
    let object = OpenOptions::new()
        .access_mode(0)
        .share_mode(SHARE_ALL)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
        .open(verbatim(path)?)?;
    path_of(object.as_handle()).map(|path| plain(&path))
}

pub(super) fn kind(path: &Path) -> io::Result<Kind> {
    let object = open(path, What::Ask)?;
    stat(object.handle.as_handle()).map(|found| found.kind)
}

pub(super) fn spelled(dir: &Path, name: &OsStr) -> OsString {
    let object = open(&dir.join(name), What::Ask);
    let found = object.and_then(|object| path_of(object.handle.as_handle()));
    let found = found
        .ok()
        .and_then(|path| path.file_name().map(OsStr::to_owned));
    found.unwrap_or_else(|| name.to_owned())
}

pub(super) fn unprefixed(text: &str) -> Option<Cow<'_, str>> {
    let is_separator = |letter: Option<char>| letter.is_some_and(std::path::is_separator);
    let mut letters = text.chars();
    let begins = is_separator(letters.next()) && is_separator(letters.next());
    match (begins, letters.next()) {
        (true, Some('?')) if is_separator(letters.next()) => {}
        (true, Some('.')) if is_separator(letters.next()) => return None,
        _ => return Some(text.into()),
    }
    let rest = letters.as_str();
    match rest.get(..4) {
        Some(unc) if unc.eq_ignore_ascii_case(r"UNC\") || unc.eq_ignore_ascii_case("UNC/") => {
            Some(format!(r"\\{}", rest.get(4..)?).into())
        }
        _ if rest.chars().nth(1) == Some(':') => Some(rest.into()),
        _ => None,
    }
}

pub(super) fn is_missing_drive(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotConnected
}

pub(super) fn is_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(ERROR_CANT_RESOLVE_FILENAME.cast_signed())
}

/// Returns the path of an open object, if it leads there: Wine drops a dot at the end of a name.
fn path_of(object: BorrowedHandle<'_>) -> io::Result<PathBuf> {
    let path = final_path(object)?;
    let found = open(&path, What::Ask)?;
    match identity(found.handle.as_handle())? == identity(object)? {
        true => Ok(path),
        false => Err(io::Error::other(
            "the system tells the path of another object",
        )),
    }
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
