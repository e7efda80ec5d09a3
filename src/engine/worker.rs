//! Threads that the kernel may keep for ever: [`Worker`], [`Post`], [`Patience`].
//!
//! Whoever looks at files may wait for a file system that does not answer. Nobody waits for such a
//! thread without end: after [`HUNG`] without a byte read its work is answered for, another takes its
//! place, and once the kernel lets go of it, it ends.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::EngineError;
use super::inspecting::Look;
use crate::inspect::{Observation, Progress};

/// How long work may go without getting on.
const HUNG: Duration = Duration::from_secs(30);

/// How long threads may take to notice that the watch is over.
const FAREWELL: Duration = Duration::from_secs(1);

/// Threads that may wait for the kernel before no more are started.
pub(super) const MOST_LOST: usize = 16;

/// A thread that may have to be left behind.
pub(super) struct Worker(Option<JoinHandle<()>>);

impl Worker {
    /// Starts a thread.
    pub(super) fn start(
        name: &str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<Worker, EngineError> {
        let builder = thread::Builder::new().name(format!("waxseal-{name}"));
        let started = builder.spawn(work).map_err(EngineError::Spawn)?;
        Ok(Worker(Some(started)))
    }

    pub(super) fn is_finished(&self) -> bool {
        self.0.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Returns until when threads that were told to end now are waited for.
    pub(super) fn farewell() -> Instant {
        Instant::now() + FAREWELL
    }

    /// Waits for a thread that was told to end, but not for one that the kernel keeps.
    pub(super) fn leave(&mut self, until: Instant) {
        while !self.is_finished() && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
        if self.is_finished()
            && let Some(handle) = self.0.take()
        {
            // A panic was told when its answer was missed.
            let _ = handle.join();
        }
    }
}

/// What a thread is at, as others see it.
pub(super) struct Post<T> {
    pub(super) progress: Progress,
    at: Mutex<At<T>>,
}

struct At<T> {
    task: Option<T>,
    is_given_up: bool,
}

impl<T> Default for Post<T> {
    fn default() -> Post<T> {
        Post {
            progress: Progress::default(),
            at: Mutex::new(At {
                task: None,
                is_given_up: false,
            }),
        }
    }
}

impl<T: Clone + PartialEq> Post<T> {
    /// Shows what is being done.
    pub(super) fn show(&self, task: Option<T>) {
        self.at().task = task;
    }

    /// Returns what is being done.
    pub(super) fn task(&self) -> Option<T> {
        self.at().task.clone()
    }

    /// Lets the thread end as soon as it can, if it is still at a task: that is answered for. Says
    /// whether it is.
    pub(super) fn give_up(&self, task: &T) -> bool {
        let mut at = self.at();
        at.is_given_up = at.task.as_ref() == Some(task);
        at.is_given_up
    }

    /// Says whether nobody waits for the thread any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.at().is_given_up
    }

    fn at(&self) -> MutexGuard<'_, At<T>> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a thread has not got on.
pub(super) struct Patience<T> {
    task: Option<T>,
    bytes: u64,
    moved: Instant,
}

impl<T: Clone + PartialEq> Patience<T> {
    pub(super) fn new() -> Patience<T> {
        Patience {
            task: None,
            bytes: 0,
            moved: Instant::now(),
        }
    }

    /// Returns what a thread is at if it has not got on for too long.
    pub(super) fn hung(&mut self, post: &Post<T>, now: Instant) -> Option<T> {
        let task = post.task();
        let bytes = post.progress.bytes_read.load(Ordering::Relaxed);
        if task != self.task || bytes != self.bytes {
            (self.task, self.bytes, self.moved) = (task, bytes, now);
            return None;
        }
        task.filter(|_| now.saturating_duration_since(self.moved) >= HUNG)
    }
}

/// Returns what is observed of a path whose file system does not answer.
pub(super) fn unanswered() -> Observation {
    Observation::Unreadable(io::Error::new(
        io::ErrorKind::TimedOut,
        "the file system does not answer",
    ))
}

/// Says what a look comes to whose file system does not answer.
pub(super) fn hung() -> Look {
    Look::Seen {
        observed: unanswered(),
        kind: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends_only_where_nothing_moves() {
        let (post, mut patience) = (Post::default(), Patience::new());
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(patience.hung(&post, at(100)), None, "it has nothing to do");
        post.show(Some(7));
        assert_eq!(patience.hung(&post, at(110)), None);
        assert_eq!(patience.hung(&post, at(139)), None);
        post.progress.bytes_read.fetch_add(1, Ordering::Relaxed);
        assert_eq!(patience.hung(&post, at(141)), None, "it reads");
        assert_eq!(patience.hung(&post, at(171)), Some(7));
        post.show(Some(8));
        assert_eq!(patience.hung(&post, at(172)), None, "it is at the next");
    }

    #[test]
    fn a_thread_that_went_on_meanwhile_is_not_given_up() {
        let post = Post::default();
        post.show(Some(7));
        post.show(Some(8));
        assert!(!post.give_up(&7));
        assert!(!post.is_given_up(), "nobody would answer for what it is at");
        assert!(post.give_up(&8));
        assert!(post.is_given_up());
    }
}
