//! What the system or an operator asks of a running program: [`Signals`].
//!
//! A thread of the caller's waits for them; nothing is done in a signal handler.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as os;
#[cfg(windows)]
pub(crate) mod windows;
#[cfg(windows)]
use windows as os;
#[cfg(not(any(unix, windows)))]
mod unsupported;
#[cfg(not(any(unix, windows)))]
use unsupported as os;

#[cfg(test)]
#[cfg(unix)]
mod tests;
#[cfg(test)]
#[cfg(windows)]
mod windows_tests;

use std::io;

/// By what people ask another process for [`Asked::Reload`].
pub const RELOAD: &str = os::RELOAD;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// End in good order: SIGTERM, SIGINT; on Windows Ctrl-C, Ctrl-Break, the end of the session.
    Stop,
    /// Read the configuration again: SIGHUP; on Windows an event.
    Reload,
    /// Say how it is going: SIGUSR1; on Windows an event.
    Report,
}

/// Catches signals from now on.
pub struct Signals {
    os: os::Signals,
}

/// Ends the waiting of [`Signals`].
#[derive(Clone)]
pub struct Closer {
    os: os::Closer,
}

impl Signals {
    /// Catches the signals that ask for something; they no longer end the program.
    pub fn catch() -> io::Result<Signals> {
        os::Signals::catch().map(|os| Signals { os })
    }

    /// Returns what ends [`Signals::wait`] for good.
    pub fn closer(&self) -> Closer {
        Closer {
            os: self.os.closer(),
        }
    }

    /// Waits for the next one; `None` once it is closed.
    pub fn wait(&mut self) -> Option<Asked> {
        self.os.wait()
    }
}

impl Closer {
    /// Ends the waiting.
    pub fn close(&self) {
        self.os.close();
    }
}

/// Asks another process that catches signals for something.
pub fn send(process: u32, asked: Asked) -> io::Result<()> {
    os::send(process, asked)
}
