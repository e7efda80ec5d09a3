//! One look at one path by the stable-read protocol: [`Inspector::look`] gives an [`Observation`].
//!
//! A file is opened without following links and without blocking, asked for its metadata, read,
//! and asked again. What changed meanwhile is read once more, and after [`ATTEMPTS`] reported as
//! unstable: a digest of a moment that never was is never returned. Only regular files are opened
//! for reading. What the observation means is for `scan` and `change` to say.

mod throttle;

#[cfg(test)]
mod tests;

pub use throttle::Throttle;

use std::ffi::OsStr;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use waxseal_hashers::{Digests, HashTypes, Hasher};
use waxseal_platform::dir::Dir;
use waxseal_platform::file::File;
use waxseal_platform::stat::{Kind, Stat};

use crate::state::FileState;

/// How often a file that changes while it is read is tried.
pub const ATTEMPTS: usize = 3;

/// Bytes read at once. 64 KiB reaches full speed on cached files; more helps uncached ones.
const CHUNK: usize = 256 * 1024;

/// Bytes read at once of a file so large that its hash types are worth spreading over threads.
const PARALLEL_CHUNK: usize = 4 * 1024 * 1024;

/// What a look at a path found.
#[derive(Debug)]
pub enum Observation {
    /// The object is there.
    Present(Present),
    /// Nothing has this name.
    Absent,
    /// Nothing could be learned about it.
    Unreadable(io::Error),
    /// It changed during every attempt to read it.
    Unstable,
}

/// An object that is there.
#[derive(Debug)]
pub struct Present {
    /// What was learned; without digests when the content was not read.
    pub state: FileState,
    /// Why the content of a regular file was not read, if it was not.
    pub unread: Option<Unread>,
}

/// Why the content of a file was not read.
#[derive(Debug)]
pub enum Unread {
    /// The system refused.
    Refused(io::Error),
    /// The policy sets a size limit, and the file is larger.
    TooLarge,
}

/// What is wanted of one look.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The digests to compute of a regular file.
    pub hash_types: HashTypes,
    /// The size in bytes above which a file is not read.
    pub max_file_size: Option<u64>,
}

/// How far a run has come; shared by all its threads.
#[derive(Debug, Default)]
pub struct Progress {
    /// Objects looked at, listed ones included.
    pub objects: AtomicU64,
    /// Regular files read.
    pub files_read: AtomicU64,
    /// Bytes read.
    pub bytes_read: AtomicU64,
}

/// Looks at paths, one at a time; one for each thread.
pub struct Inspector<'p> {
    buffer: Vec<u8>,
    hasher: Hasher,
    progress: &'p Progress,
    throttle: &'p Throttle,
    threads: usize,
}

/// What one attempt at a stable read came to.
enum Attempt {
    Stable(Stat, Digests),
    Changed,
    NotAFile,
}

