//! Windows: what the environment tells; the rest is not known yet.

use std::env;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

pub(super) fn hostname() -> String {
    env::var("COMPUTERNAME").unwrap_or_default()
}

pub(super) fn machine_id() -> Option<String> {
    None
}

pub(super) fn kernel_release() -> String {
    String::new()
}

pub(super) fn resident_memory() -> Option<u64> {
    None
}

pub(super) fn since_boot() -> Option<Duration> {
    None
}

pub(super) fn is_privileged() -> bool {
    false
}

pub(super) fn default_state_dir() -> Option<PathBuf> {
    local_directory()
}

pub(super) fn default_config_file() -> Option<PathBuf> {
    local_directory().map(|dir| dir.join("waxseal.toml"))
}

pub(super) fn raise_open_file_limit() -> io::Result<u64> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "not supported on this OS yet",
    ))
}

pub(super) fn current_user() -> (u32, Option<String>) {
    (0, env::var("USERNAME").ok())
}

pub(super) fn login_user() -> Option<(u32, Option<String>)> {
    None
}

fn local_directory() -> Option<PathBuf> {
    let local = PathBuf::from(env::var_os("LOCALAPPDATA")?);
    local.is_absolute().then(|| local.join("waxseal"))
}
