//! One digest with its type: what is handed around singly, shown and compared.
//!
//! The bytes live in the value itself, so copying one needs no memory from the heap. A file's
//! digests together are [`crate::Digests`].
//!
//! Invariant: the number of bytes is the one of the type.

use std::fmt;

use thiserror::Error;

use crate::HashType;
use crate::hex::Hex;

/// The longest digest of any type, in bytes.
pub(crate) const MAX_LEN: usize = 64;

/// One digest and the type it was computed with; shown as lowercase hexadecimal.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Digest {
    hash_type: HashType,
    /// The digest, followed by zeros.
    padded: [u8; MAX_LEN],
}

impl Digest {
    /// Returns the digest of the type with these bytes, which must be as many as the type has.
    pub fn new(hash_type: HashType, bytes: &[u8]) -> Result<Self, DigestLengthError> {
        let mut padded = [0; MAX_LEN];
        match padded.split_at_mut_checked(bytes.len()) {
            Some((start, _)) if bytes.len() == hash_type.digest_len() => {
                start.copy_from_slice(bytes);
                Ok(Digest { hash_type, padded })
            }
            _ => Err(DigestLengthError {
                hash_type,
                length: bytes.len(),
            }),
        }
    }

    /// Returns the type the digest was computed with.
    pub fn hash_type(&self) -> HashType {
        self.hash_type
    }

    /// Returns the bytes of the digest.
    pub fn bytes(&self) -> &[u8] {
        self.padded
            .get(..self.hash_type.digest_len())
            .unwrap_or(&self.padded)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(self.bytes()).fmt(out)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{self}", self.hash_type)
    }
}

/// Bytes that cannot be a digest of the type because there are too many or too few.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("a {hash_type} digest has {} bytes, not {length}", hash_type.digest_len())]
pub struct DigestLengthError {
    /// The type the bytes were given for.
    pub hash_type: HashType,
    /// The number of bytes given.
    pub length: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_type_and_bytes() {
        let digest = Digest::new(HashType::Xxh64, &[0xef, 0x46, 0, 1, 2, 3, 4, 0x99]).unwrap();
        assert_eq!(digest.to_string(), "ef46000102030499");
        assert_eq!(format!("{digest:?}"), "xxh64:ef46000102030499");
        assert_eq!(digest.bytes().len(), 8);
    }

    #[test]
    fn a_wrong_length_is_refused() {
        for length in [0, 31, 33, 64, 65, 1000] {
            let error = Digest::new(HashType::Sha256, &vec![0; length]).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("a sha256 digest has 32 bytes, not {length}")
            );
        }
    }
}