impl<'p> Inspector<'p> {
    /// Returns an inspector that may use `threads` threads for one large file of many hash types.
    pub fn new(threads: usize, progress: &'p Progress, throttle: &'p Throttle) -> Inspector<'p> {
        Inspector {
            buffer: vec![0; CHUNK],
            hasher: Hasher::new(HashTypes::empty()),
            progress,
            throttle,
            threads,
        }
    }

    /// Looks at `name` in `dir`, which a listing showed to be of this kind.
    pub fn look(&mut self, dir: &Dir, name: &OsStr, kind: Kind, wanted: Wanted) -> Observation {
        if kind != Kind::File {
            return self.look_without_reading(dir, name, None);
        }
        for _ in 0..ATTEMPTS {
            let mut file = match dir.open_file(name) {
                Ok(file) => file,
                Err(error) => return self.look_at_unopened(dir, name, error),
            };
            let xattrs = file.xattrs();
            match self.read(&mut file, wanted) {
                Ok(Attempt::Stable(stat, digests)) => {
                    file.finish();
                    let xattrs = match xattrs {
                        Ok(xattrs) => xattrs,
                        Err(error) => return Observation::Unreadable(error),
                    };
                    let too_large = wanted.max_file_size.is_some_and(|limit| stat.size > limit);
                    let unread = too_large.then_some(Unread::TooLarge);
                    let state = FileState {
                        stat,
                        target: None,
                        xattrs,
                        digests,
                    };
                    return Observation::Present(Present { state, unread });
                }
                Ok(Attempt::Changed) => file.finish(),
                Ok(Attempt::NotAFile) => return self.look_without_reading(dir, name, None),
                Err(error) => {
                    return self.look_without_reading(dir, name, Some(Unread::Refused(error)));
                }
            }
        }
        Observation::Unstable
    }

    /// Reads the file and says whether it held still; the stat returned is the later one.
    fn read(&mut self, file: &mut File, wanted: Wanted) -> io::Result<Attempt> {
        let before = file.stat()?;
        if before.kind != Kind::File {
            return Ok(Attempt::NotAFile);
        }
        if wanted
            .max_file_size
            .is_some_and(|limit| before.size > limit)
        {
            return Ok(Attempt::Stable(before, Digests::new()));
        }
        if self.hasher.types() != wanted.hash_types {
            self.hasher = Hasher::new(wanted.hash_types);
        }
        let complete = self.hash(file, before.size);
        let digests = self.hasher.finish_reset();
        if !complete? {
            return Ok(Attempt::Changed);
        }
        let after = file.stat()?;
        self.progress.files_read.fetch_add(1, Ordering::Relaxed);
        let held_still = after
            == Stat {
                accessed: after.accessed,
                ..before
            };
        Ok(if held_still {
            Attempt::Stable(after, digests)
        } else {
            Attempt::Changed
        })
    }

    /// Hashes a file of `size` bytes; false when it proved longer or shorter.
    ///
    /// Never reads past `size` by more than one buffer, so a file that grows as fast as it is read
    /// cannot hold the scan up. One read of a small file proves its end: the buffer is larger.
    fn hash(&mut self, file: &mut File, size: u64) -> io::Result<bool> {
        let parallel = self.threads > 1 && self.hasher.types().len() > 1 && size > 1 << 20;
        let chunk = if parallel { PARALLEL_CHUNK } else { CHUNK };
        if self.buffer.len() != chunk {
            self.buffer.resize(chunk, 0);
            self.buffer.shrink_to_fit();
        }
        if size > CHUNK as u64 {
            file.advise_sequential(size);
        }
        let mut left = size;
        loop {
            let (filled, at_end) = fill(file, &mut self.buffer, left)?;
            let bytes = self.buffer.get(..filled).unwrap_or_default();
            match left.checked_sub(filled as u64) {
                Some(rest) => left = rest,
                None => return Ok(false),
            }
            if parallel {
                self.hasher.update_parallel(bytes, self.threads);
            } else {
                self.hasher.update(bytes);
            }
            self.progress
                .bytes_read
                .fetch_add(filled as u64, Ordering::Relaxed);
            self.throttle.spend(filled as u64);
            if at_end {
                return Ok(left == 0);
            }
        }
    }

    /// Looks at what could not be opened as a file.
    fn look_at_unopened(&self, dir: &Dir, name: &OsStr, error: io::Error) -> Observation {
        match error.kind() {
            io::ErrorKind::NotFound => Observation::Absent,
            // The listing saw a file; by now it is a link, a socket or the like.
            _ if dir
                .stat_child(name)
                .is_ok_and(|stat| stat.kind != Kind::File) =>
            {
                self.look_without_reading(dir, name, None)
            }
            _ => self.look_without_reading(dir, name, Some(Unread::Refused(error))),
        }
    }

    /// Looks at the metadata alone.
    fn look_without_reading(&self, dir: &Dir, name: &OsStr, unread: Option<Unread>) -> Observation {
        match dir.metadata_child(name) {
            Ok(metadata) => {
                let state = FileState::from(metadata);
                let is_file = state.stat.kind == Kind::File;
                // A file where the listing saw something else: its content is still unknown.
                match unread {
                    None if is_file => Observation::Unstable,
                    unread => Observation::Present(Present { state, unread }),
                }
            }
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound => Observation::Absent,
                io::ErrorKind::ResourceBusy => Observation::Unstable,
                _ => Observation::Unreadable(error),
            },
        }
    }
}

/// Reads until the buffer is full or the file ends, and says how much was read and whether the end
/// was seen.
///
/// `left` is what should remain. A read that returns just that much, into a buffer with more room,
/// is taken for the end only when the read was short; otherwise one more read proves it.
fn fill(file: &mut File, buffer: &mut [u8], left: u64) -> io::Result<(usize, bool)> {
    let mut filled = 0;
    loop {
        let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) else {
            return Ok((filled, false));
        };
        let asked = room.len();
        let read = file.read(room)?;
        filled += read;
        // For a regular file a short read that reaches the expected size is its end; the second
        // stat would show a later extension.
        if read == 0 || (read < asked && filled as u64 == left) {
            return Ok((filled, true));
        }
    }
}
