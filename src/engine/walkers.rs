//! The threads that survey, and what each is to do next: [`Walker`], [`Walkers`].

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};
use waxseal_platform::priority;

use super::inbox::Inbox;
use super::surveying::{Cause, Order, Surveys};
use super::worker::Worker;
use crate::event::{Notice, NoticeAction};
use crate::hint::Reason;
use crate::inspect::Halt;
use crate::scan::ScanError;

/// Paths that may wait to be surveyed; beyond, everything is.
const WAITING: usize = 16_384;

/// One surveying thread, as its client sees it.
pub(super) struct Walker {
    orders: Option<Sender<Order>>,
    worker: Worker,
    /// What is being surveyed.
    present: Option<Order>,
    waiting: Vec<Order>,
    halt: Halt,
    inbox: Arc<Inbox>,
}

/// All of them: what hangs or takes hours in one holds up no other.
pub(super) struct Walkers {
    /// New directories and what is in doubt.
    pub(super) hints: Walker,
    /// What tells of nothing by itself, such as network file systems.
    pub(super) poll: Walker,
    /// Scheduled scans.
    pub(super) scan: Walker,
}

impl Walker {
    /// Starts a thread that makes surveys, one after the other.
    pub(super) fn start(
        name: &str,
        surveys: Surveys,
        inbox: Arc<Inbox>,
        gives_way: bool,
    ) -> io::Result<Walker> {
        let (sender, orders) = unbounded();
        let halt = surveys.halt.clone();
        let waits_at = Arc::clone(&inbox);
        let worker = Worker::start(name, move || {
            if gives_way {
                // Where it is refused, a scan is as quick as ever.
                let _ = priority::lower();
            }
            survey(&surveys, &orders, &inbox);
        })?;
        Ok(Walker {
            orders: Some(sender),
            worker,
            present: None,
            waiting: Vec::new(),
            halt,
            inbox: waits_at,
        })
    }

    /// Wants a survey as soon as the present one is done.
    pub(super) fn order(&mut self, order: Order) {
        self.waiting.push(order);
        let waiting: usize = self.waiting.iter().map(|order| order.paths.len()).sum();
        if waiting > WAITING {
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
            first.paths = vec![PathBuf::from("/")];
            if let Cause::Hints(known) = &mut first.cause {
                *known = reasons;
            }
        }
        self.waiting.truncate(1);
    }

    /// Takes note that the present survey is done.
    pub(super) fn done(&mut self) {
        self.present = None;
        self.begin();
    }

    /// Says whether nothing is surveyed or waits for it.
    pub(super) fn is_idle(&self) -> bool {
        self.present.is_none() && self.waiting.is_empty()
    }

    /// Calls off what is being surveyed, and returns all that was not done.
    pub(super) fn call_off(&mut self) -> Vec<Order> {
        self.inbox.call_off(&self.halt);
        let present = self.present.take();
        present
            .into_iter()
            .chain(std::mem::take(&mut self.waiting))
            .collect()
    }

    fn begin(&mut self) {
        if self.present.is_none()
            && let Some(order) = Order::merged(&mut self.waiting)
        {
            if let Some(orders) = &self.orders {
                // A thread that ended is found by `is_alive`.
                let _ = orders.send(order.clone());
            }
            self.present = Some(order);
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
fn survey(surveys: &Surveys, orders: &Receiver<Order>, inbox: &Inbox) {
    for order in orders {
        let hand_over = |part| inbox.hand_over(part, &surveys.halt);
        match surveys.make(order, &mut |part| hand_over(Ok(part))) {
            // Nobody waits for it any more.
            Ok(()) | Err(ScanError::Halted) => {}
            Err(error) => hand_over(Err(error)),
        }
    }
}

impl Walkers {
    /// Says whether all threads are alive.
    pub(super) fn are_alive(&self) -> bool {
        let all = [&self.hints, &self.poll, &self.scan];
        all.iter().all(|walker| !walker.worker.is_finished())
    }

    /// Takes note that a survey is done.
    pub(super) fn done(&mut self, order: &Order) {
        match order.cause {
            Cause::Hints(_) => self.hints.done(),
            Cause::Polled => self.poll.done(),
            Cause::Scheduled => self.scan.done(),
        }
    }

    /// Says whether the present is known, but for what is scanned by schedule.
    pub(super) fn is_idle(&self) -> bool {
        self.hints.is_idle() && self.poll.is_idle()
    }

    /// Calls everything off, and returns what is still in doubt.
    pub(super) fn call_off(&mut self) -> Vec<(PathBuf, Reason)> {
        self.poll.call_off();
        self.scan.call_off();
        let mut doubts = Vec::new();
        for order in self.hints.call_off() {
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
        true => Path::new("/").to_owned(),
        false => path,
    }
}
