//! Linux: one directory of `/proc`, read so that what is told belongs together.
//!
//! A directory of `/proc` that is open stays that of one process: when the process goes, reading
//! through it fails, also after the number was given to another. So there is one open by number,
//! in [`ProcDir::open`]; that it hit the right process is for `linux` to prove.
//!
//! The files are read one after the other while the process runs. What can change (the program,
//! the users, the parent) is therefore read first and once more at the end: see [`read`].

use std::ffi::{CStr, OsString};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::time::ClockId;

use super::{Location, MAX_ARGS_LEN, ParentProcess, Process, decode, pidfd};
use crate::stat::Timestamp;

/// More than `stat` and the part of `status` that is used ever have, and the longest path that
/// the kernel gives.
const BUFFER: usize = 4096;
/// Some 30 hierarchies of version 1 with long names fit; a line beyond is left out.
const CGROUP_BUFFER: usize = 16 * 1024;
/// How often a process that keeps changing is read again.
const TRIES: usize = 5;
/// A process that ended during the look cannot have executed another program, run it and ended
/// within so short a time.
const TOO_SHORT_TO_EXECUTE: Duration = Duration::from_micros(200);
/// What the kernel adds to the path of something that has no name any more.
const DELETED: &[u8] = b" (deleted)";

/// An open directory `/proc/PID`.
#[derive(Debug)]
pub(super) struct ProcDir {
    fd: OwnedFd,
}

/// What of a process changes when it executes a program, changes users or loses its parent.
///
/// Equal glances with an interval between them mean the same program in between, but for one that
/// executes itself anew with the same arguments.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Glance {
    identity: Identity,
    program: Program,
}

/// The part of a [`Glance`] that a process keeps until it is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) parent: u32,
    pub(super) uid: u32,
    pub(super) euid: u32,
    pub(super) gid: u32,
    pub(super) egid: u32,
}

/// The part of a [`Glance`] that a process loses when it ends.
#[derive(Debug, PartialEq, Eq)]
struct Program {
    executable: Option<Vec<u8>>,
    cmdline: Vec<u8>,
    working_directory: Option<Vec<u8>>,
}

/// Turns ticks since boot into times.
#[derive(Debug)]
pub(super) struct Clock {
    boot: Timestamp,
    ticks_per_second: u64,
}

/// Reads everything of the process; `None` when it goes meanwhile or never holds still.
///
/// The glance is given when it still held at the end, so that it can be compared with later.
/// `pidfd` is believed to be of the same process; the caller finds out afterwards.
pub(super) fn read(
    dir: &ProcDir,
    pid: u32,
    pidfd: BorrowedFd<'_>,
    clock: &Clock,
) -> Option<(Process, Option<Glance>)> {
    let mut begun = Instant::now();
    let (mut name, mut before) = dir.named_glance(pidfd)?;
    for tries_left in (0..TRIES).rev() {
        let told = Told::read(dir, pid, before.identity.parent, clock)?;
        let (name_after, after) = dir.named_glance(pidfd)?;
        let is_same = before.identity == after.identity && name == name_after;
        let is_executing = after.program.is_without_args();
        if is_same && before.program == after.program && (!is_executing || tries_left == 0) {
            let process = told.join(dir, &before, pid, clock);
            return Some((process, (!is_executing).then_some(after)));
        }
        if is_same && after.program.is_none() {
            // The end took its program from it. The name comes with the program and is still the
            // same, so only a program of the same name could have been executed in between.
            let is_sure = begun.elapsed() < TOO_SHORT_TO_EXECUTE;
            let known = if is_sure { before } else { after };
            return Some((told.join(dir, &known, pid, clock), None));
        }
        begun = Instant::now();
        (name, before) = (name_after, after);
    }
    None
}

/// What is read between two glances.
struct Told {
    name: Vec<u8>,
    start_ticks: u64,
    is_kernel_thread: bool,
    login_uid: Option<u32>,
    session_id: Option<u32>,
    cgroup: Option<String>,
    parent: Option<Box<ParentProcess>>,
}

