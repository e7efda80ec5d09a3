//! Facts about the host and the account we run under, for events and default locations.
//!
//! Read when asked for, kept by nobody here. A fact that the system does not tell is `None` or an
//! empty string, never invented.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as system;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as os;
#[cfg(not(unix))]
mod windows;
#[cfg(not(unix))]
use windows as os;

#[cfg(test)]
#[cfg(unix)]
mod tests;
#[cfg(test)]
#[cfg(windows)]
mod windows_tests;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Somebody who has an account on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// What the system knows them by: a number on Unix, a security identifier on Windows.
    pub id: String,
    /// What people call them, where that is known.
    pub name: Option<String>,
}

/// Returns the host's name as the system has it, empty when it has none.
pub fn hostname() -> String {
    os::hostname()
}

/// Returns the machine's lasting identity (`/etc/machine-id` on Linux, `MachineGuid` on Windows).
pub fn machine_id() -> Option<String> {
    os::machine_id()
}

/// Returns `linux`, `macos` or `windows`.
pub fn os_name() -> &'static str {
    std::env::consts::OS
}

/// Returns the release of the running kernel, empty when unknown.
pub fn kernel_release() -> String {
    os::kernel_release()
}

/// Returns the processor architecture, such as `x86_64`.
pub fn architecture() -> &'static str {
    std::env::consts::ARCH
}

/// Says whether we act as root or the system's equal: on Windows, as an administrator with all
/// rights of one.
pub fn is_privileged() -> bool {
    os::is_privileged()
}

/// Returns where the state is kept unless configured: the system's place for root, else the
/// user's own; `None` when the user has no home.
pub fn default_state_dir() -> Option<PathBuf> {
    os::default_state_dir()
}

/// Returns where the configuration is looked for unless named.
pub fn default_config_file() -> Option<PathBuf> {
    os::default_config_file()
}

/// Returns how many bytes of memory this process has in use (resident); `None` where the system
/// does not tell.
pub fn resident_memory() -> Option<u64> {
    os::resident_memory()
}

/// Returns the time since boot, sleep included, which no setting of the clock changes; `None` where the
/// system does not tell.
pub fn since_boot() -> Option<Duration> {
    os::since_boot()
}

/// Raises the limit of open files as far as we may and returns the new limit; where there is
/// none, the largest number.
pub fn raise_open_file_limit() -> io::Result<u64> {
    os::raise_open_file_limit()
}

/// Returns the user we act as.
pub fn current_user() -> User {
    os::current_user()
}

/// Returns the user who logged in, where the kernel keeps that through `su` and `sudo` (the audit
/// login user on Linux).
pub fn login_user() -> Option<User> {
    os::login_user()
}
