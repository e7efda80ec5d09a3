//! Names and paths as bytes and back, without loss.
//!
//! This is the form in which names go to the store and to sinks. On Unix the bytes are those of
//! the file system; on Windows they are WTF-8, that is UTF-8 which may also hold an unpaired
//! surrogate. Decoding is checked: bytes that no name of this system can have are an error, so a
//! store copied from elsewhere cannot smuggle them in.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as os;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as os;

#[cfg_attr(
    not(windows),
    allow(dead_code, reason = "compiled everywhere to be tested everywhere")
)]
pub(crate) mod wtf8;

#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// Returns the bytes of a path.
pub fn path_to_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

/// Returns the bytes of a name.
pub fn os_to_bytes(name: &OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

/// Returns the name with these bytes, or `InvalidData` when this system cannot have such a name.
pub fn bytes_to_os(bytes: &[u8]) -> io::Result<OsString> {
    os::decode(bytes)
}

/// Returns the path with these bytes, or `InvalidData` when this system cannot have such a path.
pub fn bytes_to_path(bytes: &[u8]) -> io::Result<PathBuf> {
    bytes_to_os(bytes).map(PathBuf::from)
}
