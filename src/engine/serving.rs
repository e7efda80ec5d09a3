//! The time of one policy: [`Engine::serve`] scans, then watches until somebody asks for an end.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, Scope, ScopedJoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use waxseal_platform::dir::Dir;
use waxseal_platform::priority;

use super::coordinator::{Coordinator, End};
use super::delivering::{Bells, Sinks, deliver};
use super::inbox::Inbox;
use super::inspecting::{Group, Looker};
use super::round::Sighting;
use super::schedules::Schedules;
use super::scribe::Scribe;
use super::surveying::{Order, Surveys};
use super::writing::{Message, Writing};
use super::{Engine, EngineError, Mandate};
use crate::baseline::{BaselineError, Reader};
use crate::event::{Notice, NoticeAction};
use crate::inspect::{Inspector, Progress, Throttle};
use crate::scan::{self, Coverage, Enter, Plan, Recorder, Survey};
use crate::sink::{self, Delivery, Start, StdoutSink};
use crate::state::escape;

/// Messages to the writer under way: one being written, one ready.
const MESSAGES: usize = 1;

impl Engine {
    /// Covers what the policy watches, scans it, and watches until it is asked to end.
    pub fn serve(&mut self, mandate: &Mandate) -> Result<End, EngineError> {
        self.lookout.follow(Arc::clone(&mandate.policy));
        self.baseline.hold()?;
        let deliveries = self.deliveries(mandate)?;
        self.scan(mandate)?;
        self.announce()?;
        self.baseline.share();
        let end = self.watch(mandate, deliveries)?;
        self.has_served = true;
        Ok(end)
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

    /// Scans everything, covering each directory before it is listed.
    fn scan(&mut self, mandate: &Mandate) -> Result<(), EngineError> {
        let reader = self.baseline.reader()?;
        let coverage = Coverage::new(reader.scopes()?, &mandate.policy)?;
        let lifeline = &self.lifeline;
        let enter = |path: &Path, dir: &Dir| lifeline.cover(path, dir);
        let everything = [PathBuf::from("/")];
        let mut plan = Plan::new(&mandate.policy, &everything, mandate.threads);
        plan.rate = mandate.settings.scan_rate_per_sec;
        plan.enter = Some(&enter);
        plan.keep_out_of(reader.state_dir());
        plan.add_known_roots(&reader)?;
        // What the policy has not covered yet is to join, not to be told as created.
        let is_new = coverage.is_empty() || coverage.is_outdated_for(Path::new("/"));
        let is_wanted = mandate.settings.scan_at_start || self.has_served || is_new;
        plan.only_names = !is_wanted;
        let progress = Progress::default();
        let job = Survey {
            plan: &plan,
            coverage: &coverage,
            progress: &progress,
        };
        let new_reader = || reader.another();
        if !is_wanted {
            // Only to cover the directories. What changed meanwhile is found by the next scan.
            scan::survey(&job, &new_reader, &mut |_| Ok(()), &mut |_| {})?;
            return Ok(());
        }
        let mut recorder =
            Recorder::new(&mut self.baseline, &plan, &coverage, &self.writer, false)?;
        let take = &mut |batch| recorder.take(batch);
        scan::survey(&job, &new_reader, take, &mut |_| {})?;
        recorder.totals(&progress);
        // The sinks deliver what it finds.
        recorder.finish(&mut |_| Ok(()))?;
        Ok(())
    }

    /// Journals that the watch is on, and by what.
    fn announce(&mut self) -> Result<(), EngineError> {
        let mut notices = Vec::new();
        let mut by = Vec::new();
        for health in self.lifeline.health() {
            match &health.unusable {
                None if health.directories > 0 => {
                    by.push(format!(
                        "{} by {}",
                        directories(health.directories),
                        health.kind
                    ));
                }
                _ => {}
            }
        }
        let polled = self.lifeline.polled();
        let action = match self.has_served {
            true => NoticeAction::Reloaded,
            false => NoticeAction::Started,
        };
        let message = match by.as_slice() {
            [] => "watching; nothing tells of changes here, so everything is polled".to_owned(),
            by => format!("watching {}", by.join(", ")),
        };
        notices.push(Notice::now(action, message));
        for (path, reason) in polled {
            let shown = escape::path(&path);
            let message =
                format!("nothing tells of changes below {shown}, so it is polled: {reason}");
            notices.push(Notice::now(NoticeAction::Degraded, message).about(&path));
        }
        let mut batch = self.baseline.batch()?;
        for notice in &notices {
            batch.append_event(notice.at, |id| self.writer.notice(notice, id))?;
        }
        Ok(batch.commit()?)
    }

    fn watch(
        &mut self,
        mandate: &Mandate,
        deliveries: Vec<(String, Delivery)>,
    ) -> Result<End, EngineError> {
        let policy = mandate.policy.as_ref();
        let reader = self.baseline.reader()?;
        let coverage = Coverage::new(reader.scopes()?, policy)?;
        let mut schedules = Schedules::new(&mandate.settings, &reader)?;
        let lifeline = &self.lifeline;
        let enter = |path: &Path, dir: &Dir| lifeline.cover(path, dir);
        let surveys = || {
            Ok::<_, BaselineError>(Surveys {
                policy,
                coverage: &coverage,
                reader: reader.another()?,
                enter: &enter as &Enter<'_>,
                threads: mandate.threads,
                rate: mandate.settings.scan_rate_per_sec,
            })
        };
        let (surveys, scheduled) = (surveys()?, surveys()?);
        let (progress, throttle) = (Progress::default(), Throttle::new(0));
        let looker = |_| {
            let inspector = Inspector::new(mandate.threads, &progress, &throttle);
            Ok::<_, BaselineError>(Looker::new(policy, reader.another()?, inspector))
        };
        let lookers = (0..mandate.threads)
            .map(looker)
            .collect::<Result<Vec<_>, _>>()?;
        let scribe = Scribe::new(&mut self.baseline, policy, &self.writer)?;
        let sinks = &Sinks::default();
        let inbox = self.inbox.as_ref();
        let vitals = &self.vitals;
        thread::scope(|scope| {
            let _open = inbox.open();
            let mut crew = Crew {
                scope,
                members: Vec::new(),
            };
            let (groups, sightings) = crew.lookers(lookers)?;
            let (writer, messages) = bounded(MESSAGES);
            let bells = crew.sinks(deliveries, &reader, &writer, sinks)?;
            let surveys = crew.surveyor("survey", surveys, inbox, false)?;
            let scans = crew.surveyor("scan", scheduled, inbox, true)?;
            let writing = Writing::new(scribe, inbox, vitals, bells);
            let writing = spawn(scope, "write", move || writing.run(&messages))?;
            let farewell = Farewell(writer.clone());
            let coordinator = Coordinator {
                inbox,
                lifeline,
                sinks,
                reader: reader.another()?,
                vitals,
                schedules: &mut schedules,
                groups,
                sightings,
                writer,
                surveys,
                orders: Vec::new(),
                is_surveying: false,
                scans,
                is_scanning: false,
                started: Vec::new(),
                rounds: vitals.rounds.load(Ordering::Relaxed),
                askers: Vec::new(),
                newcomers: Vec::new(),
                crew: crew.members,
            };
            let served = coordinator.serve();
            drop(farewell);
            let written = writing
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            // The writer's own reason is the better one.
            written.and(served)
        })
    }
}

fn directories(number: u64) -> String {
    match number {
        1 => "1 directory".to_owned(),
        number => format!("{number} directories"),
    }
}

/// Tells the writer that nothing more comes, however the watch ends: the sinks wait for its bells,
/// and it waits for them.
struct Farewell<'p>(Sender<Message<'p>>);

