//! Giving way to others: [`lower`].

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as os;
#[cfg(not(target_os = "linux"))]
mod unsupported;
#[cfg(not(target_os = "linux"))]
use unsupported as os;

use std::io;

/// Lets this thread, and those it starts from now on, use processor and disks only as far as
/// others leave them.
///
/// An error means that it goes on as before.
pub fn lower() -> io::Result<()> {
    os::lower()
}
