//! The files of `/proc/PID` as values.
//!
//! Pure functions over bytes, compiled and tested on every operating system. A process chooses
//! its own name and command line, so these may hold anything; what is not as the kernel writes it
//! is `None`, never a panic. The layouts are those of `proc_pid_stat(5)` and its neighbours.

#[cfg(test)]
mod tests;

/// The flag of `include/linux/sched.h` that marks a thread of the kernel.
const PF_KTHREAD: u32 = 0x0020_0000;
/// How `loginuid` and `sessionid` say that nobody logged in.
const UNSET: u32 = u32::MAX;

/// What is used of `/proc/PID/stat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat<'a> {
    /// The number of the process.
    pub pid: u32,
    /// Its short name: any bytes, brackets and line ends included.
    pub name: &'a [u8],
    /// The number of its parent; 0 when that is not visible.
    pub parent: u32,
    /// Whether it is a thread of the kernel.
    pub is_kernel_thread: bool,
    /// When it started, in clock ticks since boot.
    pub start_ticks: u64,
}

/// What is used of `/proc/PID/status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The number of its parent; 0 when that is not visible.
    pub parent: u32,
    /// The user who started it.
    pub uid: u32,
    /// The user it acts as.
    pub euid: u32,
    /// The group of the user who started it.
    pub gid: u32,
    /// The group it acts as.
    pub egid: u32,
}

/// Reads `/proc/PID/stat`.
pub fn stat(bytes: &[u8]) -> Option<Stat<'_>> {
    // The name is not escaped and may hold brackets; nothing after it does.
    let open = bytes.iter().position(|&byte| byte == b'(')?;
    let close = bytes.iter().rposition(|&byte| byte == b')')?;
    let name = bytes.get(open + 1..close)?;
    let rest = bytes.get(close + 1..)?.strip_prefix(b" ")?;
    // Counted from the state, which is the third field of the manual page.
    let mut fields = rest.trim_ascii_end().split(|&byte| byte == b' ').skip(1);
    let parent = number(fields.next()?)?;
    let flags: u32 = number(fields.nth(4)?)?;
    let start_ticks = number(fields.nth(12)?)?;
    Some(Stat {
        pid: number(bytes.get(..open)?.strip_suffix(b" ")?)?,
        name,
        parent,
        is_kernel_thread: flags & PF_KTHREAD != 0,
        start_ticks,
    })
}

/// Reads `/proc/PID/status`.
///
/// The kernel escapes line ends in the name, so no process can add a line of its own.
pub fn status(bytes: &[u8]) -> Option<Status> {
    let (uid, euid) = real_and_effective(value(bytes, b"Uid:")?)?;
    let (gid, egid) = real_and_effective(value(bytes, b"Gid:")?)?;
    Some(Status {
        parent: number(value(bytes, b"PPid:")?)?,
        uid,
        euid,
        gid,
        egid,
    })
}

/// Splits `/proc/PID/cmdline` at the zero bytes; the last argument needs none behind it.
///
/// A process that overwrote its command line, to show its state to `ps`, gives one argument.
pub fn cmdline(bytes: &[u8]) -> Vec<&[u8]> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|&byte| byte == 0).collect()
}

/// Returns the control group that tells most in `/proc/PID/cgroup`: that of version 2, else
/// that of systemd, else the first of any controller; the root of a hierarchy only when there is
/// nothing below one.
pub fn cgroup(bytes: &[u8]) -> Option<&[u8]> {
    let lines = || bytes.split(|&byte| byte == b'\n').filter_map(cgroup_line);
    let below_root = || lines().filter(|(_, path)| *path != b"/");
    below_root()
        .find(|(controllers, _)| controllers.is_empty())
        .or_else(|| below_root().find(|(controllers, _)| *controllers == b"name=systemd"))
        .or_else(|| below_root().next())
        .or_else(|| lines().next())
        .map(|(_, path)| path)
}

/// Reads `/proc/PID/loginuid` or `/proc/PID/sessionid`; `None` also when nobody logged in.
pub fn login(bytes: &[u8]) -> Option<u32> {
    number(bytes.trim_ascii_end()).filter(|&id| id != UNSET)
}

/// Returns the process number in the `fdinfo` of a pidfd; `None` when the process is gone.
pub fn pidfd(bytes: &[u8]) -> Option<u32> {
    // Zero stands for a process that our process numbers do not reach, -1 for one that is gone.
    number(value(bytes, b"Pid:")?).filter(|&pid| pid != 0)
}

/// Splits `hierarchy:controllers:path`.
fn cgroup_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = line.splitn(3, |&byte| byte == b':');
    parts.next()?;
    let controllers = parts.next()?;
    let path = parts.next().filter(|path| path.starts_with(b"/"))?;
    Some((controllers, path))
}

/// Returns the value of the first line that starts with `key`.
fn value<'a>(bytes: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut lines = bytes.split(|&byte| byte == b'\n');
    lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(b"\t"))
}

/// Returns the first two of the four numbers in a line of user or group ids.
fn real_and_effective(ids: &[u8]) -> Option<(u32, u32)> {
    let mut ids = ids.split(|&byte| byte == b'\t');
    Some((number(ids.next()?)?, number(ids.next()?)?))
}

/// Reads a number that is written as the kernel does: digits only.
fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    // `parse` would take a sign.
    digits.first().filter(|first| first.is_ascii_digit())?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
