//! Rounds under way: [`Rounds`] has one looked at after the other and gives them back in order.
//!
//! Nothing here waits: [`Rounds::advance`] takes what the looking threads have answered by now.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::EngineError;
use super::inspecting::{Group, Look};
use super::large::LargeFiles;
use super::looking::{Answer, Lookers};
use super::round::{Round, STEP, Sighting, Wish};
use super::surveying::Done;
use super::worker::hung;
use crate::inspect::Observation;
use crate::policy::Policy;

/// Paths of one directory that one thread looks at in a row.
const GROUP: usize = 64;

/// How long a round may take before it is told of.
const SLOW: Duration = Duration::from_secs(60);

/// Has rounds looked at.
pub(super) struct Rounds<'p> {
    policy: &'p Policy,
    lookers: Lookers,
    large: LargeFiles,
    queue: VecDeque<Item>,
    flight: Option<Flight>,
    /// How many steps were begun.
    begun: u64,
}

/// What is to be done in order.
enum Item {
    Step(Step),
    Done(Box<Done>),
}

/// A part of a round that is looked at together.
struct Step {
    groups: Vec<Arc<Group>>,
    is_scan: bool,
    goes_on: bool,
}

/// The step that is being looked at.
struct Flight {
    began: Instant,
    step: Step,
    looks: Vec<Option<Vec<Look>>>,
    missing: usize,
    is_told: bool,
}

/// What is done.
pub(super) enum Advance<'p> {
    /// A step was looked at.
    Round(Round<'p>),
    /// All that a survey found was looked at.
    Done(Box<Done>),
}

impl<'p> Rounds<'p> {
    pub(super) fn new(policy: &'p Policy, lookers: Lookers, large: LargeFiles) -> Rounds<'p> {
        Rounds {
            policy,
            lookers,
            large,
            queue: VecDeque::new(),
            flight: None,
            begun: 0,
        }
    }

    /// Says whether nothing is under way but large files.
    pub(super) fn is_free(&self) -> bool {
        self.queue.is_empty() && self.flight.is_none()
    }

    /// Returns the lane of large files.
    pub(super) fn large(&mut self) -> &mut LargeFiles {
        &mut self.large
    }

    /// Says whether no large file is being read or waits for it.
    pub(super) fn large_is_empty(&self) -> bool {
        self.large.is_empty()
    }

    /// Returns the large files that are being read or wait for it.
    pub(super) fn large_paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.large.paths()
    }

    /// Takes back every wish that was not looked at.
    pub(super) fn take_all(&mut self) -> Vec<Wish> {
        let mut wishes = self.large.take_all();
        let flight = self.flight.take().map(|flight| flight.step);
        let queued = std::mem::take(&mut self.queue).into_iter();
        let queued = queued.filter_map(|item| match item {
            Item::Step(step) => Some(step),
            Item::Done(_) => None,
        });
        for step in flight.into_iter().chain(queued) {
            let groups = step.groups.iter();
            wishes.extend(groups.flat_map(|group| group.wishes.iter().cloned()));
        }
        wishes
    }

    /// Has some paths looked at after everything before.
    pub(super) fn push(&mut self, wishes: Vec<Wish>, is_scan: bool) {
        let mut steps = steps(Group::all(wishes, GROUP)).into_iter().peekable();
        while let Some(groups) = steps.next() {
            self.queue.push_back(Item::Step(Step {
                groups: groups.into_iter().map(Arc::new).collect(),
                is_scan,
                goes_on: steps.peek().is_some(),
            }));
        }
    }

    /// Takes note of the end of a survey, which is told after everything before.
    pub(super) fn push_done(&mut self, done: Done) {
        self.queue.push_back(Item::Done(Box::new(done)));
    }

