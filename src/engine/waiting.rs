//! What waits for the coordinator: [`Waiting`], the content of the inbox.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use serde_json::Value;
use waxseal_platform::watch::BackendKind;

use super::acting::Agent;
use super::doubts::{Doubts, Finder};
use super::inbox::Starting;
use super::round::{Reason, Wish};
use super::surveying::Surveyed;
use crate::event::{Notice, NoticeAction};
use crate::hint::{self, Hint, LONGEST, PendingHints, QUIET, Work};
use crate::scan::ScanError;

/// Paths that may wait to be looked at; beyond, whole directories wait instead.
const PENDING: usize = 131_072;

/// Directories that may wait to be walked one by one.
const APPEARED: usize = 16_384;

/// Within this time a directory that was renamed is surveyed.
const SURVEYED: Duration = QUIET.saturating_mul(2);

/// How many hints that are not due yet make a storm.
const STORM: usize = 512;

/// How much later than due hints are taken in a storm: each round ends with a transaction on the
/// disk, so a few large ones are done sooner than many small ones.
const STORM_DELAY: Duration = Duration::from_millis(100);

/// Notices that may wait; of more only the number is told.
const NOTICES: usize = 1024;

/// What somebody outside asked of the watch.
#[derive(Clone, Debug)]
pub(super) enum Request {
    /// End after what is due has been looked at.
    Stop,
    /// Read the configuration again.
    Reload,
    /// Say how it is going, to whoever asks.
    Report(Sender<Value>),
}

/// What the coordinator can take at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Attention {
    /// The writer is behind: only what must be answered.
    Requests,
    /// A round is under way: what needs no look.
    Notices,
    /// Everything.
    Work,
}

/// What waits.
pub(super) struct Waiting {
    /// Paths and subtrees to look at.
    pub(super) hints: PendingHints<Agent>,
    /// Directories that appeared or moved: each is walked, but what is heard from inside stands.
    appeared: Vec<PathBuf>,
    /// When they are walked: until then most of what is in them was heard of with its actor.
    appeared_due: Option<Instant>,
    /// Both ends of renames of directories, and when that was.
    relocated: HashMap<PathBuf, Instant>,
    /// What surveys found.
    pub(super) surveyed: VecDeque<Result<Surveyed, ScanError>>,
    /// What surveys had found and could not be written, at most one for each kind.
    returned: Vec<Doubts>,
    /// When it is looked at again.
    returned_due: Option<Instant>,
    /// Whether nobody takes what surveys find any more.
    pub(super) is_closed: bool,
    /// What is to be told beside events.
    notices: Vec<Notice>,
    /// How many notices there was no room for.
    notices_left_out: u64,
    /// Whether a thread that the coordinator waits for has got on.
    pub(super) is_nudged: bool,
    /// What somebody asked for.
    pub(super) requests: Vec<Request>,
    /// How far the start scan has come, while there is one: nobody takes requests meanwhile.
    pub(super) starting: Option<Arc<Starting>>,
    /// The backends whose canary was heard.
    pub(super) alive: Vec<BackendKind>,
}

impl Waiting {
    pub(super) fn new() -> Waiting {
        Waiting {
            hints: PendingHints::new(PENDING),
            appeared: Vec::new(),
            appeared_due: None,
            relocated: HashMap::new(),
            surveyed: VecDeque::new(),
            returned: Vec::new(),
            returned_due: None,
            is_closed: false,
            notices: Vec::new(),
            notices_left_out: 0,
            is_nudged: false,
            requests: Vec::new(),
            starting: None,
            alive: Vec::new(),
        }
    }

    /// Adds something to be told.
    pub(super) fn tell(&mut self, notice: Notice) {
        if self.notices.len() < NOTICES {
            self.notices.push(notice);
        } else {
            self.notices_left_out += 1;
        }
    }

    /// Takes what is to be told.
    pub(super) fn take_notices(&mut self) -> Vec<Notice> {
        let mut notices = std::mem::take(&mut self.notices);
        let left_out = std::mem::take(&mut self.notices_left_out);
        if left_out > 0 {
            let message =
                format!("{left_out} more notices came at once; what they were about is not told");
            notices.push(Notice::now(NoticeAction::Degraded, message));
        }
        notices
    }

    pub(super) fn has_stop(&self) -> bool {
        let is_stop = |request: &Request| matches!(request, Request::Stop);
        self.requests.iter().any(is_stop)
    }

    /// Says whether somebody asks for an end or a reload.
    pub(super) fn has_end(&self) -> bool {
        let is_end = |request: &Request| !matches!(request, Request::Report(_));
        self.requests.iter().any(is_end)
    }

    /// Takes a request to end or to reload, if there is one.
    pub(super) fn take_end(&mut self) -> Option<Request> {
        let is_end = |request: &Request| !matches!(request, Request::Report(_));
        let stop = |request: &Request| matches!(request, Request::Stop);
        let at = self.requests.iter().position(stop);
        let at = at.or_else(|| self.requests.iter().position(is_end))?;
        Some(self.requests.remove(at))
    }

