//! The backend: its watches, which directories need one, and its canary.
//!
//! Locks: `covering` is held while a directory is opened and a watch is made for it, `state` while
//! memory is changed and reads are posted, which waits for nothing. `deliver` and `wants` are
//! called with neither held.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::windows::io::AsHandle;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::places::{Id, Reach};
use super::queue::Reader;
use super::sys::{Identity, Port};
use super::translate::{Own, Translator};
use super::watched::Watch;
use crate::dir::Dir;
use crate::nt::identity;
use crate::watch::backend::{Backend, Refused, Started};
use crate::watch::{BackendHealth, BackendKind, Deliver, Options, Queue, Wants};
use crate::windows::verbatim;

/// The watch of the canaries.
pub(super) const CANARY: Id = 0;
/// Files take turns, in case something else has one open that was just deleted.
const CANARIES: usize = 8;
/// How long the first beat of the canary may take, and the end of all reads at last.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many directories have a watch of their own. Each takes a handle and a buffer, so beyond that
/// the tree that they are in is watched.
const MOST_LEVELS: usize = 64;
/// How many watched places the health names.
const NAMED_PLACES: usize = 32;
/// A name that no policy knows: a directory in which such a one is wanted is wanted with all that
/// may be in it.
const ANY_NAME: &str = "any directory that may appear";

/// What the backend and its queue share.
pub(super) struct Shared {
    pub(super) port: Port,
    state: Mutex<State>,
    pub(super) wants: Wants,
    pub(super) deliver: Deliver,
    covering: Mutex<()>,
    canary_dir: PathBuf,
    beats: AtomicUsize,
}

/// What is changed by both.
pub(super) struct State {
    pub(super) translator: Translator,
    /// Also those on their way out: until their last read has ended.
    pub(super) watches: HashMap<Id, Watch>,
    next_id: Id,
    pub(super) signals: u64,
    pub(super) overflows: u64,
    /// The first places whose file systems do not tell of streams.
    streamless: Vec<PathBuf>,
}

struct DirectoryChanges(Arc<Shared>);

/// Makes the port and hears the canary; otherwise says why it cannot be used.
pub(in crate::watch) fn start(
    options: &Options,
    wants: &Wants,
    deliver: &Deliver,
) -> Result<Started, String> {
    let (backend, queue) = open(options, wants, deliver)?;
    Ok((Arc::new(backend), Box::new(queue)))
}

fn open(
    options: &Options,
    wants: &Wants,
    deliver: &Deliver,
) -> Result<(DirectoryChanges, Reader), String> {
    let port = Port::new().map_err(|error| format!("cannot make a completion port: {error}"))?;
    let own = Own {
        canary_dir: options.canary_dir.clone(),
        quiet_dir: options.quiet_dir.clone(),
    };
    let shared = Arc::new(Shared {
        port,
        state: Mutex::new(State {
            translator: Translator::new(own),
            watches: HashMap::new(),
            next_id: CANARY + 1,
            signals: 0,
            overflows: 0,
            streamless: Vec::new(),
        }),
        wants: Arc::clone(wants),
        deliver: Arc::clone(deliver),
        covering: Mutex::default(),
        canary_dir: options.canary_dir.clone(),
        beats: AtomicUsize::new(0),
    });
    let mut queue = Reader::new(Arc::clone(&shared));
    shared
        .watch_canary()
        .map_err(|error| format!("cannot watch {:?}: {error}", options.canary_dir))?;
    shared.hear_canary(&mut queue)?;
    Ok((DirectoryChanges(shared), queue))
}

impl State {
    /// Calls off the watches that nobody needs any more.
    pub(super) fn drop_needless(&mut self) {
        for id in self.translator.take_needless() {
            self.call_off(id);
        }
    }

    fn call_off(&mut self, id: Id) {
        if let Some(watch) = self.watches.get_mut(&id) {
            watch.call_off();
        }
    }
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn watch_canary(&self) -> io::Result<()> {
        let mut watch = Watch::open(&self.port, &self.canary_dir, CANARY, Reach::Level)?;
        watch.start()?;
        self.state().watches.insert(CANARY, watch);
        Ok(())
    }

