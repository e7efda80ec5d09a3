//! Where everything that asks for a look meets: [`Inbox`], the one thing that threads share.
//!
//! Reading threads put hints in and wait for nothing but the lock, which nobody holds longer than it
//! takes to change what is in memory. The coordinator sleeps here until something is due.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use serde_json::Value;

use super::state::starting;
use super::surveying::Surveyed;
use super::waiting::{Attention, Request, Waiting};
use crate::hint;
use crate::inspect::{Halt, Progress};
use crate::scan::ScanError;

/// How long a thread is waited for before it is looked whether it is there at all.
const THREAD_PATIENCE: Duration = Duration::from_secs(1);

/// Everything that waits for the coordinator.
pub(super) struct Inbox {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    /// Wakes a survey that waits for its finds to be taken.
    taken: Condvar,
    /// Calls the start scan off: whoever asks for an end or a reload does not wait for it.
    pub(super) start_halt: Halt,
}

/// A start scan under way.
pub(super) struct Starting {
    pub(super) since: Instant,
    /// Whether it waits for another process that writes.
    pub(super) is_waiting: bool,
    pub(super) progress: Progress,
}

impl Inbox {
    pub(super) fn new() -> Inbox {
        Inbox {
            waiting: Mutex::new(Waiting::new()),
            arrived: Condvar::new(),
            taken: Condvar::new(),
            start_halt: Halt::default(),
        }
    }

    /// Changes what waits, and wakes the coordinator.
    pub(super) fn put<T>(&self, change: impl FnOnce(&mut Waiting) -> T) -> T {
        let changed = change(&mut self.lock());
        self.arrived.notify_one();
        changed
    }

    /// Looks at or changes what waits without waking anybody.
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Waiting) -> T) -> T {
        look(&mut self.lock())
    }

    /// Asks for a look at everything at and below a path.
    pub(super) fn doubt(&self, path: &Path, reason: hint::Reason) {
        self.put(|waiting| waiting.hints.subtree(path, reason, Instant::now()));
    }

    /// Asks for an end or a reload, and calls a start scan off.
    pub(super) fn request_end(&self, request: Request) {
        self.put(|waiting| {
            waiting.requests.push(request);
            self.start_halt.call();
        });
    }

    /// Lets a start scan be made, unless somebody asks for an end or a reload. Says whether it may.
    pub(super) fn allow_start(&self) -> bool {
        self.with(|waiting| {
            let may_start = !waiting.has_end();
            if may_start {
                self.start_halt.withdraw();
            }
            may_start
        })
    }

    /// Lets the coordinator see how its threads have got on.
    pub(super) fn nudge(&self) {
        self.put(|waiting| waiting.is_nudged = true);
    }

    /// Asks how it is going: whoever serves answers in its turn, a start scan at once.
    pub(super) fn ask(&self, asker: Sender<Value>) {
        self.put(|waiting| match &waiting.starting {
            Some(start) => answer(&asker, start),
            None => waiting.requests.push(Request::Report(asker)),
        });
    }

    /// Shows from now on how far a start scan has come, also to those who asked before.
    pub(super) fn show_start(&self, is_waiting: bool) -> Arc<Starting> {
        let start = Arc::new(Starting {
            since: Instant::now(),
            is_waiting,
            progress: Progress::default(),
        });
        self.with(|waiting| {
            waiting.starting = Some(Arc::clone(&start));
            waiting.requests.retain(|request| match request {
                Request::Report(asker) => {
                    answer(asker, &start);
                    false
                }
                Request::Stop | Request::Reload => true,
            });
        });
        start
    }

    /// Shows that there is no start scan any more.
    pub(super) fn end_start(&self) {
        self.with(|waiting| waiting.starting = None);
    }

    /// Waits until something waits that can be taken, or `until`; then hands over what waits.
    pub(super) fn wait<T>(
        &self,
        until: Instant,
        attention: Attention,
        take: impl FnOnce(&mut Waiting, Instant) -> T,
    ) -> T {
        let mut waiting = self.lock();
        loop {
            let now = Instant::now();
            let is_free = attention == Attention::Work;
            let due = waiting.next_due().filter(|_| is_free);
            let is_due = due.is_some_and(|due| due <= now);
            if is_due || waiting.has_any(attention) || now >= until {
                let taken = take(&mut waiting, now);
                waiting.is_nudged = false;
                self.taken.notify_all();
                return taken;
            }
            let wake = due.map_or(until, |due| due.min(until));
            let patience = wake.saturating_duration_since(now);
            let woken = self.arrived.wait_timeout(waiting, patience);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until a thread has got on, for a while at most. Says whether somebody asks for an end of
    /// the watch.
    pub(super) fn wait_for_thread(&self) -> bool {
        let mut waiting = self.lock();
        if !waiting.is_nudged && !waiting.has_stop() {
            let woken = self.arrived.wait_timeout(waiting, THREAD_PATIENCE);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        waiting.is_nudged = false;
        waiting.has_stop()
    }

    /// Leaves what a survey found, and waits while what it found before is still there.
    pub(super) fn hand_over(&self, part: Result<Surveyed, ScanError>, halt: &Halt) {
        let mut waiting = self.lock();
        while !waiting.surveyed.is_empty() && !waiting.is_closed && !halt.is_called() {
            waiting = self
                .taken
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if !waiting.is_closed && !halt.is_called() {
            waiting.surveyed.push_back(part);
            self.arrived.notify_one();
        }
    }

    /// Calls surveys off, also one that waits for what it found to be taken.
    pub(super) fn call_off(&self, halt: &Halt) {
        let waiting = self.lock();
        halt.call();
        drop(waiting);
        self.taken.notify_all();
    }

    /// Lets surveys hand over what they find as long as the value lives.
    pub(super) fn open(&self) -> Open<'_> {
        self.lock().is_closed = false;
        Open(self)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic of another thread while it held the lock is told by whoever joins that thread;
        // no operation on what waits leaves it half done.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(asker: &Sender<Value>, start: &Starting) {
    // Who does not listen any more needs no answer.
    let _ = asker.send(starting(start));
}

/// The time in which somebody takes what surveys find.
pub(super) struct Open<'i>(&'i Inbox);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.is_closed = true;
        waiting.surveyed.clear();
        self.0.taken.notify_all();
    }
}
