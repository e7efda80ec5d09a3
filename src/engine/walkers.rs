//! The threads that survey, and what each is to do next: [`Walker`], [`Walkers`].

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use waxseal_platform::{place, priority};

use super::EngineError;
use super::inbox::Inbox;
use super::surveying::{Cause, Order, Surveys};
use super::worker::Worker;
use crate::event::{Notice, NoticeAction};
use crate::hint::Reason;
use crate::inspect::{Halt, Progress};
use crate::scan::ScanError;

/// Paths that may wait to be surveyed; beyond, everything is.
const WAITING: usize = 16_384;

/// How long a survey may go without getting on.
const HUNG: Duration = Duration::from_secs(30);

/// Surveys that may hang before no others are made beside them.
const MOST_HUNG: usize = 16;

/// One surveying thread, as its client sees it.
pub(super) struct Walker {
    orders: Option<Sender<(Order, Arc<Progress>)>>,
    worker: Worker,
    present: Option<Present>,
    waiting: Vec<Order>,
    halt: Halt,
    inbox: Arc<Inbox>,
}

/// What is being surveyed.
struct Present {
    order: Order,
    progress: Arc<Progress>,
    /// How far it was when it was last seen to get on, and when that was.
    seen: (u64, u64),
    moved: Instant,
}

/// All of them: what hangs or takes hours in one holds up no other.
pub(super) struct Walkers {
    /// New directories and what is in doubt.
    pub(super) hints: Walker,
    /// What tells of nothing by itself, such as network file systems.
    pub(super) poll: Walker,
    /// Scheduled scans.
    pub(super) scan: Walker,
    /// Surveys of the first kind that do not get on; they end when the file system answers.
    hung: Vec<Walker>,
    surveys: Surveys,
}

impl Present {
    /// Says whether it has not got on for too long. What waits for the writer does not hang.
    fn is_hung(&mut self, now: Instant, is_waiting: bool) -> bool {
        let objects = self.progress.objects.load(Ordering::Relaxed);
        let seen = (objects, self.progress.bytes_read.load(Ordering::Relaxed));
        if seen != self.seen || is_waiting {
            (self.seen, self.moved) = (seen, now);
        }
        now.saturating_duration_since(self.moved) >= HUNG
    }
}

impl Walker {
    /// Starts a thread that makes surveys, one after the other.
    fn start(
        name: &str,
        surveys: Surveys,
        inbox: &Arc<Inbox>,
        gives_way: bool,
    ) -> Result<Walker, EngineError> {
        let (sender, orders) = unbounded();
        let halt = surveys.halt.clone();
        let hands_over_at = Arc::clone(inbox);
        let work = move || {
            if gives_way {
                // Where it is refused, a scan is as quick as ever.
                let _ = priority::lower();
            }
            survey(&surveys, &orders, &hands_over_at);
        };
        Ok(Walker {
            orders: Some(sender),
            worker: Worker::start(name, work)?,
            present: None,
            waiting: Vec::new(),
            halt,
            inbox: Arc::clone(inbox),
        })
    }

    /// Wants a survey as soon as the present one is done.
    pub(super) fn order(&mut self, order: Order) {
        // What is polled is ordered only when nothing waits, and as a whole.
        let is_bounded = order.cause == Cause::Polled;
        self.waiting.push(order);
        let waiting: usize = self.waiting.iter().map(|order| order.paths.len()).sum();
        if waiting > WAITING && !is_bounded {
            let message = "too many places are in doubt at once: everything is looked at again";
            let notice = Notice::now(NoticeAction::Collapsed, message.to_owned());
            self.inbox.put(|waiting| waiting.tell(notice));
            self.collapse();
        }
        self.begin();
    }

    /// Makes one order of all that wait; of their causes, which name the walker, the first stays.
    fn collapse(&mut self) {
        let reasons = self.reasons().chain([Reason::Collapsed]).collect();
        if let Some(first) = self.waiting.first_mut() {
            first.paths = vec![place::top().to_owned()];
            if let Cause::Hints(known) = &mut first.cause {
                *known = reasons;
            }
        }
        self.waiting.truncate(1);
    }

    /// Takes note that the present survey is done.
    fn done(&mut self) {
        self.present = None;
        self.begin();
    }

    fn is_at(&self, order: &Order) -> bool {
        let present = self.present.as_ref();
        present.is_some_and(|present| present.order == *order)
    }

    /// Says whether nothing is surveyed or waits for it.
    pub(super) fn is_idle(&self) -> bool {
        self.present.is_none() && self.waiting.is_empty()
    }

    /// Calls off what is being surveyed, and returns all that was not done.
    fn call_off(&mut self) -> Vec<Order> {
        self.inbox.call_off(&self.halt);
        let present = self.present.take().map(|present| present.order);
        present
            .into_iter()
            .chain(std::mem::take(&mut self.waiting))
            .collect()
    }

    fn begin(&mut self) {
        if self.present.is_none()
            && let Some(order) = Order::merged(&mut self.waiting)
        {
            let progress = Arc::new(Progress::default());
            if let Some(orders) = &self.orders {
                // A thread that ended is found by `are_alive`.
                let _ = orders.send((order.clone(), Arc::clone(&progress)));
            }
            self.present = Some(Present {
                order,
                progress,
                seen: (0, 0),
                moved: Instant::now(),
            });
        }
    }

