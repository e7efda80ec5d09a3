//! A place where processes of one host can ask a running one: [`Listener`] and [`connect`].
//!
//! It is a name in a private directory, and who may reach that may ask. Nothing is authenticated
//! beyond it.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as os;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as os;
#[cfg(not(any(unix, windows)))]
mod unsupported;
#[cfg(not(any(unix, windows)))]
use unsupported as os;

#[cfg(test)]
#[cfg(any(unix, windows))]
mod tests;

use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

/// One end of a conversation.
pub trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

/// Waits for those who ask.
pub struct Listener {
    os: os::Listener,
}

impl Listener {
    /// Listens under a name in a directory, in the place of one that nobody listens at any more.
    ///
    /// Whoever binds must know that no other process does: by a lock, for instance.
    pub fn bind(dir: &Path, name: &str) -> io::Result<Listener> {
        os::Listener::bind(dir, name).map(|os| Listener { os })
    }

    /// Waits for the next one who asks; neither side waits for the other longer than `patience`.
    pub fn accept(&self, patience: Duration) -> io::Result<Box<dyn Stream>> {
        self.os.accept(patience)
    }
}

/// Reaches who listens under a name in a directory.
///
/// The error is `NotFound` or `ConnectionRefused` when nobody does.
pub fn connect(dir: &Path, name: &str, patience: Duration) -> io::Result<Box<dyn Stream>> {
    os::connect(dir, name, patience)
}
