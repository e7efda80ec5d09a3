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
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
mod unsupported;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
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

/// Shows how the service is, on standard output, in the words of the service manager. Says whether
/// it runs.
pub fn status() -> Result<bool, ServiceError> {
    os::status()
}
