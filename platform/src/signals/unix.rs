//! POSIX signals, through a pipe.

use std::io;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::{Handle, Signals as Caught};

use super::Asked;

pub(super) const RELOAD: &str = "SIGHUP";

pub(super) struct Signals(Caught);

#[derive(Clone)]
pub(super) struct Closer(Handle);

impl Signals {
    pub(super) fn catch() -> io::Result<Signals> {
        Caught::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1]).map(Signals)
    }

    pub(super) fn closer(&self) -> Closer {
        Closer(self.0.handle())
    }

    pub(super) fn wait(&mut self) -> Option<Asked> {
        let signal = self.0.forever().next()?;
        Some(match signal {
            SIGHUP => Asked::Reload,
            SIGUSR1 => Asked::Report,
            _ => Asked::Stop,
        })
    }
}

impl Closer {
    pub(super) fn close(&self) {
        self.0.close();
    }
}

pub(super) fn send(process: u32, asked: Asked) -> io::Result<()> {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    let process = process.ok_or(io::ErrorKind::InvalidInput)?;
    let signal = match asked {
        Asked::Stop => Signal::TERM,
        Asked::Reload => Signal::HUP,
        Asked::Report => Signal::USR1,
    };
    Ok(kill_process(process, signal)?)
}
