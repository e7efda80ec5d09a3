//! The time of one policy: [`Engine::serve`] scans, then watches until somebody asks for an end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use crossbeam_channel::bounded;

use super::coordinator::{Coordinator, End};
use super::crew::{Crew, Farewell, see_off, spawn};
use super::delivering::Sinks;
use super::inbox::Inbox;
use super::large::{Lane, LargeFiles, Readings};
use super::looking::{Lookers, Tools};
use super::outbox::Outbox;
use super::presence::Presence;
use super::rounds::Rounds;
use super::schedules::Schedules;
use super::scribe::Scribe;
use super::surveying::Surveys;
use super::waiting::Request;
use super::walkers::Walkers;
use super::writing::{LAST_TURN, Writing};
use super::{Engine, EngineError, Mandate};
use crate::baseline::{BaselineError, Reader};
use crate::event::{Notice, NoticeAction};
use crate::inspect::{Halt, Progress};
use crate::scan::{Coverage, ScanError};
use crate::sink::{self, Delivery, Start, StdoutSink};

/// Messages to the writer under way: one being written, one ready.
const MESSAGES: usize = 1;

impl Engine {
    /// Covers what the policy watches, scans it, and watches until it is asked to end; `observe` is
    /// called now and then during the scan, and dropped after it.
    pub fn serve(
        &mut self,
        mandate: &Mandate,
        mut observe: impl FnMut(&Progress),
    ) -> Result<End, EngineError> {
        if !self.inbox.allow_start() {
            return self.end_of_start();
        }
        let started = self.start_serving(mandate, &mut observe);
        drop(observe);
        self.inbox.end_start();
        let deliveries = match started {
            Ok(deliveries) => deliveries,
            Err(EngineError::Scan(ScanError::Halted)) => return self.end_of_start(),
            Err(error) => return Err(error),
        };
        let end = self.watch(mandate, deliveries)?;
        self.has_served = true;
        Ok(end)
    }

    fn start_serving(
        &mut self,
        mandate: &Mandate,
        observe: &mut dyn FnMut(&Progress),
    ) -> Result<Vec<(String, Delivery)>, EngineError> {
        self.lookout.follow(Arc::clone(&mandate.policy));
        self.hold()?;
        let deliveries = self.deliveries(mandate)?;
        let started = self.scan(mandate, observe)?;
        self.announce(&started, mandate.mistake.as_ref())?;
        self.served = Some(Arc::clone(&mandate.policy));
        self.in_question.clear();
        self.baseline.share();
        Ok(deliveries)
    }

    /// Keeps other processes from writing; a scan beside a watch that reloads may take its time.
    fn hold(&mut self) -> Result<(), EngineError> {
        self.inbox.show_start(true);
        loop {
            if self.inbox.start_halt.is_called() {
                return Err(ScanError::Halted.into());
            }
            match self.baseline.hold() {
                Err(BaselineError::Locked { .. }) if self.served.is_some() => {}
                held => return Ok(held?),
            }
        }
    }

    /// Keeps other processes from writing, for the last time.
    fn hold_to_stop(&mut self) -> Result<(), EngineError> {
        let until = Instant::now() + LAST_TURN;
        loop {
            match self.baseline.hold() {
                Err(BaselineError::Locked { .. }) if Instant::now() < until => {}
                held => return Ok(held?),
            }
        }
    }

    /// Ends because somebody asked for it before the watch was on.
    fn end_of_start(&mut self) -> Result<End, EngineError> {
        match self.inbox.with(|waiting| waiting.take_end()) {
            Some(Request::Reload) => Ok(End::Reload),
            _ => {
                let message = "stopped before the start scan was over: the next start makes it";
                let notice = Notice::now(NoticeAction::Stopped, message.to_owned());
                self.hold_to_stop()?;
                let mut batch = self.baseline.batch()?;
                batch.append_event(notice.at, |id| self.writer.notice(&notice, id))?;
                batch.commit()?;
                Ok(End::Stop)
            }
        }
    }

