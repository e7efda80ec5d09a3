//! Decodes what `read` on a fanotify group returns. Pure: bytes in, records out.
//!
//! The format is that of `include/uapi/linux/fanotify.h`: a record is 24 bytes of metadata and any
//! number of further pieces, each with its type and length. Pieces of unknown types are skipped, so
//! newer kernels do no harm. Bytes that contradict themselves are [`Malformed`], after which
//! nothing more is decoded: there is no telling where the next record begins. Nothing is copied.

use super::handle::{HandleRef, LONGEST};

/// What a record can say happened.
pub(super) mod mask {
    /// Content was written.
    pub(in super::super) const MODIFY: u64 = 0x2;
    /// Metadata changed.
    pub(in super::super) const ATTRIB: u64 = 0x4;
    /// Closed after it was open for writing.
    pub(in super::super) const CLOSE_WRITE: u64 = 0x8;
    /// A name went; kernels before 5.17 have no better.
    pub(in super::super) const MOVED_FROM: u64 = 0x40;
    /// A name came; kernels before 5.17 have no better.
    pub(in super::super) const MOVED_TO: u64 = 0x80;
    /// A name appeared.
    pub(in super::super) const CREATE: u64 = 0x100;
    /// A name vanished.
    pub(in super::super) const DELETE: u64 = 0x200;
    /// The object itself is gone.
    pub(in super::super) const DELETE_SELF: u64 = 0x400;
    /// The object itself was renamed.
    pub(in super::super) const MOVE_SELF: u64 = 0x800;
    /// The queue was full.
    pub(in super::super) const Q_OVERFLOW: u64 = 0x4000;
    /// The file system found itself damaged.
    pub(in super::super) const FS_ERROR: u64 = 0x8000;
    /// A name became another, with both in one record.
    pub(in super::super) const RENAME: u64 = 0x1000_0000;
    /// It is a directory.
    pub(in super::super) const ONDIR: u64 = 0x4000_0000;
}

/// The only version of the format there is.
const VERSION: u8 = 3;
/// The least a record has.
const METADATA: usize = 24;
/// Type, padding and length of a piece.
const PIECE_HEADER: usize = 4;

const FID: u8 = 1;
const DFID_NAME: u8 = 2;
const DFID: u8 = 3;
const PIDFD: u8 = 4;
const ERROR: u8 = 5;
const OLD_DFID_NAME: u8 = 10;
const NEW_DFID_NAME: u8 = 12;

/// One record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record<'b> {
    /// What happened, see [`mask`]; much of it together when records were merged.
    pub(super) mask: u64,
    /// An open file; none in the modes that we ask for, but it would be ours to close.
    pub(super) fd: Option<i32>,
    /// The process, 0 when the kernel does not tell.
    pub(super) pid: i32,
    /// A descriptor of that process, ours to close.
    pub(super) pidfd: Option<i32>,
    /// The directory and the name in it.
    pub(super) entry: Option<Entry<'b>>,
    /// The old directory and name of a rename.
    pub(super) old: Option<Entry<'b>>,
    /// The new directory and name of a rename.
    pub(super) new: Option<Entry<'b>>,
    /// The object itself.
    pub(super) object: Option<HandleRef<'b>>,
    /// The error of a damaged file system and how often it came.
    pub(super) error: Option<(i32, u32)>,
}

/// A name in a directory; an empty one and `.` are the directory itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'b> {
    /// The directory.
    pub(super) dir: HandleRef<'b>,
    /// The name.
    pub(super) name: &'b [u8],
}

/// Why bytes are no records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// The version is one that we do not know.
    #[error("the kernel's records have the unknown version {0}")]
    Version(u8),
    /// A length is less than what it must span, or leads beyond the end.
    #[error("a record of the kernel has an impossible length")]
    Length,
    /// A handle is longer than handles are.
    #[error("a record of the kernel has an impossible handle")]
    Handle,
    /// A name does not end, or leads elsewhere.
    #[error("a record of the kernel has an impossible name")]
    Name,
}

/// Returns the records in `bytes`; the first that is malformed is the last.
pub(super) fn records(bytes: &[u8]) -> Records<'_> {
    Records { rest: bytes }
}

