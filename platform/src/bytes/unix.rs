//! Unix: a name is any bytes without NUL.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;

pub(super) fn decode(bytes: &[u8]) -> io::Result<OsString> {
    if bytes.contains(&0) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a name cannot hold a NUL byte",
        ));
    }
    Ok(OsStr::from_bytes(bytes).to_owned())
}
