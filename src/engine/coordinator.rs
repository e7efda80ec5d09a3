//! The conductor: takes what is due, has it looked at, hands it to the writer, orders surveys, and
//! keeps an eye on every thread.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use serde_json::{Value, json};
use waxseal_platform::host;
use waxseal_platform::watch::BackendHealth;

use super::EngineError;
use super::delivering::Sinks;
use super::inbox::{Inbox, Request};
use super::inspecting::Group;
use super::lifeline::Lifeline;
use super::round::{Round, Sighting, Wish};
use super::schedules::Schedules;
use super::surveying::{Cause, Order, Surveyed};
use super::taken::{Taken, steps};
use super::vitals::Vitals;
use super::writing::Message;
use crate::baseline::Reader;
use crate::event::{Notice, NoticeAction, path_text};
use crate::hint::{LONGEST, Reason, Subtree};
use crate::report::count;
use crate::state::escape;

/// Paths of one directory that one thread looks at in a row.
const GROUP: usize = 64;

/// How long what is pending may take once the watch is to end.
const LAST_ROUNDS: Duration = Duration::from_secs(4);

/// How long a coordinator with nothing to do sleeps at most: the clock may be set meanwhile.
const NAP: Duration = Duration::from_secs(60);

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
    pub(super) inbox: &'e Inbox,
    pub(super) lifeline: &'e Lifeline,
    pub(super) sinks: &'e Sinks,
    /// To be asked how long the journal is.
    pub(super) reader: Reader,
    pub(super) vitals: &'e Vitals,
    pub(super) schedules: &'e mut Schedules,
    /// To the inspecting threads and back.
    pub(super) groups: Sender<Group>,
    pub(super) sightings: Receiver<Result<Vec<Sighting<'p>>, EngineError>>,
    pub(super) writer: Sender<Message<'p>>,
    pub(super) surveys: Sender<Order>,
    /// Surveys to be made once the present one is done.
    pub(super) orders: Vec<Order>,
    pub(super) is_surveying: bool,
    /// Scheduled scans, which may take hours and hold up nothing else.
    pub(super) scans: Sender<Order>,
    pub(super) is_scanning: bool,
    /// What is remembered of the scheduled scan once it is done.
    pub(super) started: Vec<(&'static str, String)>,
    /// Rounds that the writer was handed.
    pub(super) rounds: u64,
    /// The other threads: none may end before the watch does.
    pub(super) crew: Vec<ScopedJoinHandle<'e, ()>>,
    /// Those who are answered when the canary is heard, and those who came after it was touched.
    pub(super) askers: Vec<Sender<Value>>,
    pub(super) newcomers: Vec<Sender<Value>>,
}

