//! macOS: one tree, and on most volumes names that are there in any spelling.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::spelling::spelling;
// A pattern that matched more than it says would hide more: most volumes ignore case, not all.
pub(super) use super::unix::{
    EXAMPLE, EXAMPLE_LOG, IGNORES_CASE, TOP, absolute, bad_name, is_loop, is_missing_drive, kind,
    real, unprefixed,
};
use crate::dir::Dir;
use crate::stat::Kind;

/// Opens a link itself, and never waits.
const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::SYMLINK)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

pub(super) fn spelled(dir: &Path, name: &OsStr) -> OsString {
    found(dir, name).unwrap_or_else(|| name.to_owned())
}

/// Asks the system for the name; `None` where it cannot be told without an effect.
fn found(dir: &Path, name: &OsStr) -> Option<OsString> {
    let dir = Dir::open(dir).ok()?;
    let stat = dir.stat_child(name).ok()?;
    if !matches!(stat.kind, Kind::File | Kind::Directory | Kind::Symlink) {
        return None;
    }
    let object = rustix::fs::openat(&dir, name, FLAGS, Mode::empty()).ok()?;
    let path = rustix::fs::getpath(&object).ok()?;
    let path = PathBuf::from(OsString::from_vec(path.into_bytes()));
    let has_one_name = stat.kind == Kind::Directory || stat.links == 1;
    Some(spelling(name, path.file_name()?, has_one_name).to_owned())
}
