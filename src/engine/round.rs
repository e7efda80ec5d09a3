//! What is looked at together and committed together: a [`Round`].

use std::path::PathBuf;
use std::time::Instant;

use super::acting::Agent;
use super::doubts::Finder;
use crate::event::{Actor, FoundBy};
use crate::hint::Hint;
use crate::inspect::Observation;
use crate::policy::Rule;
use crate::scan::Circumstances;

/// Paths looked at in one step; a larger round has several.
pub(super) const STEP: usize = 1024;

/// Why a path is looked at.
#[derive(Clone, Debug)]
pub(super) enum Reason {
    /// The kernel named it.
    Heard(Box<Hint<Agent>>),
    /// The kernel named it, and a survey came upon it: nothing more is waited for.
    Confirmed(Box<Hint<Agent>>, Finder),
    /// A survey found it in doubt.
    Surveyed(Finder),
}

/// One path to look at.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) path: PathBuf,
    pub(super) reason: Reason,
}

/// One path that was looked at.
#[derive(Debug)]
pub(super) struct Sighting<'p> {
    pub(super) wish: Wish,
    pub(super) observed: Observation,
    /// The rule for what is there; none when nothing is, or nothing that is watched.
    pub(super) rule: Option<&'p Rule>,
}

/// What the writer is handed, in the order in which it was looked at.
#[derive(Debug)]
pub(super) struct Round<'p> {
    /// When it was begun to look at them.
    pub(super) began: Instant,
    pub(super) sightings: Vec<Sighting<'p>>,
    /// Whether a scheduled scan named the paths.
    pub(super) is_scan: bool,
    /// Whether the next step belongs to the same round: what moved may have its other end there.
    pub(super) goes_on: bool,
}

impl Wish {
    /// Returns what the kernel said of it, if it did.
    pub(super) fn hint(&self) -> Option<&Hint<Agent>> {
        match &self.reason {
            Reason::Heard(hint) | Reason::Confirmed(hint, _) => Some(hint),
            Reason::Surveyed(_) => None,
        }
    }

    /// Returns when the kernel first named it, if it did.
    pub(super) fn first_heard(&self) -> Option<Instant> {
        self.hint().map(|hint| hint.first)
    }

    /// Returns the processes that are known to have touched it: all of them or none.
    pub(super) fn actors(&self) -> Vec<&Actor> {
        let Some(hint) = self.hint() else {
            return Vec::new();
        };
        let is_certain = !hint.actors.has_unnamed() && !hint.actors.has_more();
        let actors = hint.actors.iter().filter(|_| is_certain);
        actors.map(Agent::actor).collect()
    }

    /// Says how a change of it was noticed.
    pub(super) fn circumstances<'c>(&self, actors: &'c [&'c Actor]) -> Circumstances<'c> {
        let found_by = match &self.reason {
            Reason::Heard(_) | Reason::Confirmed(..) => FoundBy::Watch,
            Reason::Surveyed(finder) => finder.found_by(),
        };
        let backend = self.hint().and_then(|hint| hint.backend);
        Circumstances {
            found_by,
            actors,
            backend: backend.map(|backend| backend.name()),
        }
    }

    pub(super) fn heard(hint: Hint<Agent>) -> Wish {
        Wish {
            path: hint.path.clone(),
            reason: Reason::Heard(Box::new(hint)),
        }
    }

    pub(super) fn confirmed(hint: Hint<Agent>, finder: Finder) -> Wish {
        Wish {
            path: hint.path.clone(),
            reason: Reason::Confirmed(Box::new(hint), finder),
        }
    }

    pub(super) fn surveyed(path: PathBuf, finder: Finder) -> Wish {
        Wish {
            path,
            reason: Reason::Surveyed(finder),
        }
    }
}
