//! Unix: system calls, and what `linux.rs` and `macos.rs` know.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};
use rustix::time::clock_gettime;

pub(super) use super::system::{machine_id, resident_memory};
use super::{User, system};
use crate::names::Names;

pub(super) fn hostname() -> String {
    text(rustix::system::uname().nodename().to_bytes())
}

pub(super) fn kernel_release() -> String {
    text(rustix::system::uname().release().to_bytes())
}

pub(super) fn since_boot() -> Option<Duration> {
    Duration::try_from(clock_gettime(system::SINCE_BOOT)).ok()
}

pub(super) fn is_privileged() -> bool {
    geteuid().is_root()
}

pub(super) fn default_state_dir() -> Option<PathBuf> {
    if is_privileged() {
        return Some(PathBuf::from(system::STATE_DIR));
    }
    user_directory("XDG_STATE_HOME", ".local/state").map(|dir| dir.join("waxseal"))
}

pub(super) fn default_config_file() -> Option<PathBuf> {
    if is_privileged() {
        return Some(PathBuf::from("/etc/waxseal/waxseal.toml"));
    }
    user_directory("XDG_CONFIG_HOME", ".config").map(|dir| dir.join("waxseal/waxseal.toml"))
}

/// Returns an XDG directory; a relative path in the variable is ignored, as the standard says.
fn user_directory(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let named = env::var_os(variable).map(PathBuf::from).and_then(absolute);
    named.or_else(|| {
        env::home_dir()
            .and_then(absolute)
            .map(|home| home.join(below_home))
    })
}

pub(super) fn raise_open_file_limit() -> io::Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    // `None` is no limit.
    let current = limit.maximum.or(system::MOST_OPEN_FILES);
    if limit.current != current && limit.current.is_some() {
        setrlimit(Resource::Nofile, Rlimit { current, ..limit })?;
    }
    Ok(current.unwrap_or(u64::MAX))
}

pub(super) fn current_user() -> User {
    named(geteuid().as_raw())
}

pub(super) fn login_user() -> Option<User> {
    login_uid(&fs::read_to_string(Path::new("/proc/self/loginuid")).ok()?).map(named)
}

/// Parses `/proc/self/loginuid`, where the largest number means that nobody logged in.
pub(super) fn login_uid(text: &str) -> Option<u32> {
    text.trim().parse().ok().filter(|&uid| uid != u32::MAX)
}

fn named(uid: u32) -> User {
    User {
        id: uid.to_string(),
        name: Names::new().user(uid).map(|name| name.to_string()),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
