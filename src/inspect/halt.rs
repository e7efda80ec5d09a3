//! Calling off what may take hours: [`Halt`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends a walk or a reading early; shared by who calls for it and who must heed it.
///
/// What was called off has looked at nothing for certain: its results are thrown away.
#[derive(Clone, Debug, Default)]
pub struct Halt(Arc<AtomicBool>);

impl Halt {
    /// Calls everything off that heeds this one.
    pub fn call(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Lets everything go on from now on.
    pub fn withdraw(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Says whether to end.
    pub fn is_called(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
