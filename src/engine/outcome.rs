//! What came of a step that the scribe was handed: [`Outcome`].

use std::path::PathBuf;
use std::time::Instant;

use super::round::Wish;
use crate::baseline::BaselineError;
use crate::event::Notice;
use crate::scan::BlindSpot;

/// What came of a step.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Whether it is in the store.
    pub(super) is_written: bool,
    /// Events journalled.
    pub(super) events: u64,
    /// Paths that could not be looked at.
    pub(super) blind: Vec<BlindSpot>,
    /// Directories that are gone while something is remembered below.
    pub(super) vanished: Vec<PathBuf>,
    /// What must be looked at again.
    pub(super) again: Vec<Wish>,
    /// What is gone though nothing was heard of its going yet.
    pub(super) unfinished: Vec<Wish>,
    /// When those were first heard of that became events.
    pub(super) firsts: Vec<Instant>,
    /// What is to be told besides.
    pub(super) notices: Vec<Notice>,
    /// Whether a configured path became a link, or leads elsewhere now.
    pub(super) has_turned: bool,
    /// Why it could not be written.
    pub(super) trouble: Option<BaselineError>,
}
