//! What all reading of a run keeps to: it counts what is read, waits where that is too fast, and
//! ends when it is called off.

use std::sync::atomic::Ordering;

use super::{Halt, Progress, Throttle};

/// How fast an inspector may read, and for how long.
pub(super) struct Pace<'p> {
    pub(super) progress: &'p Progress,
    pub(super) throttle: &'p Throttle,
    pub(super) halt: Halt,
}

impl Pace<'_> {
    /// Takes note of bytes read, waits as long as the rate demands, and says whether to go on.
    pub(super) fn keep(&self, bytes: u64) -> bool {
        self.progress.bytes_read.fetch_add(bytes, Ordering::Relaxed);
        self.throttle.spend(bytes, &self.halt);
        !self.halt.is_called()
    }
}
