//! Signals that only Unix has.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::Watch;

impl Watch {
    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }

    /// Makes it stand still, and waits until each of its threads does.
    pub fn hold(&self) {
        self.signal(Signal::STOP);
        let pid = WaitId::Pid(Pid::from_child(&self.child));
        // An end is left to whoever waits for one.
        let changes = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = waitid(pid, changes).unwrap();
        assert!(status.is_some_and(|status| status.stopped()), "it ended");
    }

    /// Lets it go on.
    pub fn release(&self) {
        self.signal(Signal::CONT);
    }
}
