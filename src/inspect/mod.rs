//! Looks at paths by the stable-read protocol: [`Inspector::look_all`] gives [`Observation`]s.
//!
//! A file is opened without following links and without blocking, asked for its metadata, read,
//! and asked again. What changed meanwhile is read once more, and after [`ATTEMPTS`] reported as
//! unstable: a digest of a moment that never was is never returned. Only regular files are opened
//! for reading. What the observation means is for `scan` and `change` to say.
//!
//! Two files are read side by side where there are two: one message alone leaves a CPU with SHA
//! instructions waiting for itself, two keep it busy (measured 1.4 times the speed).

mod halt;
mod pace;
mod reading;
mod streams;
mod throttle;
mod unread_streams;

#[cfg(test)]
mod tests;

pub use halt::Halt;
pub use throttle::Throttle;
pub use unread_streams::UnreadStreams;

use std::ffi::OsStr;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use waxseal_hashers::HashTypes;
use waxseal_platform::dir::{Dir, Metadata};
use waxseal_platform::file::File;
use waxseal_platform::stat::{Kind, Stat, Timestamp};

use self::pace::Pace;
use self::reading::{Lane, Reading, Settled};
use self::streams::{metadata_with_streams, own_metadata_with_streams};
use crate::state::FileState;

/// The coarsest tick of a clock that stamps changes: 10 ms, on kernels built with HZ=100.
const TICK: Duration = Duration::from_millis(10);

/// How often a file that changes while it is read is tried.
pub const ATTEMPTS: usize = 3;

/// What a look at a path found.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "short-lived and mostly the large variant; a box would be an allocation for each file"
)]
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
    /// Which of its streams were not read.
    pub unread_streams: UnreadStreams,
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
    /// The size in bytes above which the content of a file is not read, nor any stream.
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

/// One path to look at.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// Its name in the directory.
    pub name: &'r OsStr,
    /// What a listing showed it to be.
    pub kind: Kind,
    /// What to compute of it.
    pub wanted: Wanted,
}

/// Looks at paths; one for each thread.
pub struct Inspector<'p> {
    lanes: [Lane; 2],
    pace: Pace<'p>,
    how: How,
}

/// How files are read.
#[derive(Clone, Copy, Debug)]
struct How {
    /// The threads that one large file of many hash types may use.
    threads: usize,
    /// How long ago a change must lie before the file is read.
    tick: Duration,
}

/// The requests of one directory that nobody looks at yet, and the answers so far.
struct Queue<'r> {
    dir: &'r Dir,
    requests: &'r [Request<'r>],
    next: usize,
    observations: Vec<Option<Observation>>,
    how: How,
    pace: &'r Pace<'r>,
}

impl Queue<'_> {
    fn answer(&mut self, index: usize, observation: Observation) {
        if let Some(slot) = self.observations.get_mut(index) {
            *slot = Some(observation);
        }
    }
}

