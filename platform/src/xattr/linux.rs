//! Linux: through a descriptor, or through a path that leads to the object. Used by `dir` and
//! `file`.

use std::ffi::CStr;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{fgetxattr, flistxattr, getxattr, listxattr};
use rustix::io::Errno;

use super::Xattrs;
use super::unix::{Rules, pairs};

const RULES: Rules = Rules {
    vanished: Errno::NODATA,
    unsupported: Errno::OPNOTSUPP,
    // The kernel's limit for both (`XATTR_LIST_MAX`, `XATTR_SIZE_MAX`).
    max_len: 64 * 1024,
};

/// Where attributes are read from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'s> {
    /// An object opened for reading.
    Open(BorrowedFd<'s>),
    /// A path that leads to the object itself, such as `/proc/self/fd/7` of an `O_PATH` open.
    Path(&'s CStr),
}

/// Returns all extended attributes.
pub(crate) fn read(source: Source<'_>) -> io::Result<Xattrs> {
    let pairs = match source {
        Source::Open(fd) => pairs(
            &RULES,
            |buf| flistxattr(fd, buf),
            |name, buf| fgetxattr(fd, name, buf),
        ),
        Source::Path(path) => pairs(
            &RULES,
            |buf| listxattr(path, buf),
            |name, buf| getxattr(path, name, buf),
        ),
    };
    Ok(Xattrs::from_pairs(pairs?))
}
