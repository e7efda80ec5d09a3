//! How a [`FileState`] becomes columns and back, and the checksum that every row carries.
//!
//! SQLite knows no unsigned 64-bit integers, so all `u64` values pass through [`stored`] and
//! [`loaded`], the only place with such casts. Times are two columns, seconds and nanoseconds.
//!
//! The checksum (XXH64 over table, key and all fields) finds bytes that changed on the disk: it is
//! verified whenever a row is decoded, so a damaged row is an error and never a wrong answer. It is
//! no protection against somebody who may write to the file; the journal's chain is made for that.

use rusqlite::types::Null;
use rusqlite::{Row, Statement};
use waxseal_hashers::Digests;
use waxseal_platform::bytes::{bytes_to_os, os_to_bytes};
use waxseal_platform::stat::{InodeFlags, Kind, Stat, Timestamp};
use waxseal_platform::xattr::Xattrs;
use xxhash_rust::xxh64::xxh64;

use super::error::Fault;
use crate::state::FileState;

/// The columns of one state in the order of their parameters; [`STATE_WIDTH`] of them. A macro, so
/// that statements stay literals.
macro_rules! state_columns {
    () => {
        "kind, mode, uid, gid, links, device, inode, rdev, size, blocks, flags, \
         atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns, btime, btime_ns, \
         target, xattrs, digests"
    };
}
pub(super) use state_columns;

/// How many columns one state takes.
pub(super) const STATE_WIDTH: usize = INTEGERS + 3;

const INTEGERS: usize = 19;

/// `btime_ns` where the filesystem knows no birth time; the columns are NULL then.
const NO_BIRTH: i64 = -1;

/// The kinds of rows, so that a row cannot pass as one of another table.
#[derive(Clone, Copy)]
pub(super) enum Table {
    Meta = 1,
    Dir = 2,
    Trusted = 3,
    Seen = 4,
    Event = 5,
    Cursor = 6,
    Scope = 7,
    ScanRun = 8,
    BlindSpot = 9,
}

/// Returns the bit pattern of an unsigned number as SQLite can hold it.
pub(super) fn stored(number: u64) -> i64 {
    number.cast_signed()
}

/// Reverses [`stored`].
pub(super) fn loaded(number: i64) -> u64 {
    number.cast_unsigned()
}

/// The running checksum of one row.
///
/// Each field's hash is the seed of the next one's, so order and borders of the fields count.
#[derive(Clone, Copy)]
pub(super) struct Checksum(u64);

impl Checksum {
    /// Starts a row of this table.
    pub(super) fn of(table: Table) -> Self {
        Self(table as u64)
    }

    /// Adds some integers.
    pub(super) fn integers<const N: usize>(self, integers: [i64; N]) -> Self {
        let bytes = integers.map(i64::to_le_bytes);
        Self(xxh64(bytes.as_flattened(), self.0))
    }

    /// Adds one field of bytes.
    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        Self(xxh64(bytes, self.0))
    }

    /// Adds the columns of a state, or the fact that there is none.
    pub(super) fn state(self, columns: Option<&StateColumns<'_>>) -> Self {
        let Some(columns) = columns else {
            return self.integers([0]);
        };
        let sum = self.integers(columns.integers);
        let sum = match columns.target {
            Some(target) => sum.bytes(target),
            None => sum.integers([NO_BIRTH]),
        };
        sum.bytes(columns.xattrs).bytes(columns.digests)
    }

    /// Returns the value of the `checksum` column.
    pub(super) fn value(self) -> i64 {
        stored(self.0)
    }

    /// Compares with the value that was stored with the row.
    pub(super) fn verify(self, stored: i64, what: &str) -> Result<(), Fault> {
        if self.value() == stored {
            Ok(())
        } else {
            Err(Fault::Damaged(format!("the checksum of {what} is wrong")))
        }
    }
}

/// A [`FileState`] taken apart into what SQLite stores, borrowed from the state or from a row.
pub(super) struct StateColumns<'a> {
    integers: [i64; INTEGERS],
    target: Option<&'a [u8]>,
    xattrs: &'a [u8],
    digests: &'a [u8],
}

impl<'a> StateColumns<'a> {
    /// Takes a state apart.
    pub(super) fn of(state: &'a FileState) -> Self {
        let stat = &state.stat;
        let (birth, birth_ns) = stat.created.map_or((0, NO_BIRTH), split);
        let (accessed, accessed_ns) = split(stat.accessed);
        let (modified, modified_ns) = split(stat.modified);
        let (changed, changed_ns) = split(stat.changed);
        Self {
            integers: [
                i64::from(stat.kind.code()),
                i64::from(stat.mode),
                i64::from(stat.uid),
                i64::from(stat.gid),
                stored(stat.links),
                stored(stat.device),
                stored(stat.inode),
                stored(stat.rdev),
                stored(stat.size),
                stored(stat.blocks),
                stored(stat.flags.bits()),
                accessed,
                accessed_ns,
                modified,
                modified_ns,
                changed,
                changed_ns,
                birth,
                birth_ns,
            ],
            target: state.target.as_deref().map(os_to_bytes),
            xattrs: state.xattrs.as_packed(),
            digests: state.digests.as_packed(),
        }
    }

