//! The conductor: takes what is due, has it looked at, hands it to the writer, orders surveys, and
//! keeps an eye on every thread.
//!
//! It waits in one place only, for its inbox. Looking, writing and surveying go on beside it and
//! nudge it; so it answers, and ends, whatever the others wait for.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use serde_json::Value;
use waxseal_platform::place;

use super::EngineError;
use super::clock::{Clock, Reading};
use super::delivering::Sinks;
use super::doubts::Finder;
use super::inbox::Inbox;
use super::lifeline::Lifeline;
use super::outbox::Outbox;
use super::presence::Presence;
use super::round::Wish;
use super::rounds::{Advance, Rounds};
use super::schedules::Schedules;
use super::surveying::{Done, Surveyed};
use super::taken::Taken;
use super::telling;
use super::vitals::Vitals;
use super::waiting::{Attention, Request};
use super::walkers::{Walkers, because, whole};
use super::writing::Message;
use crate::baseline::Reader;
use crate::event::Notice;
use crate::hint::{LONGEST, Reason};
use crate::inspect::Halt;
use crate::policy::Policy;

/// How long what is pending may take once the watch is to end.
const LAST_ROUNDS: Duration = Duration::from_secs(4);

/// How long it sleeps at most: the clock may be set meanwhile, a look may hang, and the watch may be
/// made to stand still, which shows only by how late it wakes.
const NAP: Duration = Duration::from_secs(5);

/// How a policy's time ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The watch is to end.
    Stop,
    /// The configuration is to be read again.
    Reload,
}

/// Takes hints and directs everybody else.
pub(super) struct Coordinator<'e, 'p> {
    pub(super) policy: &'p Policy,
    pub(super) inbox: &'e Inbox,
    pub(super) lifeline: &'e Lifeline,
    pub(super) sinks: &'e Sinks,
    /// To be asked how long the journal is.
    pub(super) reader: Reader,
    pub(super) vitals: &'e Vitals,
    pub(super) schedules: &'e mut Schedules,
    pub(super) clock: &'e mut Clock,
    pub(super) presence: Presence,
    pub(super) rounds: Rounds<'p>,
    pub(super) outbox: Outbox<'p>,
    /// Ends the writer's patience with a store that cannot be written.
    pub(super) writer_halt: Halt,
    pub(super) walkers: Walkers,
    /// What is remembered of the scheduled scan once it is done.
    pub(super) started: Vec<(&'static str, String)>,
    /// The other threads: none may end before the watch does.
    pub(super) crew: Vec<ScopedJoinHandle<'e, ()>>,
    /// Those who are answered when the canary is heard, and those who came after it was touched.
    pub(super) askers: Vec<Sender<Value>>,
    pub(super) newcomers: Vec<Sender<Value>>,
    /// How this policy's time is to end, and by when.
    pub(super) ending: Option<(End, Instant)>,
}

impl<'p> Coordinator<'_, 'p> {
    /// Serves until somebody asks for an end.
    pub(super) fn serve(mut self) -> Result<End, EngineError> {
        loop {
            let taken = self.take();
            let has_heard = self.lifeline.heard(&taken.alive);
            let newcomers = self.begin(taken)?;
            self.go_on()?;
            self.check()?;
            if has_heard {
                self.answer();
            }
            self.newcomers.extend(newcomers);
            // What happened before somebody asked is to be known before he is answered: a canary
            // that was on its way already says nothing of that.
            if self.askers.is_empty() && !self.newcomers.is_empty() && !self.lifeline.is_waiting() {
                self.askers.append(&mut self.newcomers);
                if !self.lifeline.beat() {
                    self.tell(self.lifeline.take_news());
                    self.answer();
                }
            }
            match self.ending {
                Some((End::Stop, until)) if self.is_idle() || Instant::now() >= until => {
                    return self.stop();
                }
                Some((End::Reload, until)) if self.is_settled() || Instant::now() >= until => {
                    return self.reload();
                }
                _ => {}
            }
        }
    }

