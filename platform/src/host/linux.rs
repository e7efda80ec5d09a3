//! Linux: a few files of `/proc` and `/etc`.

use std::fs;

use rustix::time::ClockId;

/// The clock that goes on while the machine sleeps.
pub(super) const SINCE_BOOT: ClockId = ClockId::Boottime;

/// Where the state of root is.
pub(super) const STATE_DIR: &str = "/var/lib/waxseal";

/// What a limit of open files that has no end is set to.
pub(super) const MOST_OPEN_FILES: Option<u64> = None;

pub(super) fn machine_id() -> Option<String> {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .into_iter()
        .find_map(|path| {
            let id = fs::read_to_string(path).ok()?;
            let id = id.trim();
            let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_id.then(|| id.to_owned())
        })
}

pub(super) fn resident_memory() -> Option<u64> {
    // The second number is of pages, see proc_pid_statm(5).
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
