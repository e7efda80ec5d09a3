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
use super::outcome::Outcome;
use super::round::Round;
use super::scribe::Scribe;
use super::surveying::Done;
use super::vitals::Vitals;
use super::waiting::Request;
use crate::baseline::{BaselineError, ScanStart};
use crate::event::{Notice, NoticeAction};
use crate::hint::Reason;
use crate::inspect::{Halt, Observation};
use crate::scan::{BlindSpot, Cause};
use crate::state::escape;

/// How long to wait before a store that could not be written is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// How long the end of the watch waits for another process that writes.
pub(super) const LAST_TURN: Duration = Duration::from_secs(30);

/// How long cursors of sinks may wait for something else to be written with.
const CURSORS: Duration = Duration::from_secs(1);

/// How long the writer sleeps at most.
const IDLE: Duration = Duration::from_secs(3600);

/// Blind spots that are told by name as long as they are.
const BLIND: usize = 10_000;

/// Something for the writer, in the order in which it is to be written.
pub(super) enum Message<'p> {
    /// What was looked at.
    Round(Round<'p>),
    /// What is to be told.
    Notices(Vec<Notice>),
    /// What a sink has to tell.
    OfSink(Notice),
    /// What a survey could not look at, and how it began if it is a scan that is recorded.
    Blind {
        /// The paths.
        spots: Vec<BlindSpot>,
        /// The scan.
        scan: Option<ScanStart>,
    },
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
    /// Ends the patience with a store that cannot be written.
    halt: Halt,
    /// When it was first seen to be called.
    halted: Option<Instant>,
    /// None once everything is written.
    bells: Option<Bells>,
    rest: Rest,
    /// Events that scheduled scans led to since the last one was done.
    survey_events: u64,
    /// Since when the store cannot be written, and why.
    trouble: Option<(Instant, String)>,
    /// Paths that were told to be blind spots.
    blind: HashSet<PathBuf>,
    /// Whether it was told that there are more.
    is_blind_full: bool,
}

/// What waits to be written beside rounds. No message is taken before it is, so it stays small.
#[derive(Default)]
struct Rest {
    notices: Vec<Notice>,
    spots: Option<(ScanStart, Vec<BlindSpot>)>,
    survey: Option<Done>,
    times: BTreeMap<&'static str, String>,
    cursors: BTreeMap<String, u64>,
    cursors_due: Option<Instant>,
}

impl Message<'_> {
    /// Says whether the coordinator sent it.
    fn is_of_coordinator(&self) -> bool {
        let is_of_sink = matches!(self, Message::OfSink(_) | Message::Delivered { .. });
        !is_of_sink && !matches!(self, Message::Last)
    }
}

impl<'e, 'p> Writing<'e, 'p> {
    pub(super) fn new(
        scribe: Scribe<'e, 'p>,
        inbox: &'e Inbox,
        vitals: &'e Vitals,
        bells: Bells,
        halt: Halt,
    ) -> Writing<'e, 'p> {
        Writing {
            scribe,
            inbox,
            vitals,
            halt,
            halted: None,
            bells: Some(bells),
            rest: Rest::default(),
            survey_events: 0,
            trouble: None,
            blind: HashSet::new(),
            is_blind_full: false,
        }
    }