    /// Waits for something to do and takes it.
    fn take(&mut self) -> Taken {
        let is_stopping = matches!(self.ending, Some((End::Stop, _)));
        let is_reloading = matches!(self.ending, Some((End::Reload, _)));
        let attention = match (self.outbox.is_empty(), self.rounds.is_free()) {
            (false, _) => Attention::Requests,
            (true, true) if !is_reloading => Attention::Work,
            (true, _) => Attention::Notices,
        };
        if is_stopping && attention == Attention::Work {
            // Due or not: this is the last chance.
            let taken = self.inbox.with(|waiting| {
                waiting.hurry();
                Taken::from(waiting, Instant::now() + LONGEST, attention)
            });
            if !taken.is_empty() {
                return taken;
            }
        }
        let is_over = match self.ending {
            Some((End::Stop, _)) => self.is_idle(),
            Some((End::Reload, _)) => self.is_settled(),
            None => false,
        };
        if is_over {
            return self.wait(Instant::now(), attention);
        }
        self.wait(self.next_wake(), attention)
    }

    fn wait(&mut self, until: Instant, attention: Attention) -> Taken {
        self.come_by(until);
        let taken = self.inbox.wait(until, attention, |waiting, now| {
            Taken::from(waiting, now, attention)
        });
        self.come_by(Instant::now());
        taken
    }

    /// Tells that the watch stood still, if it did, and takes note until when it may be away.
    fn come_by(&mut self, due: Instant) {
        let now = Instant::now();
        if let Some(still) = self.presence.comes_by(now, due.max(now)) {
            self.tell([telling::stood_still(still)]);
        }
    }

    fn next_wake(&self) -> Instant {
        let now = Instant::now();
        let end = self.ending.map_or(now + NAP, |(_, until)| until);
        let wake = self.lifeline.next_check().min(now + NAP).min(end);
        match self.ending {
            Some(_) => wake,
            None => wake.min(self.schedules.next(self.walkers.scan.is_idle())),
        }
    }

    /// Begins with what was taken; returns who asked how it is going.
    fn begin(&mut self, taken: Taken) -> Result<Vec<Sender<Value>>, EngineError> {
        let mut newcomers = Vec::new();
        for request in taken.requests {
            match request {
                Request::Stop => self.end_by(End::Stop),
                Request::Reload => self.end_by(End::Reload),
                Request::Report(asker) => newcomers.push(asker),
            }
        }
        if !taken.notices.is_empty() {
            self.outbox.push(Message::Notices(taken.notices));
        }
        self.rounds.push(taken.wishes, false);
        for (finder, wishes) in taken.returned {
            self.rounds.push(wishes, finder == Finder::Scan);
        }
        for part in taken.surveyed {
            let (part, wishes) = part?;
            self.surveyed(part, wishes);
        }
        if !taken.appeared.is_empty() {
            let reasons = BTreeSet::from([Reason::Appeared]);
            self.walkers.hints.order(because(reasons, taken.appeared));
        }
        if !taken.subtrees.is_empty() {
            let collapsed = telling::collapsed(&taken.subtrees);
            self.tell(collapsed);
            let reasons = taken
                .subtrees
                .iter()
                .map(|subtree| subtree.reason)
                .collect();
            let paths = taken
                .subtrees
                .into_iter()
                .map(|subtree| whole(subtree.path));
            self.walkers.hints.order(because(reasons, paths.collect()));
        }
        Ok(newcomers)
    }

    /// Hands on what was looked at, and lets the next looks begin.
    fn go_on(&mut self) -> Result<(), EngineError> {
        self.outbox.flush()?;
        while self.outbox.is_empty() {
            match self.rounds.advance()? {
                None => break,
                Some(Advance::Done(done)) => self.survey_done(*done),
                Some(Advance::Round(round)) => {
                    let looks = round.sightings.len() as u64;
                    self.vitals.looks.fetch_add(looks, Ordering::Relaxed);
                    self.outbox.push(Message::Round(round));
                }
            }
            self.outbox.flush()?;
        }
        let read = self.rounds.large().take_read()?;
        if !read.is_empty() {
            let now = Instant::now();
            self.inbox.put(|waiting| waiting.take_back(read, now));
        }
        Ok(())
    }

