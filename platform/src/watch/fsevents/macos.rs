//! macOS: the backend over `notify`'s FSEvents watcher.
//!
//! Locks: `watcher` is held while a tree is asked for or dropped, which ends `notify`'s thread and
//! starts another; that thread takes `translator` only, and nobody waits for it with `translator`
//! held. Signals are delivered with no lock held. What happens while the thread is changed is told
//! by the next one, which begins at the event that the last one had heard.

use std::any::Any;
use std::ffi::CString;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::{Config, ErrorKind, FsEventWatcher, RecursiveMode, WatchPathConfig, Watcher as _};

use super::decode::decode;
use super::translate::{Meaning, Translator};
use crate::dir::Dir;
use crate::stat::Stat;
use crate::stat::macos::stat_at;
use crate::watch::backend::{Backend, BackendHealth, BackendKind, Queue, Refused, Started};
use crate::watch::covered::Identity;
use crate::watch::{Deliver, LostReason, Signal};

/// The file in the directory of the canaries that is ours.
const CANARY: &str = "fsevents";

/// Starts the backend with its canary in this directory, which must exist and be private.
///
/// The queue tells of a failure of `deliver` only; a thread of `notify` reads the events.
pub(in crate::watch) fn start(canary_dir: &Path, deliver: &Deliver) -> Result<Started, String> {
    // Events name real paths.
    let canary_dir = std::fs::canonicalize(canary_dir)
        .map_err(|error| format!("cannot find {canary_dir:?}: {error}"))?;
    let canary = canary_dir.join(CANARY);
    let shared = Arc::new(Shared {
        deliver: Arc::clone(deliver),
        translator: Mutex::new(Translator::new(canary.clone())),
        panic: Mutex::default(),
        panicked: Condvar::new(),
        counts: Counts::default(),
    });
    let called = Arc::clone(&shared);
    let mut watcher = FsEventWatcher::new(move |event| called.take(event), Config::default())
        .map_err(|error| format!("cannot use FSEvents: {error}"))?;
    watcher
        .watch_with(&canary_dir, watch_config())
        .map_err(|error| format!("cannot watch the canary: {error}"))?;
    let backend = FsEvents {
        watcher: Mutex::new(watcher),
        shared: Arc::clone(&shared),
        canary,
    };
    Ok((Arc::new(backend), Box::new(Failures { shared })))
}

struct FsEvents {
    watcher: Mutex<FsEventWatcher>,
    shared: Arc<Shared>,
    canary: PathBuf,
}

/// What is used by `notify`'s thread too.
struct Shared {
    deliver: Deliver,
    translator: Mutex<Translator>,
    /// With what `deliver` failed.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    panicked: Condvar,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    signals: AtomicU64,
    own: AtomicU64,
    foreign: AtomicU64,
    overflows: AtomicU64,
}

/// The queue of failures.
struct Failures {
    shared: Arc<Shared>,
}

impl Backend for FsEvents {
    fn kind(&self) -> BackendKind {
        BackendKind::FsEvents
    }

    fn cover(&self, dir: &Dir, path: &Path) -> Result<(), Refused> {
        let stat = dir.stat().map_err(|error| gone(&error))?;
        let identity = Identity::from(&stat);
        let mut watcher = lock(&self.watcher);
        let is_told = {
            let mut translator = self.shared.translator();
            let is_told = translator.roots.have(path, stat.device);
            if translator.covered.at(path) != Some(identity) {
                translator.covered.remove(path);
                // Before anything is told of it, so that nothing of that is foreign.
                translator.covered.insert(path, identity);
            }
            is_told
        };
        let asked = match is_told {
            true => Ok(()),
            false => watcher.watch_with(path, watch_config()),
        };
        let is_there = || look(path).is_some_and(|found| Identity::from(&found) == identity);
        let result = match asked {
            Ok(()) if is_there() => Ok(()),
            Ok(()) => Err(gone(&"another one has its name")),
            Err(error) => Err(not_watched(&error)),
        };
        let mut translator = self.shared.translator();
        match &result {
            Ok(()) if is_told => {}
            Ok(()) => translator.roots.insert(path, stat.device),
            Err(_) => translator.covered.remove(path),
        }
        result
    }