    /// Takes note of a directory that appeared, or of one end of its move.
    pub(super) fn appeared(&mut self, path: PathBuf, now: Instant) {
        if self.appeared.len() < APPEARED {
            self.appeared.push(path);
            self.appeared_due.get_or_insert(now + QUIET);
        } else {
            self.hints.subtree(&path, hint::Reason::Appeared, now);
        }
    }

    /// Takes back what could not be written, or of which more is to be heard: it is due again after
    /// a pause, merged with what is heard meanwhile.
    pub(super) fn take_back(&mut self, wishes: Vec<Wish>, now: Instant) {
        let mut hints = Vec::new();
        for Wish { path, reason } in wishes {
            match reason {
                Reason::Heard(hint) => hints.push(*hint),
                Reason::Confirmed(hint, finder) => {
                    hints.push(*hint);
                    self.doubt_again(path, finder, now);
                }
                Reason::Surveyed(finder) => self.doubt_again(path, finder, now),
            }
        }
        let work = Work {
            hints,
            subtrees: Vec::new(),
        };
        self.hints.requeue(work, now);
    }

    /// Takes back what a survey had found, to be looked at together with the rest of it.
    fn doubt_again(&mut self, path: PathBuf, finder: Finder, now: Instant) {
        self.returned_due.get_or_insert(now + QUIET);
        let known = self
            .returned
            .iter_mut()
            .find(|doubts| doubts.finder == finder);
        match known {
            Some(doubts) => doubts.names.push(path),
            None => self.returned.push(Doubts {
                names: vec![path],
                finder,
            }),
        }
    }

    /// Takes what surveys had found, once it is due again.
    pub(super) fn take_returned(&mut self, now: Instant) -> Vec<Doubts> {
        if self.returned_due.is_none_or(|due| due > now) {
            return Vec::new();
        }
        self.returned_due = None;
        std::mem::take(&mut self.returned)
    }

    /// Takes note of one end of the rename of a directory: what is looked at there before the survey
    /// that recognises the rename would be told as gone or new.
    pub(super) fn relocated(&mut self, path: PathBuf, now: Instant) {
        if self.relocated.len() < APPEARED {
            self.relocated.insert(path.clone(), now);
        }
        self.appeared(path, now);
    }

    /// Takes hints that are due, but for those that wait for such a survey.
    pub(super) fn take_hints(&mut self, now: Instant, max: usize) -> Work<Agent> {
        let mut work = self.hints.take(now, max);
        self.relocated
            .retain(|_, at| now.saturating_duration_since(*at) < SURVEYED);
        if self.relocated.is_empty() {
            return work;
        }
        let is_below = |hint: &Hint<Agent>| {
            let is_young = now.saturating_duration_since(hint.first) < LONGEST;
            let mut above = hint.path.ancestors();
            is_young && above.any(|path| self.relocated.contains_key(path))
        };
        // Both ends of a rename stay together.
        let groups = work.hints.iter().filter(|hint| is_below(hint));
        let groups: HashSet<u64> = groups.filter_map(|hint| hint.group).collect();
        let hints = work.hints.extract_if(.., |hint| match hint.group {
            Some(group) => groups.contains(&group),
            None => is_below(hint),
        });
        let held = Work {
            hints: hints.collect(),
            subtrees: Vec::new(),
        };
        self.hints.requeue(held, now);
        work
    }

    /// Takes the directories that appeared, once they are due.
    pub(super) fn take_appeared(&mut self, now: Instant) -> Vec<PathBuf> {
        if self.appeared_due.is_none_or(|due| due > now) {
            return Vec::new();
        }
        self.appeared_due = None;
        let mut appeared = std::mem::take(&mut self.appeared);
        appeared.sort();
        // What lies below another one is walked with it.
        appeared.dedup_by(|path, above| path.starts_with(above));
        appeared
    }

    /// Makes everything due that is not yet.
    pub(super) fn hurry(&mut self) {
        let now = Instant::now();
        self.appeared_due = self.appeared_due.map(|_| now);
        self.returned_due = self.returned_due.map(|_| now);
    }

    /// Returns how many paths wait to be looked at.
    pub(super) fn len(&self) -> usize {
        let returned = self.returned.iter().map(|doubts| doubts.names.len());
        self.hints.len() + self.appeared.len() + returned.sum::<usize>()
    }

    /// Says whether nothing is left to look at.
    pub(super) fn is_empty(&self) -> bool {
        // A canary that was heard is no work.
        let is_quiet = self.notices.is_empty() && self.requests.is_empty();
        self.surveyed.is_empty() && self.len() == 0 && is_quiet
    }

    pub(super) fn next_due(&mut self) -> Option<Instant> {
        let delay = match self.hints.len() > STORM {
            true => STORM_DELAY,
            false => Duration::ZERO,
        };
        let hints = self.hints.next_due().map(|due| due + delay);
        let others = self.appeared_due.into_iter().chain(self.returned_due);
        hints.into_iter().chain(others).min()
    }

    /// Says whether something waits beside hints.
    pub(super) fn has_any(&self, attention: Attention) -> bool {
        let is_asked = !self.requests.is_empty() || !self.alive.is_empty();
        let has_notices = attention >= Attention::Notices && !self.notices.is_empty();
        let is_surveyed = attention == Attention::Work && !self.surveyed.is_empty();
        self.is_nudged || is_asked || has_notices || is_surveyed
    }
}
