//! Any set of hash types over one message, in one pass.
//!
//! One `Hasher` serves many files one after the other: [`Hasher::finish_reset`] makes it new
//! again at the cost of a few stores, and one type alone needs no memory from the heap.
//!
//! Invariant: the streams are kept dearest first, which is the order in which
//! [`Hasher::update_parallel`] hands them out, so that no thread starts a long one at the end.

use std::cmp::Reverse;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::sha256::Sha256;
use crate::stream::Stream;
use crate::{Digests, HashType, HashTypes};

/// Bytes fed to one type before the next has its turn: small enough to be still in the first
/// cache then, large enough for BLAKE3 to fill its vectors.
const PIECE: usize = 32 * 1024;

/// Blocks below this are not worth starting a thread for, which costs tens of microseconds.
const MIN_PARALLEL: usize = 128 * 1024;

/// A running computation of a set of hash types.
pub struct Hasher {
    types: HashTypes,
    streams: Streams,
}

/// The computations, dearest first.
enum Streams {
    One(Stream),
    Many(Vec<Stream>),
}

impl Streams {
    fn as_mut_slice(&mut self) -> &mut [Stream] {
        match self {
            Streams::One(stream) => std::slice::from_mut(stream),
            Streams::Many(streams) => streams,
        }
    }
}

impl Hasher {
    /// Starts a computation of these types.
    pub fn new(types: HashTypes) -> Self {
        let mut chosen = types.iter();
        let streams = match (chosen.next(), chosen.next()) {
            (Some(only), None) => Streams::One(Stream::new(only)),
            _ => {
                let mut dearest_first: Vec<HashType> = types.iter().collect();
                dearest_first.sort_by_key(|hash_type| Reverse(cost(*hash_type)));
                Streams::Many(dearest_first.into_iter().map(Stream::new).collect())
            }
        };
        Hasher { types, streams }
    }

    /// Returns the types being computed.
    pub fn types(&self) -> HashTypes {
        self.types
    }

    /// Takes the next bytes of the message.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.streams {
            Streams::One(stream) => stream.update(bytes),
            Streams::Many(streams) => {
                for piece in bytes.chunks(PIECE) {
                    streams.iter_mut().for_each(|stream| stream.update(piece));
                }
            }
        }
    }

    /// Takes the next bytes of the message, the types shared out among this many threads.
    ///
    /// The calling thread is one of them. It pays for large blocks, a MiB or more, and several
    /// types; for small blocks and for one type it is the same as [`Hasher::update`].
    pub fn update_parallel(&mut self, bytes: &[u8], threads: usize) {
        let streams = self.streams.as_mut_slice();
        let threads = threads.min(streams.len());
        if threads < 2 || bytes.len() < MIN_PARALLEL {
            return self.update(bytes);
        }
        let queue = Mutex::new(streams.iter_mut());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || {
            while let Some(stream) = next() {
                stream.update(bytes);
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                // A thread that the system refuses is no loss: those that run take its share.
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
    }

    /// Takes the next bytes of two messages, the same as an `update` of each.
    ///
    /// SHA-256 and SHA-224 of the two run side by side as far as the shorter one reaches, where
    /// the CPU gains by it. Best give both about the same number of bytes.
    pub fn update_pair(
        left: &mut Hasher,
        left_bytes: &[u8],
        right: &mut Hasher,
        right_bytes: &[u8],
    ) {
        let mut left_sha = left
            .streams
            .as_mut_slice()
            .iter_mut()
            .filter_map(Stream::as_sha256);
        let mut right_sha = right
            .streams
            .as_mut_slice()
            .iter_mut()
            .filter_map(Stream::as_sha256);
        loop {
            match (left_sha.next(), right_sha.next()) {
                (Some(one), Some(other)) => {
                    Sha256::update_pair(one, left_bytes, other, right_bytes);
                }
                (Some(one), None) => one.update(left_bytes),
                (None, Some(other)) => other.update(right_bytes),
                (None, None) => break,
            }
        }
        left.update_all_but_sha256(left_bytes);
        right.update_all_but_sha256(right_bytes);
    }

    /// The rest of the work of `update_pair`.
    fn update_all_but_sha256(&mut self, bytes: &[u8]) {
        for stream in self.streams.as_mut_slice() {
            if stream.as_sha256().is_none() {
                stream.update(bytes);
            }
        }
    }

    /// Ends the message and returns its digests.
    pub fn finish(mut self) -> Digests {
        self.finish_reset()
    }

    /// Ends the message, returns its digests and is ready for the next message.
    pub fn finish_reset(&mut self) -> Digests {
        let mut digests = Digests::with_room_for(self.types);
        for stream in self.streams.as_mut_slice() {
            digests.insert(stream.finish_reset());
        }
        digests
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Hasher({})", self.types)
    }
}

/// The time a type takes for a byte, in picoseconds on a CPU with SHA-NI (benches/hashers.rs);
/// elsewhere the order is about the same. Only the order is used.
fn cost(hash_type: HashType) -> u32 {
    match hash_type {
        HashType::Sha3_512 => 4000,
        HashType::Sha3_384 => 2800,
        HashType::Sha3_256 => 2150,
        HashType::Sha3_224 => 2050,
        HashType::Md5 => 1500,
        HashType::Sha384 | HashType::Sha512 | HashType::Sha512_224 | HashType::Sha512_256 => 1280,
        HashType::Blake2b256 | HashType::Blake2b384 | HashType::Blake2b512 => 700,
        HashType::Sha224 | HashType::Sha256 => 530,
        HashType::Sha1 => 500,
        HashType::Blake3 => 140,
        HashType::Xxh64 => 50,
    }
}
