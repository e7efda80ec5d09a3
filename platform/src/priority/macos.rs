//! macOS: a thread can be in the background, for processor, disks and network alike.
//!
//! Unlike on Linux, threads that it starts are not: macOS gives each new one the usual priority.

use std::io;

pub(super) fn lower() -> io::Result<()> {
    // 0 is the calling thread, see setpriority(2).
    // SAFETY: the call takes three plain numbers.
    let status = unsafe { libc::setpriority(libc::PRIO_DARWIN_THREAD, 0, libc::PRIO_DARWIN_BG) };
    match status {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
