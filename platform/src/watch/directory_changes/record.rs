//! Decodes what `ReadDirectoryChangesW` wrote. Pure: bytes in, records out.
//!
//! The format is `FILE_NOTIFY_INFORMATION`: the distance to the next record, what happened, the
//! length of a name in bytes, and the name in 16-bit units, relative to the watched directory. All
//! numbers are little-endian: there is no other Windows. Bytes whose lengths contradict themselves
//! are [`Malformed::Length`], after which nothing more is decoded: there is no telling where the
//! next record begins. A record with an impossible name spoils only itself.

use std::ffi::OsString;
use std::path::MAIN_SEPARATOR;

use crate::bytes::{bytes_to_os, wtf8};

/// Distance to the next record, action, length of the name.
const HEADER: usize = 12;
/// Stands between the names of a path, whatever system decodes it.
const SEPARATOR: u16 = b'\\' as u16;

/// What happened to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// It appeared.
    Added,
    /// It vanished.
    Removed,
    /// The content or the metadata of what it names changed; which of them is not told.
    Modified,
    /// It became another, which the next record tells.
    RenamedFrom,
    /// Another, which the record before told, became this one.
    RenamedTo,
    /// A stream of the file came, went or changed. The name is followed by that of the stream.
    Stream,
    /// Something that is not known here.
    Other(u32),
}

impl From<u32> for Action {
    fn from(number: u32) -> Action {
        match number {
            1 => Action::Added,
            // The second is told by drivers that know of a deletion as such.
            2 | 9 => Action::Removed,
            3 => Action::Modified,
            4 => Action::RenamedFrom,
            5 => Action::RenamedTo,
            6..=8 => Action::Stream,
            number => Action::Other(number),
        }
    }
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// What happened.
    pub(super) action: Action,
    /// To which name: a path relative to the watched directory, with the separators of this system.
    pub(super) name: OsString,
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// A length is less than what it must span, or leads beyond the end.
    #[error("a record of the system has an impossible length")]
    Length,
    /// A name is none that a file can have, or leads elsewhere.
    #[error("a record of the system has an impossible name")]
    Name,
}

/// Returns the records in `bytes`; the first with an impossible length is the last.
pub(super) fn records(bytes: &[u8]) -> Records<'_> {
    Records { rest: bytes }
}

/// See [`records`].
#[derive(Clone, Debug)]
pub(super) struct Records<'b> {
    rest: &'b [u8],
}

impl Iterator for Records<'_> {
    type Item = Result<Record, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let split = split(self.rest);
        self.rest = split.map_or(&[], |(_, _, rest)| rest);
        Some(split.and_then(|(action, name, _)| record(action, name)))
    }
}

/// Splits off the action and the name of the first record, from what follows it.
fn split(bytes: &[u8]) -> Result<(u32, &[u8], &[u8]), Malformed> {
    let (header, _) = bytes
        .split_first_chunk::<HEADER>()
        .ok_or(Malformed::Length)?;
    let [next, action, len] = numbers(header);
    let next = usize::try_from(next).map_err(|_| Malformed::Length)?;
    let len = usize::try_from(len).map_err(|_| Malformed::Length)?;
    let (own, rest) = match next {
        0 => (bytes, &[][..]),
        _ => bytes.split_at_checked(next).ok_or(Malformed::Length)?,
    };
    let name = own.get(HEADER..).and_then(|name| name.get(..len));
    // A distance that leads to the very end leads nowhere.
    if next != 0 && rest.is_empty() || len % 2 != 0 {
        return Err(Malformed::Length);
    }
    Ok((action, name.ok_or(Malformed::Length)?, rest))
}

fn numbers(header: &[u8; HEADER]) -> [u32; 3] {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *header;
    [[a, b, c, d], [e, f, g, h], [i, j, k, l]].map(u32::from_le_bytes)
}

fn record(action: u32, name: &[u8]) -> Result<Record, Malformed> {
    let action = Action::from(action);
    let units = name.as_chunks().0.iter().copied().map(u16::from_le_bytes);
    let mut units: Vec<u16> = units.collect();
    if action == Action::Stream {
        cut_stream(&mut units)?;
    }
    if !units.split(|&unit| unit == SEPARATOR).all(is_name) {
        return Err(Malformed::Name);
    }
    let mut bytes = wtf8::from_wide(&units);
    for byte in &mut bytes {
        // Every byte of a longer character has its highest bit.
        if *byte == b'\\' {
            *byte = MAIN_SEPARATOR as u8;
        }
    }
    let name = bytes_to_os(&bytes).map_err(|_| Malformed::Name)?;
    Ok(Record { action, name })
}

/// Leaves the path of the file: that of a stream is `dir\file:stream`, with or without a type.
fn cut_stream(units: &mut Vec<u16>) -> Result<(), Malformed> {
    let last = units.iter().rposition(|&unit| unit == SEPARATOR);
    let start = last.map_or(0, |at| at + 1);
    let name = units.get(start..).ok_or(Malformed::Name)?;
    let colon = name.iter().position(|&unit| unit == u16::from(b':'));
    if let Some(colon) = colon {
        units.truncate(start + colon);
    }
    Ok(())
}

/// Says whether units can be one name in a directory, and lead nowhere else.
fn is_name(units: &[u16]) -> bool {
    let dot = u16::from(b'.');
    let is_path = units.is_empty() || units == [dot] || units == [dot, dot];
    !is_path && !units.contains(&0) && !units.contains(&u16::from(b'/'))
}

#[cfg(any(test, fuzzing))]
mod encode;
#[cfg(fuzzing)]
pub(super) mod fuzzing;
#[cfg(test)]
mod tests;
