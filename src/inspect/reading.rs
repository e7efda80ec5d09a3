//! One file under the stable-read protocol ([`Reading`]) and the buffer it is hashed from
//! ([`Lane`]).
//!
//! A file is never read past its expected size by more than one buffer, so one that grows as fast
//! as it is read cannot hold anything up.

use std::io;

use waxseal_hashers::{Digests, HashTypes, Hasher};
use waxseal_platform::file::File;
use waxseal_platform::stat::Stat;
use waxseal_platform::xattr::Xattrs;

use super::pace::Pace;
use super::streams::{Added, with_streams};
use super::{Present, Unread, UnreadStreams};
use crate::state::FileState;

/// Bytes read at once. 64 KiB reaches full speed on cached files; more helps uncached ones.
const CHUNK: usize = 256 * 1024;

/// Bytes read at once of a file so large that its hash types are worth spreading over threads.
const SPREAD_CHUNK: usize = 4 * 1024 * 1024;

/// A file that is being read.
#[derive(Debug)]
pub(super) struct Reading {
    /// Which request it answers.
    pub(super) index: usize,
    file: File,
    before: Stat,
    xattrs: Xattrs,
    unread_streams: UnreadStreams,
    /// Bytes that should still come.
    left: u64,
    at_end: bool,
    /// How often it has been tried, this time included.
    attempts: usize,
}

/// What reading on came to.
#[expect(
    clippy::large_enum_variant,
    reason = "short-lived and mostly the large variant; a box would be an allocation for each file"
)]
pub(super) enum Settled {
    /// There are bytes to hash, or more to read.
    Reading,
    /// The file held still and is done.
    Stable(Present),
    /// It changed while it was read.
    Changed {
        /// How often it has been tried.
        attempts: usize,
    },
    /// The system refused.
    Failed(io::Error),
}

impl Reading {
    /// Starts with an open file; its attributes are read now, and the later stat covers them. There
    /// is nothing to go on with when one of its streams did not hold still.
    pub(super) fn new(
        index: usize,
        file: File,
        before: Stat,
        attempts: usize,
        limit: Option<u64>,
        pace: &Pace<'_>,
    ) -> io::Result<Option<Reading>> {
        let added = with_streams(file.xattrs()?, file.streams()?, limit, pace);
        let Added::All { xattrs, unread, .. } = added else {
            return Ok(None);
        };
        let left = before.size;
        Ok(Some(Reading {
            index,
            file,
            before,
            xattrs,
            unread_streams: unread,
            left,
            at_end: false,
            attempts,
        }))
    }

    /// Gives up the content for its size.
    pub(super) fn leave_unread(self) -> Present {
        let state = FileState {
            stat: self.before,
            target: None,
            xattrs: self.xattrs,
            digests: Digests::new(),
        };
        Present {
            state,
            unread: Some(Unread::TooLarge),
            unread_streams: self.unread_streams,
        }
    }

    /// Reads until the buffer is full or the file ends, and returns how much was read.
    ///
    /// A short read that reaches the expected size is the end; the second stat would show that the
    /// file has grown since.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            let asked = room.len();
            let read = self.file.read(room)?;
            filled += read;
            if read == 0 || (read < asked && filled as u64 == self.left) {
                self.at_end = true;
                break;
            }
        }
        Ok(filled)
    }

    /// Judges a file that holds more than it should.
    fn outgrown(self) -> Settled {
        let settled = match self.file.stat() {
            Ok(after) if is_still(&self.before, &after) => Settled::Failed(odd_size()),
            Ok(_) => Settled::Changed {
                attempts: self.attempts,
            },
            Err(error) => Settled::Failed(error),
        };
        self.file.finish();
        settled
    }

    /// Judges a file whose end was reached.
    fn finish(self, digests: Digests) -> Settled {
        let after = match self.file.stat() {
            Ok(after) => after,
            Err(error) => return Settled::Failed(error),
        };
        self.file.finish();
        if !is_still(&self.before, &after) {
            return Settled::Changed {
                attempts: self.attempts,
            };
        }
        if self.left != 0 {
            return Settled::Failed(odd_size());
        }
        let state = FileState {
            stat: after,
            target: None,
            xattrs: self.xattrs,
            digests,
        };
        Settled::Stable(Present {
            state,
            unread: None,
            unread_streams: self.unread_streams,
        })
    }
}

