//! The watch: owns every thread, starts, wires, supervises and stops them.
//!
//! ```text
//!  queues ── Lookout ──→ Inbox (pending hints) ──→ Coordinator ──→ Rounds ──→ Lookers ──┐ looks
//!    reading threads       ▲   ▲     ▲               │   ▲  ▲                          │
//!                          │   │     └─ Walkers ←────┤   │  └── large files ←──────────┤
//!                 schedules, mounts   (surveys)      │   └──────────────────────────┘
//!                              │                     │ Outbox: rounds, in order
//!                  what comes back                   ▼
//!                              └──── Writing: Scribe ──→ store ──→ sinks, each with a cursor
//! ```
//! - Whatever asks for a look, a kernel record, a scan, a lost queue, becomes a hint in the
//!   inbox; no notification is ever taken for a fact.
//! - The coordinator takes due hints in *rounds*. The lookers look at the paths of a round, the
//!   scribe commits it as one transaction of states and events. Rounds are looked at and written
//!   strictly in their order, so an older look never overwrites a newer one.
//! - A survey (new directories, lost sync, scheduled scans) walks, joins with the store and only
//!   names what is in doubt: that becomes a round like any other.
//! - One policy is served at a time; a reload serves the next one. Queues, hints and the store
//!   outlive it.
//!
//! A thread that dies is noticed, told as a notice, and started again or the reason for the watch
//! to end; never silence.

mod acting;
mod answering;
mod brief;
mod clock;
mod coordinator;
mod crew;
mod delivering;
mod doubts;
mod ending;
mod inbox;
mod inspecting;
mod large;
mod lifeline;
mod looking;
mod lookout;
mod outbox;
mod outcome;
mod presence;
mod retold;
mod round;
mod rounds;
mod schedules;
mod scribe;
mod serving;
mod starting;
mod state;
mod step;
mod surveying;
mod taken;
mod telling;
mod vitals;
mod waiting;
mod walkers;
mod worker;
mod writing;

#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use waxseal_platform::watch::{BackendKind, Options, WatchError};

use crate::baseline::{Baseline, BaselineError};
use crate::config::Settings;
use crate::event::Writer;
use crate::policy::Policy;
use crate::report::Style;
use crate::scan::ScanError;
use crate::schedule::BadTimetable;

pub use answering::{Remote, ask};
pub use coordinator::End;
pub use vitals::Vitals;

use clock::{Clock, Reading};
use inbox::Inbox;
use lifeline::{Lifeline, Listening};
use lookout::Lookout;

/// What is watched from now on, and how.
#[derive(Debug)]
pub struct Mandate {
    /// The rules, links in their paths resolved.
    pub policy: Arc<Policy>,
    /// Schedules, outputs and the like.
    pub settings: Settings,
    /// How text on standard output looks.
    pub style: Style,
    /// Why this is what was served before, though the configuration was to be read again.
    pub mistake: Option<String>,
    /// How many threads look at files.
    pub threads: usize,
    /// By what to be told of changes, in the order in which it is tried.
    pub backends: Vec<BackendKind>,
}

/// A watch of one store.
pub struct Engine {
    baseline: Baseline,
    inbox: Arc<Inbox>,
    lookout: Arc<Lookout>,
    lifeline: Arc<Lifeline>,
    clock: Clock,
    writer: Writer,
    vitals: Vitals,
    /// Whether a policy was served already.
    has_served: bool,
    /// The policy under which everything was last covered.
    served: Option<Arc<Policy>>,
    /// Where a later one decides otherwise, until that was scanned.
    in_question: Vec<PathBuf>,
}

/// Why a watch ended.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store cannot be used.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// The system does not let us watch.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// A scan failed.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// A schedule never comes true.
    #[error(transparent)]
    Timetable(#[from] BadTimetable),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Spawn(#[source] std::io::Error),
    /// A thread ended that must not.
    #[error("the thread to {0} ended: this is a bug, please report what the log says before it")]
    Thread(&'static str),
}

impl Engine {
    /// Makes this process the watch of a store, and listens; nothing is covered yet.
    /// The store must have been claimed with [`Baseline::claim_watch`].
    pub fn start(baseline: Baseline, options: Options) -> Result<Engine, EngineError> {
        Engine::listening(baseline, options, Listening::default())
    }

    /// Does the same, listening in another way.
    fn listening(
        baseline: Baseline,
        options: Options,
        listening: Listening,
    ) -> Result<Engine, EngineError> {
        let inbox = Arc::new(Inbox::new());
        let lookout = Arc::new(Lookout::new(Arc::clone(&inbox)));
        let lifeline = Arc::new(Lifeline::start(options, listening, &lookout)?);
        Ok(Engine {
            baseline,
            inbox,
            lookout,
            lifeline,
            clock: Clock::new(Reading::now()),
            writer: Writer::new(),
            vitals: Vitals::default(),
            has_served: false,
            served: None,
            in_question: Vec::new(),
        })
    }

    /// Returns what others may ask this watch by.
    pub fn remote(&self) -> Remote {
        Remote(Arc::clone(&self.inbox))
    }

    /// Returns the store, to be asked while nothing is served.
    pub fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    /// Writes everything back and lets go of the store.
    pub fn close(self) -> Result<(), EngineError> {
        drop(self.lifeline);
        Ok(self.baseline.close()?)
    }
}

/// Returns where the canaries of a state directory are kept.
pub fn canary_dir(state_dir: &std::path::Path) -> PathBuf {
    state_dir.join("canary")
}
