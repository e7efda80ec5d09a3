//! For tests: mounts that nobody else sees and that are gone with the test.

use std::ffi::{CStr, CString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::thread;

/// Runs `test` on a thread with mounts of its own; without the right to that it is skipped.
pub(crate) fn with_own_mounts(test: impl FnOnce() + Send) {
    thread::scope(|scope| {
        scope.spawn(|| {
            // SAFETY: takes a plain number; it changes this thread only, which ends with the test.
            let status = unsafe { libc::unshare(libc::CLONE_FS | libc::CLONE_NEWNS) };
            if status != 0 {
                eprintln!("skipped: needs root");
                return;
            }
            mount(
                Path::new("none"),
                Path::new("/"),
                c"",
                libc::MS_REC | libc::MS_PRIVATE,
            );
            test();
        });
    });
}

/// Mounts something below a place that only this thread sees.
pub(crate) fn mount(source: &Path, target: &Path, kind: &CStr, flags: libc::c_ulong) {
    let (source, target) = (c_path(source), c_path(target));
    // SAFETY: all pointers are to strings that end in NUL and outlive the call; no options.
    let status = unsafe {
        libc::mount(
            source.as_ptr(),
            target.as_ptr(),
            kind.as_ptr(),
            flags,
            ptr::null(),
        )
    };
    assert_eq!(status, 0, "mount: {}", io::Error::last_os_error());
}

/// Takes a mount away that nobody uses.
pub(crate) fn unmount(target: &Path) {
    let target = c_path(target);
    // SAFETY: the pointer is to a string that ends in NUL and outlives the call.
    let status = unsafe { libc::umount2(target.as_ptr(), 0) };
    assert_eq!(status, 0, "unmount: {}", io::Error::last_os_error());
}

fn c_path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap()
}
