//! Large files are read beside the rounds: [`LargeFiles`], a lane of their own.
//!
//! A round is written when all of it was looked at, so one image of a hundred gigabytes would hold up
//! everything else for a minute. A looker that comes upon such a file leaves it ([`Look::Large`]);
//! this lane reads it, and its hint comes due again. Then the looker takes what was read, if the name
//! still leads to the same file. So the file is looked at in a round like any other, and what is
//! written stays in order. What a file was when it was read is told also when it has changed since;
//! then it is read once more.
//!
//! A file that a rename led to takes the other end of the rename with it: only together they are a
//! move. Of what a survey found nobody knows the other end, so [`AT_ONCE`] of it is read in each round.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use waxseal_platform::stat::Stat;

use super::EngineError;
use super::doubts::Finder;
use super::inbox::Inbox;
use super::inspecting::{Group, Look, Looker};
use super::round::Wish;
use super::worker::{MOST_LOST, Patience, Post, Worker, unanswered};
use crate::baseline::Reader;
use crate::inspect::{Halt, Inspector, Observation, Throttle};
use crate::policy::Policy;

/// From this size on a file is large: reading it takes longer than looking at a round of small ones.
pub(super) const LARGE: u64 = 32 << 20;

/// Bytes of large files that a survey found which are read in one round.
const AT_ONCE: u64 = 1 << 30;

/// Files that may wait; with more, large files are read in the rounds.
const MOST: usize = 4096;

/// How long a reading is kept that nobody takes: its hint comes due again within a second.
const KEPT: Duration = Duration::from_secs(60);

/// The file that is being read, and what calls that off.
type Now = Arc<Mutex<Option<(PathBuf, Halt)>>>;

/// What was read of large files and nobody has taken yet.
#[derive(Debug, Default)]
pub(super) struct Readings {
    read: Mutex<HashMap<PathBuf, (Instant, Observation)>>,
    is_full: AtomicBool,
    /// Bytes of large files that were read in this round.
    at_once: AtomicU64,
}

/// What there is of a large file.
#[derive(Debug)]
pub(super) enum Reading {
    /// The file is as it was read.
    Current(Observation),
    /// It has changed since, or changed while it was read.
    Outdated(Observation),
}

impl Readings {
    /// Takes what was read of the file that is at a path now.
    pub(super) fn take(&self, path: &Path, found: &Stat) -> Option<Reading> {
        let (_, read) = self.all().remove(path)?;
        match &read {
            Observation::Present(present) => {
                let stat = &present.state.stat;
                let is_same = (stat.device, stat.inode) == (found.device, found.inode);
                let is_current = present.state.is_untouched(found);
                is_same.then_some(match is_current {
                    true => Reading::Current(read),
                    false => Reading::Outdated(read),
                })
            }
            Observation::Unstable => Some(Reading::Outdated(read)),
            // Reading it again would end the same way.
            Observation::Unreadable(_) => Some(Reading::Current(read)),
            Observation::Absent => None,
        }
    }

    /// Begins with a round.
    pub(super) fn begin_round(&self) {
        self.at_once.store(0, Ordering::Relaxed);
    }

    /// Says whether a file of this size may be read in the round, and counts it if so.
    pub(super) fn may_read_now(&self, size: u64) -> bool {
        let add = |read: u64| read.checked_add(size).filter(|sum| *sum <= AT_ONCE);
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        self.at_once.fetch_update(set, get, add).is_ok()
    }

