//! Walks beside the watch: new directories, lost sync, scheduled scans.
//!
//! A survey joins what it walks with the store and names what is in doubt; the rounds look at it.
//! Only a full one reads files, and then names those that differ. What it enters is covered before
//! it is listed.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use waxseal_platform::dir::{Dir, is_absence};
use waxseal_platform::place;
use waxseal_platform::stat::{Kind, Timestamp};

use super::doubts::{Doubts, Finder};
use super::lifeline::Lifeline;
use crate::baseline::{BaselineError, Reader, ScanEnd, ScanStart};
use crate::hint::Reason;
use crate::inspect::{Halt, Progress};
use crate::policy::Policy;
use crate::scan::{self, Batch, BlindSpot, Coverage, Enter, Plan, ScanError, Survey, is_news};

/// Names handed over at once: renames are recognised within so many.
const NAMES: usize = 65_536;

/// Blind spots handed over at once.
const BLIND: usize = 4096;

/// A survey to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// Where.
    pub(super) paths: Vec<PathBuf>,
    /// Whether to read every file.
    pub(super) full: bool,
    /// Why.
    pub(super) cause: Cause,
}

/// Why a survey is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Hints about whole subtrees.
    Hints(BTreeSet<Reason>),
    /// Nobody tells of changes there.
    Polled,
    /// The time has come.
    Scheduled,
}

impl Cause {
    /// Adds the reasons of another order.
    fn add(&mut self, other: &Cause) {
        if let (Cause::Hints(reasons), Cause::Hints(more)) = (self, other) {
            reasons.extend(more);
        }
    }
}

/// What a survey found, or a part of it.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) doubts: Doubts,
    /// What could not be looked at.
    pub(super) blind: Vec<BlindSpot>,
    /// How it began.
    pub(super) start: ScanStart,
    /// Set on the last part.
    pub(super) done: Option<Done>,
}

/// How a survey ended.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) order: Order,
    pub(super) start: ScanStart,
    pub(super) end: ScanEnd,
    /// Those of the polled paths that are gone.
    pub(super) gone: Vec<PathBuf>,
}

impl Done {
    /// Says whether it was made because the time had come.
    pub(super) fn is_scheduled(&self) -> bool {
        self.order.cause == Cause::Scheduled
    }
}

/// Makes surveys, one after the other.
pub(super) struct Surveys {
    pub(super) policy: Arc<Policy>,
    pub(super) coverage: Arc<Coverage>,
    pub(super) reader: Reader,
    /// Covers each directory before it is listed.
    pub(super) lifeline: Arc<Lifeline>,
    pub(super) threads: usize,
    pub(super) rate: u64,
    /// Calls the survey off that is being made.
    pub(super) halt: Halt,
}

impl Order {
    /// Makes one survey of several that were ordered; a full one is left for itself.
    pub(super) fn merged(orders: &mut Vec<Order>) -> Option<Order> {
        if orders.is_empty() {
            return None;
        }
        let mut merged = orders.remove(0);
        if merged.full {
            return Some(merged);
        }
        orders.retain(|order| {
            let is_alike = !order.full && order.finder() == merged.finder();
            if is_alike {
                merged.paths.extend(order.paths.iter().cloned());
                merged.cause.add(&order.cause);
            }
            !is_alike
        });
        merged.paths.sort();
        merged.paths.dedup_by(|path, above| path.starts_with(above));
        Some(merged)
    }

    /// Says whether it looks at a path.
    pub(super) fn is_about(&self, path: &Path) -> bool {
        self.paths.iter().any(|top| path.starts_with(top))
    }

    /// Says whether it is made because something was lost.
    pub(super) fn restores_sync(&self) -> bool {
        matches!(&self.cause, Cause::Hints(reasons) if reasons.contains(&Reason::LostSync))
    }

    /// Says who is to be named as finder.
    pub(super) fn finder(&self) -> Finder {
        let is_watching = |reason: &Reason| *reason == Reason::Appeared;
        match &self.cause {
            Cause::Hints(reasons) if reasons.iter().all(is_watching) => Finder::Watch,
            Cause::Polled => Finder::Watch,
            Cause::Hints(_) => Finder::Rescan,
            Cause::Scheduled => Finder::Scan,
        }
    }
}

