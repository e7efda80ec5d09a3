//! Digests by code that shares nothing with the crates the hasher is made of.
//!
//! Other authors' crates where there is a pure Rust one under a permissive licence; SHA-1 and
//! BLAKE3 written down here from their papers, as plainly as possible.

mod blake3;
mod sha1;

use tiny_keccak::{Hasher as _, Sha3};
use waxseal_hashers::HashType;

/// Returns the digest of a whole message.
pub(crate) fn digest(hash_type: HashType, message: &[u8]) -> Vec<u8> {
    match hash_type {
        HashType::Blake2b256 => blake2b(32, message),
        HashType::Blake2b384 => blake2b(48, message),
        HashType::Blake2b512 => blake2b(64, message),
        HashType::Blake3 => blake3::digest(message).to_vec(),
        HashType::Md5 => other_md5::compute(message).to_vec(),
        HashType::Sha1 => sha1::digest(message).to_vec(),
        HashType::Sha224 => sha2_const_stable::Sha224::new()
            .update(message)
            .finalize()
            .to_vec(),
        HashType::Sha256 => sha2_const_stable::Sha256::new()
            .update(message)
            .finalize()
            .to_vec(),
        HashType::Sha384 => sha2_const_stable::Sha384::new()
            .update(message)
            .finalize()
            .to_vec(),
        HashType::Sha512 => sha2_const_stable::Sha512::new()
            .update(message)
            .finalize()
            .to_vec(),
        HashType::Sha512_224 => sha2_const_stable::Sha512_224::new()
            .update(message)
            .finalize()
            .to_vec(),
        HashType::Sha512_256 => sha2_const_stable::Sha512_256::new()
            .update(message)
            .finalize()
            .to_vec(),
        HashType::Sha3_224 => sha3(Sha3::v224(), 28, message),
        HashType::Sha3_256 => sha3(Sha3::v256(), 32, message),
        HashType::Sha3_384 => sha3(Sha3::v384(), 48, message),
        HashType::Sha3_512 => sha3(Sha3::v512(), 64, message),
        HashType::Xxh64 => twox_hash::XxHash64::oneshot(0, message)
            .to_be_bytes()
            .to_vec(),
    }
}

fn blake2b(length: usize, message: &[u8]) -> Vec<u8> {
    blake2b_simd::Params::new()
        .hash_length(length)
        .hash(message)
        .as_bytes()
        .to_vec()
}

fn sha3(mut state: Sha3, length: usize, message: &[u8]) -> Vec<u8> {
    let mut digest = vec![0; length];
    state.update(message);
    state.finalize(&mut digest);
    digest
}