    /// Writes until nobody has anything to write any more.
    pub(super) fn run(mut self, messages: &Receiver<Message<'p>>) -> Result<(), EngineError> {
        loop {
            let due = self.rest.cursors_due;
            let wait = due.map_or(IDLE, |due| due.saturating_duration_since(Instant::now()));
            let is_counted = match messages.recv_timeout(wait.min(IDLE)) {
                Ok(message) => {
                    let is_counted = message.is_of_coordinator();
                    self.take(message)?;
                    is_counted
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => {
                    // A round that never got whole, because its policy's time is over.
                    let open = self.scribe.take_open();
                    let now = Instant::now();
                    self.inbox.put(|waiting| waiting.take_back(open, now));
                    return self.write_rest(true);
                }
            };
            self.finish(is_counted)?;
            // There is room for the next one now.
            self.inbox.nudge();
        }
    }

    /// Writes what a message led to, and only then counts it as dealt with: whoever sees that finds
    /// what came back waiting, and what was told in the journal.
    fn finish(&mut self, is_counted: bool) -> Result<(), EngineError> {
        self.write_rest(false)?;
        let dealt_with = &self.vitals.messages;
        dealt_with.fetch_add(u64::from(is_counted), Ordering::Release);
        Ok(())
    }

    fn take(&mut self, message: Message<'p>) -> Result<(), EngineError> {
        match message {
            Message::Round(round) => {
                let is_scan = round.is_scan;
                self.forget_seen(&round);
                let outcome = self.scribe.write(round)?;
                self.survey_events += if is_scan { outcome.events } else { 0 };
                self.conclude(outcome);
            }
            Message::Remember(key, time) => {
                self.rest.times.insert(key, time);
            }
            Message::Notices(notices) => self.rest.notices.extend(notices),
            Message::OfSink(notice) => self.rest.notices.push(notice),
            Message::Blind { spots, scan } => {
                spots.iter().for_each(|spot| self.tell_blind(spot));
                self.rest.spots = scan.map(|scan| (scan, spots));
            }
            Message::Surveyed(mut done) => {
                if done.is_scheduled() {
                    done.end.changes = std::mem::take(&mut self.survey_events);
                    self.rest.survey = Some(done);
                }
            }
            Message::Delivered { sink, seq } => {
                self.rest.cursors.insert(sink, seq);
                self.rest
                    .cursors_due
                    .get_or_insert_with(|| Instant::now() + CURSORS);
            }
            Message::Last => self.bells = None,
        }
        Ok(())
    }

    /// Does what follows from a round.
    fn conclude(&mut self, outcome: Outcome) {
        let now = Instant::now();
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
        self.rest.notices.extend(outcome.notices);
        if outcome.has_turned {
            // Where it leads is a question for whoever reads the configuration.
            self.inbox.request_end(Request::Reload);
        }
        let back = match outcome.is_written {
            true => outcome.unfinished,
            false => outcome.again,
        };
        if !back.is_empty() {
            self.inbox.put(|waiting| waiting.take_back(back, now));
        }
        self.vitals.rounds.fetch_add(1, Ordering::Relaxed);
        match outcome.trouble {
            Some(error) => self.bear(&error),
            None if outcome.is_written => self.recover(),
            None => {}
        }
        if outcome.events > 0 {
            self.ring();
        }
    }

    /// Writes notices, surveys and cursors that wait, however long that takes.
    fn write_rest(&mut self, is_last: bool) -> Result<(), EngineError> {
        while self.rest.is_due(is_last) {
            match self.rest.write(&mut self.scribe, self.vitals) {
                Ok(has_told) => {
                    self.recover();
                    if has_told {
                        self.ring();
                    }
                }
                Err(error) if error.is_integrity_failure() || self.is_hopeless(&error) => {
                    return Err(error.into());
                }
                Err(error) => self.bear(&error),
            }
        }
        Ok(())
    }

    /// Says whether the watch ends before the store can be written. Only for another process, which
    /// has its turn, there is some time.
    fn is_hopeless(&mut self, error: &BaselineError) -> bool {
        if !self.halt.is_called() {
            return false;
        }
        let since = *self.halted.get_or_insert_with(Instant::now);
        !matches!(error, BaselineError::Locked { .. }) || since.elapsed() >= LAST_TURN
    }

    /// Takes note that the store cannot be written, and waits until it can at least be asked.
    fn bear(&mut self, error: &BaselineError) {
        let mut is_turn = matches!(error, BaselineError::Locked { .. });
        loop {
            // Another process has its turn: that is no trouble, however long it takes.
            if self.trouble.is_none() && !is_turn {
                self.trouble = Some((Instant::now(), error.to_string()));
                self.vitals.show_trouble(Some(error.to_string()));
            }
            thread::sleep(PAUSE);
            match self.scribe.probe() {
                Err(BaselineError::Locked { .. }) if !self.halt.is_called() => is_turn = true,
                // Any other reason shows when it is written.
                Ok(()) | Err(_) => return,
            }
        }
    }

    /// Tells that the store could not be written for a while.
    fn recover(&mut self) {
        let Some((since, reason)) = self.trouble.take() else {
            return;
        };
        self.vitals.show_trouble(None);
        let seconds = since.elapsed().as_secs_f32();
        let message = format!(
            "the store could not be written for {seconds:.1} s, what changed was kept in mind: {reason}"
        );
        let notice = Notice::now(NoticeAction::Recovered, message);
        self.rest.notices.push(notice);
    }

    /// Lets it be told again when a path that was seen once more cannot be looked at later.
    fn forget_seen(&mut self, round: &Round<'p>) {
        if self.blind.is_empty() {
            return;
        }
        for sighting in &round.sightings {
            let is_seen = match &sighting.observed {
                Observation::Present(present) => present.is_whole(),
                Observation::Absent => true,
                Observation::Unreadable(_) | Observation::Unstable => false,
            };
            if is_seen {
                self.blind.remove(&sighting.wish.path);
            }
        }
        self.is_blind_full &= self.blind.len() > BLIND / 2;
    }

    fn tell_blind(&mut self, spot: &BlindSpot) {
        if matches!(spot.cause, Cause::TooLarge(_)) {
            // It was asked for.
            return;
        }
        if self.blind.len() >= BLIND {
            if !self.blind.contains(&spot.path) && !std::mem::replace(&mut self.is_blind_full, true)
            {
                let message = format!(
                    "more than {BLIND} paths could not be looked at: no more are named, `waxseal scan` \
                     lists them"
                );
                let notice = Notice::now(NoticeAction::BlindSpots, message);
                self.rest.notices.push(notice);
            }
            return;
        }
        if self.blind.insert(spot.path.clone()) {
            let message = format!(
                "{} could not be looked at: {}",
                escape::path(&spot.path),
                spot.cause
            );
            let notice = Notice::now(NoticeAction::BlindSpots, message).about(&spot.path);
            self.rest.notices.push(notice);
        }
    }

    fn ring(&self) {
        if let Some(bells) = &self.bells {
            bells.ring();
        }
    }
}

impl Rest {
    /// Says whether something is to be written now.
    fn is_due(&self, is_last: bool) -> bool {
        let has_records = self.spots.is_some() || self.survey.is_some();
        let are_cursors_due = is_last || self.cursors_due.is_some_and(|due| due <= Instant::now());
        !self.notices.is_empty()
            || has_records
            || !self.times.is_empty()
            || (are_cursors_due && !self.cursors.is_empty())
    }

