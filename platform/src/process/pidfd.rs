//! Linux: what a pidfd tells of its process, which is the proof that a look hit the right one.
//!
//! A descriptor of anything else, and a process that was collected, give `None` or `false`.

use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::ioctl::{self, Updater};

use super::decode;
use super::snapshot::{Identity, read_all};

/// The magic number of the file system of pidfds, `include/uapi/linux/magic.h`.
const PID_FS_MAGIC: u64 = 0x5049_4446;

/// `PIDFD_GET_INFO` of `include/uapi/linux/pidfd.h`: Linux 6.13.
const GET_INFO: ioctl::Opcode = ioctl::opcode::read_write::<Info>(0xff, 11);
/// `PIDFD_INFO_PID` and `PIDFD_INFO_CREDS`.
const PID_AND_CREDS: u64 = 0b11;

/// `struct pidfd_info` in its first version; the kernel takes any version by its size.
#[repr(C)]
#[derive(Default)]
struct Info {
    mask: u64,
    cgroup_id: u64,
    pid: u32,
    tgid: u32,
    parent: u32,
    uid: u32,
    gid: u32,
    euid: u32,
    egid: u32,
    saved_uid: u32,
    saved_gid: u32,
    filesystem_uid: u32,
    filesystem_gid: u32,
    spare: u32,
}

/// Identifies a process among all that ever run between two boots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unique {
    device: u64,
    inode: u64,
}

/// Says whether the process of the descriptor has this number in `/proc` and was not collected.
pub(super) fn is_taken_by(pid: u32, pidfd: BorrowedFd<'_>) -> bool {
    let path = format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let Ok(file) = rustix::fs::openat(CWD, path, flags, Mode::empty()) else {
        return false;
    };
    let mut buffer = [0; 512];
    read_all(&file, &mut buffer).and_then(decode::pidfd) == Some(pid)
}

/// Returns what identifies the process, where pidfds have numbers of their own: Linux 6.9.
pub(super) fn unique(pidfd: BorrowedFd<'_>) -> Option<Unique> {
    // Where inode numbers have 32 bits they are used again.
    if usize::BITS < u64::BITS {
        return None;
    }
    let filesystem = rustix::fs::fstatfs(pidfd).ok()?;
    if filesystem.f_type as u64 != PID_FS_MAGIC {
        return None;
    }
    inode(pidfd)
}

/// Says whether the descriptor is of this process.
pub(super) fn is_of(pidfd: BorrowedFd<'_>, known: Unique) -> bool {
    // The device is that of pidfds, so the descriptor is one.
    inode(pidfd) == Some(known)
}

/// Returns who the process is; `None` also where the kernel cannot tell.
pub(super) fn identity(pidfd: BorrowedFd<'_>) -> Option<Identity> {
    let mut info = Info {
        mask: PID_AND_CREDS,
        ..Info::default()
    };
    // SAFETY: the opcode has the size of `Info`, of which the kernel reads and writes no more.
    let request = unsafe { Updater::<GET_INFO, Info>::new(&mut info) };
    // SAFETY: the request is one for this descriptor; another kind of file refuses it.
    unsafe { ioctl::ioctl(pidfd, request) }.ok()?;
    (info.mask & PID_AND_CREDS == PID_AND_CREDS).then_some(Identity {
        parent: info.parent,
        uid: info.uid,
        euid: info.euid,
        gid: info.gid,
        egid: info.egid,
    })
}

fn inode(pidfd: BorrowedFd<'_>) -> Option<Unique> {
    let stat = rustix::fs::fstat(pidfd).ok()?;
    Some(Unique {
        device: stat.st_dev,
        inode: stat.st_ino,
    })
}

const _: () = assert!(mem::size_of::<Info>() == 64);
