//! A watch that stands still, by `pssuspend` of Sysinternals; in Wine a stand-in is in its place.

use std::process::Command;

use super::Watch;
use crate::util::Run;

impl Watch {
    /// Makes it stand still.
    pub fn hold(&self) {
        self.pssuspend(&[]);
    }

    /// Lets it go on.
    pub fn release(&self) {
        self.pssuspend(&["-r"]);
    }

    fn pssuspend(&self, options: &[&str]) {
        let mut pssuspend = Command::new("pssuspend");
        pssuspend.args(options).arg(self.child.id().to_string());
        Run::of(pssuspend.output().unwrap()).exits(0);
    }
}