    /// Writes all of it; says whether something was told. What is written is taken out, so after an
    /// error the rest can be tried again.
    fn write(
        &mut self,
        scribe: &mut Scribe<'_, '_>,
        vitals: &Vitals,
    ) -> Result<bool, BaselineError> {
        let told = self.notices.len() as u64;
        if told > 0 {
            scribe.tell(&self.notices)?;
            vitals.notices.fetch_add(told, Ordering::Relaxed);
            self.notices.clear();
        }
        if let Some((start, spots)) = &self.spots {
            scribe.note_blind(start, spots)?;
            self.spots = None;
        }
        if let Some(done) = &self.survey {
            scribe.surveyed(done)?;
            self.survey = None;
        }
        if !self.times.is_empty() {
            scribe.remember(&self.times)?;
            self.times.clear();
        }
        if !self.cursors.is_empty() {
            scribe.delivered(&self.cursors)?;
            self.cursors.clear();
            self.cursors_due = None;
        }
        Ok(told > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Baseline;
    use crate::engine::doubts::Finder;
    use crate::engine::round::Wish;
    use crate::event::Writer;
    use crate::policy::{Policy, PolicySpec};
    use crate::state::sample;

    const ROUNDS: u64 = 1000;

    #[test]
    fn a_round_counts_as_dealt_with_only_when_all_that_follows_from_it_can_be_seen() {
        let temp = tempfile::tempdir().unwrap();
        let mut baseline = Baseline::open(&temp.path().join("state")).unwrap();
        let policy = PolicySpec::builtin(&[sample::path("/w")], None);
        let policy = Policy::compile(&policy).unwrap();
        let writer = Writer::new();
        let (inbox, vitals) = (Inbox::new(), Vitals::default());
        let reader = baseline.reader().unwrap();
        let scribe = Scribe::new(&mut baseline, &policy, &writer).unwrap();
        let mut writing = Writing::new(scribe, &inbox, &vitals, Bells::default(), Halt::default());
        thread::scope(|scope| {
            let (vitals, inbox) = (&vitals, &inbox);
            scope.spawn(move || {
                let mut done = 0;
                while done < ROUNDS {
                    done = vitals.messages.load(Ordering::Acquire);
                    let waiting = inbox.with(|waiting| waiting.len() as u64);
                    assert!(waiting >= done, "{waiting} of {done} wait again");
                    let told = reader.journal_end().unwrap();
                    assert!(told >= done, "{told} of {done} are told");
                }
            });
            for round in 0..ROUNDS {
                let path = sample::path(&format!("/w/{round}"));
                writing.conclude(Outcome {
                    again: vec![Wish::surveyed(path, Finder::Watch)],
                    notices: vec![Notice::now(NoticeAction::Degraded, round.to_string())],
                    ..Outcome::default()
                });
                writing.finish(true).unwrap();
            }
        });
    }
}