impl Drop for Farewell<'_> {
    fn drop(&mut self) {
        // A writer that ended has told why.
        let _ = self.0.send(Message::Last);
    }
}

/// The threads of one policy's time, but for the writer's.
struct Crew<'s, 'e> {
    scope: &'s Scope<'s, 'e>,
    members: Vec<ScopedJoinHandle<'s, ()>>,
}

impl<'s> Crew<'s, '_> {
    /// Starts the inspecting threads; returns how they are asked and where they answer.
    #[expect(clippy::type_complexity, reason = "the two ends of one thing")]
    fn lookers<'p: 's>(
        &mut self,
        lookers: Vec<Looker<'p, 's>>,
    ) -> io::Result<(
        Sender<Group>,
        Receiver<Result<Vec<Sighting<'p>>, EngineError>>,
    )> {
        let (groups, wanted) = unbounded();
        let (seen, sightings) = unbounded();
        for (number, looker) in lookers.into_iter().enumerate() {
            let (groups, seen) = (wanted.clone(), seen.clone());
            let work = move || look(looker, &groups, &Seen(seen));
            self.start(&format!("look-{number}"), work)?;
        }
        Ok((groups, sightings))
    }

    /// Starts a thread for each sink; returns what wakes them.
    fn sinks(
        &mut self,
        deliveries: Vec<(String, Delivery)>,
        reader: &Reader,
        writer: &Sender<Message<'s>>,
        sinks: &'s Sinks,
    ) -> Result<Bells, EngineError> {
        let mut bells = Bells::default();
        for (name, delivery) in deliveries {
            let (bell, writer, reader) = (bells.add(), writer.clone(), reader.another()?);
            self.start(&format!("sink-{name}"), move || {
                deliver(&name, delivery, &reader, &bell, &writer, sinks);
            })?;
        }
        Ok(bells)
    }

    /// Starts a thread that makes the surveys that it is sent.
    fn surveyor(
        &mut self,
        name: &str,
        surveys: Surveys<'s>,
        inbox: &'s Inbox,
        gives_way: bool,
    ) -> io::Result<Sender<Order>> {
        let (sender, orders) = unbounded();
        self.start(name, move || {
            if gives_way {
                // Where it is refused, a scan is as quick as ever.
                let _ = priority::lower();
            }
            survey(&surveys, &orders, inbox);
        })?;
        Ok(sender)
    }

    fn start(&mut self, name: &str, work: impl FnOnce() + Send + 's) -> io::Result<()> {
        self.members.push(spawn(self.scope, name, work)?);
        Ok(())
    }
}