    /// Says whether so many files wait that others are read where they are met.
    pub(super) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    fn put(&self, path: PathBuf, observed: Observation) {
        let now = Instant::now();
        let mut all = self.all();
        all.retain(|_, (at, _)| now.saturating_duration_since(*at) < KEPT);
        all.insert(path, (now, observed));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<PathBuf, (Instant, Observation)>> {
        // A map of whole values: no panic leaves it half changed.
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the thread needs.
pub(super) struct Lane {
    pub(super) policy: Arc<Policy>,
    pub(super) reader: Reader,
    pub(super) readings: Arc<Readings>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) halt: Halt,
}

/// The lane: one thread, and who waits for it.
pub(super) struct LargeFiles {
    lane: Lane,
    paths: Option<Sender<PathBuf>>,
    wanted: Receiver<PathBuf>,
    done: Sender<Result<PathBuf, EngineError>>,
    read: Receiver<Result<PathBuf, EngineError>>,
    /// Each with what is to be looked at together with it.
    waiting: HashMap<PathBuf, Vec<Wish>>,
    /// In which order they are read.
    queue: VecDeque<PathBuf>,
    /// Whether the thread has one to read.
    is_reading: bool,
    reading: Now,
    /// What is to be looked at again.
    again: Vec<Wish>,
    worker: Worker,
    post: Arc<Post<PathBuf>>,
    patience: Patience<PathBuf>,
    /// Threads that were given up and have not ended.
    lost: Arc<AtomicUsize>,
}

impl LargeFiles {
    /// Starts the thread.
    pub(super) fn start(lane: Lane) -> Result<LargeFiles, EngineError> {
        let (paths, wanted) = bounded(1);
        let (done, read) = unbounded();
        let (post, lost, reading) = (Arc::default(), Arc::default(), Arc::default());
        let worker = start(&lane, &wanted, &done, (&post, &lost, &reading))?;
        Ok(LargeFiles {
            lane,
            paths: Some(paths),
            wanted,
            done,
            read,
            waiting: HashMap::new(),
            queue: VecDeque::new(),
            is_reading: false,
            reading,
            again: Vec::new(),
            worker,
            post,
            patience: Patience::new(),
            lost,
        })
    }

    /// Has the file of a wish read; it comes back with [`LargeFiles::take_read`], and with it what is
    /// to be looked at together with it.
    pub(super) fn put(&mut self, wish: Wish, linked: Vec<Wish>) {
        if self.waiting.contains_key(&wish.path) {
            // It waits with the other hints, which are merged.
            self.again.extend(linked);
            return self.look_again(wish);
        }
        let path = wish.path.clone();
        self.queue.push_back(path.clone());
        self.waiting
            .insert(path, linked.into_iter().chain([wish]).collect());
        self.read_next();
        self.note_fill();
    }

    fn read_next(&mut self) {
        if self.is_reading {
            return;
        }
        if let (Some(path), Some(paths)) = (self.queue.pop_front(), &self.paths) {
            self.is_reading = true;
            // A thread that ended is found out by `is_alive`.
            let _ = paths.send(path);
        }
    }

    /// Takes the wishes that wait for a file.
    fn take_waiting(&mut self, path: &Path) -> Vec<Wish> {
        self.queue.retain(|queued| queued != path);
        self.waiting.remove(path).unwrap_or_default()
    }

    /// Reads a file no longer that is gone.
    pub(super) fn call_off(&mut self, path: &Path) {
        if !self.waiting.contains_key(path) {
            return;
        }
        let wishes = self.take_waiting(path);
        self.again.extend(wishes);
        if let Some((read, halt)) = &*reading(&self.reading)
            && read == path
        {
            halt.call();
        }
    }

    /// Has a path looked at again a little later.
    pub(super) fn look_again(&mut self, wish: Wish) {
        self.again.push(wish);
    }

    /// Takes the wishes whose files were read, and others that are to be looked at again.
    pub(super) fn take_read(&mut self) -> Result<Vec<Wish>, EngineError> {
        while let Ok(read) = self.read.try_recv() {
            let wishes = self.take_waiting(&read?);
            self.again.extend(wishes);
            self.is_reading = false;
        }
        self.read_next();
        self.note_fill();
        Ok(std::mem::take(&mut self.again))
    }

    /// Gives up a file that the kernel does not let go of, and reads the next with another thread.
    pub(super) fn check(&mut self, now: Instant) -> Result<(), EngineError> {
        let is_hopeless = self.lost.load(Ordering::Relaxed) >= MOST_LOST;
        let hung = self.patience.hung(&self.post, now);
        let Some(path) = hung.filter(|path| !is_hopeless && self.post.give_up(path)) else {
            return Ok(());
        };
        self.lost.fetch_add(1, Ordering::Relaxed);
        let wishes = self.take_waiting(&path);
        self.again.extend(wishes);
        self.lane.readings.put(path, unanswered());
        self.post = Arc::default();
        self.patience = Patience::new();
        self.reading = Arc::default();
        let seen = (&self.post, &self.lost, &self.reading);
        self.worker = start(&self.lane, &self.wanted, &self.done, seen)?;
        self.is_reading = false;
        self.read_next();
        Ok(())
    }

    /// Says whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.again.is_empty()
    }

    /// Returns the files that wait or are being read.
    pub(super) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.waiting.keys()
    }

    /// Takes every wish back that waits.
    pub(super) fn take_all(&mut self) -> Vec<Wish> {
        self.queue.clear();
        let waiting = std::mem::take(&mut self.waiting).into_values().flatten();
        waiting.chain(std::mem::take(&mut self.again)).collect()
    }

    /// Says whether its thread is alive.
    pub(super) fn is_alive(&self) -> bool {
        !self.worker.is_finished()
    }

    fn note_fill(&self) {
        let is_full = self.waiting.len() >= MOST;
        self.lane.readings.is_full.store(is_full, Ordering::Relaxed);
    }
}

