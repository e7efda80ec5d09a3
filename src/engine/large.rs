//! Large files are read beside the rounds: [`LargeFiles`], a lane of their own.
//!
//! A round is written when all of it was looked at, so one image of a hundred gigabytes would hold up
//! everything else for a minute. A looker that comes upon such a file leaves it ([`Look::Large`]);
//! this lane reads it, and its hint comes due again. Then the looker takes what was read, if the name
//! still leads to the same file. So the file is looked at in a round like any other, and what is
//! written stays in order.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};
use waxseal_platform::stat::Stat;

use super::EngineError;
use super::inbox::Inbox;
use super::inspecting::{Group, Look, Looker};
use super::looking::Worker;
use super::round::Wish;
use crate::event::FoundBy;
use crate::inspect::{Halt, Inspector, Observation, Progress, Throttle};

/// From this size on a file is large: reading it takes longer than looking at a round of small ones.
pub(super) const LARGE: u64 = 32 << 20;

/// What was read of large files and nobody has taken yet.
#[derive(Debug, Default)]
pub(super) struct Readings(Mutex<HashMap<PathBuf, Observation>>);

impl Readings {
    /// Takes what was read of the file that is at a path now.
    pub(super) fn take(&self, path: &PathBuf, found: &Stat) -> Option<Observation> {
        let read = self.all().remove(path)?;
        let is_it = match &read {
            Observation::Present(present) => {
                let stat = &present.state.stat;
                (stat.device, stat.inode) == (found.device, found.inode)
            }
            Observation::Unstable => true,
            Observation::Absent | Observation::Unreadable(_) => false,
        };
        is_it.then_some(read)
    }

    fn put(&self, path: PathBuf, observed: Observation) {
        self.all().insert(path, observed);
    }

    fn forget(&self, path: &PathBuf) {
        self.all().remove(path);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<PathBuf, Observation>> {
        // A map of whole values: no panic leaves it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lane: one thread, and who waits for it.
pub(super) struct LargeFiles {
    paths: Option<Sender<PathBuf>>,
    read: Receiver<Result<PathBuf, EngineError>>,
    readings: Arc<Readings>,
    waiting: HashMap<PathBuf, Vec<Wish>>,
    worker: Worker,
}

impl LargeFiles {
    /// Starts the thread.
    pub(super) fn start(
        looker: Looker,
        readings: Arc<Readings>,
        inbox: Arc<Inbox>,
        halt: &Halt,
    ) -> Result<LargeFiles, EngineError> {
        let (paths, wanted) = unbounded::<PathBuf>();
        let (done, read) = unbounded();
        let (kept, heeded) = (Arc::clone(&readings), halt.clone());
        let work = move || {
            for path in wanted {
                let looked = look(&looker, &path, &heeded);
                let told = looked.map(|observed| {
                    if let Some(observed) = observed {
                        kept.put(path.clone(), observed);
                    }
                    path
                });
                if done.send(told).is_err() {
                    return;
                }
                inbox.nudge();
            }
        };
        Ok(LargeFiles {
            paths: Some(paths),
            read,
            readings,
            waiting: HashMap::new(),
            worker: Worker::start("large", work)?,
        })
    }

    /// Has the file of a wish read; the wish comes back with [`LargeFiles::take_read`].
    pub(super) fn put(&mut self, wish: Wish) {
        let path = wish.path.clone();
        let waiting = self.waiting.entry(path.clone()).or_default();
        waiting.push(wish);
        if waiting.len() == 1
            && let Some(paths) = &self.paths
        {
            // A thread that ended is found out by `is_alive`.
            let _ = paths.send(path);
        }
    }

    /// Takes the wishes whose files were read.
    pub(super) fn take_read(&mut self) -> Result<Vec<Wish>, EngineError> {
        let mut wishes = Vec::new();
        while let Ok(read) = self.read.try_recv() {
            wishes.extend(self.waiting.remove(&read?).unwrap_or_default());
        }
        Ok(wishes)
    }

    /// Says whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Returns the files that wait or are being read.
    pub(super) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.waiting.keys()
    }

    /// Takes every wish back that waits.
    pub(super) fn take_all(&mut self) -> Vec<Wish> {
        let waiting = std::mem::take(&mut self.waiting);
        for path in waiting.keys() {
            self.readings.forget(path);
        }
        waiting.into_values().flatten().collect()
    }

    /// Says whether its thread is alive.
    pub(super) fn is_alive(&self) -> bool {
        !self.worker.is_finished()
    }
}

impl Drop for LargeFiles {
    fn drop(&mut self) {
        self.paths = None;
        self.worker.leave();
    }
}

fn look(looker: &Looker, path: &Path, halt: &Halt) -> Result<Option<Observation>, EngineError> {
    let (progress, throttle) = (Progress::default(), Throttle::new(0));
    let threads = thread::available_parallelism().map_or(1, Into::into);
    let mut inspector = Inspector::new(threads, &progress, &throttle).heed(halt);
    let group = Group {
        dir: path.parent().unwrap_or(path).to_owned(),
        wishes: vec![Wish::surveyed(path.to_owned(), FoundBy::Watch)],
    };
    let mut looks = looker.look(&group, &mut inspector)?;
    Ok(match looks.pop() {
        Some(Look::Seen { observed, .. }) if !halt.is_called() => Some(observed),
        _ => None,
    })
}
