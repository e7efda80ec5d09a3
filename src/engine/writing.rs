//! The writing thread: takes [`Message`]s one after the other, and survives a store that cannot be
//! written for a while.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::EngineError;
use super::delivering::Bells;
use super::inbox::Inbox;
use super::round::Round;
use super::scribe::{Outcome, Scribe};
use super::surveying::Done;
use super::vitals::Vitals;
use crate::baseline::BaselineError;
use crate::event::{Notice, NoticeAction};
use crate::hint::Reason;
use crate::scan::BlindSpot;
use crate::state::escape;

/// How long to wait before a store that could not be written is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// How long cursors of sinks may wait for something else to be written with.
const CURSORS: Duration = Duration::from_secs(1);

/// Blind spots that are remembered as told.
const BLIND: usize = 10_000;

/// Something for the writer, in the order in which it is to be written.
pub(super) enum Message<'p> {
    /// What was looked at.
    Round(Round<'p>),
    /// What is to be told.
    Notices(Vec<Notice>),
    /// A survey that is done.
    Surveyed(Done),
    /// When a scheduled scan started, by the key it is kept under.
    Remember(&'static str, String),
    /// How far a sink has delivered.
    Delivered {
        /// Its name.
        sink: String,
        /// The last event.
        seq: u64,
    },
    /// Nothing but what sinks deliver comes after this.
    Last,
}

/// The state of the writing thread.
pub(super) struct Writing<'e, 'p> {
    scribe: Scribe<'e, 'p>,
    inbox: &'e Inbox,
    vitals: &'e Vitals,
    /// None once everything is written.
    bells: Option<Bells>,
    /// What waits to be written beside rounds.
    notices: Vec<Notice>,
    surveys: Vec<Done>,
    times: BTreeMap<&'static str, String>,
    cursors: BTreeMap<String, u64>,
    cursors_due: Option<Instant>,
    /// Events that scheduled scans led to since the last one was done.
    survey_events: u64,
    /// Since when the store cannot be written, and why.
    trouble: Option<(Instant, String)>,
    blind: HashSet<PathBuf>,
}

impl<'e, 'p> Writing<'e, 'p> {
    pub(super) fn new(
        scribe: Scribe<'e, 'p>,
        inbox: &'e Inbox,
        vitals: &'e Vitals,
        bells: Bells,
    ) -> Writing<'e, 'p> {
        Writing {
            scribe,
            inbox,
            vitals,
            bells: Some(bells),
            notices: Vec::new(),
            surveys: Vec::new(),
            times: BTreeMap::new(),
            survey_events: 0,
            cursors: BTreeMap::new(),
            cursors_due: None,
            trouble: None,
            blind: HashSet::new(),
        }
    }

    /// Writes until nobody has anything to write any more.
    pub(super) fn run(mut self, messages: &Receiver<Message<'p>>) -> Result<(), EngineError> {
        loop {
            let has_rest =
                !self.notices.is_empty() || !self.surveys.is_empty() || !self.times.is_empty();
            let wait = match self.cursors_due {
                _ if has_rest || self.trouble.is_some() => PAUSE,
                Some(due) => due.saturating_duration_since(Instant::now()),
                None => Duration::MAX,
            };
            match messages.recv_timeout(wait.min(Duration::from_secs(3600))) {
                Ok(message) => self.take(message)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.write_rest(true)?;
                    return Ok(());
                }
            }
            self.write_rest(false)?;
        }
    }

    fn take(&mut self, message: Message<'p>) -> Result<(), EngineError> {
        match message {
            Message::Round(round) => {
                let is_scan = round.is_scan;
                let outcome = self.scribe.write(round)?;
                self.survey_events += if is_scan { outcome.events } else { 0 };
                self.conclude(outcome);
            }
            Message::Remember(key, time) => {
                self.times.insert(key, time);
            }
            Message::Notices(notices) => self.notices.extend(notices),
            Message::Surveyed(mut done) => {
                for spot in &done.blind {
                    self.tell_blind(spot);
                }
                if done.is_scheduled() {
                    done.end.changes = std::mem::take(&mut self.survey_events);
                    self.surveys.push(done);
                }
            }
            Message::Delivered { sink, seq } => {
                self.cursors.insert(sink, seq);
                self.cursors_due
                    .get_or_insert_with(|| Instant::now() + CURSORS);
            }
            Message::Last => self.bells = None,
        }
        Ok(())
    }

    /// Does what follows from a round.
    fn conclude(&mut self, outcome: Outcome) {
        let now = Instant::now();
        self.vitals.rounds.fetch_add(1, Ordering::Relaxed);
        self.vitals
            .events
            .fetch_add(outcome.events, Ordering::Relaxed);
        for first in outcome.firsts {
            self.vitals
                .count_latency(now.saturating_duration_since(first));
        }
        for spot in &outcome.blind {
            self.tell_blind(spot);
        }
        for path in &outcome.vanished {
            self.inbox.doubt(path, Reason::Appeared);
        }
        let is_again = !outcome.again.is_empty();
        let back = match is_again {
            true => outcome.again,
            false => outcome.unfinished,
        };
        if !back.is_empty() {
            self.inbox.put(|waiting| waiting.take_back(back, now));
        }
        match outcome.trouble {
            Some(error) => self.fail(&error),
            None if !is_again => self.recover(),
            None => {}
        }
        if outcome.events > 0 {
            self.ring();
        }
    }

    /// Writes notices, surveys and cursors that wait.
    fn write_rest(&mut self, is_last: bool) -> Result<(), EngineError> {
        let is_due = is_last || self.cursors_due.is_some_and(|due| due <= Instant::now());
        let is_any = !self.notices.is_empty()
            || !self.surveys.is_empty()
            || !self.times.is_empty()
            || (is_due && !self.cursors.is_empty());
        let mut written = Ok(());
        if !self.notices.is_empty() {
            written = self.scribe.tell(&self.notices);
            if written.is_ok() {
                let told = self.notices.len() as u64;
                self.vitals.notices.fetch_add(told, Ordering::Relaxed);
                self.notices.clear();
                self.ring();
            }
        }
        while written.is_ok()
            && let Some(done) = self.surveys.last()
        {
            written = self.scribe.surveyed(done);
            if written.is_ok() {
                self.surveys.pop();
            }
        }
        if written.is_ok() && !self.times.is_empty() {
            written = self.scribe.remember(&self.times);
            if written.is_ok() {
                self.times.clear();
            }
        }
        if written.is_ok() && is_due && !self.cursors.is_empty() {
            written = self.scribe.delivered(&self.cursors);
            if written.is_ok() {
                self.cursors.clear();
                self.cursors_due = None;
            }
        }
        match written {
            Ok(()) => {
                if is_any && !is_last {
                    self.recover();
                }
                Ok(())
            }
            Err(error) if error.is_integrity_failure() || is_last => Err(error.into()),
            Err(error) => {
                self.fail(&error);
                Ok(())
            }
        }
    }

    /// Takes note that the store cannot be written, and gives it time.
    fn fail(&mut self, error: &BaselineError) {
        // Another process has its turn: that is no trouble, however long it takes.
        let is_turn = matches!(error, BaselineError::Locked { .. });
        if self.trouble.is_none() && !is_turn {
            self.trouble = Some((Instant::now(), error.to_string()));
        }
        thread::sleep(PAUSE);
    }

    /// Tells that the store could not be written for a while.
    fn recover(&mut self) {
        let Some((since, reason)) = self.trouble.take() else {
            return;
        };
        let seconds = since.elapsed().as_secs_f32();
        let message = format!(
            "the store could not be written for {seconds:.1} s, what changed was kept in mind: {reason}"
        );
        self.notices
            .push(Notice::now(NoticeAction::Recovered, message));
    }

    fn tell_blind(&mut self, spot: &BlindSpot) {
        if self.blind.len() >= BLIND {
            self.blind.clear();
        }
        if self.blind.insert(spot.path.clone()) {
            let message = format!(
                "{} could not be looked at: {}",
                escape::path(&spot.path),
                spot.cause
            );
            let notice = Notice::now(NoticeAction::BlindSpots, message).about(&spot.path);
            self.notices.push(notice);
        }
    }

    fn ring(&self) {
        if let Some(bells) = &self.bells {
            bells.ring();
        }
    }
}