/// Where a looker answers; says so when its thread panics, or nobody would know what to wait for.
struct Seen<'p>(Sender<Result<Vec<Sighting<'p>>, EngineError>>);

impl Drop for Seen<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            // Nobody listens any more when the watch ends.
            let _ = self.0.send(Err(EngineError::Thread("look at files")));
        }
    }
}

/// Looks at what is wanted until nobody wants anything.
fn look<'p>(mut looker: Looker<'p, '_>, groups: &Receiver<Group>, seen: &Seen<'p>) {
    for group in groups {
        let looked = looker.look(group).map_err(EngineError::from);
        if seen.0.send(looked).is_err() {
            return;
        }
    }
}

/// Makes the surveys that are ordered.
fn survey(surveys: &Surveys<'_>, orders: &Receiver<Order>, inbox: &Inbox) {
    for order in orders {
        let made = surveys.make(order, &mut |part| inbox.hand_over(Ok(part)));
        if let Err(error) = made {
            inbox.hand_over(Err(error));
        }
    }
}

fn spawn<'s, T: Send + 's>(
    scope: &'s Scope<'s, '_>,
    name: &str,
    work: impl FnOnce() -> T + Send + 's,
) -> io::Result<ScopedJoinHandle<'s, T>> {
    thread::Builder::new()
        .name(format!("waxseal-{name}"))
        .spawn_scoped(scope, work)
}
