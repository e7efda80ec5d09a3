//! The threads that read the kernel's queues: started, heard, started again when they fall silent.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use waxseal_platform::dir::Dir;
use waxseal_platform::watch::{
    BackendHealth, BackendKind, Coverage, Hear, Options, Queue, Signal, Wants, WatchError, Watcher,
};

use super::lookout::Lookout;
use super::telling;
use crate::event::Notice;

/// How long a thread waits for its queue before it looks whether it should end.
const PATIENCE: Duration = Duration::from_secs(1);

/// Places of which it is told at once that they are polled; `status` lists them all.
const DEGRADED: usize = 1024;

/// Stands between the queues and the lookout: is handed each signal on a reading thread, and what
/// it hands on is heard.
pub(super) type Tap = Arc<dyn Fn(Signal, &mut dyn FnMut(Signal)) + Send + Sync>;

/// How the queues are listened to. Only tests want another than the usual one.
pub(super) struct Listening {
    /// Hands on everything as it comes.
    pub(super) tap: Tap,
    /// How often the canary is touched.
    pub(super) beat: Duration,
    /// How soon it must be heard then.
    pub(super) answer: Duration,
}

impl Default for Listening {
    fn default() -> Listening {
        Listening {
            tap: Arc::new(|signal, hear| hear(signal)),
            beat: Duration::from_secs(30),
            answer: Duration::from_secs(10),
        }
    }
}

/// The watcher and the threads that read its queues.
pub(super) struct Lifeline {
    options: Mutex<Options>,
    listening: Listening,
    lookout: Arc<Lookout>,
    running: Mutex<Running>,
    /// The uppermost directories that only looking again and again covers.
    polled: Mutex<BTreeSet<PathBuf>>,
    news: Mutex<News>,
    beat: Mutex<Beat>,
}

/// What nobody was told of yet.
#[derive(Default)]
struct News {
    notices: Vec<Notice>,
    /// Places that are polled now and are not among them.
    unnamed: usize,
}

struct Running {
    /// Shared, so that nobody holds the lock while it asks a file system that may not answer.
    watcher: Arc<Watcher>,
    readers: Vec<JoinHandle<io::Result<()>>>,
    is_over: Arc<AtomicBool>,
}

struct Beat {
    next: Instant,
    /// Until when the last one must be heard, and from which backends still.
    answer: Option<(Instant, Vec<BackendKind>)>,
    /// Why the canary could not be touched the last time.
    untouchable: Option<String>,
}

impl Lifeline {
    /// Starts to listen; nothing is covered yet.
    pub(super) fn start(
        options: Options,
        listening: Listening,
        lookout: &Arc<Lookout>,
    ) -> Result<Lifeline, WatchError> {
        let running = Running::start(&options, &listening.tap, lookout)?;
        let next = Instant::now() + listening.beat;
        Ok(Lifeline {
            options: Mutex::new(options),
            listening,
            lookout: Arc::clone(lookout),
            running: Mutex::new(running),
            polled: Mutex::default(),
            news: Mutex::default(),
            beat: Mutex::new(Beat {
                next,
                answer: None,
                untouchable: None,
            }),
        })
    }

