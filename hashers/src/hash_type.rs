//! The hash types: their names, on-disk tags and digest lengths, all in one table.
//!
//! A type is chosen by name in the configuration, stored by tag in the baseline and computed
//! by `Hasher`. Nothing is computed here.
//!
//! Invariant: the order of the types is the order of their tags. A new type gets the next free
//! tag; the tag of a removed type stays unused.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// One kind of digest; the number is the tag it has on disk.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum HashType {
    /// BLAKE2b with 32 bytes of output, without key (RFC 7693).
    Blake2b256 = 1,
    /// BLAKE2b with 48 bytes of output, without key (RFC 7693).
    Blake2b384 = 2,
    /// BLAKE2b with 64 bytes of output, without key (RFC 7693).
    Blake2b512 = 3,
    /// BLAKE3 with 32 bytes of output, without key.
    Blake3 = 4,
    /// MD5 (RFC 1321): collisions can be made at will.
    Md5 = 5,
    /// SHA-1 (FIPS 180-4): collisions can be made at some cost.
    Sha1 = 6,
    /// SHA-224 (FIPS 180-4).
    Sha224 = 7,
    /// SHA-256 (FIPS 180-4).
    Sha256 = 8,
    /// SHA-384 (FIPS 180-4).
    Sha384 = 9,
    /// SHA-512 (FIPS 180-4).
    Sha512 = 10,
    /// SHA-512/224 (FIPS 180-4).
    Sha512_224 = 11,
    /// SHA-512/256 (FIPS 180-4).
    Sha512_256 = 12,
    /// SHA3-224 (FIPS 202).
    Sha3_224 = 13,
    /// SHA3-256 (FIPS 202).
    Sha3_256 = 14,
    /// SHA3-384 (FIPS 202).
    Sha3_384 = 15,
    /// SHA3-512 (FIPS 202).
    Sha3_512 = 16,
    /// XXH64 with seed 0, bytes in big-endian order: a checksum, not a cryptographic hash.
    Xxh64 = 17,
}

impl HashType {
    /// Every type, ascending.
    pub const ALL: [HashType; 17] = [
        HashType::Blake2b256,
        HashType::Blake2b384,
        HashType::Blake2b512,
        HashType::Blake3,
        HashType::Md5,
        HashType::Sha1,
        HashType::Sha224,
        HashType::Sha256,
        HashType::Sha384,
        HashType::Sha512,
        HashType::Sha512_224,
        HashType::Sha512_256,
        HashType::Sha3_224,
        HashType::Sha3_256,
        HashType::Sha3_384,
        HashType::Sha3_512,
        HashType::Xxh64,
    ];

    /// Returns the name used in configurations, events and reports.
    pub fn name(self) -> &'static str {
        match self {
            HashType::Blake2b256 => "blake2b_256",
            HashType::Blake2b384 => "blake2b_384",
            HashType::Blake2b512 => "blake2b_512",
            HashType::Blake3 => "blake3",
            HashType::Md5 => "md5",
            HashType::Sha1 => "sha1",
            HashType::Sha224 => "sha224",
            HashType::Sha256 => "sha256",
            HashType::Sha384 => "sha384",
            HashType::Sha512 => "sha512",
            HashType::Sha512_224 => "sha512_224",
            HashType::Sha512_256 => "sha512_256",
            HashType::Sha3_224 => "sha3_224",
            HashType::Sha3_256 => "sha3_256",
            HashType::Sha3_384 => "sha3_384",
            HashType::Sha3_512 => "sha3_512",
            HashType::Xxh64 => "xxh64",
        }
    }

    /// Returns the number that stands for the type on disk.
    pub fn tag(self) -> u8 {
        self as u8
    }

    /// Returns the type of an on-disk number, if this version knows it.
    pub fn from_tag(tag: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|hash_type| hash_type.tag() == tag)
    }

    /// Returns the number of bytes of a digest.
    pub fn digest_len(self) -> usize {
        match self {
            HashType::Xxh64 => 8,
            HashType::Md5 => 16,
            HashType::Sha1 => 20,
            HashType::Sha224 | HashType::Sha512_224 | HashType::Sha3_224 => 28,
            HashType::Blake2b256
            | HashType::Blake3
            | HashType::Sha256
            | HashType::Sha512_256
            | HashType::Sha3_256 => 32,
            HashType::Blake2b384 | HashType::Sha384 | HashType::Sha3_384 => 48,
            HashType::Blake2b512 | HashType::Sha512 | HashType::Sha3_512 => 64,
        }
    }

    /// Returns whether an equal digest proves equal bytes against somebody who wants it not to.
    pub fn is_tamper_evident(self) -> bool {
        !matches!(self, HashType::Md5 | HashType::Sha1 | HashType::Xxh64)
    }
}

impl fmt::Display for HashType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl FromStr for HashType {
    type Err = UnknownHashType;

    fn from_str(name: &str) -> Result<Self, UnknownHashType> {
        Self::ALL
            .into_iter()
            .find(|hash_type| hash_type.name() == name)
            .ok_or_else(|| UnknownHashType {
                name: name.to_owned(),
            })
    }
}

/// A name that is no hash type; the message lists those that are.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("unknown hash type {name:?}, use one of: {}", accepted())]
pub struct UnknownHashType {
    /// The name as it was given.
    pub name: String,
}

/// All names, for the error message.
fn accepted() -> String {
    HashType::ALL.map(HashType::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written to baselines: a change here makes every existing store unreadable.
    #[test]
    fn names_tags_and_lengths_never_change() {
        let expected = [
            ("blake2b_256", 1, 32),
            ("blake2b_384", 2, 48),
            ("blake2b_512", 3, 64),
            ("blake3", 4, 32),
            ("md5", 5, 16),
            ("sha1", 6, 20),
            ("sha224", 7, 28),
            ("sha256", 8, 32),
            ("sha384", 9, 48),
            ("sha512", 10, 64),
            ("sha512_224", 11, 28),
            ("sha512_256", 12, 32),
            ("sha3_224", 13, 28),
            ("sha3_256", 14, 32),
            ("sha3_384", 15, 48),
            ("sha3_512", 16, 64),
            ("xxh64", 17, 8),
        ];
        let actual = HashType::ALL
            .map(|hash_type| (hash_type.name(), hash_type.tag(), hash_type.digest_len()));
        assert_eq!(actual, expected);
    }

    #[test]
    fn all_is_ascending() {
        assert!(HashType::ALL.is_sorted());
    }

    #[test]
    fn names_and_tags_lead_back_to_the_type() {
        for hash_type in HashType::ALL {
            assert_eq!(hash_type.name().parse(), Ok(hash_type));
            assert_eq!(HashType::from_tag(hash_type.tag()), Some(hash_type));
        }
        assert_eq!(HashType::from_tag(0), None);
        assert_eq!(HashType::from_tag(18), None);
    }

    #[test]
    fn only_exact_names_are_accepted() {
        for name in ["", "SHA256", "sha-256", " sha256", "sha2_256", "sha512/256"] {
            let error = name.parse::<HashType>().unwrap_err();
            assert_eq!(error.name, name);
            let message = error.to_string();
            assert!(message.contains("blake2b_256, "), "{message}");
            assert!(message.ends_with("sha3_512, xxh64"), "{message}");
        }
    }

    #[test]
    fn broken_types_are_not_tamper_evident() {
        let weak: Vec<&str> = HashType::ALL
            .into_iter()
            .filter(|hash_type| !hash_type.is_tamper_evident())
            .map(HashType::name)
            .collect();
        assert_eq!(weak, ["md5", "sha1", "xxh64"]);
    }
}
