//! Linux: list the names, then get each value. Used by `dir` and `file`.
//!
//! Both can change between two calls, so a buffer that turned out too small is grown and the call
//! repeated, and a name that vanished is left out. A file system without extended attributes has
//! none.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use super::Xattrs;

/// Enough for the names and values that nearly every file has, so that one call does.
const FIRST_LEN: usize = 1024;
/// The kernel's limit for a list of names and for one value (`XATTR_LIST_MAX`, `XATTR_SIZE_MAX`).
const MAX_LEN: usize = 64 * 1024;

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
    let listed = fetch(|buf| match source {
        Source::Open(fd) => rustix::fs::flistxattr(fd, buf),
        Source::Path(path) => rustix::fs::listxattr(path, buf),
    });
    let names = match listed {
        Ok(names) if names.is_empty() => return Ok(Xattrs::new()),
        Ok(names) => names,
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(Xattrs::new()),
        Err(errno) => return Err(errno.into()),
    };
    let mut pairs = Vec::new();
    for name in names.split_inclusive(|&byte| byte == 0) {
        let Ok(name) = CStr::from_bytes_with_nul(name) else {
            continue;
        };
        let value = fetch(|buf| match source {
            Source::Open(fd) => rustix::fs::fgetxattr(fd, name, buf),
            Source::Path(path) => rustix::fs::getxattr(path, name, buf),
        });
        match value {
            Ok(value) => pairs.push((name.to_bytes().to_vec(), value)),
            Err(Errno::NODATA) => {} // removed after it was listed
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(Xattrs::from_pairs(pairs))
}

/// Calls with a small buffer, then with the largest there can be.
fn fetch(
    call: impl Fn(&mut [MaybeUninit<u8>]) -> rustix::io::Result<(&mut [u8], &mut [MaybeUninit<u8>])>,
) -> rustix::io::Result<Vec<u8>> {
    let mut small = [MaybeUninit::uninit(); FIRST_LEN];
    match call(&mut small) {
        Ok((filled, _)) => return Ok(filled.to_vec()),
        Err(Errno::RANGE) => {}
        Err(errno) => return Err(errno),
    }
    let mut large = vec![MaybeUninit::uninit(); MAX_LEN];
    call(&mut large).map(|(filled, _)| filled.to_vec())
}
