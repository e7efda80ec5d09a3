//! Unix: one tree, and names that are what they are.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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
    kind_of(rustix::fs::lstat(path)?.st_mode)
}

pub(super) fn real(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

pub(super) fn spelled(_dir: &Path, name: &OsStr) -> OsString {
    name.to_owned()
}
