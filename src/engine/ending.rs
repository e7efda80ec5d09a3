//! How a policy's time ends: for good, or for the next policy.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::coordinator::{Coordinator, End};
use super::waiting::Request;
use super::writing::{LAST_TURN, Message};
use super::{EngineError, telling};

impl Coordinator<'_, '_> {
    /// Says goodbye.
    pub(super) fn stop(mut self) -> Result<End, EngineError> {
        let events = self.vitals.events.load(Ordering::Relaxed);
        let is_idle = self.is_idle();
        let surveys = self.walkers.call_off().len();
        let looks = self.rounds.take_all().len() + self.outbox.take_all().len();
        let waiting = self.inbox.with(|waiting| waiting.len());
        let left = (!is_idle).then_some(surveys + looks + waiting);
        self.tell([telling::stopped(events, left)]);
        let notices = self.inbox.with(|waiting| waiting.take_notices());
        self.outbox.push(Message::Notices(notices));
        self.writer_halt.call();
        self.outbox.drain(Instant::now() + LAST_TURN)?;
        Ok(End::Stop)
    }

    /// Leaves everything that is not done to whoever serves the next policy.
    pub(super) fn reload(mut self) -> Result<End, EngineError> {
        let doubts = self.walkers.call_off();
        let mut wishes = self.rounds.take_all();
        wishes.extend(self.outbox.take_all());
        let askers = self.askers.drain(..).chain(self.newcomers.drain(..));
        let askers: Vec<Request> = askers.map(Request::Report).collect();
        let now = Instant::now();
        self.inbox.put(|waiting| {
            waiting.requests.extend(askers);
            waiting.take_back(wishes, now);
            for (path, reason) in doubts {
                waiting.hints.subtree(&path, reason, now);
            }
        });
        // What is to be told besides is handed over, unless the watch is to end meanwhile.
        self.outbox.flush()?;
        while !self.outbox.is_empty() {
            if self.inbox.wait_for_thread() {
                self.writer_halt.call();
                break;
            }
            self.outbox.flush()?;
        }
        Ok(End::Reload)
    }
}
