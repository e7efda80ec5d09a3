//! What the coordinator finds in its inbox at once: [`Taken`].

use std::path::PathBuf;
use std::time::Instant;

use waxseal_platform::watch::BackendKind;

use super::inbox::{Attention, Request, Waiting};
use super::round::{STEP, Wish};
use super::surveying::Surveyed;
use crate::event::Notice;
use crate::hint::Subtree;
use crate::scan::ScanError;

/// What was taken at once.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) wishes: Vec<Wish>,
    pub(super) subtrees: Vec<Subtree>,
    pub(super) appeared: Vec<PathBuf>,
    pub(super) surveyed: Vec<Result<Surveyed, ScanError>>,
    pub(super) notices: Vec<Notice>,
    pub(super) requests: Vec<Request>,
    pub(super) alive: Vec<BackendKind>,
}

impl Taken {
    /// Takes what can be taken; of the work, what is due.
    pub(super) fn from(waiting: &mut Waiting, now: Instant, attention: Attention) -> Taken {
        let mut taken = Taken {
            requests: std::mem::take(&mut waiting.requests),
            alive: std::mem::take(&mut waiting.alive),
            ..Taken::default()
        };
        if attention >= Attention::Notices {
            taken.notices = waiting.take_notices();
        }
        if attention == Attention::Work {
            taken.take_work(waiting, now);
        }
        taken
    }

    /// Says whether nothing was there.
    pub(super) fn is_empty(&self) -> bool {
        let has_work = !self.wishes.is_empty() || !self.surveyed.is_empty();
        let has_places = !self.subtrees.is_empty() || !self.appeared.is_empty();
        let has_other =
            !self.notices.is_empty() || !self.requests.is_empty() || !self.alive.is_empty();
        !(has_work || has_places || has_other)
    }

    fn take_work(&mut self, waiting: &mut Waiting, now: Instant) {
        let work = waiting.hints.take(now, STEP);
        self.wishes = work.hints.into_iter().map(Wish::heard).collect();
        let mut surveyed = std::mem::take(&mut waiting.surveyed);
        for part in surveyed.iter_mut().flatten() {
            // What was heard of a path goes with it: it is looked at now.
            let claim = |path: &PathBuf| waiting.hints.claim(path, now);
            part.heard = part.names.iter().flat_map(claim).collect();
        }
        self.subtrees = work.subtrees;
        self.appeared = waiting.take_appeared(now);
        self.surveyed = surveyed.into();
    }
}
