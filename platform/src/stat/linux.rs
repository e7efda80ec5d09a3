//! Linux: `statx` for everything, and the `FS_IOC_GETFLAGS` ioctl for the inode flags that
//! `statx` does not tell. Used by `dir` and `file`; needs Linux 4.11.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, Statx, StatxAttributes, StatxFlags, StatxTimestamp};
use rustix::io::Errno;

use super::unix::kind;
use super::{InodeFlags, Stat, Timestamp, device};

/// The `STATX_ATTR_*` bits that are inode flags.
const ATTRIBUTES: [(StatxAttributes, InodeFlags); 7] = [
    (StatxAttributes::IMMUTABLE, InodeFlags::IMMUTABLE),
    (StatxAttributes::APPEND, InodeFlags::APPEND_ONLY),
    (StatxAttributes::NODUMP, InodeFlags::NO_DUMP),
    (StatxAttributes::COMPRESSED, InodeFlags::COMPRESSED),
    (StatxAttributes::ENCRYPTED, InodeFlags::ENCRYPTED),
    (StatxAttributes::VERITY, InodeFlags::VERITY),
    (StatxAttributes::DAX, InodeFlags::DAX),
];

/// The `FS_*_FL` bits of `include/uapi/linux/fs.h`.
const INODE_FLAGS: [(u32, InodeFlags); 18] = [
    (0x0000_0001, InodeFlags::SECURE_DELETE),
    (0x0000_0002, InodeFlags::UNDELETE),
    (0x0000_0004, InodeFlags::COMPRESSED),
    (0x0000_0008, InodeFlags::SYNC),
    (0x0000_0010, InodeFlags::IMMUTABLE),
    (0x0000_0020, InodeFlags::APPEND_ONLY),
    (0x0000_0040, InodeFlags::NO_DUMP),
    (0x0000_0080, InodeFlags::NO_ATIME),
    (0x0000_0400, InodeFlags::NO_COMPRESS),
    (0x0000_0800, InodeFlags::ENCRYPTED),
    (0x0000_4000, InodeFlags::JOURNAL_DATA),
    (0x0000_8000, InodeFlags::NO_TAIL),
    (0x0001_0000, InodeFlags::DIR_SYNC),
    (0x0002_0000, InodeFlags::TOP_DIR),
    (0x0010_0000, InodeFlags::VERITY),
    (0x0080_0000, InodeFlags::NO_COW),
    (0x0200_0000, InodeFlags::DAX),
    (0x4000_0000, InodeFlags::CASE_FOLD),
];

/// Returns the metadata of `name` in `dir`; neither links nor automounts are followed.
pub(crate) fn stat_at(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<Stat> {
    statx(dir, name, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT)
}

/// Returns the metadata of an open object, however it was opened.
pub(crate) fn stat_fd(fd: BorrowedFd<'_>) -> io::Result<Stat> {
    statx(fd, c"", AtFlags::EMPTY_PATH)
}

/// Returns all inode flags of an object opened for reading; `None` where the file system or a
/// sandbox does not tell.
pub(crate) fn inode_flags(fd: impl AsFd) -> io::Result<Option<InodeFlags>> {
    const NOT_TOLD: [Errno; 6] = [
        Errno::NOTTY,
        Errno::OPNOTSUPP,
        Errno::NOSYS,
        Errno::INVAL,
        Errno::PERM,
        Errno::ACCESS,
    ];
    match rustix::fs::ioctl_getflags(fd) {
        Ok(flags) => Ok(Some(select(INODE_FLAGS, |bit| flags.bits() & bit != 0))),
        Err(errno) if NOT_TOLD.contains(&errno) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

fn statx(fd: BorrowedFd<'_>, name: &CStr, flags: AtFlags) -> io::Result<Stat> {
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    convert(&rustix::fs::statx(fd, name, flags, wanted)?)
}

fn convert(statx: &Statx) -> io::Result<Stat> {
    let has_btime = statx.stx_mask & StatxFlags::BTIME.bits() != 0;
    Ok(Stat {
        kind: kind(u32::from(statx.stx_mode))?,
        device: device(statx.stx_dev_major, statx.stx_dev_minor),
        inode: statx.stx_ino,
        mode: u32::from(statx.stx_mode) & 0o7777,
        links: u64::from(statx.stx_nlink),
        uid: statx.stx_uid,
        gid: statx.stx_gid,
        rdev: device(statx.stx_rdev_major, statx.stx_rdev_minor),
        size: statx.stx_size,
        blocks: statx.stx_blocks,
        accessed: timestamp(&statx.stx_atime),
        modified: timestamp(&statx.stx_mtime),
        changed: timestamp(&statx.stx_ctime),
        created: has_btime.then(|| timestamp(&statx.stx_btime)),
        flags: select(ATTRIBUTES, |attribute| {
            statx.stx_attributes.contains(attribute)
        }),
    })
}

fn timestamp(time: &StatxTimestamp) -> Timestamp {
    Timestamp::new(time.tv_sec, time.tv_nsec)
}

fn select<T, const N: usize>(
    table: [(T, InodeFlags); N],
    is_set: impl Fn(T) -> bool,
) -> InodeFlags {
    let set = table
        .into_iter()
        .filter_map(|(bit, flag)| is_set(bit).then_some(flag));
    set.fold(InodeFlags::default(), InodeFlags::union)
}
