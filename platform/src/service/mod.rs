//! The program as a service of the operating system: installed, started, stopped, asked, removed.
//!
//! What a service is and who starts it differs too much to be hidden: each function says what it did
//! in words for people, and each error what to do instead.

#[cfg(unix)]
mod definition;
#[cfg_attr(
    not(target_os = "macos"),
    allow(dead_code, reason = "compiled here to be tested here")
)]
mod launchd;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as os;
#[cfg(target_os = "linux")]
mod systemd;
#[cfg(target_os = "linux")]
use systemd as os;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as os;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod unsupported;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use unsupported as os;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

/// Why something cannot be done with the service.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// There is no service manager that we know.
    #[error(
        "no service manager is known here{0}: let `waxseal watch` be kept running by what this \
         system has for that, see docs/watch.md"
    )]
    NoManager(&'static str),
    /// The path of the program cannot stand in the description of a service.
    #[error(
        "{0:?} cannot be the program of a service: copy it to a path of plain letters, such as \
         /usr/local/sbin/waxseal, and call that"
    )]
    OddPath(PathBuf),
    /// Somebody else's file is where ours would be.
    #[error("{0:?} is there and was not written by this program: move it away first")]
    Foreign(PathBuf),
    /// Somebody else could change the program, or read the state.
    #[error("{0}")]
    Unsafe(String),
    /// Only administrators may do that.
    #[error("this user may not {0}: do it as an administrator (\"Run as administrator\")")]
    NotAllowed(&'static str),
    /// The service manager did something else than it was asked to.
    #[error("cannot {op}: {source}")]
    Manager {
        /// What was tried.
        op: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It ended instead of running.
    #[error(
        "the service ended at once with status {0}: the event log says why (Event Viewer, Windows \
         Logs, Application, source Waxseal), or run `waxseal watch` to see it"
    )]
    Ended(u32),
    /// It does not get on.
    #[error(
        "the service does not answer: look at `waxseal service status` later, or end its process"
    )]
    Hangs,
    /// It is not the service manager that calls.
    #[error(
        "`waxseal service run` is what the service manager calls; `waxseal service start` lets it \
         do so, and `waxseal watch` watches here and now"
    )]
    NotCalled,
    /// There is no service to do that with.
    #[error("the service is not installed: `waxseal service install` does that")]
    NotInstalled,
    /// A file cannot be read or written.
    #[error("cannot {op} {path:?}: {source}")]
    File {
        /// What was tried.
        op: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The service manager's program cannot be run.
    #[error("cannot run {program}: {source}")]
    Run {
        /// The program.
        program: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The service manager refused.
    #[error("`{command}` failed: {status}")]
    Refused {
        /// What it was called with.
        command: String,
        /// How it ended; it told on standard error why.
        status: ExitStatus,
    },
    /// The service was asked to end and has not.
    #[error("the service has not ended within {0:?}: look at `waxseal status`, and stop it again")]
    StillRunning(Duration),
}

/// Makes a program a service that starts with the system; it is not started now. Returns where that
/// is written.
pub fn install(program: &Path) -> Result<PathBuf, ServiceError> {
    os::install(program)
}

/// Stops the service and removes it; what it remembers and has journalled stays. Returns what was
/// removed.
pub fn uninstall() -> Result<PathBuf, ServiceError> {
    os::uninstall()
}

/// Starts the service and waits until it watches, where the service manager knows that.
pub fn start() -> Result<(), ServiceError> {
    os::start()
}

/// Stops the service and waits until it has ended.
pub fn stop() -> Result<(), ServiceError> {
    os::stop()
}

/// Does the service's work, as the service manager wants it done, and returns the status that the
/// work ended with.
///
/// systemd wants nothing but that the program runs. The manager of Windows wants to call us, to
/// be told by [`crate::supervisor`] how it goes, and to ask through [`crate::signals`].
pub fn run(work: Box<dyn FnOnce() -> u8 + Send>) -> Result<u8, ServiceError> {
    os::run(work)
}

/// Shows how the service is, on standard output, in the words of the service manager. Says whether
/// it runs.
pub fn status() -> Result<bool, ServiceError> {
    os::status()
}
