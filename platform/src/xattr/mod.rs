//! Extended attributes: the set of one object, and what well-known values mean.
//!
//! [`Xattrs`] is filled by `dir` and `file` and stored as it is. Nothing is filtered and no value
//! is shortened here: whether an attribute counts is the policy's business. [`decode`] turns ACLs,
//! capabilities, labels and origins into text; it is pure and compiled on every operating system.

pub mod decode;

#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(target_os = "macos")]
#[allow(unsafe_code, reason = "no crate reads access control lists of macOS")]
pub(crate) mod macos;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
pub(crate) mod windows;

#[cfg(test)]
mod tests;

use std::iter::{self, Peekable};

/// The extended attributes of one object, ordered by name.
///
/// Kept in one buffer, as stored: `(name length u16, name, value length u32, value)*`, numbers
/// little-endian, names strictly ascending. An empty set takes no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Xattrs {
    packed: Vec<u8>,
}

/// A name with its values in two sets.
pub type Beside<'x> = (&'x [u8], Option<&'x [u8]>, Option<&'x [u8]>);

/// The error of [`Xattrs::from_packed`] on bytes that it did not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored extended attributes are damaged: {0}")]
pub struct PackedError(&'static str);

impl Xattrs {
    /// Returns the empty set.
    pub fn new() -> Xattrs {
        Xattrs::default()
    }

    /// Returns the set of these pairs, given in any order; of equal names the first one stays.
    ///
    /// Names beyond 64 KiB and values beyond 4 GiB do not exist on any system and are left out.
    pub fn from_pairs(mut pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Xattrs {
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|later, first| later.0 == first.0);
        let mut packed = Vec::new();
        for (name, value) in &pairs {
            let lengths = (u16::try_from(name.len()), u32::try_from(value.len()));
            if let (Ok(name_len), Ok(value_len)) = lengths {
                packed.extend_from_slice(&name_len.to_le_bytes());
                packed.extend_from_slice(name);
                packed.extend_from_slice(&value_len.to_le_bytes());
                packed.extend_from_slice(value);
            }
        }
        Xattrs { packed }
    }

    /// Returns the value of the attribute with this full name, such as `security.selinux`.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.iter()
            .find(|(candidate, _)| *candidate == name)
            .map(|(_, value)| value)
    }

    /// Returns names and values, ordered by name.
    pub fn iter(&self) -> Iter<'_> {
        Iter { rest: &self.packed }
    }

    /// Returns each name that this or another set has, in order, with its value in this and in the
    /// other one. Both are gone through once: some objects have thousands.
    pub fn beside<'x>(&'x self, other: &'x Xattrs) -> impl Iterator<Item = Beside<'x>> {
        let (mut here, mut there) = (self.iter().peekable(), other.iter().peekable());
        iter::from_fn(move || {
            let name = match (here.peek(), there.peek()) {
                (Some((one, _)), Some((other, _))) => *one.min(other),
                (one, other) => one.or(other)?.0,
            };
            let value = |side: &mut Peekable<Iter<'x>>| {
                let pair = side.next_if(|(next, _)| *next == name);
                pair.map(|(_, value)| value)
            };
            Some((name, value(&mut here), value(&mut there)))
        })
    }

    /// Says whether there is no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// Returns the form in which the set is stored.
    pub fn as_packed(&self) -> &[u8] {
        &self.packed
    }

    /// Returns the set stored in these bytes after checking every length and the order.
    pub fn from_packed(packed: &[u8]) -> Result<Xattrs, PackedError> {
        let mut rest = packed;
        let mut previous: Option<&[u8]> = None;
        while !rest.is_empty() {
            let (name, _, after) = split_pair(rest).ok_or(PackedError("cut short"))?;
            if previous.is_some_and(|previous| previous >= name) {
                return Err(PackedError("names out of order"));
            }
            previous = Some(name);
            rest = after;
        }
        Ok(Xattrs {
            packed: packed.to_vec(),
        })
    }
}

impl<'x> IntoIterator for &'x Xattrs {
    type Item = (&'x [u8], &'x [u8]);
    type IntoIter = Iter<'x>;

    fn into_iter(self) -> Iter<'x> {
        self.iter()
    }
}

/// The iterator of [`Xattrs::iter`].
#[derive(Clone, Debug)]
pub struct Iter<'x> {
    rest: &'x [u8],
}

impl<'x> Iterator for Iter<'x> {
    type Item = (&'x [u8], &'x [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value, rest) = split_pair(self.rest)?;
        self.rest = rest;
        Some((name, value))
    }
}

/// Splits the first pair off packed bytes: name, value, rest.
fn split_pair(packed: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (name_len, rest) = packed.split_first_chunk()?;
    let (name, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*name_len)))?;
    let (value_len, rest) = rest.split_first_chunk()?;
    let value_len = usize::try_from(u32::from_le_bytes(*value_len)).ok()?;
    let (value, rest) = rest.split_at_checked(value_len)?;
    Some((name, value, rest))
}
