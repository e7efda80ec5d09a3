//! Unix: a watch is asked and ended by signals.

use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{DEADLINE, Watch};

/// Further settings of the monitor.
pub(super) const MONITOR: &str = "";

impl Watch {
    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }
}

pub(super) fn stop(watch: &Watch) {
    watch.signal(Signal::TERM);
}

/// Asks it by a signal: `status` would not be heard from a state directory that is gone.
pub(super) fn state(watch: &Watch) -> Value {
    watch.signal(Signal::USR1);
    let until = Instant::now() + DEADLINE;
    loop {
        let patience = until.saturating_duration_since(Instant::now());
        let line = watch.stderr.recv_timeout(patience).expect("it answers");
        let json = line.trim_start_matches("waxseal: ");
        match serde_json::from_str::<Value>(json) {
            Ok(state) => return state,
            Err(_) => watch.complaints.borrow_mut().push(line),
        }
    }
}
