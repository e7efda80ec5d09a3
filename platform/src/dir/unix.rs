//! What the Unix systems share: names that are checked, and metadata that holds still.

use std::ffi::{CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt as _;

use super::Metadata;
use crate::stat::Stat;

/// How often metadata that keeps changing is taken again before giving up.
const TRIES: usize = 5;

/// Repeats `take`, which returns metadata and a later stat, until both agree.
pub(super) fn steady(
    mut take: impl FnMut() -> io::Result<(Metadata, Stat)>,
) -> io::Result<Metadata> {
    for _ in 0..TRIES {
        let (metadata, later) = take()?;
        // Our own look may touch the access time: of a link always (`readlink` has no way round),
        // of a directory where O_NOATIME is denied.
        if metadata.stat
            == (Stat {
                accessed: metadata.stat.accessed,
                ..later
            })
        {
            return Ok(metadata);
        }
    }
    Err(io::Error::new(
        io::ErrorKind::ResourceBusy,
        "the metadata changed at every try",
    ))
}

/// Refuses a name that is not one plain name: it could lead out of the directory.
pub(super) fn checked(name: &OsStr) -> io::Result<&OsStr> {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes == b"." || bytes == b".." || bytes.contains(&b'/') {
        let message = format!("{name:?} is not the name of a directory entry");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(name)
}

pub(super) fn c_name(name: &OsStr) -> io::Result<CString> {
    Ok(CString::new(name.as_bytes())?)
}
