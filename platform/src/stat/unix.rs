//! The kind of an object, from the mode that every Unix has.

use std::io;

use rustix::fs::{FileType, RawMode};

use super::Kind;

/// Returns the kind that a mode tells.
pub(crate) fn kind(mode: RawMode) -> io::Result<Kind> {
    match FileType::from_raw_mode(mode) {
        FileType::RegularFile => Ok(Kind::File),
        FileType::Directory => Ok(Kind::Directory),
        FileType::Symlink => Ok(Kind::Symlink),
        FileType::Fifo => Ok(Kind::Fifo),
        FileType::Socket => Ok(Kind::Socket),
        FileType::CharacterDevice => Ok(Kind::CharDevice),
        FileType::BlockDevice => Ok(Kind::BlockDevice),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the file system reports an unknown file type, mode {mode:#o}"),
        )),
    }
}
