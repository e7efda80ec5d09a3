//! Signals that only Unix has.

use rustix::process::{Pid, Signal, kill_process};

use super::Watch;

impl Watch {
    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }
}
