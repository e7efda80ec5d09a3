//! Linux: the backend over `notify`'s inotify watcher.
//!
//! Locks: `watcher` is held while a watch is added or dropped, which waits for `notify`'s thread;
//! that thread takes `translator` only, and nobody waits for it with `translator` held. Signals
//! are delivered with no lock held.

use std::any::Any;
use std::ffi::CString;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::event::EventKindMask;
use notify::{Config, ErrorKind, INotifyWatcher, RecursiveMode, WatchPathConfig, Watcher};

use super::decode::decode;
use super::translate::Translator;
use crate::dir::Dir;
use crate::stat::Stat;
use crate::stat::linux::stat_at;
use crate::watch::backend::{Backend, BackendHealth, BackendKind, Queue, Refused, Started};
use crate::watch::covered::Identity;
use crate::watch::{Deliver, LostReason, Signal};

/// The file in the directory of the canaries that is ours.
const CANARY: &str = "inotify";

/// Starts the backend with its canary in this directory, which must exist and be private.
///
/// The queue tells of names that left and arrive nowhere, which no event says, and of a failure of
/// `deliver`; the kernel's queue itself is read by a thread of `notify`.
pub(in crate::watch) fn start(canary_dir: &Path, deliver: &Deliver) -> Result<Started, String> {
    let canary = canary_dir.join(CANARY);
    let shared = Arc::new(Shared {
        deliver: Arc::clone(deliver),
        translator: Mutex::new(Translator::new(canary.clone())),
        changed: Condvar::new(),
        panic: Mutex::default(),
        signals: AtomicU64::new(0),
        overflows: AtomicU64::new(0),
        is_exhausted: AtomicBool::new(false),
    });
    let kinds = EventKindMask::CORE | EventKindMask::ACCESS_CLOSE;
    let config = Config::default()
        .with_event_kinds(kinds)
        .with_follow_symlinks(false);
    let called = Arc::clone(&shared);
    let mut watcher = INotifyWatcher::new(move |event| called.take(event), config)
        .map_err(|error| format!("cannot use inotify: {error}"))?;
    watcher
        .watch_with(canary_dir, watch_config())
        .map_err(|error| match error.kind {
            ErrorKind::MaxFilesWatch => exhausted(),
            _ => format!("cannot watch the canary: {error}"),
        })?;
    let backend = Inotify {
        watcher: Mutex::new(Some(watcher)),
        shared: Arc::clone(&shared),
        canary,
    };
    Ok((Arc::new(backend), Box::new(Departures { shared })))
}

struct Inotify {
    /// `None` only while it is dropped.
    watcher: Mutex<Option<INotifyWatcher>>,
    shared: Arc<Shared>,
    canary: PathBuf,
}

/// What is used by `notify`'s thread too.
struct Shared {
    deliver: Deliver,
    translator: Mutex<Translator>,
    /// Wakes the queue: a name left, or `deliver` failed.
    changed: Condvar,
    /// With what `deliver` failed.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    signals: AtomicU64,
    overflows: AtomicU64,
    is_exhausted: AtomicBool,
}

/// The queue of names that left.
struct Departures {
    shared: Arc<Shared>,
}

impl Backend for Inotify {
    fn kind(&self) -> BackendKind {
        BackendKind::Inotify
    }

    fn cover(&self, dir: &Dir, path: &Path) -> Result<(), Refused> {
        let stat = dir.stat().map_err(|error| gone(&error))?;
        let identity = Identity::from(&stat);
        if self.shared.translator().covered.at(path) == Some(identity) {
            return Ok(());
        }
        let mut watcher = lock(&self.watcher);
        let Some(watcher) = watcher.as_mut() else {
            return Ok(());
        };
        self.make_room(path, identity)?;
        self.drop_stale(watcher);
        // Before the watch is there: what the first event says of the path must not be overwritten
        // after it.
        self.shared.translator().covered.insert(path, identity);
        let watched = watcher.watch_with(path, watch_config());
        let is_there = || look(path).is_some_and(|found| Identity::from(&found) == identity);
        let result = match watched {
            Ok(()) if is_there() => return Ok(()),
            Ok(()) => Err(gone(&"another one has its name")),
            Err(error) => Err(self.not_watched(&error)),
        };
        self.shared.translator().covered.retire(path);
        self.drop_stale(watcher);
        result
    }

    fn forget(&self, path: &Path) {
        let mut watcher = lock(&self.watcher);
        self.shared.translator().covered.retire(path);
        if let Some(watcher) = watcher.as_mut() {
            self.drop_stale(watcher);
        }
    }

    fn covers(&self, path: &Path) -> bool {
        self.shared.translator().covered.contains(path)
    }

    fn is_near(&self, path: &Path) -> bool {
        self.shared.translator().covered.is_near(path)
    }

    fn beat(&self) -> io::Result<()> {
        if let Some(watcher) = lock(&self.watcher).as_mut() {
            self.drop_stale(watcher);
        }
        // Closing what was open for writing is heard, also when nothing was written.
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(&self.canary)
            .map(drop)
    }

    fn health(&self) -> BackendHealth {
        let mut limits = vec!["does not tell who made a change".to_owned()];
        if self.shared.is_exhausted.load(Ordering::Relaxed) {
            limits.push(exhausted());
        }
        BackendHealth {
            directories: self.shared.translator().covered.len() as u64,
            signals: self.shared.signals.load(Ordering::Relaxed),
            overflows: self.shared.overflows.load(Ordering::Relaxed),
            limits,
            ..BackendHealth::new(BackendKind::Inotify)
        }
    }
}