impl Surveys {
    /// Returns the same for another thread.
    pub(super) fn another(&self) -> Result<Surveys, BaselineError> {
        Ok(Surveys {
            policy: Arc::clone(&self.policy),
            coverage: Arc::clone(&self.coverage),
            reader: self.reader.another()?,
            lifeline: Arc::clone(&self.lifeline),
            threads: self.threads,
            rate: self.rate,
            halt: Halt::default(),
        })
    }

    /// Makes one survey; `take` is handed what it finds.
    pub(super) fn make(
        &self,
        order: Order,
        progress: &Progress,
        take: &mut dyn FnMut(Surveyed),
    ) -> Result<(), ScanError> {
        let lifeline = &self.lifeline;
        let enter = |path: &Path, opened: Result<&Dir, &io::Error>| lifeline.cover(path, opened);
        let plan = self.plan(&order, &enter)?;
        let start = ScanStart {
            at: Timestamp::now(),
            full: order.full,
            policy: self.policy.digest(),
            paths: plan.scopes.clone(),
        };
        let finder = order.finder();
        let mut found = Found::default();
        let part = |found: Found, done| Surveyed {
            doubts: Doubts {
                names: found.names,
                finder,
            },
            blind: found.blind,
            start: start.clone(),
            done,
        };
        // What only scans look at waits for one.
        let is_now = |path: &PathBuf| {
            let rule = self.policy.decide(path, Kind::File).watched();
            finder == Finder::Scan || rule.is_none_or(|rule| rule.realtime)
        };
        let job = Survey {
            plan: &plan,
            coverage: &self.coverage,
            progress,
        };
        let consume = &mut |batch: Batch<'_>| {
            found.add(batch, is_now);
            if found.names.len() >= NAMES || found.blind.len() >= BLIND {
                take(part(std::mem::take(&mut found), None));
            }
            Ok(())
        };
        scan::survey(&job, &|| self.reader.another(), consume, &mut |_| {})?;
        let done = done(order, start.clone(), progress);
        take(part(found, Some(done)));
        Ok(())
    }

    /// Plans the survey of an order.
    fn plan<'s>(&'s self, order: &Order, enter: &'s Enter<'s>) -> Result<Plan<'s>, ScanError> {
        let is_small = order.paths.len() < 64 && matches!(order.cause, Cause::Hints(_));
        let threads = if is_small { 1 } else { self.threads };
        let mut plan = Plan::new(&self.policy, &order.paths, threads);
        plan.full = order.full;
        plan.only_names = !order.full;
        plan.enter = Some(enter);
        plan.halt = self.halt.clone();
        plan.keep_out_of(self.reader.state_dir());
        if order.cause == Cause::Scheduled {
            plan.rate = self.rate;
        }
        if order.is_about(place::top()) {
            plan.add_known_roots(&self.reader)?;
        }
        Ok(plan)
    }
}

/// Says how a survey ended.
fn done(order: Order, start: ScanStart, progress: &Progress) -> Done {
    let gone = match order.cause {
        Cause::Polled => order.paths.iter().filter(is_gone).cloned().collect(),
        _ => Vec::new(),
    };
    Done {
        order,
        start,
        end: ScanEnd {
            at: Timestamp::now(),
            entries: progress.objects.load(Ordering::Relaxed),
            bytes: progress.bytes_read.load(Ordering::Relaxed),
            changes: 0,
        },
        gone,
    }
}

/// Says whether no directory has this path.
fn is_gone(path: &&PathBuf) -> bool {
    match place::kind(path) {
        Ok(kind) => kind != Kind::Directory,
        Err(error) => is_absence(&error),
    }
}

/// What a survey has come upon.
#[derive(Default)]
struct Found {
    names: Vec<PathBuf>,
    blind: Vec<BlindSpot>,
}

impl Found {
    fn add(&mut self, batch: Batch<'_>, is_now: impl Fn(&PathBuf) -> bool + Copy) {
        let Batch {
            dir,
            looks,
            blind,
            doubtful,
        } = batch;
        self.blind.extend(blind);
        let named = doubtful.iter().map(|name| dir.join(name));
        self.names.extend(named.filter(is_now));
        let news = looks.into_iter().filter(is_news);
        let news = news.map(|look| dir.join(&look.name));
        self.names.extend(news.filter(is_now));
    }
}
