//! The log of the operating system, where a service has nobody else to talk to: [`SystemLog`].
//!
//! With systemd that is what a service prints, so nothing is to be done. A service of Windows has no
//! output that goes anywhere: there the event log is told.

#[cfg(windows)]
pub(crate) mod windows;
#[cfg(windows)]
use windows as os;
#[cfg(not(windows))]
mod unsupported;
#[cfg(not(windows))]
use unsupported as os;

use std::io;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing is wrong.
    Information,
    /// Something is.
    Warning,
    /// It ends, or does not begin.
    Error,
}

/// The log, open.
#[derive(Debug)]
pub struct SystemLog {
    os: os::SystemLog,
}

impl SystemLog {
    /// Returns the log when this process runs as a service that must write to it.
    pub fn find() -> Option<SystemLog> {
        os::SystemLog::find().map(|os| SystemLog { os })
    }

    /// Writes an entry; a text that is too long for one is cut.
    pub fn write(&self, level: Level, text: &str) -> io::Result<()> {
        self.os.write(level, text)
    }
}
