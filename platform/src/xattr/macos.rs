//! macOS: extended attributes, and the access control list as one more. Used by `dir` and `file`.
//!
//! Only files, directories and links have extended attributes (the kernel refuses others with
//! `EPERM`). An access control list is no attribute here, but what Waxseal does with it is the
//! same: its text is kept under the name [`ACL`]. It is short in any case, 128 entries at most.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use rustix::fs::{fgetxattr, flistxattr, lgetxattr, llistxattr};
use rustix::io::Errno;

use super::Xattrs;
use super::decode::ACL;
use super::unix::{Rules, pairs};

const RULES: Rules = Rules {
    vanished: Errno::NOATTR,
    unsupported: Errno::NOTSUP,
    // There is no limit: a resource fork may be of any size. What is larger is said, not read.
    max_len: 4 * 1024 * 1024,
};

/// `ACL_TYPE_EXTENDED` of `sys/acl.h`, the only kind there is.
const EXTENDED: c_int = 0x100;

/// An access control list in memory of the C library.
type RawAcl = *mut c_void;

// From `sys/acl.h`; the libc crate has none of them.
unsafe extern "C" {
    fn acl_get_fd_np(fd: c_int, kind: c_int) -> RawAcl;
    fn acl_get_link_np(path: *const c_char, kind: c_int) -> RawAcl;
    fn acl_to_text(acl: RawAcl, len: *mut isize) -> *mut c_char;
    fn acl_free(object: *mut c_void) -> c_int;
}

/// Where attributes are read from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'s> {
    /// An open object; a link is opened with `O_SYMLINK`.
    Open(BorrowedFd<'s>),
    /// A path, whose last name may be a link and is not followed.
    Path(&'s CStr),
}

/// Returns all extended attributes, and the access control list.
pub(crate) fn read(source: Source<'_>) -> io::Result<Xattrs> {
    let pairs = match source {
        Source::Open(fd) => pairs(
            &RULES,
            |buf| flistxattr(fd, buf),
            |name, buf| fgetxattr(fd, name, buf),
        ),
        Source::Path(path) => pairs(
            &RULES,
            |buf| llistxattr(path, buf),
            |name, buf| lgetxattr(path, name, buf),
        ),
    };
    with_acl(pairs?, source)
}

/// Returns the access control list only, of what has no extended attributes.
pub(crate) fn read_acl(source: Source<'_>) -> io::Result<Xattrs> {
    with_acl(Vec::new(), source)
}

fn with_acl(mut pairs: Vec<(Vec<u8>, Vec<u8>)>, source: Source<'_>) -> io::Result<Xattrs> {
    if let Some(text) = acl_text(source)? {
        pairs.push((ACL.to_vec(), text));
    }
    Ok(Xattrs::from_pairs(pairs))
}

/// What the C library has allocated for us.
struct Owned(*mut c_void);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: it came from a function of `sys/acl.h` that allocates, and is freed once. Nothing
        // is to be done when it fails, which it does for foreign pointers only.
        unsafe { acl_free(self.0) };
    }
}

/// Returns the access control list as `acl_to_text` writes it; `None` when there is none.
fn acl_text(source: Source<'_>) -> io::Result<Option<Vec<u8>>> {
    let acl = match source {
        // SAFETY: the descriptor is open while it is borrowed.
        Source::Open(fd) => unsafe { acl_get_fd_np(fd.as_raw_fd(), EXTENDED) },
        // SAFETY: the path ends with a NUL and is only read.
        Source::Path(path) => unsafe { acl_get_link_np(path.as_ptr(), EXTENDED) },
    };
    if acl.is_null() {
        let error = io::Error::last_os_error();
        return match Errno::from_io_error(&error) {
            // No list, or a file system that keeps none.
            Some(Errno::NOENT | Errno::OPNOTSUPP | Errno::NOTSUP) => Ok(None),
            _ => Err(error),
        };
    }
    let acl = Owned(acl);
    // SAFETY: the list is valid, and a null pointer says that the length is not asked for.
    let text = unsafe { acl_to_text(acl.0, std::ptr::null_mut()) };
    if text.is_null() {
        return Err(io::Error::last_os_error());
    }
    let text = Owned(text.cast());
    // SAFETY: the text ends with a NUL and lives until it is freed at the end of this function.
    let bytes = unsafe { CStr::from_ptr(text.0.cast()) };
    Ok(Some(bytes.to_bytes().to_vec()))
}
