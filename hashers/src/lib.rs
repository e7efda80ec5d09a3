//! Bytes in, digests out: every hash type of Waxseal, any set of them in one pass.
//!
//! This crate sits at the end of reading a file: the scan reads a block, feeds it to a
//! [`Hasher`] and stores the [`Digests`] that come out. It knows nothing of files, paths or
//! baselines, does no I/O and starts threads only inside [`Hasher::update_parallel`].
//!
//! Invariants:
//! - the digest of a type depends on the bytes only, never on how they were cut into pieces,
//!   on the number of threads or on the CPU;
//! - names and tags of [`HashType`] are stored on disk and in configurations: they are never
//!   changed and never used again for another type.

mod digest;
mod digests;
mod hash_type;
mod hash_types;
mod hasher;
mod hex;
mod sha256;
mod simd;
mod stream;

pub use digest::{Digest, DigestLengthError};
pub use digests::{Digests, PackedError};
pub use hash_type::{HashType, UnknownHashType};
pub use hash_types::HashTypes;
pub use hasher::Hasher;
pub use hex::{Hex, hex};