/// Says whether a file is as it was, but for when it was read.
fn is_still(before: &Stat, after: &Stat) -> bool {
    let unread = Stat {
        accessed: after.accessed,
        ..*before
    };
    *after == unread
}

/// The files of /proc and /sys are so: their size says nothing of what they hold.
fn odd_size() -> io::Error {
    io::Error::other("its size is not what it holds, so nothing can prove a whole read")
}

/// A buffer, the file it is filled from and the hasher it is emptied into.
pub(super) struct Lane {
    buffer: Vec<u8>,
    /// The part of the buffer that is filled and not hashed yet.
    start: usize,
    end: usize,
    hasher: Hasher,
    reading: Option<Reading>,
    is_spread: bool,
}

impl Lane {
    pub(super) fn new() -> Lane {
        Lane {
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            hasher: Hasher::new(HashTypes::empty()),
            reading: None,
            is_spread: false,
        }
    }

    /// Starts on a file; a large one of several types will be spread over threads.
    pub(super) fn begin(&mut self, mut reading: Reading, types: HashTypes, threads: usize) {
        let size = reading.before.size;
        self.is_spread = threads > 1 && types.len() > 1 && size > SPREAD_CHUNK as u64 / 4;
        let chunk = if self.is_spread { SPREAD_CHUNK } else { CHUNK };
        if self.buffer.len() != chunk {
            self.buffer = vec![0; chunk];
        }
        if size > CHUNK as u64 {
            reading.file.advise_sequential(size);
        }
        if self.hasher.types() != types {
            self.hasher = Hasher::new(types);
        }
        self.reading = Some(reading);
    }

    /// Returns the bytes that wait to be hashed.
    pub(super) fn pending(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Says whether the types of this file are to be spread over threads.
    pub(super) fn is_spread(&self) -> bool {
        self.is_spread
    }

    /// Takes the file out, to read on.
    pub(super) fn take_reading(&mut self) -> Option<Reading> {
        self.reading.take()
    }

    /// Fills the empty buffer from the file, or ends it.
    pub(super) fn read_on(&mut self, mut reading: Reading) -> Settled {
        if reading.at_end {
            return reading.finish(self.hasher.finish_reset());
        }
        let filled = match reading.fill(&mut self.buffer) {
            Ok(filled) => filled,
            Err(error) => {
                self.hasher.finish_reset();
                return Settled::Failed(error);
            }
        };
        let Some(left) = reading.left.checked_sub(filled as u64) else {
            self.hasher.finish_reset();
            return reading.outgrown();
        };
        reading.left = left;
        (self.start, self.end) = (0, filled);
        self.reading = Some(reading);
        Settled::Reading
    }

    /// Hashes what waits, and returns how much that was.
    pub(super) fn hash_alone(&mut self, threads: usize) -> u64 {
        let bytes = self.buffer.get(self.start..self.end).unwrap_or_default();
        if self.is_spread {
            self.hasher.update_parallel(bytes, threads);
        } else {
            self.hasher.update(bytes);
        }
        self.start = self.end;
        bytes.len() as u64
    }

    /// Hashes as much as waits in both lanes, side by side, and returns how much that was.
    pub(super) fn hash_pair(left: &mut Lane, right: &mut Lane) -> u64 {
        let common = left.pending().len().min(right.pending().len());
        let (left_end, right_end) = (left.start + common, right.start + common);
        let left_bytes = left.buffer.get(left.start..left_end).unwrap_or_default();
        let right_bytes = right.buffer.get(right.start..right_end).unwrap_or_default();
        Hasher::update_pair(&mut left.hasher, left_bytes, &mut right.hasher, right_bytes);
        (left.start, right.start) = (left_end, right_end);
        2 * common as u64
    }
}