    fn forget(&self, path: &Path) {
        let mut watcher = lock(&self.watcher);
        let removed = {
            let mut translator = self.shared.translator();
            translator.covered.remove(path);
            translator.roots.remove(path)
        };
        for root in removed {
            // It may have dropped the path by itself.
            let _ = watcher.unwatch(&root);
        }
    }

    fn covers(&self, path: &Path) -> bool {
        self.shared.translator().covered.contains(path)
    }

    fn is_near(&self, path: &Path) -> bool {
        self.shared.translator().covered.is_near(path)
    }

    fn beat(&self) -> io::Result<()> {
        // The kernel tells when a file is closed that was written to.
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(&self.canary)
            .and_then(|mut canary| canary.write_all(b"\n"))
    }

    fn health(&self) -> BackendHealth {
        let counts = &self.shared.counts;
        BackendHealth {
            directories: self.shared.translator().covered.len() as u64,
            signals: counts.signals.load(Ordering::Relaxed),
            own_dropped: counts.own.load(Ordering::Relaxed),
            foreign_dropped: counts.foreign.load(Ordering::Relaxed),
            overflows: counts.overflows.load(Ordering::Relaxed),
            limits: vec![
                "does not tell who made a change".to_owned(),
                "does not tell which names of a rename belong together".to_owned(),
            ],
            ..BackendHealth::new(BackendKind::FsEvents)
        }
    }
}

impl Shared {
    /// Takes what `notify` calls us with, on its thread.
    fn take(&self, event: notify::Result<notify::Event>) {
        let meaning = self.translator().translate(decode(event), look);
        let signal = match meaning {
            Meaning::Signal(signal) => signal,
            Meaning::Own => return count(&self.counts.own),
            Meaning::Foreign => return count(&self.counts.foreign),
            Meaning::Nothing => return,
        };
        if is_overflow(&signal) {
            count(&self.counts.overflows);
        }
        count(&self.counts.signals);
        // `notify` would log a panic and go on; the reader of the queue carries it on to whoever
        // watches over him.
        let delivered = catch_unwind(AssertUnwindSafe(|| (self.deliver)(signal)));
        if let Err(panic) = delivered {
            lock(&self.panic).get_or_insert(panic);
            self.panicked.notify_all();
        }
    }

    fn translator(&self) -> MutexGuard<'_, Translator> {
        lock(&self.translator)
    }
}

impl Queue for Failures {
    fn name(&self) -> &'static str {
        "fsevents"
    }

    fn read(&mut self, timeout: Duration) -> io::Result<()> {
        // What is too long for a clock is as good as for ever.
        let until = Instant::now().checked_add(timeout);
        let mut panic = lock(&self.shared.panic);
        loop {
            if let Some(panic) = panic.take() {
                resume_unwind(panic);
            }
            let now = Instant::now();
            let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(now));
            if left.is_zero() {
                return Ok(());
            }
            let waited = self.shared.panicked.wait_timeout(panic, left);
            panic = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn is_overflow(signal: &Signal) -> bool {
    matches!(
        signal,
        Signal::Lost {
            reason: LostReason::Overflow,
            ..
        }
    )
}

fn count(number: &AtomicU64) {
    number.fetch_add(1, Ordering::Relaxed);
}

/// Nothing that is done under these locks leaves things half done, so a panic elsewhere does not
/// matter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watch_config() -> WatchPathConfig {
    WatchPathConfig::new(RecursiveMode::Recursive).with_dereference_symlinks(false)
}

/// Tells what is at a path now, following no link in its last name.
fn look(path: &Path) -> Option<Stat> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    stat_at(rustix::fs::CWD, &path).ok()
}

fn gone(why: &dyn std::fmt::Display) -> Refused {
    Refused {
        reason: format!("the directory is there no longer: {why}"),
    }
}

fn not_watched(error: &notify::Error) -> Refused {
    match error.kind {
        ErrorKind::PathNotFound => gone(error),
        ErrorKind::MaxFilesWatch => Refused {
            reason: "FSEvents takes no more trees: raise the limit of open files".to_owned(),
        },
        _ => Refused {
            reason: format!("cannot watch it: {error}"),
        },
    }
}
