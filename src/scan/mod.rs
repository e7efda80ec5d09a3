//! A look at everything in scope, compared with the baseline: the run behind `waxseal scan` and
//! `waxseal check`.
//!
//! [`survey`] walks in parallel and joins each listing with the rows of that directory; only what
//! is new, gone or doubtful becomes a [`Look`]. Looks flow over a bounded channel to one consumer:
//! the [`Recorder`] of a scan, which writes the store and the journal, or the [`Comparer`] of a
//! check, which writes nothing. Nothing flows back.
//!
//! Whatever could not be looked at is a [`BlindSpot`]; the rows below it are left alone, never
//! taken for deleted.

mod comparer;
mod coverage;
mod doubt;
mod findings;
mod joining;
mod judge;
mod known;
mod ledger;
mod orphans;
mod plan;
mod recorder;
mod summary;
mod survey;
mod visitor;

#[cfg(test)]
mod tests;

pub use comparer::Comparer;
pub use coverage::Coverage;
pub(crate) use coverage::covered;
pub(crate) use doubt::wanted_types;
pub use findings::Report;
pub(crate) use findings::{Finding, complete, is_news, put, report_since};
pub(crate) use judge::{Verdict, judge, reference};
pub(crate) use ledger::{Circumstances, Context, append, refresh};
pub use plan::{Enter, Plan};
pub use recorder::Recorder;
pub use summary::{BlindSpot, Cause, Summary};
pub use survey::{Observer, Survey, survey};

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use crate::baseline::{BaselineError, Row};
use crate::inspect::Observation;
use crate::policy::Rule;

/// One path that was looked at, with what was known of it.
#[derive(Debug)]
pub struct Look<'p> {
    /// Its name in the directory of the batch.
    pub name: OsString,
    /// What was remembered, if anything.
    pub row: Option<Box<Row>>,
    /// What was found.
    pub observed: Observation,
    /// The rule under which it is watched.
    pub rule: &'p Rule,
    /// Whether an earlier run with a policy that watches this path has covered it: if so, a path
    /// without a row is new; if not, it has only now joined the policy.
    pub covered: bool,
}

/// The looks at one directory, or some of them, and what could not be looked at.
#[derive(Debug)]
pub struct Batch<'p> {
    /// The directory.
    pub dir: Arc<Path>,
    /// Paths in it.
    pub looks: Vec<Look<'p>>,
    /// Paths in or below it that could not be looked at.
    pub blind: Vec<BlindSpot>,
    /// Names in it that are in doubt, where the plan asks for no more.
    pub doubtful: Vec<OsString>,
}

/// Looks handed over at once where there is no task that limits them.
const BATCH_LOOKS: usize = 64;

impl Batch<'_> {
    /// Says whether it is time to hand the looks over.
    fn is_full(&self) -> bool {
        self.looks.len() + self.doubtful.len() >= BATCH_LOOKS
    }

    /// Returns an empty batch of one directory.
    fn of(dir: Arc<Path>) -> Self {
        Batch {
            dir,
            looks: Vec::new(),
            blind: Vec::new(),
            doubtful: Vec::new(),
        }
    }
}

/// Why a run could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The baseline could not be read or written.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// It was called off.
    #[error("the scan was called off")]
    Halted,
    /// The walk could not be started.
    #[error(transparent)]
    Walk(#[from] waxseal_platform::walk::WalkError),
    /// The report could not be written.
    #[error("cannot write the report: {0}")]
    Report(#[from] std::io::Error),
    /// A policy stored in the baseline cannot be understood.
    #[error(
        "the policy stored for {scope} cannot be read: {reason}; move the store aside and take a new baseline"
    )]
    StoredPolicy {
        /// The scope it was stored for.
        scope: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The policy has no written form.
    #[error("the policy cannot be stored: {0}")]
    UnstorablePolicy(#[source] serde_json::Error),
}
