//! Windows: what a handle and a listing tell, as a [`Stat`].
//!
//! Mode, owner and group are those of the security descriptor, which is among the attributes; the
//! numbers of Unix stay 0. The number of an object has 128 bits on ReFS: its halves are folded into
//! one, which two objects of one volume would have in common only by a rare chance.

use std::io;
use std::os::windows::io::BorrowedHandle;

use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_DIRECTORY, FILE_ATTRIBUTE_REPARSE_POINT, FILE_ATTRIBUTE_TAG_INFO,
    FILE_BASIC_INFO, FILE_STANDARD_INFO,
};

use super::{InodeFlags, Kind, Stat, Timestamp};
use crate::nt::{fill, identity};
use crate::ntfs::{Entry, Reparse, flags};

/// Spreads the upper half of a long number over the lower one; odd, so that nothing is lost of it.
const FOLD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Returns what the system says about an open object.
pub(crate) fn stat(object: BorrowedHandle<'_>) -> io::Result<Stat> {
    let basic: FILE_BASIC_INFO = fill(object)?;
    let standard: FILE_STANDARD_INFO = fill(object)?;
    let (volume, id) = identity(object)?;
    if standard.DeletePending {
        return Err(io::ErrorKind::NotFound.into());
    }
    let kind = kind(basic.FileAttributes, || {
        fill(object).map(|tag: FILE_ATTRIBUTE_TAG_INFO| tag.ReparseTag)
    })?;
    Ok(Stat {
        size: size_of(kind, standard.EndOfFile.cast_unsigned()),
        blocks: standard.AllocationSize.cast_unsigned() / 512,
        links: u64::from(standard.NumberOfLinks),
        accessed: time(basic.LastAccessTime),
        modified: time(basic.LastWriteTime),
        changed: time(basic.ChangeTime),
        created: Some(time(basic.CreationTime)),
        flags: flags(basic.FileAttributes),
        ..blank(kind, volume, folded(id))
    })
}

/// Returns what a listing says of an entry of a directory on this device.
pub(crate) fn listed(entry: &Entry, device: u64) -> Stat {
    let kind = kind(entry.attributes, || Ok::<_, io::Error>(entry.reparse_tag));
    let kind = kind.unwrap_or(Kind::File);
    Stat {
        size: size_of(kind, entry.size),
        blocks: entry.allocated / 512,
        accessed: Timestamp::from_windows(entry.accessed),
        modified: Timestamp::from_windows(entry.written),
        changed: Timestamp::from_windows(entry.changed),
        created: Some(Timestamp::from_windows(entry.created)),
        flags: flags(entry.attributes),
        ..blank(kind, device, folded(entry.id))
    }
}

fn blank(kind: Kind, device: u64, inode: u64) -> Stat {
    Stat {
        kind,
        device,
        inode,
        mode: 0,
        links: 0,
        uid: 0,
        gid: 0,
        rdev: 0,
        size: 0,
        blocks: 0,
        accessed: Timestamp::default(),
        modified: Timestamp::default(),
        changed: Timestamp::default(),
        created: None,
        flags: InodeFlags::default(),
    }
}

/// Returns the kind that attributes and, for a reparse point, its tag make.
fn kind<E>(attributes: u32, tag: impl FnOnce() -> Result<u32, E>) -> Result<Kind, E> {
    if attributes & FILE_ATTRIBUTE_REPARSE_POINT != 0
        && let Some(kind) = Reparse::kind(tag()?)
    {
        return Ok(kind);
    }
    Ok(match attributes & FILE_ATTRIBUTE_DIRECTORY {
        0 => Kind::File,
        _ => Kind::Directory,
    })
}

/// What has no content has no size, whatever a listing says of it.
fn size_of(kind: Kind, size: u64) -> u64 {
    match kind {
        Kind::File => size,
        _ => 0,
    }
}

fn time(ticks: i64) -> Timestamp {
    Timestamp::from_windows(ticks.cast_unsigned())
}

fn folded(id: u128) -> u64 {
    id as u64 ^ ((id >> 64) as u64).wrapping_mul(FOLD)
}