impl<'p> Coordinator<'_, 'p> {
    /// Serves until somebody asks for an end.
    pub(super) fn serve(mut self) -> Result<End, EngineError> {
        loop {
            let mut taken = self.take();
            let has_heard = self.lifeline.heard(&taken.alive);
            let mut newcomers = Vec::new();
            let mut end = None;
            for request in std::mem::take(&mut taken.requests) {
                match request {
                    Request::Stop => end = Some(End::Stop),
                    Request::Reload => end = end.or(Some(End::Reload)),
                    Request::Report(asker) => {
                        newcomers.push(asker);
                    }
                }
            }
            self.work(taken)?;
            self.check()?;
            if has_heard {
                self.answer();
            }
            self.newcomers.append(&mut newcomers);
            if self.askers.is_empty() && !self.newcomers.is_empty() {
                // What happened before somebody asked is to be known before he is answered.
                self.askers.append(&mut self.newcomers);
                self.lifeline.beat();
            }
            match end {
                Some(End::Reload) => {
                    // They are answered by whoever serves the next policy.
                    let askers = self.askers.drain(..).chain(self.newcomers.drain(..));
                    let askers = askers.map(Request::Report);
                    self.inbox.put(|waiting| waiting.requests.extend(askers));
                    return Ok(End::Reload);
                }
                Some(End::Stop) => {
                    self.finish()?;
                    return Ok(End::Stop);
                }
                None => {}
            }
        }
    }

    /// Waits for something to do and takes it.
    fn take(&mut self) -> Taken {
        let until = self
            .lifeline
            .next_check()
            .min(self.schedules.next(!self.is_scanning))
            .min(Instant::now() + NAP);
        self.inbox.wait(until, Taken::from)
    }

    /// Looks at everything that is pending, due or not, and says goodbye.
    fn finish(&mut self) -> Result<(), EngineError> {
        let until = Instant::now() + LAST_ROUNDS;
        let mut is_done = false;
        while !is_done && Instant::now() < until {
            let (taken, is_empty) = self.inbox.with(|waiting| {
                waiting.hurry();
                let soon = Instant::now() + LONGEST;
                let taken = Taken::from(waiting, soon);
                (taken, waiting.is_empty())
            });
            self.work(taken)?;
            is_done = is_empty && !self.is_surveying && self.orders.is_empty();
            if self.is_surveying {
                // Something waits as soon as it is done.
                self.inbox.wait(until, |_, _| ());
            }
        }
        let events = count(self.vitals.events.load(Ordering::Relaxed), "event");
        let message = match is_done {
            true => format!("stopped after {events}"),
            false => {
                let left = self.inbox.with(|waiting| waiting.hints.len());
                format!("stopped after {events}; {left} paths are left to the next start's scan")
            }
        };
        self.tell(vec![Notice::now(NoticeAction::Stopped, message)])
    }

    fn work(&mut self, taken: Taken) -> Result<(), EngineError> {
        let Taken {
            wishes,
            subtrees,
            appeared,
            surveyed,
            notices,
            ..
        } = taken;
        if !notices.is_empty() {
            self.tell(notices)?;
        }
        self.round(wishes, false)?;
        for part in surveyed {
            self.surveyed(part?)?;
        }
        if !appeared.is_empty() {
            self.order(appeared, Cause::Hints(vec![Reason::Appeared]));
        }
        if !subtrees.is_empty() {
            self.tell_collapses(&subtrees)?;
            let reasons = subtrees.iter().map(|subtree| subtree.reason).collect();
            let paths = subtrees.into_iter().map(|subtree| whole(subtree.path));
            self.order(paths.collect(), Cause::Hints(reasons));
        }
        self.begin_survey();
        Ok(())
    }

    /// Has some paths looked at and written.
    fn round(&mut self, wishes: Vec<Wish>, is_scan: bool) -> Result<(), EngineError> {
        let mut steps = steps(Group::all(wishes, GROUP)).into_iter().peekable();
        while let Some(groups) = steps.next() {
            let round = Round {
                began: Instant::now(),
                sightings: self.look(groups)?,
                is_scan,
                goes_on: steps.peek().is_some(),
            };
            self.send(Message::Round(round))?;
            self.rounds += 1;
        }
        Ok(())
    }

    fn look(&self, groups: Vec<Group>) -> Result<Vec<Sighting<'p>>, EngineError> {
        let count = groups.len();
        for group in groups {
            self.groups
                .send(group)
                .map_err(|_| EngineError::Thread("look at files"))?;
        }
        let mut sightings = Vec::new();
        for _ in 0..count {
            let seen = self
                .sightings
                .recv()
                .map_err(|_| EngineError::Thread("look at files"))?;
            sightings.extend(seen?);
        }
        let looks = sightings.len() as u64;
        self.vitals.looks.fetch_add(looks, Ordering::Relaxed);
        Ok(sightings)
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

    /// Returns how it is going.
    fn state(&self) -> Value {
        let (counts, is_empty) = self
            .inbox
            .with(|waiting| (waiting.hints.counts(), waiting.is_empty()));
        let is_written = self.vitals.rounds.load(Ordering::Relaxed) == self.rounds;
        let backends: Vec<Value> = self.lifeline.health().iter().map(backend).collect();
        let polled: Vec<String> = self
            .lifeline
            .polled()
            .iter()
            .map(|(path, _)| path_text(path))
            .collect();
        let journal_end = self.reader.journal_end().unwrap_or(0);
        json!({
            "pid": std::process::id(),
            "memory": host::resident_memory(),
            "outputs": self.sinks.objects(journal_end),
            "canary": self.lifeline.trouble(),
            "scanning": self.is_scanning,
            "idle": is_empty && is_written && !self.is_surveying && self.orders.is_empty(),
            "pending": { "paths": counts.hints, "subtrees": counts.subtrees },
            "heard": { "merged": counts.merged, "absorbed": counts.absorbed, "collapsed": counts.collapsed },
            "backends": backends,
            "polled": polled,
            "totals": self.vitals.object(),
        })
    }

    /// Takes what a survey found.
    fn surveyed(&mut self, part: Surveyed) -> Result<(), EngineError> {
        let Surveyed {
            names,
            heard,
            found_by,
            is_scan,
            done,
        } = part;
        let known: HashSet<PathBuf> = heard.iter().map(|hint| hint.path.clone()).collect();
        let unheard = names.into_iter().filter(|path| !known.contains(path));
        let mut wishes: Vec<Wish> = unheard.map(|path| Wish::surveyed(path, found_by)).collect();
        wishes.extend(heard.into_iter().map(Wish::confirmed));
        self.round(wishes, is_scan)?;
        let Some(done) = done else { return Ok(()) };
        if done.is_scheduled() {
            self.is_scanning = false;
            // Only now: one that was cut off is made up for at the next start.
            for (key, time) in std::mem::take(&mut self.started) {
                self.send(Message::Remember(key, time))?;
            }
        } else {
            self.is_surveying = false;
        }
        self.vitals.surveys.fetch_add(1, Ordering::Relaxed);
        if done.order.restores_sync() {
            let places: Vec<_> = done
                .order
                .paths
                .iter()
                .map(|path| escape::path(path))
                .collect();
            let message = format!("looked again at {}", places.join(", "));
            self.tell(vec![Notice::now(NoticeAction::Resynced, message)])?;
        }
        self.send(Message::Surveyed(done))
    }

    /// Tells which directories are looked at as a whole, because too much happened in them.
    fn tell_collapses(&self, subtrees: &[Subtree]) -> Result<(), EngineError> {
        let collapsed = subtrees
            .iter()
            .filter(|subtree| subtree.reason == Reason::Collapsed);
        let notice = |subtree: &Subtree| {
            let shown = escape::path(&subtree.path);
            let message = format!(
                "too much happened at once below {shown}: it is looked at as a whole, and who made \
                 {} is not known",
                count(subtree.absorbed, "change")
            );
            Notice::now(NoticeAction::Collapsed, message).about(&subtree.path)
        };
        let notices: Vec<Notice> = collapsed.map(notice).collect();
        match notices.is_empty() {
            true => Ok(()),
            false => self.tell(notices),
        }
    }

    /// Wants a survey as soon as there is none being made.
    fn order(&mut self, paths: Vec<PathBuf>, cause: Cause) {
        self.orders.push(Order {
            paths,
            full: false,
            cause,
        });
    }

    fn begin_survey(&mut self) {
        if self.is_surveying || self.orders.is_empty() {
            return;
        }
        let order = Order::merged(&mut self.orders);
        self.is_surveying = self.surveys.send(order).is_ok();
    }

    /// Does what is due by the clock, and finds out whether everybody is alive.
    fn check(&mut self) -> Result<(), EngineError> {
        if self.crew.iter().any(ScopedJoinHandle::is_finished) {
            return Err(EngineError::Thread("survey or deliver"));
        }
        let now = Instant::now();
        if let Some(reason) = self.lifeline.check(now) {
            let message = format!("{reason}: listening anew, everything is looked at again");
            self.tell(vec![Notice::now(
                NoticeAction::WatchThreadRestarted,
                message,
            )])?;
            self.lifeline.restart()?;
            self.inbox.doubt(Path::new("/"), Reason::LostSync);
        }
        let polled = self.lifeline.polled();
        let due = self.schedules.due(now, &polled, !self.is_scanning);
        self.orders.extend(due.poll);
        if let Some(order) = due.scan {
            self.started = due.started;
            self.is_scanning = self.scans.send(order).is_ok();
        }
        self.begin_survey();
        Ok(())
    }

    fn tell(&self, notices: Vec<Notice>) -> Result<(), EngineError> {
        self.send(Message::Notices(notices))
    }

    fn send(&self, message: Message<'p>) -> Result<(), EngineError> {
        self.writer
            .send(message)
            .map_err(|_| EngineError::Thread("write"))
    }
}

fn backend(health: &BackendHealth) -> Value {
    json!({
        "name": health.kind.to_string(),
        "unusable": health.unusable,
        "directories": health.directories,
        "signals": health.signals,
        "own_dropped": health.own_dropped,
    })
}

/// Returns a path to look below; the empty one means everything.
fn whole(path: PathBuf) -> PathBuf {
    match path.as_os_str().is_empty() {
        true => PathBuf::from("/"),
        false => path,
    }
}