    fn watcher(&self) -> Arc<Watcher> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&running.watcher)
    }

    /// Covers one directory from now on; one that cannot be opened may be one day.
    pub(super) fn cover(&self, path: &Path, opened: Result<&Dir, &io::Error>) {
        let coverage = match opened {
            Ok(dir) => self.watcher().cover(dir, path),
            Err(error) => Coverage::Polling {
                reason: format!("it cannot be opened: {error}"),
            },
        };
        let mut polled = self.polled.lock().unwrap_or_else(PoisonError::into_inner);
        let Coverage::Polling { reason } = coverage else {
            // It may have been refused for a while only.
            polled.remove(path);
            return;
        };
        if !path.ancestors().any(|above| polled.contains(above)) {
            let mut news = self.news();
            match news.notices.len() < DEGRADED {
                true => news.notices.push(telling::polled(path, &reason)),
                false => news.unnamed += 1,
            }
            polled.insert(path.to_owned());
        }
    }

    /// Returns the uppermost directories that nobody tells of.
    pub(super) fn polled(&self) -> Vec<PathBuf> {
        let polled = self.polled.lock().unwrap_or_else(PoisonError::into_inner);
        polled.iter().cloned().collect()
    }

    /// Takes what is to be told of places that are newly polled, and of the canary.
    pub(super) fn take_news(&self) -> Vec<Notice> {
        let News { notices, unnamed } = std::mem::take(&mut *self.news());
        let more = (unnamed > 0).then(|| telling::more_polled(unnamed));
        notices.into_iter().chain(more).collect()
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks no more after what is polled at and below a path.
    pub(super) fn forget(&self, path: &Path) {
        self.watcher().forget(path);
        let mut polled = self.polled.lock().unwrap_or_else(PoisonError::into_inner);
        polled.retain(|known| !known.starts_with(path));
    }

    /// Says by what the nearest directory at or above a path is covered, `poll` for what is polled.
    pub(super) fn covering(&self, path: &Path) -> Option<(PathBuf, &'static str)> {
        let watcher = self.watcher();
        let polled = self.polled.lock().unwrap_or_else(PoisonError::into_inner);
        path.ancestors().find_map(|above| {
            let backend = watcher.covering(above).map(BackendKind::name);
            let backend = backend.or_else(|| polled.contains(above).then_some("poll"))?;
            Some((above.to_owned(), backend))
        })
    }

    /// Returns what each backend covers.
    pub(super) fn health(&self) -> Vec<BackendHealth> {
        self.watcher().health()
    }

    /// Says until when the coordinator may sleep before it calls [`Lifeline::check`] again.
    pub(super) fn next_check(&self) -> Instant {
        let beat = self.beat.lock().unwrap_or_else(PoisonError::into_inner);
        beat.answer.as_ref().map_or(beat.next, |(until, _)| *until)
    }

    /// Finds out whether every thread is alive and hears; returns what is wrong.
    pub(super) fn check(&self, now: Instant) -> Option<String> {
        if let Some(reason) = self.ended() {
            return Some(reason);
        }
        let mut beat = self.beat.lock().unwrap_or_else(PoisonError::into_inner);
        if beat.answer.as_ref().is_some_and(|(until, _)| now >= *until) {
            beat.answer = None;
            return Some("the canary was not heard".to_owned());
        }
        if now >= beat.next && beat.answer.is_none() {
            self.touch(&mut beat, now);
        }
        None
    }

    /// Touches the canary now, unless it is on its way: once it is heard, so is everything that
    /// happened before. Says whether it is to be heard at all.
    pub(super) fn beat(&self) -> bool {
        let mut beat = self.beat.lock().unwrap_or_else(PoisonError::into_inner);
        if beat.answer.is_none() {
            self.touch(&mut beat, Instant::now());
        }
        beat.answer.is_some()
    }

    /// Says whether the canary is on its way.
    pub(super) fn is_waiting(&self) -> bool {
        let beat = self.beat.lock().unwrap_or_else(PoisonError::into_inner);
        beat.answer.is_some()
    }

    /// Takes note of the backends whose canary was heard; says whether none is waited for.
    pub(super) fn heard(&self, backends: &[BackendKind]) -> bool {
        let mut beat = self.beat.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, waiting)) = &mut beat.answer {
            waiting.retain(|backend| !backends.contains(backend));
            if waiting.is_empty() {
                beat.answer = None;
            }
        }
        beat.answer.is_none()
    }

    /// Returns why it cannot be told whether everything is heard, if so.
    pub(super) fn trouble(&self) -> Option<String> {
        let beat = self.beat.lock().unwrap_or_else(PoisonError::into_inner);
        beat.untouchable.clone()
    }

    fn touch(&self, beat: &mut Beat, now: Instant) {
        let watcher = self.watcher();
        let backends = watcher.health();
        let used = backends.iter().filter(|health| health.unusable.is_none());
        beat.next = now + self.listening.beat;
        match watcher.beat() {
            Ok(()) => {
                if beat.untouchable.take().is_some() {
                    self.news().notices.push(telling::canary_back());
                }
                let until = now + self.listening.answer;
                let used: Vec<BackendKind> = used.map(|health| health.kind).collect();
                // Where everything is polled there is nothing to hear.
                beat.answer = Some((until, used)).filter(|(_, used)| !used.is_empty());
            }
            // The state directory cannot be written for now; that says nothing of the queues.
            Err(error) => {
                let reason = format!("the canary cannot be touched: {error}");
                if beat.untouchable.is_none() {
                    self.news().notices.push(telling::unproven(&reason));
                }
                beat.untouchable = Some(reason);
                beat.answer = None;
            }
        }
    }

    fn ended(&self) -> Option<String> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let dead = running.readers.iter().position(JoinHandle::is_finished)?;
        let reader = running.readers.swap_remove(dead);
        let name = reader.thread().name().unwrap_or("a reader").to_owned();
        Some(match reader.join() {
            Ok(Ok(())) => format!("thread {name} ended"),
            Ok(Err(error)) => format!("thread {name} ended: {error}"),
            Err(_) => format!("thread {name} panicked"),
        })
    }

    /// Listens by these backends from now on; says whether it did not before, so that everything
    /// must be covered again.
    pub(super) fn follow(&self, backends: &[BackendKind]) -> Result<bool, WatchError> {
        let mut options = self.options.lock().unwrap_or_else(PoisonError::into_inner);
        if options.backends == backends {
            return Ok(false);
        }
        options.backends = backends.to_vec();
        drop(options);
        self.restart()?;
        Ok(true)
    }

    /// Begins anew with fresh queues; everything must be covered again.
    pub(super) fn restart(&self) -> Result<(), WatchError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.leave();
        let options = self.options.lock().unwrap_or_else(PoisonError::into_inner);
        let next = Running::start(&options, &self.listening.tap, &self.lookout)?;
        drop(options);
        let left = std::mem::replace(&mut *running, next);
        drop(running);
        // Ending it may wait for the thread that stands still.
        let builder = thread::Builder::new().name("waxseal-farewell".to_owned());
        builder
            .spawn(move || drop(left))
            .map_err(WatchError::Thread)?;
        self.polled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        let mut beat = self.beat.lock().unwrap_or_else(PoisonError::into_inner);
        beat.next = Instant::now() + self.listening.beat;
        beat.answer = None;
        Ok(())
    }
}