impl<'p> Inspector<'p> {
    /// Returns an inspector that may use `threads` threads for one large file of many hash types.
    pub fn new(threads: usize, progress: &'p Progress, throttle: &'p Throttle) -> Inspector<'p> {
        Inspector {
            lanes: [Lane::new(), Lane::new()],
            pace: Pace {
                progress,
                throttle,
                halt: Halt::default(),
            },
            how: How {
                threads,
                tick: TICK,
            },
        }
    }

    /// Sets whether to read a file at once that has changed this very moment.
    ///
    /// Only for looks at what the system has just named: if it changes again unseen by its times,
    /// the system names it again.
    pub fn read_at_once(&mut self, at_once: bool) {
        self.how.tick = if at_once { Duration::ZERO } else { TICK };
    }

    /// Ends every look early once this is called; what it returns then is not to be used.
    pub fn heed(mut self, halt: &Halt) -> Inspector<'p> {
        self.pace.halt = halt.clone();
        self
    }

    /// Looks at one path in `dir`.
    pub fn look(&mut self, dir: &Dir, request: Request<'_>) -> Observation {
        let mut observations = self.look_all(dir, &[request]);
        observations.pop().unwrap_or(Observation::Absent)
    }

    /// Looks at paths in `dir` and returns what was found of each, in the order of the requests.
    pub fn look_all(&mut self, dir: &Dir, requests: &[Request<'_>]) -> Vec<Observation> {
        let mut queue = Queue {
            dir,
            requests,
            next: 0,
            observations: requests.iter().map(|_| None).collect(),
            how: self.how,
            pace: &self.pace,
        };
        loop {
            for lane in &mut self.lanes {
                refill(lane, &mut queue);
            }
            let [left, right] = &mut self.lanes;
            let hashed = match (left.pending().len(), right.pending().len()) {
                (0, 0) => break,
                (_, 0) => left.hash_alone(self.how.threads),
                (0, _) => right.hash_alone(self.how.threads),
                _ if left.is_spread() => left.hash_alone(self.how.threads),
                _ if right.is_spread() => right.hash_alone(self.how.threads),
                _ => Lane::hash_pair(left, right),
            };
            if !self.pace.keep(hashed) {
                // Nothing of the files that are being read may be taken for the next ones.
                self.lanes = [Lane::new(), Lane::new()];
                break;
            }
        }
        let is_file = |seen: &&Observation| matches!(seen, Observation::Present(present) if present.is_read());
        let unanswered = || match self.pace.halt.is_called() {
            true => Observation::Unstable,
            false => Observation::Absent,
        };
        let answered = queue
            .observations
            .into_iter()
            .map(|seen| seen.unwrap_or_else(unanswered));
        let observations: Vec<Observation> = answered.collect();
        let files_read = observations.iter().filter(is_file).count() as u64;
        let progress = self.pace.progress;
        progress.files_read.fetch_add(files_read, Ordering::Relaxed);
        observations
    }

    /// Looks at a directory, which has no content to read but its entries.
    pub fn look_at_directory(&self, dir: &Dir, request: Request<'_>) -> Observation {
        look_without_reading(dir, &request, None, &self.pace)
    }

    /// Looks at `/` or a drive, which no other directory leads to, and reads its streams up to a size.
    pub fn look_at_top(&self, dir: &Dir, limit: Option<u64>) -> Observation {
        seen(own_metadata_with_streams(dir, limit, &self.pace), None)
    }
}

impl Present {
    /// Says whether everything was read that was wanted.
    pub fn is_whole(&self) -> bool {
        self.unread.is_none() && self.unread_streams.is_empty()
    }

    /// Says whether this is a regular file whose content was read.
    fn is_read(&self) -> bool {
        self.unread.is_none() && self.state.stat.kind == Kind::File
    }
}

/// Gives a lane bytes to hash, as long as there is any file left to read.
///
/// What needs no hashing is answered on the way.
fn refill(lane: &mut Lane, queue: &mut Queue<'_>) {
    while lane.pending().is_empty() {
        let (index, settled) = match lane.take_reading() {
            Some(reading) => (reading.index, lane.read_on(reading)),
            None => {
                let index = queue.next;
                let Some(request) = queue.requests.get(index) else {
                    return;
                };
                queue.next += 1;
                if request.kind != Kind::File {
                    let seen = look_without_reading(queue.dir, request, None, queue.pace);
                    queue.answer(index, seen);
                    continue;
                }
                (index, Settled::Changed { attempts: 0 })
            }
        };
        let Some(request) = queue.requests.get(index) else {
            return;
        };
        let answer = match settled {
            Settled::Reading => continue,
            Settled::Stable(present) => Observation::Present(present),
            Settled::Failed(error) => {
                let unread = Some(Unread::Refused(error));
                look_without_reading(queue.dir, request, unread, queue.pace)
            }
            Settled::Changed { attempts } if attempts >= ATTEMPTS => Observation::Unstable,
            Settled::Changed { attempts } => match open(lane, queue, index, request, attempts) {
                Some(answer) => answer,
                None => continue,
            },
        };
        queue.answer(index, answer);
    }
}

