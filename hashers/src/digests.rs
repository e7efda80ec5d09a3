//! The digests of one file in one small buffer, the same bytes in memory and on disk.
//!
//! Format: for each digest, ascending by tag: one byte tag, one byte length, the digest. The
//! length is there so that a reader can say which part is wrong instead of guessing.
//!
//! Invariant: the buffer always holds that format with known types, right lengths and no type
//! twice. [`Digests::from_packed`] is the only way in from outside and checks all of it. Two
//! sets are equal exactly when their buffers are.

use std::fmt;

use thiserror::Error;

use crate::digest::Digest;
use crate::{HashType, HashTypes};

/// The digests of one file, at most one of each type, ascending by type.
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct Digests {
    packed: Vec<u8>,
}

impl Digests {
    /// Returns the set without any digest; it holds no memory.
    pub const fn new() -> Self {
        Digests { packed: Vec::new() }
    }

    /// Returns an empty set with room for one digest of each of the types.
    pub(crate) fn with_room_for(types: HashTypes) -> Self {
        let room = types.iter().map(|one| HEAD + one.digest_len()).sum();
        Digests {
            packed: Vec::with_capacity(room),
        }
    }

    /// Adds a digest, in place of one of the same type if there is one.
    pub fn insert(&mut self, digest: Digest) {
        let hash_type = digest.hash_type();
        let mut start = 0;
        let mut end = 0;
        for (other, bytes) in self.iter() {
            if other > hash_type {
                break;
            }
            end += HEAD + bytes.len();
            if other < hash_type {
                start = end;
            }
        }
        let bytes = digest.bytes();
        let head = [hash_type.tag(), hash_type.digest_len() as u8];
        let entry = head.iter().chain(bytes).copied();
        self.packed.splice(start..end, entry);
    }

    /// Returns the digest of the type, if there is one.
    pub fn get(&self, hash_type: HashType) -> Option<&[u8]> {
        self.iter()
            .find_map(|(other, bytes)| (other == hash_type).then_some(bytes))
    }

    /// Returns types and digests, ascending by type.
    pub fn iter(&self) -> impl Iterator<Item = (HashType, &[u8])> + Clone {
        Entries { rest: &self.packed }.map_while(Result::ok)
    }

    /// Returns the types there are digests of.
    pub fn types(&self) -> HashTypes {
        self.iter().map(|(hash_type, _)| hash_type).collect()
    }

    /// Returns whether there is no digest.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// Adds every digest of the other set; where both have a type, the other's is kept.
    pub fn merge(&mut self, other: &Digests) {
        for (hash_type, bytes) in other.iter() {
            // The other set's lengths are right by its invariant, so nothing is skipped here.
            if let Ok(digest) = Digest::new(hash_type, bytes) {
                self.insert(digest);
            }
        }
    }

    /// Drops every digest whose type is not among these.
    pub fn retain(&mut self, types: HashTypes) {
        if self.types().difference(types).is_empty() {
            return;
        }
        let mut kept = Digests::with_room_for(self.types().intersection(types));
        for (hash_type, bytes) in self.iter() {
            if types.contains(hash_type)
                && let Ok(digest) = Digest::new(hash_type, bytes)
            {
                kept.insert(digest);
            }
        }
        *self = kept;
    }

    /// Returns the bytes to store; empty for an empty set.
    pub fn as_packed(&self) -> &[u8] {
        &self.packed
    }

    /// Returns the set that was stored as these bytes, after checking every one of them.
    pub fn from_packed(packed: &[u8]) -> Result<Digests, PackedError> {
        let mut last = None;
        for entry in (Entries { rest: packed }) {
            let (hash_type, _) = entry?;
            if last >= Some(hash_type) {
                return Err(PackedError::Order { hash_type });
            }
            last = Some(hash_type);
        }
        Ok(Digests {
            packed: packed.to_vec(),
        })
    }
}

impl fmt::Debug for Digests {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self
            .iter()
            .map(|(hash_type, bytes)| (hash_type.name(), crate::hex(bytes)));
        out.debug_map().entries(entries).finish()
    }
}

impl FromIterator<Digest> for Digests {
    fn from_iter<I: IntoIterator<Item = Digest>>(digests: I) -> Self {
        let mut set = Digests::new();
        for digest in digests {
            set.insert(digest);
        }
        set
    }
}

/// Stored digests that this version cannot read: damaged, or written by a newer version.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum PackedError {
    /// A tag that stands for no type this version knows.
    #[error("stored digest has unknown type number {tag}, perhaps of a newer version")]
    Tag {
        /// The number found.
        tag: u8,
    },
    /// A length that is not the one of the type.
    #[error("stored {hash_type} digest has length {length}, the stored digests are damaged")]
    Length {
        /// The type found.
        hash_type: HashType,
        /// The length found.
        length: u8,
    },
    /// The bytes end in the middle of a digest.
    #[error("stored digests end too early, they are damaged")]
    End,
    /// A type that comes twice or after a greater one.
    #[error("stored {hash_type} digest is repeated or misplaced, the stored digests are damaged")]
    Order {
        /// The type found.
        hash_type: HashType,
    },
}

/// The tag and the length before each digest, in bytes.
const HEAD: usize = 2;

/// Takes a packed buffer apart, one digest after the other; stops after an error.
#[derive(Clone)]
struct Entries<'p> {
    rest: &'p [u8],
}

impl<'p> Entries<'p> {
    fn take_entry(&mut self) -> Result<(HashType, &'p [u8]), PackedError> {
        let rest = std::mem::take(&mut self.rest);
        let (&[tag, length], rest) = rest.split_first_chunk::<HEAD>().ok_or(PackedError::End)?;
        let hash_type = HashType::from_tag(tag).ok_or(PackedError::Tag { tag })?;
        if usize::from(length) != hash_type.digest_len() {
            return Err(PackedError::Length { hash_type, length });
        }
        let (bytes, rest) = rest
            .split_at_checked(hash_type.digest_len())
            .ok_or(PackedError::End)?;
        self.rest = rest;
        Ok((hash_type, bytes))
    }
}

impl<'p> Iterator for Entries<'p> {
    type Item = Result<(HashType, &'p [u8]), PackedError>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.rest.is_empty()).then(|| self.take_entry())
    }
}

#[cfg(test)]
mod tests;
