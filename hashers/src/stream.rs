//! One running computation of one hash type, behind one interface.
//!
//! An enum and not a trait object: it lives inside the `Hasher` without memory of its own, and
//! two computations can be looked at together (see `update_pair`). BLAKE3 alone is boxed,
//! because its state is ten times the size of the others.

use blake2::{Blake2b, Blake2b256, Blake2b512};
use sha2::digest::consts::U48;
use sha2::digest::{FixedOutputReset, Output, Update};

use crate::sha256::Sha256;
use crate::{Digest, HashType};

/// A running computation of one hash type.
pub(crate) enum Stream {
    Blake2b256(Blake2b256),
    Blake2b384(Blake2b<U48>),
    Blake2b512(Blake2b512),
    Blake3(Box<blake3::Hasher>),
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha224(Sha256),
    Sha256(Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    Sha512_224(sha2::Sha512_224),
    Sha512_256(sha2::Sha512_256),
    Sha3_224(sha3::Sha3_224),
    Sha3_256(sha3::Sha3_256),
    Sha3_384(sha3::Sha3_384),
    Sha3_512(sha3::Sha3_512),
    Xxh64(xxhash_rust::xxh64::Xxh64),
}

impl Stream {
    /// Starts a computation.
    pub(crate) fn new(hash_type: HashType) -> Self {
        match hash_type {
            HashType::Blake2b256 => Stream::Blake2b256(Default::default()),
            HashType::Blake2b384 => Stream::Blake2b384(Default::default()),
            HashType::Blake2b512 => Stream::Blake2b512(Default::default()),
            HashType::Blake3 => Stream::Blake3(Default::default()),
            HashType::Md5 => Stream::Md5(Default::default()),
            HashType::Sha1 => Stream::Sha1(Default::default()),
            HashType::Sha224 => Stream::Sha224(Sha256::new224()),
            HashType::Sha256 => Stream::Sha256(Sha256::new256()),
            HashType::Sha384 => Stream::Sha384(Default::default()),
            HashType::Sha512 => Stream::Sha512(Default::default()),
            HashType::Sha512_224 => Stream::Sha512_224(Default::default()),
            HashType::Sha512_256 => Stream::Sha512_256(Default::default()),
            HashType::Sha3_224 => Stream::Sha3_224(Default::default()),
            HashType::Sha3_256 => Stream::Sha3_256(Default::default()),
            HashType::Sha3_384 => Stream::Sha3_384(Default::default()),
            HashType::Sha3_512 => Stream::Sha3_512(Default::default()),
            HashType::Xxh64 => Stream::Xxh64(xxhash_rust::xxh64::Xxh64::new(0)),
        }
    }

    /// Takes the next bytes of the message.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Stream::Blake2b256(state) => state.update(bytes),
            Stream::Blake2b384(state) => state.update(bytes),
            Stream::Blake2b512(state) => state.update(bytes),
            Stream::Blake3(state) => {
                state.update(bytes);
            }
            Stream::Md5(state) => state.update(bytes),
            Stream::Sha1(state) => state.update(bytes),
            Stream::Sha224(state) | Stream::Sha256(state) => state.update(bytes),
            Stream::Sha384(state) => state.update(bytes),
            Stream::Sha512(state) => state.update(bytes),
            Stream::Sha512_224(state) => state.update(bytes),
            Stream::Sha512_256(state) => state.update(bytes),
            Stream::Sha3_224(state) => state.update(bytes),
            Stream::Sha3_256(state) => state.update(bytes),
            Stream::Sha3_384(state) => state.update(bytes),
            Stream::Sha3_512(state) => state.update(bytes),
            Stream::Xxh64(state) => state.update(bytes),
        }
    }

    /// Ends the message, returns its digest and starts afresh.
    pub(crate) fn finish_reset(&mut self) -> Digest {
        match self {
            Stream::Blake2b256(state) => digest(HashType::Blake2b256, &take(state)),
            Stream::Blake2b384(state) => digest(HashType::Blake2b384, &take(state)),
            Stream::Blake2b512(state) => digest(HashType::Blake2b512, &take(state)),
            Stream::Blake3(state) => {
                let bytes = state.finalize();
                state.reset();
                digest(HashType::Blake3, bytes.as_bytes())
            }
            Stream::Md5(state) => digest(HashType::Md5, &take(state)),
            Stream::Sha1(state) => digest(HashType::Sha1, &take(state)),
            Stream::Sha224(state) => {
                let bytes = state.finish_reset();
                digest(HashType::Sha224, bytes.split_at(28).0)
            }
            Stream::Sha256(state) => digest(HashType::Sha256, &state.finish_reset()),
            Stream::Sha384(state) => digest(HashType::Sha384, &take(state)),
            Stream::Sha512(state) => digest(HashType::Sha512, &take(state)),
            Stream::Sha512_224(state) => digest(HashType::Sha512_224, &take(state)),
            Stream::Sha512_256(state) => digest(HashType::Sha512_256, &take(state)),
            Stream::Sha3_224(state) => digest(HashType::Sha3_224, &take(state)),
            Stream::Sha3_256(state) => digest(HashType::Sha3_256, &take(state)),
            Stream::Sha3_384(state) => digest(HashType::Sha3_384, &take(state)),
            Stream::Sha3_512(state) => digest(HashType::Sha3_512, &take(state)),
            Stream::Xxh64(state) => {
                let bytes = state.digest().to_be_bytes();
                state.reset(0);
                digest(HashType::Xxh64, &bytes)
            }
        }
    }

    /// Returns the SHA-256 or SHA-224 computation inside, which can run together with another.
    pub(crate) fn as_sha256(&mut self) -> Option<&mut Sha256> {
        match self {
            Stream::Sha224(state) | Stream::Sha256(state) => Some(state),
            _ => None,
        }
    }
}

/// Ends and resets a computation of the RustCrypto crates.
fn take<S: FixedOutputReset>(state: &mut S) -> Output<S> {
    state.finalize_fixed_reset()
}

/// Joins bytes that a hash function returned with its type.
fn digest(hash_type: HashType, bytes: &[u8]) -> Digest {
    Digest::new(hash_type, bytes).expect("every function returns as many bytes as its type has")
}