impl Drop for LargeFiles {
    fn drop(&mut self) {
        self.lane.halt.call();
        if let Some((_, halt)) = &*reading(&self.reading) {
            halt.call();
        }
        self.paths = None;
        self.worker.leave(Worker::farewell());
    }
}

/// Starts a thread that reads what is wanted, one file after the other.
fn start(
    lane: &Lane,
    wanted: &Receiver<PathBuf>,
    done: &Sender<Result<PathBuf, EngineError>>,
    (post, lost, reading): (&Arc<Post<PathBuf>>, &Arc<AtomicUsize>, &Now),
) -> Result<Worker, EngineError> {
    let looker = Looker {
        policy: Arc::clone(&lane.policy),
        reader: lane.reader.another()?,
        readings: None,
    };
    let (readings, inbox, halt) = (
        Arc::clone(&lane.readings),
        Arc::clone(&lane.inbox),
        &lane.halt,
    );
    let (wanted, done, halt) = (wanted.clone(), done.clone(), halt.clone());
    let (post, lost, now) = (Arc::clone(post), Arc::clone(lost), Arc::clone(reading));
    Worker::start("large", move || {
        for path in wanted {
            if halt.is_called() {
                return;
            }
            let own = Halt::default();
            post.show(Some(path.clone()));
            *self::reading(&now) = Some((path.clone(), own.clone()));
            let looked = look(&looker, &path, &post, &own);
            *self::reading(&now) = None;
            post.show(None);
            if post.is_given_up() {
                lost.fetch_sub(1, Ordering::Relaxed);
                return;
            }
            let told = looked.map(|observed| {
                if let Some(observed) = observed {
                    readings.put(path.clone(), observed);
                }
                path
            });
            if done.send(told).is_err() {
                return;
            }
            inbox.nudge();
        }
    })
}

fn reading(now: &Mutex<Option<(PathBuf, Halt)>>) -> MutexGuard<'_, Option<(PathBuf, Halt)>> {
    now.lock().unwrap_or_else(PoisonError::into_inner)
}

fn look(
    looker: &Looker,
    path: &Path,
    post: &Post<PathBuf>,
    halt: &Halt,
) -> Result<Option<Observation>, EngineError> {
    let throttle = Throttle::new(0);
    let threads = thread::available_parallelism().map_or(1, Into::into);
    let mut inspector = Inspector::new(threads, &post.progress, &throttle).heed(halt);
    let group = Group {
        dir: path.parent().unwrap_or(path).to_owned(),
        wishes: vec![Wish::surveyed(path.to_owned(), Finder::Watch)],
    };
    let mut looks = looker.look(&group, &mut inspector)?;
    Ok(match looks.pop() {
        Some(Look::Seen { observed, .. }) if !halt.is_called() => Some(observed),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::{Present, UnreadStreams};
    use crate::state::sample::{file, with};

    fn read() -> Observation {
        Observation::Present(Present {
            state: file(b"content"),
            unread: None,
            unread_streams: UnreadStreams::default(),
        })
    }

    #[test]
    fn a_reading_is_taken_once_and_only_for_the_file_that_was_read() {
        let (readings, path) = (Readings::default(), Path::new("/x"));
        let now = file(b"content").stat;
        readings.put(path.to_owned(), read());
        assert!(matches!(
            readings.take(path, &now),
            Some(Reading::Current(_))
        ));
        assert!(readings.take(path, &now).is_none());
        readings.put(path.to_owned(), read());
        let other = Stat {
            inode: now.inode + 1,
            ..now
        };
        assert!(readings.take(path, &other).is_none());
    }

    #[test]
    fn a_file_that_changed_after_it_was_read_is_to_be_read_again() {
        let (readings, path) = (Readings::default(), Path::new("/x"));
        let now = file(b"content").stat;
        let later = with(&file(b"content"), |state| {
            let changed = state.stat.changed;
            state.stat.changed =
                waxseal_platform::stat::Timestamp::new(changed.secs() + 1, changed.nanos());
        });
        readings.put(path.to_owned(), read());
        let taken = readings.take(path, &later.stat);
        assert!(matches!(taken, Some(Reading::Outdated(_))), "{taken:?}");
        readings.put(path.to_owned(), Observation::Unstable);
        let taken = readings.take(path, &now);
        assert!(matches!(taken, Some(Reading::Outdated(_))), "{taken:?}");
    }

    #[test]
    fn what_cannot_be_read_is_not_read_again_for_ever() {
        let (readings, path) = (Readings::default(), Path::new("/x"));
        let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        readings.put(path.to_owned(), Observation::Unreadable(denied));
        let taken = readings.take(path, &file(b"content").stat);
        assert!(matches!(taken, Some(Reading::Current(_))), "{taken:?}");
    }
}
