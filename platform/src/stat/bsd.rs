//! What BSD systems say of a file, in our terms. Pure, so that it is tested on every system.

use super::{InodeFlags, device};

/// The `UF_*` and `SF_*` bits of macOS's `sys/stat.h`.
///
/// Left out are those that the system sets on its own account: `UF_TRACKED`, which says that
/// somebody follows renames, and `SF_FIRMLINK`, which stands for a kind.
const FLAGS: [(u32, InodeFlags); 13] = [
    (0x0000_0001, InodeFlags::NO_DUMP),
    (0x0000_0002, InodeFlags::USER_IMMUTABLE),
    (0x0000_0004, InodeFlags::USER_APPEND_ONLY),
    (0x0000_0008, InodeFlags::OPAQUE),
    (0x0000_0020, InodeFlags::COMPRESSED),
    (0x0000_0080, InodeFlags::DATA_VAULT),
    (0x0000_8000, InodeFlags::HIDDEN),
    (0x0001_0000, InodeFlags::ARCHIVE),
    (0x0002_0000, InodeFlags::IMMUTABLE),
    (0x0004_0000, InodeFlags::APPEND_ONLY),
    (0x0008_0000, InodeFlags::RESTRICTED),
    (0x0010_0000, InodeFlags::NO_UNLINK),
    (0x4000_0000, InodeFlags::OFFLINE),
];

/// Returns the flags of `st_flags`.
pub(super) fn inode_flags(st_flags: u32) -> InodeFlags {
    let set = FLAGS.into_iter().filter(|(bit, _)| st_flags & bit != 0);
    set.fold(InodeFlags::default(), |all, (_, flag)| all.union(flag))
}

/// Returns our number of a device: Darwin's has eight bits for the driver, and the rest is its own.
pub(super) fn packed_device(st_dev: i32) -> u64 {
    let bits = st_dev.cast_unsigned();
    device(bits >> 24, bits & 0x00ff_ffff)
}

#[cfg(test)]
mod tests {
    use super::super::{major, minor};
    use super::*;

    #[test]
    fn each_bit_has_the_name_that_ls_gives_it() {
        let names = |bits| inode_flags(bits).names();
        assert_eq!(names(0x2), ["user_immutable"]);
        assert_eq!(names(0x2_0000), ["immutable"]);
        assert_eq!(names(0x4), ["user_append_only"]);
        assert_eq!(names(0x4_0000), ["append_only"]);
        assert_eq!(names(0x4000_0000), ["offline"]);
        // What System Integrity Protection puts on /System: restricted, sunlnk, hidden.
        assert_eq!(names(0x0018_8000), ["hidden", "restricted", "no_unlink"]);
    }

    #[test]
    fn no_bit_stands_for_two_flags_and_no_flag_for_two_bits() {
        let all = FLAGS.iter().fold(0, |all, (bit, _)| all | bit);
        assert_eq!(all.count_ones() as usize, FLAGS.len());
        assert_eq!(inode_flags(u32::MAX).names().len(), FLAGS.len());
        assert!(inode_flags(!all).is_empty());
    }

    #[test]
    fn a_device_is_split_as_darwin_does() {
        let disk = packed_device(0x0100_0012);
        assert_eq!((major(disk), minor(disk)), (1, 0x12));
        let high = packed_device(-1);
        assert_eq!((major(high), minor(high)), (0xff, 0x00ff_ffff));
    }
}
