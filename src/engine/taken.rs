//! What the coordinator finds in its inbox at once: [`Taken`].

use std::path::PathBuf;
use std::time::Instant;

use waxseal_platform::watch::BackendKind;

use super::inbox::{Request, Waiting};
use super::inspecting::Group;
use super::round::{STEP, Wish};
use super::surveying::Surveyed;
use crate::event::Notice;
use crate::hint::Subtree;
use crate::scan::ScanError;

/// What was taken at once.
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
    /// Takes what is due and everything else.
    pub(super) fn from(waiting: &mut Waiting, now: Instant) -> Taken {
        let work = waiting.hints.take(now, STEP);
        let wishes = work.hints.into_iter().map(Wish::heard).collect();
        let mut surveyed = std::mem::take(&mut waiting.surveyed);
        for part in surveyed.iter_mut().flatten() {
            // What was heard of a path goes with it: it is looked at now.
            let claim = |path: &PathBuf| waiting.hints.claim(path, now);
            part.heard = part.names.iter().flat_map(claim).collect();
        }
        Taken {
            wishes,
            subtrees: work.subtrees,
            appeared: waiting.take_appeared(now),
            surveyed: surveyed.into(),
            notices: std::mem::take(&mut waiting.notices),
            requests: std::mem::take(&mut waiting.requests),
            alive: std::mem::take(&mut waiting.alive),
        }
    }
}

/// Cuts groups into steps.
pub(super) fn steps(groups: Vec<Group>) -> Vec<Vec<Group>> {
    let mut steps: Vec<Vec<Group>> = Vec::new();
    let mut size = STEP;
    for group in groups {
        let wishes = group.wishes.len();
        match steps.last_mut() {
            Some(step) if size + wishes <= 2 * STEP => step.push(group),
            _ => {
                steps.push(vec![group]);
                size = 0;
            }
        }
        size += wishes;
    }
    steps
}
