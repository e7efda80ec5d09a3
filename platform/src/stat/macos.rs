//! macOS: `fstatat` and `fstat` tell everything, with flags and birth time. Used by `dir` and
//! `file`.

use std::ffi::CStr;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::AtFlags;

use super::unix::kind;
use super::{Kind, Stat, Timestamp, bsd};

/// Returns the metadata of `name` in `dir`; a link is not followed.
pub(crate) fn stat_at(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<Stat> {
    convert(&rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Returns the metadata of an open object.
pub(crate) fn stat_fd(fd: BorrowedFd<'_>) -> io::Result<Stat> {
    convert(&rustix::fs::fstat(fd)?)
}

fn convert(stat: &rustix::fs::Stat) -> io::Result<Stat> {
    let kind = kind(stat.st_mode)?;
    Ok(Stat {
        kind,
        device: bsd::packed_device(stat.st_dev),
        inode: stat.st_ino,
        mode: u32::from(stat.st_mode) & 0o7777,
        links: u64::from(stat.st_nlink),
        uid: stat.st_uid,
        gid: stat.st_gid,
        rdev: match kind {
            Kind::CharDevice | Kind::BlockDevice => bsd::packed_device(stat.st_rdev),
            _ => 0,
        },
        size: u64::try_from(stat.st_size).unwrap_or_default(),
        blocks: u64::try_from(stat.st_blocks).unwrap_or_default(),
        accessed: timestamp(stat.st_atime, stat.st_atime_nsec),
        modified: timestamp(stat.st_mtime, stat.st_mtime_nsec),
        changed: timestamp(stat.st_ctime, stat.st_ctime_nsec),
        // A file system that keeps none says 0, or -1.
        created: (stat.st_birthtime > 0)
            .then(|| timestamp(stat.st_birthtime, stat.st_birthtime_nsec)),
        flags: bsd::inode_flags(stat.st_flags),
    })
}

fn timestamp(secs: i64, nanos: i64) -> Timestamp {
    Timestamp::new(secs, u32::try_from(nanos).unwrap_or_default())
}
