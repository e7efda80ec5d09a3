//! Unix: one tree, and names that are what they are.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::dir::Dir;
use crate::stat::Kind;
use crate::stat::unix::kind as kind_of;

pub(super) const TOP: &str = "/";

pub(super) const EXAMPLE: &str = "/etc";

pub(super) const EXAMPLE_LOG: &str = "/var/log/waxseal/events.ndjson";

pub(super) const IGNORES_CASE: bool = false;

pub(super) fn absolute(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path)
}

pub(super) fn kind(path: &Path) -> io::Result<Kind> {
    match rustix::fs::lstat(path) {
        // More than PATH_MAX is taken name by name.
        Err(Errno::NAMETOOLONG) => match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => Dir::open(parent)?.stat_child(name).map(|stat| stat.kind),
            _ => Err(Errno::NAMETOOLONG.into()),
        },
        found => kind_of(found?.st_mode),
    }
}

pub(super) fn unprefixed(text: &str) -> Option<Cow<'_, str>> {
    Some(text.into())
}

pub(super) fn bad_name(_path: &Path) -> Option<&OsStr> {
    None
}

pub(super) fn is_missing_drive(_error: &io::Error) -> bool {
    false
}

pub(super) fn is_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}

pub(super) fn real(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

pub(super) fn spelled(_dir: &Path, name: &OsStr) -> OsString {
    name.to_owned()
}
