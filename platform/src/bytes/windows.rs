//! Windows: a name is 16-bit units, stored as WTF-8.

use std::ffi::OsString;
use std::io;
use std::os::windows::ffi::OsStringExt;

use super::wtf8;

pub(super) fn decode(bytes: &[u8]) -> io::Result<OsString> {
    let units = wtf8::to_wide(bytes)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the name is not valid WTF-8"))?;
    Ok(OsString::from_wide(&units))
}
