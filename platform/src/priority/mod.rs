//! Giving way to others: [`lower`].

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as os;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as os;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as os;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod unsupported;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use unsupported as os;

use std::io;

/// Lets this thread, and on Linux those it starts from now on, use processor and disks only as far as
/// others leave them.
///
/// An error means that it goes on as before.
pub fn lower() -> io::Result<()> {
    os::lower()
}