    /// Returns what is done next, if it is done by now.
    pub(super) fn advance(&mut self) -> Result<Option<Advance<'p>>, EngineError> {
        if self.flight.is_none() {
            match self.queue.pop_front() {
                None => return Ok(None),
                Some(Item::Done(done)) => return Ok(Some(Advance::Done(done))),
                Some(Item::Step(step)) => self.begin(step),
            }
        }
        while let Some(answer) = self.lookers.answer() {
            self.take(answer)?;
        }
        match self.flight.take() {
            Some(flight) if flight.missing == 0 => Ok(Some(Advance::Round(self.finish(flight)))),
            flight => {
                self.flight = flight;
                Ok(None)
            }
        }
    }

    /// Gives up what hangs, and returns a directory that takes very long, once for each step.
    pub(super) fn check(&mut self, now: Instant) -> Result<Option<&Path>, EngineError> {
        self.large.check(now)?;
        let begun = self.begun;
        let given_up = self.lookers.give_up(begun, now)?;
        let Some(flight) = &mut self.flight else {
            return Ok(None);
        };
        for index in given_up {
            if let Some(group) = flight.step.groups.get(index) {
                self.lookers.shun(&group.dir);
                let looks = group.wishes.iter().map(|_| hung()).collect();
                flight.set(index, looks);
            }
        }
        let is_slow = now.saturating_duration_since(flight.began) >= SLOW;
        if !is_slow || std::mem::replace(&mut flight.is_told, true) {
            return Ok(None);
        }
        let unseen = flight.looks.iter().position(Option::is_none);
        let group = unseen.and_then(|index| flight.step.groups.get(index));
        Ok(group.map(|group| group.dir.as_path()))
    }

    fn begin(&mut self, step: Step) {
        self.begun += 1;
        self.lookers.look(self.begun, &step.groups);
        self.flight = Some(Flight {
            began: Instant::now(),
            looks: step.groups.iter().map(|_| None).collect(),
            missing: step.groups.len(),
            step,
            is_told: false,
        });
    }

    fn take(&mut self, answer: Answer) -> Result<(), EngineError> {
        // What a thread says that was given up is about a step that is over, or about nothing new.
        if answer.round == self.begun
            && let Some(flight) = &mut self.flight
            && flight.is_missing(answer.index)
        {
            flight.set(answer.index, answer.looks?);
        }
        Ok(())
    }

    /// Makes a round of a step; what is too large for it goes its own way.
    fn finish(&mut self, flight: Flight) -> Round<'p> {
        let mut sightings = Vec::new();
        let mut large = Vec::new();
        let groups = flight.step.groups.into_iter();
        for (group, looks) in groups.zip(flight.looks) {
            let group = Arc::try_unwrap(group).unwrap_or_else(|shared| Group::clone(&shared));
            for (wish, look) in group.wishes.into_iter().zip(looks.unwrap_or_default()) {
                if let Look::Outdated { .. } = &look {
                    self.large.look_again(wish.clone());
                }
                match look {
                    Look::Large => large.push(wish),
                    Look::Seen { observed, kind } | Look::Outdated { observed, kind } => {
                        let decision = kind.map(|kind| self.policy.decide(&wish.path, kind));
                        sightings.push(Sighting {
                            rule: decision.and_then(|decision| decision.watched()),
                            wish,
                            observed,
                        });
                    }
                }
            }
        }
        for sighting in &sightings {
            if matches!(sighting.observed, Observation::Absent) {
                self.large.call_off(&sighting.wish.path);
            }
        }
        for wish in large {
            let linked = take_linked(&wish, &mut sightings);
            self.large.put(wish, linked);
        }
        Round {
            began: flight.began,
            sightings,
            is_scan: flight.step.is_scan,
            goes_on: flight.step.goes_on,
        }
    }
}

/// Takes what a rename links to a wish out of what was looked at.
fn take_linked(wish: &Wish, sightings: &mut Vec<Sighting<'_>>) -> Vec<Wish> {
    let group = |wish: &Wish| wish.hint().and_then(|hint| hint.group);
    let Some(wanted) = group(wish) else {
        return Vec::new();
    };
    let is_linked = |sighting: &mut Sighting<'_>| group(&sighting.wish) == Some(wanted);
    let linked = sightings.extract_if(.., is_linked);
    linked.map(|sighting| sighting.wish).collect()
}

impl Flight {
    fn is_missing(&self, index: usize) -> bool {
        self.looks.get(index).is_some_and(Option::is_none)
    }

    fn set(&mut self, index: usize, looks: Vec<Look>) {
        if let Some(slot @ None) = self.looks.get_mut(index) {
            *slot = Some(looks);
            self.missing -= 1;
        }
    }
}

/// Cuts groups into steps.
fn steps(groups: Vec<Group>) -> Vec<Vec<Group>> {
    let mut steps: Vec<Vec<Group>> = Vec::new();
    let mut size = 0;
    for group in groups {
        let wishes = group.wishes.len();
        match steps.last_mut() {
            Some(step) if size + wishes <= STEP => step.push(group),
            _ => {
                steps.push(vec![group]);
                size = 0;
            }
        }
        size += wishes;
    }
    steps
}
