//! Systems without one yet.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::Stream;

pub(super) struct Listener(Infallible);

fn unsupported<T>() -> io::Result<T> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "not supported on this OS yet",
    ))
}

impl Listener {
    pub(super) fn bind(_dir: &Path, _name: &str) -> io::Result<Listener> {
        unsupported()
    }

    pub(super) fn accept(&self, _patience: Duration) -> io::Result<Box<dyn Stream>> {
        match self.0 {}
    }
}

pub(super) fn connect(
    _dir: &Path,
    _name: &str,
    _patience: Duration,
) -> io::Result<Box<dyn Stream>> {
    unsupported()
}
