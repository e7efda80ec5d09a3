//! macOS: `statfs` names the type of the file system.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::StatFs;

use super::FilesystemKind;
use super::type_name::kind_of;

pub(super) fn filesystem_kind(path: &Path) -> io::Result<FilesystemKind> {
    Ok(kind(&rustix::fs::statfs(path)?))
}

/// Returns the kind of file system that something open is on.
pub(crate) fn filesystem_kind_of(open: impl AsFd) -> io::Result<FilesystemKind> {
    Ok(kind(&rustix::fs::fstatfs(open)?))
}

fn kind(stat: &StatFs) -> FilesystemKind {
    kind_of(&stat.f_fstypename.map(i8::cast_unsigned))
}