/// See [`records`].
#[derive(Clone, Debug)]
pub(super) struct Records<'b> {
    rest: &'b [u8],
}

impl<'b> Iterator for Records<'b> {
    type Item = Result<Record<'b>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let decoded = decode(self.rest).map(|(record, rest)| {
            self.rest = rest;
            record
        });
        if decoded.is_err() {
            self.rest = &[];
        }
        Some(decoded)
    }
}

/// Decodes the first record and returns it with the bytes after it.
fn decode(bytes: &[u8]) -> Result<(Record<'_>, &[u8]), Malformed> {
    let mut metadata = Reader(bytes);
    let event_len = metadata.u32()? as usize;
    let [version, _reserved] = metadata.array()?;
    if version != VERSION {
        return Err(Malformed::Version(version));
    }
    let metadata_len = usize::from(metadata.u16()?);
    let mask = metadata.u64()?;
    let fd = metadata.i32()?;
    let pid = metadata.i32()?;
    if metadata_len < METADATA {
        return Err(Malformed::Length);
    }
    let (record, rest) = split(bytes, event_len)?;
    let (_, mut pieces) = split(record, metadata_len)?;
    let mut record = Record {
        mask,
        fd: (fd >= 0).then_some(fd),
        pid,
        ..Record::default()
    };
    while !pieces.is_empty() {
        let mut header = Reader(pieces);
        let [kind, _padding] = header.array()?;
        let len = usize::from(header.u16()?);
        if len < PIECE_HEADER {
            return Err(Malformed::Length);
        }
        let (piece, after) = split(pieces, len)?;
        let (_, body) = split(piece, PIECE_HEADER)?;
        take_piece(&mut record, kind, Reader(body))?;
        pieces = after;
    }
    Ok((record, rest))
}

fn take_piece<'b>(
    record: &mut Record<'b>,
    kind: u8,
    mut body: Reader<'b>,
) -> Result<(), Malformed> {
    match kind {
        FID => record.object = Some(body.handle()?),
        DFID_NAME => record.entry = Some(body.entry()?),
        DFID => {
            let dir = body.handle()?;
            record.entry = Some(Entry { dir, name: b"" });
        }
        OLD_DFID_NAME => record.old = Some(body.entry()?),
        NEW_DFID_NAME => record.new = Some(body.entry()?),
        // Less than 0 stands for a process that is gone, or for one that could not be opened.
        PIDFD => record.pidfd = Some(body.i32()?).filter(|&fd| fd >= 0),
        ERROR => record.error = Some((body.i32()?, body.u32()?)),
        _ => {}
    }
    Ok(())
}

fn split(bytes: &[u8], at: usize) -> Result<(&[u8], &[u8]), Malformed> {
    bytes.split_at_checked(at).ok_or(Malformed::Length)
}

/// Bytes yet to be decoded, in the byte order of this machine.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Malformed::Length)?;
        self.0 = rest;
        Ok(*array)
    }

    fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_ne_bytes)
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_ne_bytes)
    }

    fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_ne_bytes)
    }

    fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_ne_bytes)
    }

    fn handle(&mut self) -> Result<HandleRef<'b>, Malformed> {
        // Two halves, low and high, as `statvfs` puts them together on every machine.
        let fsid = u64::from(self.u32()?) | u64::from(self.u32()?) << 32;
        let len = self.u32()? as usize;
        let kind = self.i32()?;
        if len > LONGEST {
            return Err(Malformed::Handle);
        }
        let (bytes, rest) = self.0.split_at_checked(len).ok_or(Malformed::Handle)?;
        self.0 = rest;
        Ok(HandleRef { fsid, kind, bytes })
    }

    fn entry(&mut self) -> Result<Entry<'b>, Malformed> {
        let dir = self.handle()?;
        let end = self.0.iter().position(|&byte| byte == 0);
        let name = self.0.get(..end.ok_or(Malformed::Name)?);
        let name = name.ok_or(Malformed::Name)?;
        if name.contains(&b'/') || name == b".." {
            return Err(Malformed::Name);
        }
        Ok(Entry { dir, name })
    }
}

#[cfg(any(test, fuzzing))]
mod encode;
#[cfg(fuzzing)]
pub(super) mod fuzzing;
#[cfg(test)]
mod tests;
