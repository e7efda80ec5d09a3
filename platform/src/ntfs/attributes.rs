//! File attributes as Windows has them: `FILE_ATTRIBUTE_…` of `winnt.h`.

use crate::stat::InodeFlags;

/// The attributes that say something about a file; its kind and `NORMAL` do not.
const FLAGS: [(u32, InodeFlags); 16] = [
    (0x1, InodeFlags::READONLY),
    (0x2, InodeFlags::HIDDEN),
    (0x4, InodeFlags::SYSTEM),
    (0x20, InodeFlags::ARCHIVE),
    (0x100, InodeFlags::TEMPORARY),
    (0x200, InodeFlags::SPARSE),
    (0x800, InodeFlags::COMPRESSED),
    (0x1000, InodeFlags::OFFLINE),
    (0x2000, InodeFlags::NOT_INDEXED),
    (0x4000, InodeFlags::ENCRYPTED),
    (0x8000, InodeFlags::INTEGRITY),
    (0x2_0000, InodeFlags::NO_SCRUB),
    (0x4_0000, InodeFlags::RECALL_ON_OPEN),
    (0x8_0000, InodeFlags::PINNED),
    (0x10_0000, InodeFlags::UNPINNED),
    (0x40_0000, InodeFlags::RECALL_ON_READ),
];

/// Returns the flags that these attributes stand for.
pub fn flags(attributes: u32) -> InodeFlags {
    let set = FLAGS.iter().filter(|(bit, _)| attributes & bit != 0);
    set.fold(InodeFlags::default(), |all, (_, flag)| all.union(*flag))
}