    /// Prepares the sinks: a new one gets what is journalled from now on.
    fn deliveries(&mut self, mandate: &Mandate) -> Result<Vec<(String, Delivery)>, EngineError> {
        let reader = self.baseline.reader()?;
        let mut deliveries = Vec::new();
        for sink in sink::configured(&mandate.settings, mandate.style) {
            let name = sink.name().to_owned();
            let mut start = Start::of(&name, &reader)?;
            if name == StdoutSink::NAME && !self.has_served {
                // Whoever reads it now has not asked for what came before.
                start.cursor = reader.journal_end()?;
                start.is_new = true;
            }
            if start.is_new {
                let mut batch = self.baseline.batch()?;
                batch.put_cursor(&name, start.cursor)?;
                batch.commit()?;
            }
            deliveries.push((name, Delivery::new(sink, start.cursor)));
        }
        Ok(deliveries)
    }

    /// Starts the threads that survey.
    fn walkers(&self, mandate: &Mandate, reader: &Reader) -> Result<Walkers, EngineError> {
        let surveys = Surveys {
            policy: Arc::clone(&mandate.policy),
            coverage: Arc::new(Coverage::new(reader.scopes()?, &mandate.policy)?),
            reader: reader.another()?,
            lifeline: Arc::clone(&self.lifeline),
            threads: mandate.threads,
            rate: mandate.settings.scan_rate_per_sec,
            halt: Halt::default(),
        };
        Walkers::start(surveys, &self.inbox)
    }

    fn watch(
        &mut self,
        mandate: &Mandate,
        deliveries: Vec<(String, Delivery)>,
    ) -> Result<End, EngineError> {
        let policy = mandate.policy.as_ref();
        let reader = self.baseline.reader()?;
        let mut schedules = Schedules::new(&mandate.settings, &reader)?;
        let walkers = self.walkers(mandate, &reader)?;
        let rounds = rounds(mandate, &reader, &self.inbox)?;
        let scribe = Scribe::new(&mut self.baseline, policy, &self.writer)?;
        let sinks = &Sinks::default();
        let lifeline = self.lifeline.as_ref();
        let clock = &mut self.clock;
        let inbox = self.inbox.as_ref();
        let vitals = &self.vitals;
        thread::scope(|scope| {
            let _open = inbox.open();
            let mut crew = Crew {
                scope,
                members: Vec::new(),
            };
            let (writer, messages) = bounded(MESSAGES);
            let (halt, is_over) = (Halt::default(), Halt::default());
            let bells = crew.sinks(deliveries, &reader, &writer, sinks, &is_over)?;
            let writing = Writing::new(scribe, inbox, vitals, bells, halt.clone());
            let writing = spawn(scope, "write", move || {
                let written = writing.run(&messages);
                inbox.nudge();
                written
            })?;
            let farewell = Farewell {
                writer: Some(writer.clone()),
                halt: halt.clone(),
            };
            let coordinator = Coordinator {
                policy,
                inbox,
                lifeline,
                sinks,
                reader: reader.another()?,
                vitals,
                schedules: &mut schedules,
                clock,
                presence: Presence::new(Instant::now()),
                rounds,
                outbox: Outbox::new(writer, vitals.messages.load(Ordering::Relaxed)),
                writer_halt: halt.clone(),
                walkers,
                started: Vec::new(),
                askers: Vec::new(),
                newcomers: Vec::new(),
                crew: crew.members,
                ending: None,
            };
            let served = coordinator.serve();
            match served {
                Ok(End::Reload) => {
                    // What the writer has it writes first, and may have to wait for that.
                    let _waiting = inbox.show_start(true);
                    is_over.call();
                }
                _ => halt.call(),
            }
            let written = see_off(writing, farewell, inbox);
            // The writer's own reason is the better one.
            written.and(served)
        })
    }
}

/// Starts the threads that look at files.
fn rounds<'m>(
    mandate: &'m Mandate,
    reader: &Reader,
    inbox: &Arc<Inbox>,
) -> Result<Rounds<'m>, EngineError> {
    let (readings, halt) = (Arc::new(Readings::default()), Halt::default());
    let lookers = Lookers::start(Tools {
        policy: Arc::clone(&mandate.policy),
        reader: reader.another()?,
        readings: Arc::clone(&readings),
        inbox: Arc::clone(inbox),
        halt: halt.clone(),
        threads: mandate.threads,
    })?;
    let large = LargeFiles::start(Lane {
        policy: Arc::clone(&mandate.policy),
        reader: reader.another()?,
        readings,
        inbox: Arc::clone(inbox),
        halt,
    })?;
    Ok(Rounds::new(&mandate.policy, lookers, large))
}
