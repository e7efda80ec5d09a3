//! The backend against the real kernel. What the tests themselves do is told like what others do.

mod directories;
mod losses;
mod names;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::start;
use crate::dir::Dir;
use crate::watch::backend::{Backend, Refused};
use crate::watch::{Changes, Deliver, Signal};

/// Far beyond what anything here takes.
const DEADLINE: Duration = Duration::from_secs(30);

/// A backend that covers a directory `root` of its own, with a thread that reads its queue.
struct Watch {
    signals: Receiver<Signal>,
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    backend: Arc<dyn Backend>,
    temp: TempDir,
}

impl Watch {
    fn start() -> Watch {
        let watch = Watch::with(|signal| signal);
        watch.cover("").unwrap();
        watch
    }

    /// Starts a backend that covers nothing yet; `pass` sees each signal on the thread that tells.
    fn with(pass: impl Fn(Signal) -> Signal + Send + Sync + 'static) -> Watch {
        keep_files_to_this_thread();
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("canary")).unwrap();
        fs::create_dir(temp.path().join("root")).unwrap();
        let (sender, signals) = channel();
        let sender = Mutex::new(sender);
        let deliver: Deliver = Arc::new(move |signal| {
            let signal = pass(signal);
            // Nobody may be listening any more when a test ends.
            let _ = sender.lock().unwrap().send(signal);
        });
        let (backend, mut queue) = start(&temp.path().join("canary"), &deliver).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&stop);
        let reader = std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                queue.read(Duration::from_millis(20)).unwrap();
            }
        });
        Watch {
            signals,
            stop,
            reader: Some(reader),
            backend,
            temp,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        let root = self.temp.path().join("root");
        if name.is_empty() {
            root
        } else {
            root.join(name)
        }
    }

    /// A place beside the root, which is not covered.
    fn outside(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn cover(&self, name: &str) -> Result<(), Refused> {
        self.cover_path(&self.path(name))
    }

    fn cover_path(&self, path: &Path) -> Result<(), Refused> {
        self.backend.cover(&Dir::open(path).unwrap(), path)
    }

    fn mkdir(&self, name: &str) {
        fs::create_dir(self.path(name)).unwrap();
    }

    fn write(&self, name: &str) {
        fs::write(self.path(name), "some text").unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn next(&self) -> Signal {
        self.signals.recv_timeout(DEADLINE).unwrap()
    }

    /// Returns all signals up to one that is wanted.
    #[track_caller]
    fn until(&self, is_wanted: impl Fn(&Signal) -> bool) -> Vec<Signal> {
        let deadline = Instant::now() + DEADLINE;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.signals.recv_timeout(left) {
                Ok(signal) => seen.push(signal),
                Err(RecvTimeoutError::Timeout) => panic!("not among {seen:#?}"),
                Err(RecvTimeoutError::Disconnected) => panic!("the backend has gone"),
            }
            if seen.last().is_some_and(&is_wanted) {
                return seen;
            }
        }
    }

    /// Returns all signals about what was done until now: the canary is in the same queue.
    #[track_caller]
    fn settled(&self) -> Vec<Signal> {
        self.backend.beat().unwrap();
        let mut seen = self.until(|signal| matches!(signal, Signal::Alive { .. }));
        seen.pop();
        seen
    }

    /// Forgets the signals about what was done until now.
    #[track_caller]
    fn settle(&self) {
        self.settled();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.reader.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().expect("the queue can be read");
        }
    }
}

/// Other tests start programs. Until such a child executes, it has a copy of every file that is
/// open, and a file is closed only when the last copy is: that would be told too late.
fn keep_files_to_this_thread() {
    // SAFETY: takes a plain number. Threads that are started from here share the files of this
    // one, and no descriptor is passed to any other.
    let status = unsafe { libc::unshare(libc::CLONE_FILES) };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
}

/// Returns everything that was told of one path, and whether it was always told as `is_directory`.
#[track_caller]
fn changes_of(signals: &[Signal], path: &Path, is_directory: bool) -> Changes {
    let mut all = Changes::NONE;
    for signal in signals {
        match signal {
            Signal::Touched {
                path: touched,
                changes,
                is_directory: is_dir,
                actor: None,
            } if touched == path => {
                assert_eq!(*is_dir, is_directory, "{signals:?}");
                all = all.union(*changes);
            }
            _ => {}
        }
    }
    all
}

fn touched(signals: &[Signal]) -> Vec<&Path> {
    fn path(signal: &Signal) -> Option<&Path> {
        match signal {
            Signal::Touched { path, .. } => Some(path),
            _ => None,
        }
    }
    signals.iter().filter_map(path).collect()
}

/// From, to and whether it was a directory.
type Move<'a> = (Option<&'a Path>, Option<&'a Path>, bool);

fn moves(signals: &[Signal]) -> Vec<Move<'_>> {
    fn parts(signal: &Signal) -> Option<Move<'_>> {
        match signal {
            Signal::Moved {
                from,
                to,
                is_directory,
                actor: None,
            } => Some((from.as_deref(), to.as_deref(), *is_directory)),
            _ => None,
        }
    }
    signals.iter().filter_map(parts).collect()
}

fn is_moved(signal: &Signal) -> bool {
    matches!(signal, Signal::Moved { .. })
}

#[test]
fn the_canary_is_heard_and_never_told_as_a_change() {
    let watch = Watch::start();
    for _ in 0..3 {
        assert!(watch.settled().is_empty());
    }
    assert_eq!(watch.backend.health().directories, 1);
    fs::remove_file(watch.outside("canary/inotify")).unwrap();
    fs::write(watch.outside("canary/another"), "").unwrap();
    assert!(watch.settled().is_empty());
}

#[test]
fn a_canary_that_cannot_be_touched_is_an_error() {
    let watch = Watch::start();
    watch.settle();
    fs::remove_dir_all(watch.outside("canary")).unwrap();
    let error = watch.backend.beat().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    // Going away is no change of what is covered.
    watch.write("file");
    let seen = watch.until(|signal| {
        changes_of(std::slice::from_ref(signal), &watch.path("file"), false) == Changes::CLOSED
    });
    assert!(
        touched(&seen)
            .iter()
            .all(|path| *path == watch.path("file")),
        "{seen:?}"
    );
}

#[test]
fn reading_is_not_told() {
    let watch = Watch::start();
    watch.write("file");
    watch.settle();
    fs::read(watch.path("file")).unwrap();
    fs::read_dir(watch.path("")).unwrap().for_each(drop);
    assert!(watch.settled().is_empty());
}

#[test]
fn a_deliver_that_panics_is_carried_to_the_reader() {
    keep_files_to_this_thread();
    let temp = tempfile::tempdir().unwrap();
    let deliver: Deliver = Arc::new(|signal| panic!("cannot take {signal:?}"));
    let (backend, mut queue) = start(temp.path(), &deliver).unwrap();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    backend.beat().unwrap();
    let read = std::panic::AssertUnwindSafe(|| queue.read(DEADLINE));
    let panic = std::panic::catch_unwind(read).unwrap_err();
    std::panic::set_hook(hook);
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.starts_with("cannot take Alive"), "{message}");
    // The thread that tells goes on, and the end is not a panic within a panic.
    backend.health();
    drop(backend);
}
