//! Where everything that asks for a look meets: [`Inbox`], the one thing that threads share.
//!
//! Reading threads put hints in and never wait for anything but the lock, which is held for the
//! length of a map insertion. The coordinator sleeps here until something is due.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use serde_json::Value;
use waxseal_platform::watch::BackendKind;

use super::round::{Reason, Wish};
use super::state::starting;
use super::surveying::Surveyed;
use crate::event::{Actor, Notice, NoticeAction};
use crate::hint::{self, Changes, PendingHints, QUIET, Work};
use crate::inspect::{Halt, Progress};
use crate::scan::ScanError;

/// Paths that may wait to be looked at; beyond, whole directories wait instead.
const PENDING: usize = 131_072;

/// Directories that may wait to be walked one by one.
const APPEARED: usize = 16_384;

/// How many hints that are not due yet make a storm.
const STORM: usize = 512;

/// How much later than due hints are taken in a storm: each round ends with a transaction on the
/// disk, so a few large ones are done sooner than many small ones.
const STORM_DELAY: Duration = Duration::from_millis(100);

/// How long a thread is waited for before it is looked whether it is there at all.
const THREAD_PATIENCE: Duration = Duration::from_secs(1);

/// Notices that may wait; of more only the number is told.
const NOTICES: usize = 1024;

/// What somebody outside asked of the watch.
#[derive(Clone, Debug)]
pub(super) enum Request {
    /// End after what is due has been looked at.
    Stop,
    /// Read the configuration again.
    Reload,
    /// Say how it is going, to whoever asks.
    Report(Sender<Value>),
}

/// What the coordinator can take at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Attention {
    /// The writer is behind: only what must be answered.
    Requests,
    /// A round is under way: what needs no look.
    Notices,
    /// Everything.
    Work,
}

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

/// What waits.
pub(super) struct Waiting {
    /// Paths and subtrees to look at.
    pub(super) hints: PendingHints<Arc<Actor>>,
    /// Directories that appeared or moved: each is walked, but what is heard from inside stands.
    appeared: Vec<PathBuf>,
    /// When they are walked: until then most of what is in them was heard of with its actor.
    appeared_due: Option<Instant>,
    /// What surveys found.
    pub(super) surveyed: VecDeque<Result<Surveyed, ScanError>>,
    /// Whether nobody takes what surveys find any more.
    is_closed: bool,
    /// What is to be told beside events.
    notices: Vec<Notice>,
    /// How many notices there was no room for.
    notices_left_out: u64,
    /// Whether a thread that the coordinator waits for has got on.
    is_nudged: bool,
    /// What somebody asked for.
    pub(super) requests: Vec<Request>,
    /// How far the start scan has come, while there is one: nobody takes requests meanwhile.
    starting: Option<Arc<Starting>>,
    /// The backends whose canary was heard.
    pub(super) alive: Vec<BackendKind>,
}

impl Inbox {
    pub(super) fn new() -> Inbox {
        Inbox {
            waiting: Mutex::new(Waiting {
                hints: PendingHints::new(PENDING),
                appeared: Vec::new(),
                appeared_due: None,
                surveyed: VecDeque::new(),
                is_closed: false,
                notices: Vec::new(),
                notices_left_out: 0,
                is_nudged: false,
                requests: Vec::new(),
                starting: None,
                alive: Vec::new(),
            }),
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

impl Waiting {
    /// Adds something to be told.
    pub(super) fn tell(&mut self, notice: Notice) {
        if self.notices.len() < NOTICES {
            self.notices.push(notice);
        } else {
            self.notices_left_out += 1;
        }
    }

    /// Takes what is to be told.
    pub(super) fn take_notices(&mut self) -> Vec<Notice> {
        let mut notices = std::mem::take(&mut self.notices);
        let left_out = std::mem::take(&mut self.notices_left_out);
        if left_out > 0 {
            let message =
                format!("{left_out} more notices came at once; what they were about is not told");
            notices.push(Notice::now(NoticeAction::Degraded, message));
        }
        notices
    }

    fn has_stop(&self) -> bool {
        let is_stop = |request: &Request| matches!(request, Request::Stop);
        self.requests.iter().any(is_stop)
    }

    /// Says whether somebody asks for an end or a reload.
    fn has_end(&self) -> bool {
        let is_end = |request: &Request| !matches!(request, Request::Report(_));
        self.requests.iter().any(is_end)
    }

    /// Takes a request to end or to reload, if there is one.
    pub(super) fn take_end(&mut self) -> Option<Request> {
        let is_end = |request: &Request| !matches!(request, Request::Report(_));
        let stop = |request: &Request| matches!(request, Request::Stop);
        let at = self.requests.iter().position(stop);
        let at = at.or_else(|| self.requests.iter().position(is_end))?;
        Some(self.requests.remove(at))
    }

    /// Takes note of a directory that appeared, or of one end of its move.
    pub(super) fn appeared(&mut self, path: PathBuf, now: Instant) {
        if self.appeared.len() < APPEARED {
            self.appeared.push(path);
            self.appeared_due.get_or_insert(now + QUIET);
        } else {
            self.hints.subtree(&path, hint::Reason::Appeared, now);
        }
    }

    /// Takes back what could not be written, or of which more is to be heard: it is due again after
    /// a pause, merged with what is heard meanwhile.
    pub(super) fn take_back(&mut self, wishes: Vec<Wish>, now: Instant) {
        let mut hints = Vec::new();
        for wish in wishes {
            match wish.reason {
                Reason::Heard(hint) | Reason::Confirmed(hint) => hints.push(*hint),
                Reason::Surveyed(_) => {
                    self.hints.add(&wish.path, Changes::NONE, false, None, now);
                }
            }
        }
        let work = Work {
            hints,
            subtrees: Vec::new(),
        };
        self.hints.requeue(work, now);
    }

    /// Takes the directories that appeared, once they are due.
    pub(super) fn take_appeared(&mut self, now: Instant) -> Vec<PathBuf> {
        if self.appeared_due.is_none_or(|due| due > now) {
            return Vec::new();
        }
        self.appeared_due = None;
        let mut appeared = std::mem::take(&mut self.appeared);
        appeared.sort();
        // What lies below another one is walked with it.
        appeared.dedup_by(|path, above| path.starts_with(above));
        appeared
    }

    /// Makes everything due that is not yet.
    pub(super) fn hurry(&mut self) {
        self.appeared_due = self.appeared_due.map(|_| Instant::now());
    }

    /// Returns how many paths wait to be looked at.
    pub(super) fn len(&self) -> usize {
        self.hints.len() + self.appeared.len()
    }

    /// Says whether nothing is left to look at.
    pub(super) fn is_empty(&self) -> bool {
        let is_quiet = self.notices.is_empty() && self.requests.is_empty() && self.alive.is_empty();
        self.hints.is_empty() && self.appeared.is_empty() && self.surveyed.is_empty() && is_quiet
    }

    fn next_due(&mut self) -> Option<Instant> {
        let delay = match self.hints.len() > STORM {
            true => STORM_DELAY,
            false => Duration::ZERO,
        };
        let hints = self.hints.next_due().map(|due| due + delay);
        hints.into_iter().chain(self.appeared_due).min()
    }

    /// Says whether something waits beside hints.
    fn has_any(&self, attention: Attention) -> bool {
        let is_asked = !self.requests.is_empty() || !self.alive.is_empty();
        let has_notices = attention >= Attention::Notices && !self.notices.is_empty();
        let is_surveyed = attention == Attention::Work && !self.surveyed.is_empty();
        self.is_nudged || is_asked || has_notices || is_surveyed
    }
}
