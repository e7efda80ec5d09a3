//! What the coordinator finds in its inbox at once: [`Taken`].

use std::path::PathBuf;
use std::time::Instant;

use waxseal_platform::watch::BackendKind;

use super::doubts::Finder;
use super::round::{STEP, Wish};
use super::surveying::Surveyed;
use super::waiting::{Attention, Request, Waiting};
use crate::event::Notice;
use crate::hint::Subtree;
use crate::scan::ScanError;

/// What was taken at once.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) wishes: Vec<Wish>,
    pub(super) subtrees: Vec<Subtree>,
    pub(super) appeared: Vec<PathBuf>,
    /// What surveys found, each with what is to be looked at.
    pub(super) surveyed: Vec<Result<(Surveyed, Vec<Wish>), ScanError>>,
    /// What surveys had found and is to be looked at again, each for itself.
    pub(super) returned: Vec<(Finder, Vec<Wish>)>,
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
        let has_found = !self.surveyed.is_empty() || !self.returned.is_empty();
        let has_places = !self.subtrees.is_empty() || !self.appeared.is_empty();
        let has_other =
            !self.notices.is_empty() || !self.requests.is_empty() || !self.alive.is_empty();
        !(!self.wishes.is_empty() || has_found || has_places || has_other)
    }

    fn take_work(&mut self, waiting: &mut Waiting, now: Instant) {
        // Before the hints, of which these take theirs.
        for mut doubts in waiting.take_returned(now) {
            let wishes = doubts.take_wishes(&mut waiting.hints, now);
            self.returned.push((doubts.finder, wishes));
        }
        for part in std::mem::take(&mut waiting.surveyed) {
            self.surveyed.push(part.map(|mut part| {
                let wishes = part.doubts.take_wishes(&mut waiting.hints, now);
                (part, wishes)
            }));
        }
        let work = waiting.take_hints(now, STEP);
        self.wishes = work.hints.into_iter().map(Wish::heard).collect();
        self.subtrees = work.subtrees;
        self.appeared = waiting.take_appeared(now);
    }
}