/// Starts to read a file in a lane, or answers at once when there is nothing to read.
fn open(
    lane: &mut Lane,
    queue: &Queue<'_>,
    index: usize,
    request: &Request<'_>,
    attempts: usize,
) -> Option<Observation> {
    let Queue { dir, how, pace, .. } = *queue;
    let again = |lane| match attempts + 1 {
        ATTEMPTS.. => Some(Observation::Unstable),
        attempts => open(lane, queue, index, request, attempts),
    };
    let file = match dir.open_file(request.name) {
        Ok(file) => file,
        Err(error) => return Some(look_at_unopened(dir, request, error, pace)),
    };
    let stat = match settled_stat(&file, how.tick) {
        Ok((stat, waited))
            if (waited || stat.links == 0) && !leads_to(dir, request.name, &stat) =>
        {
            return again(lane);
        }
        Ok((stat, _)) if stat.kind == Kind::File => stat,
        Ok(_) => return Some(look_without_reading(dir, request, None, pace)),
        Err(error) => {
            let unread = Some(Unread::Refused(error));
            return Some(look_without_reading(dir, request, unread, pace));
        }
    };
    let limit = request.wanted.max_file_size;
    let reading = match Reading::new(index, file, stat, attempts + 1, limit, pace) {
        Ok(Some(reading)) => reading,
        Ok(None) => return again(lane),
        Err(error) => return Some(Observation::Unreadable(error)),
    };
    if limit.is_some_and(|limit| stat.size > limit) {
        return Some(Observation::Present(reading.leave_unread()));
    }
    lane.begin(reading, request.wanted.hash_types, how.threads);
    None
}

/// Says whether a name leads to a file that was opened by it some time ago.
///
/// What became of a file after another one got its name was never to be found there.
fn leads_to(dir: &Dir, name: &OsStr, opened: &Stat) -> bool {
    dir.stat_child(name)
        .is_ok_and(|now| (now.device, now.inode) == (opened.device, opened.inode))
}

/// Returns the metadata of a file once its change time lies in the past, and whether that took a
/// wait.
///
/// Kernels before 6.13 stamp changes with a clock that ticks every 1 to 10 ms. A write in the same
/// tick as our look would leave all times as they were and could never be told from no write. So a
/// file changed within the last tick is given that tick to pass before it is read.
fn settled_stat(file: &File, tick: Duration) -> io::Result<(Stat, bool)> {
    let stat = file.stat()?;
    let Some(wait) = until_settled(stat.changed, Timestamp::now(), tick) else {
        return Ok((stat, false));
    };
    thread::sleep(wait);
    Ok((file.stat()?, true))
}

/// Returns how long a change time is still too recent, if it is.
fn until_settled(changed: Timestamp, now: Timestamp, tick: Duration) -> Option<Duration> {
    let age = nanos(now).checked_sub(nanos(changed))?;
    let age = Duration::from_nanos(u64::try_from(age).ok()?);
    tick.checked_sub(age).filter(|wait| !wait.is_zero())
}

fn nanos(time: Timestamp) -> i128 {
    i128::from(time.secs()) * 1_000_000_000 + i128::from(time.nanos())
}

/// Looks at what could not be opened as a file.
fn look_at_unopened(
    dir: &Dir,
    request: &Request<'_>,
    error: io::Error,
    pace: &Pace<'_>,
) -> Observation {
    match error.kind() {
        io::ErrorKind::NotFound => Observation::Absent,
        // The listing saw a file; by now it is a link, a socket or the like.
        _ if dir
            .stat_child(request.name)
            .is_ok_and(|stat| stat.kind != Kind::File) =>
        {
            look_without_reading(dir, request, None, pace)
        }
        _ => look_without_reading(dir, request, Some(Unread::Refused(error)), pace),
    }
}

/// Looks at the metadata alone.
fn look_without_reading(
    dir: &Dir,
    request: &Request<'_>,
    unread: Option<Unread>,
    pace: &Pace<'_>,
) -> Observation {
    let Request { name, wanted, .. } = request;
    let found = metadata_with_streams(dir, name, wanted.max_file_size, pace);
    seen(found, unread)
}

/// Says what metadata alone show.
fn seen(found: io::Result<(Metadata, UnreadStreams)>, unread: Option<Unread>) -> Observation {
    match found {
        Ok((metadata, unread_streams)) => {
            let state = FileState::from(metadata);
            // A file where the listing saw something else: its content is still unknown.
            if unread.is_none() && state.stat.kind == Kind::File {
                return Observation::Unstable;
            }
            Observation::Present(Present {
                state,
                unread,
                unread_streams,
            })
        }
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound => Observation::Absent,
            io::ErrorKind::ResourceBusy => Observation::Unstable,
            _ => Observation::Unreadable(error),
        },
    }
}