    /// Takes what a survey found.
    fn surveyed(&mut self, part: Surveyed, wishes: Vec<Wish>) {
        let Surveyed {
            doubts,
            blind,
            start,
            done,
        } = part;
        let is_scan = doubts.finder == Finder::Scan;
        if !blind.is_empty() {
            let scan = is_scan.then_some(start);
            self.outbox.push(Message::Blind { spots: blind, scan });
        }
        self.rounds.push(wishes, is_scan);
        done.into_iter()
            .for_each(|done| self.rounds.push_done(done));
    }

    /// Takes note that all that a survey found was looked at.
    fn survey_done(&mut self, done: Done) {
        if done.is_scheduled() {
            // Only now: one that was cut off is made up for at the next start.
            for (key, time) in std::mem::take(&mut self.started) {
                self.outbox.push(Message::Remember(key, time));
            }
        }
        self.walkers.done(&done.order);
        // One that comes back is covered anew, and polled again if need be.
        done.gone.iter().for_each(|path| self.lifeline.forget(path));
        self.vitals.surveys.fetch_add(1, Ordering::Relaxed);
        if done.order.restores_sync() {
            self.tell([telling::resynced(&done.order.paths)]);
        }
        self.outbox.push(Message::Surveyed(done));
    }

    /// Does what is due by the clock, and finds out whether everybody is alive.
    fn check(&mut self) -> Result<(), EngineError> {
        let are_delivering = !self.crew.iter().any(ScopedJoinHandle::is_finished);
        let alive = [
            ("read large files", self.rounds.large().is_alive()),
            ("survey", self.walkers.are_alive()),
            ("deliver", are_delivering),
        ];
        if let Some((work, _)) = alive.into_iter().find(|(_, is_alive)| !is_alive) {
            return Err(EngineError::Thread(work));
        }
        let now = Instant::now();
        if let Some(reason) = self.lifeline.check(now) {
            self.tell([telling::restarted(&reason)]);
            self.lifeline.restart()?;
            self.inbox.doubt(place::top(), Reason::LostSync);
        }
        if let Some(jump) = self.clock.look(Reading::now()) {
            self.tell([jump.notice()]);
            self.schedules.clock_was_set();
        }
        if let Some(places) = self.walkers.check(now)? {
            self.tell([telling::hung(&places)]);
        }
        if let Some(slow) = self.rounds.check(now)? {
            let notice = telling::slow(slow);
            self.tell([notice]);
        }
        self.tell(self.lifeline.take_news());
        if self.ending.is_none() {
            self.keep_schedules(now);
        }
        Ok(())
    }

    fn keep_schedules(&mut self, now: Instant) {
        let lifeline = self.lifeline;
        let due = self
            .schedules
            .due(now, || lifeline.polled(), self.walkers.scan.is_idle());
        if let Some(order) = due.poll.filter(|_| self.walkers.poll.is_idle()) {
            self.walkers.poll.order(order);
        }
        if let Some(order) = due.scan {
            self.started = due.started;
            self.walkers.scan.order(order);
        }
    }

    /// Answers everybody who waits for it.
    fn answer(&mut self) {
        if self.askers.is_empty() {
            return;
        }
        let state = self.state();
        for asker in self.askers.drain(..) {
            // Who has lost patience needs no answer.
            let _ = asker.try_send(state.clone());
        }
    }

    fn end_by(&mut self, end: End) {
        if end == End::Stop || self.ending.is_none() {
            self.ending = Some((end, Instant::now() + LAST_ROUNDS));
        }
    }

    /// Says whether nothing is being looked at or waits to be handed to the writer.
    pub(super) fn is_settled(&self) -> bool {
        self.rounds.is_free() && self.outbox.is_empty()
    }

    /// Says whether all that was heard is written.
    pub(super) fn is_idle(&self) -> bool {
        // First: what comes back from a round waits again before the round counts as dealt with.
        let is_written = self.vitals.messages.load(Ordering::Acquire) == self.outbox.handed();
        let is_quiet = self.is_settled() && self.rounds.large_is_empty() && self.walkers.is_idle();
        is_written && is_quiet && self.inbox.with(|waiting| waiting.is_empty())
    }

    /// Has something told; while the store cannot be written, of what is too much only the number.
    pub(super) fn tell(&self, notices: impl IntoIterator<Item = Notice>) {
        self.inbox.with(|waiting| {
            for notice in notices {
                waiting.tell(notice);
            }
        });
    }
}