impl Told {
    fn read(dir: &ProcDir, pid: u32, parent: u32, clock: &Clock) -> Option<Told> {
        let mut buffer = [0; BUFFER];
        let stat = decode::stat(dir.read(c"stat", &mut buffer)?)?;
        if stat.pid != pid {
            return None;
        }
        let login = |name| decode::login(dir.read(name, &mut [0; 16])?);
        Some(Told {
            name: stat.name.to_vec(),
            start_ticks: stat.start_ticks,
            is_kernel_thread: stat.is_kernel_thread,
            login_uid: login(c"loginuid"),
            session_id: login(c"sessionid"),
            cgroup: dir.cgroup(),
            // Unequal if the descriptor and `/proc` count processes differently.
            parent: read_parent(parent, clock)
                .filter(|_| stat.parent == parent)
                .map(Box::new),
        })
    }

    fn join(self, dir: &ProcDir, glance: &Glance, pid: u32, clock: &Clock) -> Process {
        let Glance { identity, program } = glance;
        let kept = program.cmdline.get(..MAX_ARGS_LEN);
        let args = decode::cmdline(kept.unwrap_or(&program.cmdline));
        let located = |link: &Option<Vec<u8>>, name| Some(dir.located(link.clone()?, name));
        Process {
            pid,
            start_ticks: self.start_ticks,
            started: clock.time(self.start_ticks),
            executable: located(&program.executable, c"exe"),
            name: OsString::from_vec(self.name),
            args: args
                .into_iter()
                .map(|arg| OsString::from_vec(arg.to_vec()))
                .collect(),
            are_args_cut: program.cmdline.len() > MAX_ARGS_LEN,
            working_directory: located(&program.working_directory, c"cwd"),
            parent: self.parent,
            uid: identity.uid,
            gid: identity.gid,
            euid: identity.euid,
            egid: identity.egid,
            login_uid: self.login_uid,
            session_id: self.session_id,
            cgroup: self.cgroup,
            is_kernel_thread: self.is_kernel_thread,
        }
    }
}

/// Reads a parent by its number.
///
/// The caller sees afterwards that the child still has this parent. A parent that ends loses its
/// children before its number is free, so what was read is of the parent and nobody else.
fn read_parent(pid: u32, clock: &Clock) -> Option<ParentProcess> {
    let dir = ProcDir::open(pid)?;
    let mut buffer = [0; BUFFER];
    let stat = decode::stat(dir.read(c"stat", &mut buffer)?)?;
    let executable = dir.link(c"exe").map(|link| dir.located(link, c"exe"));
    Some(ParentProcess {
        pid,
        start_ticks: stat.start_ticks,
        started: clock.time(stat.start_ticks),
        name: OsString::from_vec(stat.name.to_vec()),
        executable,
    })
}

