//! The system calls of fanotify, each wrapped so that it can do no harm.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use super::handle::{Handle, HandleRef, LONGEST};

/// `AT_HANDLE_FID` of Linux 6.5: a handle to compare with, also where none could be opened.
const AT_HANDLE_FID: libc::c_int = 0x200;

/// Whether this kernel knows [`AT_HANDLE_FID`], as far as it is known.
static KNOWS_HANDLE_FID: AtomicBool = AtomicBool::new(true);

/// Makes a group; `flags` are those of `fanotify_init`.
pub(super) fn init(flags: libc::c_uint) -> io::Result<OwnedFd> {
    // SAFETY: takes plain numbers.
    let fd = unsafe { libc::fanotify_init(flags, libc::O_RDONLY as libc::c_uint) };
    let error = io::Error::last_os_error();
    // SAFETY: the call above has just returned it.
    unsafe { take_fd(fd) }.ok_or(error)
}

/// Adds or removes a mark on what `dir` has open, or on what `name` is in it.
pub(super) fn mark(
    group: impl AsFd,
    flags: libc::c_uint,
    mask: u64,
    dir: BorrowedFd<'_>,
    name: Option<&CStr>,
) -> io::Result<()> {
    let group = group.as_fd().as_raw_fd();
    let name = name.map_or(std::ptr::null(), CStr::as_ptr);
    // SAFETY: both descriptors are open; the name is null, which is allowed, or ends in NUL and
    // outlives the call.
    let status = unsafe { libc::fanotify_mark(group, flags, mask, dir.as_raw_fd(), name) };
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Returns the handle of an open directory, the same that records have.
pub(super) fn handle_of(dir: BorrowedFd<'_>) -> io::Result<Handle> {
    let fsid = rustix::fs::fstatvfs(dir)?.f_fsid;
    handle_at(dir, c"", fsid)
}

/// Returns the handle of the directory above an open one, which is right only if it is on the same
/// file system.
pub(super) fn parent_handle(dir: BorrowedFd<'_>, fsid: u64) -> io::Result<Handle> {
    handle_at(dir, c"..", fsid)
}

fn handle_at(dir: BorrowedFd<'_>, name: &CStr, fsid: u64) -> io::Result<Handle> {
    let mut handle = FileHandle {
        len: LONGEST as libc::c_uint,
        kind: 0,
        bytes: [0; LONGEST],
    };
    let mut result = Err(io::Error::from(io::ErrorKind::InvalidInput));
    if KNOWS_HANDLE_FID.load(Ordering::Relaxed) {
        result = name_to_handle(dir, name, &mut handle, AT_HANDLE_FID);
    }
    if matches!(&result, Err(error) if error.kind() == io::ErrorKind::InvalidInput) {
        result = name_to_handle(dir, name, &mut handle, 0);
        if result.is_ok() {
            KNOWS_HANDLE_FID.store(false, Ordering::Relaxed);
        }
    }
    result?;
    let bytes = handle.bytes.get(..handle.len as usize).unwrap_or_default();
    let kind = handle.kind;
    Ok(HandleRef { fsid, kind, bytes }.to_owned())
}

/// `struct file_handle` with all the room it can need.
#[repr(C)]
struct FileHandle {
    len: libc::c_uint,
    kind: libc::c_int,
    bytes: [u8; LONGEST],
}

fn name_to_handle(
    dir: BorrowedFd<'_>,
    name: &CStr,
    handle: &mut FileHandle,
    flags: libc::c_int,
) -> io::Result<()> {
    let mut mount_id = 0;
    // SAFETY: the name ends in NUL, and the handle has the room that its length says.
    let status = unsafe {
        libc::name_to_handle_at(
            dir.as_raw_fd(),
            name.as_ptr(),
            std::ptr::from_mut(handle).cast(),
            &mut mount_id,
            flags | libc::AT_EMPTY_PATH,
        )
    };
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Takes over a descriptor that the kernel made for us; `None` for a number that is none.
///
/// # Safety
///
/// The number must come from the kernel, which made it for us, and must not be taken over twice.
pub(super) unsafe fn take_fd(fd: libc::c_int) -> Option<OwnedFd> {
    if fd < 0 {
        return None;
    }
    // SAFETY: it is open and nobody else's, as the caller promises.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}