    /// Makes a file and removes it: that a name appears is told at once and by every file system,
    /// that something was written to a file perhaps only when it is closed.
    fn beat(&self) -> io::Result<()> {
        let mut refusal = None;
        // Twice round: the first time may do no more than to remove what was left there.
        for _ in 0..2 * CANARIES {
            let number = self.beats.fetch_add(1, Ordering::Relaxed) % CANARIES;
            let canary = self
                .canary_dir
                .join(format!("read-directory-changes-{number}"));
            let canary = verbatim(&canary)?;
            match OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&canary)
            {
                Ok(file) => {
                    drop(file);
                    return fs::remove_file(&canary);
                }
                // Left by a process that was killed, or not quite gone yet.
                Err(error) => {
                    let _ = fs::remove_file(&canary);
                    refusal = Some(error);
                }
            }
        }
        Err(refusal.unwrap_or_else(|| io::ErrorKind::Other.into()))
    }

    /// Proves that records arrive.
    fn hear_canary(&self, queue: &mut Reader) -> Result<(), String> {
        let failed = |error: io::Error| format!("no canary in {:?}: {error}", self.canary_dir);
        self.beat().map_err(failed)?;
        let deadline = Instant::now() + PATIENCE;
        while self.state().signals == 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!("the system is silent about {:?}", self.canary_dir));
            }
            queue.read(left).map_err(failed)?;
        }
        Ok(())
    }

    /// Covers the directory at a path by a watch that is there, if one tells enough of it.
    fn cover_by_watch(&self, path: &Path, is_tree_wanted: bool) -> bool {
        let mut state = self.state();
        let places = &mut state.translator.places;
        let is_told = places.is_in_tree(path)
            || places.reach_at(path) == Some(Reach::Level) && !is_tree_wanted;
        if is_told {
            places.cover(path);
        }
        is_told
    }

    /// Makes a watch for a directory.
    fn cover_by_new_watch(
        &self,
        path: &Path,
        identity: Identity,
        is_tree_wanted: bool,
    ) -> Result<(), Refused> {
        let _covering = lock(&self.covering);
        // Another thread may have made one meanwhile.
        if self.cover_by_watch(path, is_tree_wanted) {
            return Ok(());
        }
        let (at, reach) = self.place_for(path, is_tree_wanted);
        let id = {
            let mut state = self.state();
            state.next_id += 1;
            state.next_id
        };
        let refused = |error: io::Error| Refused {
            reason: format!("cannot watch {at:?}: {error}"),
        };
        let mut watch = Watch::open(&self.port, &at, id, reach).map_err(refused)?;
        if at == path && watch.identity().map_err(refused)? != identity {
            let reason = format!("another directory has the name {path:?} by now");
            return Err(Refused { reason });
        }
        // Locked before anything can come of it: the end of a read must find its watch.
        let mut state = self.state();
        watch.start().map_err(refused)?;
        // A root that comes back is covered anew.
        let is_unknown = !watch.tells_of_streams() && !state.streamless.contains(&at);
        if is_unknown && state.streamless.len() < NAMED_PLACES {
            state.streamless.push(at.clone());
        }
        state.watches.insert(id, watch);
        let places = &mut state.translator.places;
        let needless = places.watch(&at, id, reach);
        places.cover(path);
        for id in needless {
            state.call_off(id);
        }
        Ok(())
    }

    /// Says where a watch for a directory is best, and how far it should reach.
    fn place_for(&self, path: &Path, is_tree_wanted: bool) -> (PathBuf, Reach) {
        if is_tree_wanted {
            return (path.to_owned(), Reach::Tree);
        }
        let state = self.state();
        let places = &state.translator.places;
        match places.levels() < MOST_LEVELS {
            true => (path.to_owned(), Reach::Level),
            false => {
                let above = places.watched_above(path);
                (above.unwrap_or_else(|| path.to_owned()), Reach::Tree)
            }
        }
    }
}

impl DirectoryChanges {
    /// Covers the directory with this identity at a path.
    fn cover_at(&self, path: &Path, identity: Identity) -> Result<(), Refused> {
        let is_tree_wanted = (self.0.wants)(&path.join(ANY_NAME));
        // A watch that is there tells by path, whatever directory has that.
        if self.0.cover_by_watch(path, is_tree_wanted) {
            return Ok(());
        }
        self.0.cover_by_new_watch(path, identity, is_tree_wanted)
    }
}

impl Backend for DirectoryChanges {
    fn kind(&self) -> BackendKind {
        BackendKind::ReadDirectoryChanges
    }

    fn cover(&self, dir: &Dir, path: &Path) -> Result<(), Refused> {
        let identity = identity(dir.as_handle()).map_err(|error| Refused {
            reason: format!("the directory is there no longer: {error}"),
        })?;
        self.cover_at(path, identity)
    }

    fn forget(&self, path: &Path) {
        let mut state = self.0.state();
        state.translator.forget(path);
        state.drop_needless();
    }

    fn covers(&self, path: &Path) -> bool {
        self.0.state().translator.places.covers(path)
    }

    fn beat(&self) -> io::Result<()> {
        self.0.beat()
    }

    fn health(&self) -> BackendHealth {
        let state = self.0.state();
        let mut limits = vec!["does not tell who made a change".to_owned()];
        let streamless = state.streamless.iter();
        limits.extend(streamless.map(|path| format!("is not told of streams below {path:?}")));
        BackendHealth {
            directories: state.translator.places.len() as u64,
            signals: state.signals,
            own_dropped: state.translator.own_dropped,
            foreign_dropped: state.translator.foreign_dropped,
            overflows: state.overflows,
            limits,
            ..BackendHealth::new(BackendKind::ReadDirectoryChanges)
        }
    }
}

impl Drop for Shared {
    /// Waits for the ends of all reads, so that their buffers can be freed. Those that do not come
    /// stay with the system.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        for watch in state.watches.values_mut() {
            watch.call_off();
        }
        let deadline = Instant::now() + PATIENCE;
        while state.watches.values().any(|watch| watch.posted.is_some()) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(Some(completion)) = self.port.next(left) else {
                return;
            };
            let watch = state.watches.get_mut(&completion.id);
            if let Some(watch) = watch
                && let Some(posted) = watch.posted.take()
            {
                watch.posted = posted.ended(completion).err();
            }
        }
    }
}

/// Nothing that is done under these locks leaves things half done, so a panic elsewhere does not
/// matter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
