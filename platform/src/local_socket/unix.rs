//! Unix domain sockets.
//!
//! The name of one has room for 108 bytes (unix(7)); a state directory may have a longer path. So
//! on Linux it is reached through an open descriptor of its directory.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Stream;

/// Longer paths take the way through the descriptor.
const ROOM: usize = 100;

pub(super) struct Listener(UnixListener);

impl Listener {
    pub(super) fn bind(dir: &Path, name: &str) -> io::Result<Listener> {
        match fs::remove_file(dir.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        reach(dir, name, |path| UnixListener::bind(path)).map(Listener)
    }

    pub(super) fn accept(&self, patience: Duration) -> io::Result<Box<dyn Stream>> {
        let (stream, _) = self.0.accept()?;
        patient(stream, patience)
    }
}

pub(super) fn connect(dir: &Path, name: &str, patience: Duration) -> io::Result<Box<dyn Stream>> {
    patient(
        reach(dir, name, |path| UnixStream::connect(path))?,
        patience,
    )
}

fn patient(stream: UnixStream, patience: Duration) -> io::Result<Box<dyn Stream>> {
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(Box::new(stream))
}

/// Uses a short path of the socket.
fn reach<T>(
    dir: &Path,
    name: &str,
    use_path: impl FnOnce(&Path) -> io::Result<T>,
) -> io::Result<T> {
    let path = dir.join(name);
    if path.as_os_str().len() < ROOM {
        return use_path(&path);
    }
    let open = File::open(dir)?;
    let short = PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd())).join(name);
    use_path(&short)
}