    fn reasons(&self) -> impl Iterator<Item = Reason> + use<'_> {
        let causes = self.waiting.iter().map(|order| &order.cause);
        let reasons = causes.filter_map(|cause| match cause {
            Cause::Hints(reasons) => Some(reasons),
            Cause::Polled | Cause::Scheduled => None,
        });
        reasons.flatten().copied()
    }
}

impl Drop for Walker {
    fn drop(&mut self) {
        self.inbox.call_off(&self.halt);
        self.orders = None;
        self.worker.leave(Worker::farewell());
    }
}

/// Makes the surveys that are ordered.
fn survey(surveys: &Surveys, orders: &Receiver<(Order, Arc<Progress>)>, inbox: &Inbox) {
    for (order, progress) in orders {
        let hand_over = |part| inbox.hand_over(part, &surveys.halt);
        match surveys.make(order, &progress, &mut |part| hand_over(Ok(part))) {
            // Nobody waits for it any more.
            Ok(()) | Err(ScanError::Halted) => {}
            Err(error) => hand_over(Err(error)),
        }
    }
}

impl Walkers {
    /// Starts the threads.
    pub(super) fn start(surveys: Surveys, inbox: &Arc<Inbox>) -> Result<Walkers, EngineError> {
        let walker = |name, gives_way| Walker::start(name, surveys.another()?, inbox, gives_way);
        Ok(Walkers {
            hints: walker("survey", false)?,
            poll: walker("poll", false)?,
            scan: walker("scan", true)?,
            hung: Vec::new(),
            surveys,
        })
    }

    /// Says whether all threads are alive.
    pub(super) fn are_alive(&self) -> bool {
        let all = [&self.hints, &self.poll, &self.scan].into_iter();
        let mut all = all.chain(&self.hung);
        all.all(|walker| !walker.worker.is_finished())
    }

    /// Has what waits surveyed by another thread when the present survey of hints does not get on.
    /// Returns where that is made.
    pub(super) fn check(&mut self, now: Instant) -> Result<Option<Vec<PathBuf>>, EngineError> {
        let inbox = &self.hints.inbox;
        let is_waiting = inbox.with(|waiting| !waiting.surveyed.is_empty());
        let hung = self.hints.present.as_mut();
        let Some(present) = hung.filter(|_| self.hung.len() < MOST_HUNG) else {
            return Ok(None);
        };
        if !present.is_hung(now, is_waiting) {
            return Ok(None);
        }
        let places = present.order.paths.clone();
        let inbox = Arc::clone(inbox);
        let other = Walker::start("survey", self.surveys.another()?, &inbox, false)?;
        let mut hung = std::mem::replace(&mut self.hints, other);
        self.hints.waiting = std::mem::take(&mut hung.waiting);
        self.hints.begin();
        self.hung.push(hung);
        Ok(Some(places))
    }

    /// Takes note that a survey is done.
    pub(super) fn done(&mut self, order: &Order) {
        match order.cause {
            // Dropped, the thread ends: another has taken its place.
            Cause::Hints(_) if !self.hints.is_at(order) => {
                self.hung.retain(|walker| !walker.is_at(order));
            }
            Cause::Hints(_) => self.hints.done(),
            Cause::Polled => self.poll.done(),
            Cause::Scheduled => self.scan.done(),
        }
    }

    /// Says whether the present is known, but for what is scanned by schedule.
    pub(super) fn is_idle(&self) -> bool {
        self.hints.is_idle() && self.hung.is_empty() && self.poll.is_idle()
    }

    /// Calls everything off, and returns what is still in doubt.
    pub(super) fn call_off(&mut self) -> Vec<(PathBuf, Reason)> {
        self.poll.call_off();
        self.scan.call_off();
        let mut doubts = Vec::new();
        let orders = self.hints.call_off().into_iter();
        let hung = self.hung.iter_mut().flat_map(Walker::call_off);
        for order in orders.chain(hung) {
            let strongest = match &order.cause {
                Cause::Hints(reasons) => reasons.last().copied(),
                Cause::Polled | Cause::Scheduled => None,
            };
            let reason = strongest.unwrap_or(Reason::Requested);
            doubts.extend(order.paths.into_iter().map(|path| (path, reason)));
        }
        doubts
    }
}

/// Returns an order of a survey because of hints.
pub(super) fn because(reasons: BTreeSet<Reason>, paths: Vec<PathBuf>) -> Order {
    Order {
        paths,
        full: false,
        cause: Cause::Hints(reasons),
    }
}

/// Returns a path to look below; the empty one means everything.
pub(super) fn whole(path: PathBuf) -> PathBuf {
    match path.as_os_str().is_empty() {
        true => place::top().to_owned(),
        false => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_survey_hangs_when_it_neither_gets_on_nor_waits() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut present = Present {
            order: because(BTreeSet::new(), Vec::new()),
            progress: Arc::default(),
            seen: (0, 0),
            moved: start,
        };
        assert!(!present.is_hung(at(29), false));
        present.progress.objects.fetch_add(1, Ordering::Relaxed);
        assert!(!present.is_hung(at(31), false), "it lists");
        assert!(!present.is_hung(at(60), true), "it waits for the writer");
        assert!(!present.is_hung(at(89), false));
        assert!(present.is_hung(at(90), false));
    }
}