    /// Binds all columns, the first of them to parameter number `first`.
    pub(super) fn bind(&self, statement: &mut Statement<'_>, first: usize) -> Result<(), Fault> {
        let (plain, birth) = self.integers.split_at(INTEGERS - 2);
        let mut parameters = first..;
        for (integer, parameter) in plain.iter().zip(&mut parameters) {
            statement.raw_bind_parameter(parameter, integer)?;
        }
        let known = birth.last() != Some(&NO_BIRTH);
        for (integer, parameter) in birth.iter().zip(&mut parameters) {
            statement.raw_bind_parameter(parameter, known.then_some(integer))?;
        }
        let blobs = [self.target, Some(self.xattrs), Some(self.digests)];
        for (blob, parameter) in blobs.into_iter().zip(&mut parameters) {
            statement.raw_bind_parameter(parameter, blob)?;
        }
        Ok(())
    }

    /// Binds NULL to all columns: the path was absent.
    pub(super) fn bind_absent(statement: &mut Statement<'_>, first: usize) -> Result<(), Fault> {
        for parameter in first..first + STATE_WIDTH {
            statement.raw_bind_parameter(parameter, Null)?;
        }
        Ok(())
    }

    /// Reads the columns of a row, the first of them at index `first`.
    pub(super) fn read(row: &'a Row<'_>, first: usize) -> Result<Self, Fault> {
        let mut integers = [0; INTEGERS];
        let birth = first + INTEGERS - 2;
        for (integer, index) in integers.iter_mut().zip(first..birth) {
            *integer = row.get_ref(index)?.as_i64().map_err(wrong_type)?;
        }
        let (seconds, nanos): (Option<i64>, Option<i64>) = (row.get(birth)?, row.get(birth + 1)?);
        let [.., birth_secs, birth_nanos] = &mut integers;
        *birth_secs = seconds.unwrap_or(0);
        *birth_nanos = nanos.unwrap_or(NO_BIRTH);
        let blobs = first + INTEGERS;
        let target = row.get_ref(blobs)?.as_blob_or_null();
        let xattrs = row.get_ref(blobs + 1)?.as_blob();
        let digests = row.get_ref(blobs + 2)?.as_blob();
        Ok(Self {
            integers,
            target: target.map_err(wrong_type)?,
            xattrs: xattrs.map_err(wrong_type)?,
            digests: digests.map_err(wrong_type)?,
        })
    }

    /// Puts the state together again.
    pub(super) fn into_state(self) -> Result<FileState, Fault> {
        let unreadable = |error: &dyn std::error::Error| Fault::Damaged(error.to_string());
        Ok(FileState {
            stat: stat(self.integers)?,
            target: match self.target {
                Some(target) => Some(bytes_to_os(target).map_err(|error| unreadable(&error))?),
                None => None,
            },
            xattrs: Xattrs::from_packed(self.xattrs).map_err(|error| unreadable(&error))?,
            digests: Digests::from_packed(self.digests).map_err(|error| unreadable(&error))?,
        })
    }
}

/// Reverses what [`StateColumns::of`] does to a [`Stat`].
fn stat(integers: [i64; INTEGERS]) -> Result<Stat, Fault> {
    let [kind, mode, uid, gid, links, device, inode, rdev, rest @ ..] = integers;
    let [size, blocks, flags, times @ ..] = rest;
    let [
        accessed,
        accessed_ns,
        modified,
        modified_ns,
        changed,
        changed_ns,
        birth,
        birth_ns,
    ] = times;
    let kind = u8::try_from(kind).ok().and_then(Kind::from_code);
    Ok(Stat {
        kind: kind.ok_or_else(|| damaged("an unknown file kind"))?,
        device: loaded(device),
        inode: loaded(inode),
        mode: narrow(mode)?,
        links: loaded(links),
        uid: narrow(uid)?,
        gid: narrow(gid)?,
        rdev: loaded(rdev),
        size: loaded(size),
        blocks: loaded(blocks),
        accessed: join(accessed, accessed_ns)?,
        modified: join(modified, modified_ns)?,
        changed: join(changed, changed_ns)?,
        created: match birth_ns {
            NO_BIRTH => None,
            _ => Some(join(birth, birth_ns)?),
        },
        flags: InodeFlags::from_bits(loaded(flags)),
    })
}

/// Returns the two columns of a time.
pub(super) fn split(time: Timestamp) -> (i64, i64) {
    (time.secs(), i64::from(time.nanos()))
}

/// Returns the time of two columns.
pub(super) fn join(seconds: i64, nanos: i64) -> Result<Timestamp, Fault> {
    match u32::try_from(nanos) {
        Ok(nanos) if nanos < 1_000_000_000 => Ok(Timestamp::new(seconds, nanos)),
        _ => Err(damaged("a time with impossible nanoseconds")),
    }
}

fn narrow(integer: i64) -> Result<u32, Fault> {
    u32::try_from(integer).map_err(|_| damaged("a number out of range"))
}

fn damaged(found: &str) -> Fault {
    Fault::Damaged(format!("a row holds {found}"))
}

fn wrong_type(_: rusqlite::types::FromSqlError) -> Fault {
    damaged("a value of the wrong type")
}

#[cfg(fuzzing)]
pub(super) mod fuzzing;