impl Running {
    fn start(options: &Options, tap: &Tap, lookout: &Arc<Lookout>) -> Result<Running, WatchError> {
        let wants: Wants = {
            let lookout = Arc::clone(lookout);
            Arc::new(move |path: &Path| lookout.wants(path))
        };
        let is_over = Arc::new(AtomicBool::new(false));
        let hear: Hear = {
            let (tap, lookout) = (Arc::clone(tap), Arc::clone(lookout));
            let is_over = Arc::clone(&is_over);
            Arc::new(move |backend, signal| {
                // That a queue hears which was left says nothing of the one in its place.
                if is_over.load(Ordering::Relaxed) && matches!(signal, Signal::Alive { .. }) {
                    return;
                }
                tap(signal, &mut |signal| lookout.hear(backend, signal));
            })
        };
        let watcher = Watcher::start(options.clone(), wants, hear)?;
        let readers = watcher.queues().into_iter().map(|queue| {
            let is_over = Arc::clone(&is_over);
            let builder = thread::Builder::new().name(format!("waxseal-{}", queue.name()));
            builder.spawn(move || read(queue, &is_over))
        });
        let readers = readers
            .collect::<io::Result<Vec<_>>>()
            .map_err(WatchError::Thread)?;
        Ok(Running {
            watcher: Arc::new(watcher),
            readers,
            is_over,
        })
    }

    /// Ends the threads, but waits for none that stands still: that may be why this is done. What
    /// such a one says one day is a hint like any other.
    fn leave(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let until = Instant::now() + 2 * PATIENCE;
        for reader in self.readers.drain(..) {
            while !reader.is_finished() && Instant::now() < until {
                thread::sleep(Duration::from_millis(5));
            }
            if reader.is_finished() {
                // Why it ended was told when it was noticed.
                let _ = reader.join();
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Reads one queue until the watch is over.
fn read(mut queue: Box<dyn Queue>, is_over: &AtomicBool) -> io::Result<()> {
    while !is_over.load(Ordering::Relaxed) {
        queue.read(PATIENCE)?;
    }
    Ok(())
}
