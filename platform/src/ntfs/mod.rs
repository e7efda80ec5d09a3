//! What the Windows kernel answers about files, decoded: entries of directories, reparse points,
//! lists of streams, attributes.
//!
//! Pure functions over bytes that a file system driver, a server on the network or whoever may
//! write a reparse point has made, so every offset is checked. Compiled and tested on every
//! operating system; `nt` asks the questions.

mod attributes;
mod entries;
mod reparse;
mod streams;

pub use attributes::flags;
pub use entries::{Entries, Entry, Form};
pub use reparse::Reparse;
pub use streams::stream_names;

#[cfg(test)]
mod tests;

/// Private decoders, checked against any bytes; for the targets of `fuzz/` only.
#[cfg(fuzzing)]
pub mod fuzzing;

/// Returns the little-endian number at an offset.
fn number<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk().copied()
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    number(bytes, offset).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    number(bytes, offset).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    number(bytes, offset).map(u64::from_le_bytes)
}

/// Returns so many bytes from an offset on as 16-bit units.
fn units(bytes: &[u8], offset: usize, len: usize) -> Option<Vec<u16>> {
    let text = bytes.get(offset..offset.checked_add(len)?)?;
    let (units, rest) = text.as_chunks();
    rest.is_empty()
        .then(|| units.iter().copied().map(u16::from_le_bytes).collect())
}