impl Inotify {
    /// Retires what stands in the way of covering a directory under a path.
    fn make_room(&self, path: &Path, identity: Identity) -> Result<(), Refused> {
        let other = self.shared.translator().covered.path_of(identity);
        if let Some(other) = &other
            && **other != *path
            && look(other).is_some_and(|found| Identity::from(&found) == identity)
        {
            // A bind mount: the kernel has one watch for both paths, `notify` tells the last one.
            return Err(Refused {
                reason: format!("inotify tells of {other:?} only, which is the same directory"),
            });
        }
        let covered = &mut self.shared.translator().covered;
        // Renamed, and the record of that is still to come.
        if let Some(other) = other {
            covered.retire(&other);
        }
        // What is below was covered by way of what was here. Where nothing was, it is covered in its
        // own right: those above a root may come after it.
        if covered.contains(path) {
            covered.retire(path);
        }
        Ok(())
    }

    /// Tells `notify` of the paths whose directories went.
    fn drop_stale(&self, watcher: &mut INotifyWatcher) {
        let stale = self.shared.translator().covered.take_stale();
        for path in stale {
            // It may have dropped the path by itself.
            let _ = watcher.unwatch(&path);
        }
    }

    fn not_watched(&self, error: &notify::Error) -> Refused {
        match error.kind {
            ErrorKind::MaxFilesWatch => {
                self.shared.is_exhausted.store(true, Ordering::Relaxed);
                Refused {
                    reason: exhausted(),
                }
            }
            ErrorKind::PathNotFound => gone(error),
            _ => Refused {
                reason: format!("cannot watch it: {error}"),
            },
        }
    }
}

impl Drop for Inotify {
    fn drop(&mut self) {
        let watcher = lock(&self.watcher).take();
        // `notify` panics when its thread has ended before. Any request tells.
        if let Some(mut watcher) = watcher
            && watcher.configure(Config::default()).is_err()
        {
            std::mem::forget(watcher);
        }
    }
}

impl Shared {
    /// Takes what `notify` calls us with, on its thread.
    fn take(&self, event: notify::Result<notify::Event>) {
        let told = decode(event);
        let (signal, is_waiting) = {
            let mut translator = self.translator();
            let signal = translator.translate(told, Instant::now(), look);
            (signal, translator.next_due().is_some())
        };
        if is_waiting {
            self.changed.notify_all();
        }
        // A panic would end the thread of `notify` in silence; the reader of the queue carries it
        // on to whoever watches over him.
        let delivered = catch_unwind(AssertUnwindSafe(|| self.hand_over(signal)));
        if let Err(panic) = delivered {
            lock(&self.panic).get_or_insert(panic);
            // Taken once, so that the queue does not miss it between its look and its wait.
            drop(self.translator());
            self.changed.notify_all();
        }
    }

    fn hand_over(&self, signal: Option<Signal>) {
        let Some(signal) = signal else {
            return;
        };
        if matches!(
            signal,
            Signal::Lost {
                reason: LostReason::Overflow,
                ..
            }
        ) {
            self.overflows.fetch_add(1, Ordering::Relaxed);
        }
        self.signals.fetch_add(1, Ordering::Relaxed);
        (self.deliver)(signal);
    }

    fn translator(&self) -> MutexGuard<'_, Translator> {
        lock(&self.translator)
    }
}

impl Queue for Departures {
    fn name(&self) -> &'static str {
        "inotify"
    }

    fn read(&mut self, timeout: Duration) -> io::Result<()> {
        // What is too long for a clock is as good as for ever.
        let until = Instant::now().checked_add(timeout);
        loop {
            let mut translator = self.shared.translator();
            if let Some(panic) = lock(&self.shared.panic).take() {
                drop(translator);
                resume_unwind(panic);
            }
            let now = Instant::now();
            if let Some(signal) = translator.give_up(now) {
                drop(translator);
                self.shared.hand_over(Some(signal));
                continue;
            }
            if until.is_some_and(|until| until <= now) {
                return Ok(());
            }
            let next = translator.next_due().into_iter().chain(until).min();
            let wait = next.map_or(Duration::MAX, |next| next.saturating_duration_since(now));
            let waited = self.shared.changed.wait_timeout(translator, wait);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Nothing that is done under these locks leaves things half done, so a panic elsewhere does not
/// matter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watch_config() -> WatchPathConfig {
    WatchPathConfig::new(RecursiveMode::NonRecursive).with_dereference_symlinks(false)
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

/// Says which limit was reached and what to do.
fn exhausted() -> String {
    // The second one is that of a container with users of its own.
    let limits = [
        (
            "fs.inotify.max_user_watches",
            "/proc/sys/fs/inotify/max_user_watches",
        ),
        (
            "user.max_inotify_watches",
            "/proc/sys/user/max_inotify_watches",
        ),
    ];
    let present = limits.into_iter().filter_map(|(name, path)| {
        let value: u64 = std::fs::read_to_string(path).ok()?.trim().parse().ok()?;
        Some((value, name))
    });
    match present.min_by_key(|(value, _)| *value) {
        Some((value, name)) => {
            format!("there are no more inotify watches: raise {name}, which is {value}")
        }
        None => "there are no more inotify watches: raise fs.inotify.max_user_watches".to_owned(),
    }
}