impl ProcDir {
    /// Opens the directory of the process that has this number now.
    pub(super) fn open(pid: u32) -> Option<ProcDir> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(CWD, format!("/proc/{pid}"), flags, Mode::empty()).ok()?;
        Some(ProcDir { fd })
    }

    /// Reads the name and what may change; `None` when the process is gone.
    fn named_glance(&self, pidfd: BorrowedFd<'_>) -> Option<(Vec<u8>, Glance)> {
        // The name first: `read` compares it with a later one to tell what was executed between.
        let name = self.read(c"comm", &mut [0; 64])?.to_vec();
        Some((name, self.glance(pidfd, &self.open_file(c"cmdline")?)?))
    }

    /// Reads what may change, with the open `cmdline`; `None` when the process is gone.
    pub(super) fn glance(&self, pidfd: BorrowedFd<'_>, cmdline: &OwnedFd) -> Option<Glance> {
        // Asking the descriptor is far cheaper than `status`, where the kernel can.
        let identity = pidfd::identity(pidfd).or_else(|| self.identity())?;
        let program = self.program(cmdline)?;
        Some(Glance { identity, program })
    }

    fn identity(&self) -> Option<Identity> {
        let mut buffer = [0; BUFFER];
        let status = decode::status(self.read(c"status", &mut buffer)?)?;
        Some(Identity {
            parent: status.parent,
            uid: status.uid,
            euid: status.euid,
            gid: status.gid,
            egid: status.egid,
        })
    }

    fn program(&self, cmdline: &OwnedFd) -> Option<Program> {
        // One byte more than is kept tells whether there was more.
        let mut buffer = [0; MAX_ARGS_LEN + 1];
        Some(Program {
            executable: self.link(c"exe"),
            cmdline: read_all(cmdline, &mut buffer)?.to_vec(),
            working_directory: self.link(c"cwd"),
        })
    }

    /// Opens a file, to be read once or many times.
    pub(super) fn open_file(&self, name: &CStr) -> Option<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        rustix::fs::openat(&self.fd, name, flags, Mode::empty()).ok()
    }

    /// Reads a file as far as the buffer reaches.
    fn read<'b>(&self, name: &CStr, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        read_all(&self.open_file(name)?, buffer)
    }

    /// Returns what a link of the directory says, or `None` where there is nothing or we may not
    /// look.
    fn link(&self, name: &CStr) -> Option<Vec<u8>> {
        let mut buffer = [0; BUFFER];
        let len = rustix::fs::readlinkat_raw(&self.fd, name, &mut buffer).ok()?;
        Some(buffer.get(..len)?.to_vec())
    }

    /// Separates the path in a link from the kernel's mark for what is deleted.
    fn located(&self, mut link: Vec<u8>, name: &CStr) -> Location {
        let is_deleted = link.ends_with(DELETED) && !self.is_at(&link, name);
        if is_deleted {
            link.truncate(link.len() - DELETED.len());
        }
        Location {
            path: PathBuf::from(OsString::from_vec(link)),
            is_deleted,
        }
    }

    /// Says whether the link leads to what really has this path: a name may end like the mark.
    fn is_at(&self, path: &[u8], name: &CStr) -> bool {
        let held = rustix::fs::statat(&self.fd, name, AtFlags::NO_AUTOMOUNT);
        let named = rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW);
        match (held, named) {
            (Ok(held), Ok(named)) => (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino),
            _ => false,
        }
    }

    fn cgroup(&self) -> Option<String> {
        let mut buffer = [0; CGROUP_BUFFER];
        let lines = self.read(c"cgroup", &mut buffer)?;
        // What does not fit could end within a path, which would then be another one.
        let end = lines.iter().rposition(|&byte| byte == b'\n')?;
        let path = decode::cgroup(lines.get(..end)?)?;
        Some(String::from_utf8_lossy(path).into_owned())
    }
}

impl Program {
    /// Says whether there is no program: the process ended and waits to be collected, is a thread
    /// of the kernel, or we may not look.
    fn is_none(&self) -> bool {
        self.executable.is_none() && self.cmdline.is_empty()
    }

    /// Says whether the kernel is just about to execute the program, as far as can be told: its
    /// arguments come last.
    fn is_without_args(&self) -> bool {
        self.executable.is_some() && self.cmdline.is_empty()
    }
}

impl Clock {
    pub(super) fn new() -> Clock {
        let now = rustix::time::clock_gettime(ClockId::Realtime);
        let since_boot = rustix::time::clock_gettime(ClockId::Boottime);
        let nanos = 1_000_000_000 + now.tv_nsec - since_boot.tv_nsec;
        Clock {
            boot: Timestamp::new(
                now.tv_sec - since_boot.tv_sec - 1,
                u32::try_from(nanos).unwrap_or_default(),
            ),
            ticks_per_second: rustix::param::clock_ticks_per_second().max(1),
        }
    }

    /// Returns the time so many ticks after boot.
    fn time(&self, ticks: u64) -> Timestamp {
        let secs = i64::try_from(ticks / self.ticks_per_second).unwrap_or(i64::MAX);
        let part = (ticks % self.ticks_per_second) * 1_000_000_000 / self.ticks_per_second;
        let nanos = u64::from(self.boot.nanos()) + part;
        Timestamp::new(
            self.boot.secs().saturating_add(secs),
            u32::try_from(nanos).unwrap_or_default(),
        )
    }
}

/// Reads a file from its beginning until it ends or the buffer is full.
pub(super) fn read_all<'b>(file: &OwnedFd, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match rustix::io::pread(file, rest, filled as u64) {
            Ok(0) => break,
            Ok(len) => filled += len,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
    }
    buffer.get(..filled)
}
