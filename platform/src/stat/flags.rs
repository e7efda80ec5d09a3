//! Inode flags, also called file attributes: what `chattr` and `lsattr` show on Linux, `chflags` and
//! `ls -lO` on macOS, `attrib` on Windows.
//!
//! The bit numbers are ours, the same on every operating system, and go to disk. Flags that a file
//! system sets on its own account (extents, hash-indexed directory, inline content) are left out:
//! they say nothing that somebody did.

/// A set of inode flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InodeFlags(u64);

/// The names of the bits, from bit 0 on; only ever append.
const NAMES: [&str; 38] = [
    "immutable",
    "append_only",
    "no_dump",
    "compressed",
    "encrypted",
    "verity",
    "dax",
    "no_atime",
    "sync",
    "secure_delete",
    "undelete",
    "no_compress",
    "journal_data",
    "no_tail",
    "dir_sync",
    "top_dir",
    "no_cow",
    "case_fold",
    "readonly",
    "hidden",
    "system",
    "archive",
    "temporary",
    "offline",
    "not_indexed",
    "sparse",
    "integrity",
    "no_scrub",
    "recall_on_open",
    "recall_on_read",
    "pinned",
    "unpinned",
    "user_immutable",
    "user_append_only",
    "opaque",
    "data_vault",
    "restricted",
    "no_unlink",
];

impl InodeFlags {
    /// Cannot be changed, removed or linked by anybody (`chattr +i`).
    pub const IMMUTABLE: InodeFlags = InodeFlags(1);
    /// Can only be appended to (`chattr +a`).
    pub const APPEND_ONLY: InodeFlags = InodeFlags(1 << 1);
    /// Left out by backup programs (`chattr +d`).
    pub const NO_DUMP: InodeFlags = InodeFlags(1 << 2);
    /// Compressed by the file system.
    pub const COMPRESSED: InodeFlags = InodeFlags(1 << 3);
    /// Encrypted by the file system.
    pub const ENCRYPTED: InodeFlags = InodeFlags(1 << 4);
    /// Sealed by fs-verity.
    pub const VERITY: InodeFlags = InodeFlags(1 << 5);
    /// Mapped directly from persistent memory.
    pub const DAX: InodeFlags = InodeFlags(1 << 6);
    /// Reading leaves the access time alone (`chattr +A`).
    pub const NO_ATIME: InodeFlags = InodeFlags(1 << 7);
    /// Written synchronously (`chattr +S`).
    pub const SYNC: InodeFlags = InodeFlags(1 << 8);
    /// Overwritten with zeros when removed (`chattr +s`).
    pub const SECURE_DELETE: InodeFlags = InodeFlags(1 << 9);
    /// Content kept for undeletion (`chattr +u`).
    pub const UNDELETE: InodeFlags = InodeFlags(1 << 10);
    /// Never compressed (`chattr +m`).
    pub const NO_COMPRESS: InodeFlags = InodeFlags(1 << 11);
    /// Content goes through the journal (`chattr +j`).
    pub const JOURNAL_DATA: InodeFlags = InodeFlags(1 << 12);
    /// The last block is not merged with others (`chattr +t`).
    pub const NO_TAIL: InodeFlags = InodeFlags(1 << 13);
    /// Directory changes are written synchronously (`chattr +D`).
    pub const DIR_SYNC: InodeFlags = InodeFlags(1 << 14);
    /// Top of a directory hierarchy (`chattr +T`).
    pub const TOP_DIR: InodeFlags = InodeFlags(1 << 15);
    /// Overwritten in place, no copy on write (`chattr +C`).
    pub const NO_COW: InodeFlags = InodeFlags(1 << 16);
    /// Names in this directory are compared without regard to case (`chattr +F`).
    pub const CASE_FOLD: InodeFlags = InodeFlags(1 << 17);
    /// Cannot be written (Windows `attrib +r`).
    pub const READONLY: InodeFlags = InodeFlags(1 << 18);
    /// Not shown to a user (Windows `attrib +h`, macOS `chflags hidden`).
    pub const HIDDEN: InodeFlags = InodeFlags(1 << 19);
    /// Belongs to the operating system (Windows `attrib +s`).
    pub const SYSTEM: InodeFlags = InodeFlags(1 << 20);
    /// Changed since the last backup (Windows `attrib +a`), or archived (macOS `chflags arch`).
    pub const ARCHIVE: InodeFlags = InodeFlags(1 << 21);
    /// Kept in memory if possible (Windows).
    pub const TEMPORARY: InodeFlags = InodeFlags(1 << 22);
    /// Its content is elsewhere (Windows, macOS `dataless`).
    pub const OFFLINE: InodeFlags = InodeFlags(1 << 23);
    /// Left out by the search index (Windows `attrib +i`).
    pub const NOT_INDEXED: InodeFlags = InodeFlags(1 << 24);
    /// Has parts that take no space (Windows).
    pub const SPARSE: InodeFlags = InodeFlags(1 << 25);
    /// The file system keeps checksums of its content (Windows `attrib +v`).
    pub const INTEGRITY: InodeFlags = InodeFlags(1 << 26);
    /// Left out by the scrubber of the file system (Windows `attrib +x`).
    pub const NO_SCRUB: InodeFlags = InodeFlags(1 << 27);
    /// Its content is fetched when it is opened (Windows).
    pub const RECALL_ON_OPEN: InodeFlags = InodeFlags(1 << 28);
    /// Its content is fetched when it is read (Windows).
    pub const RECALL_ON_READ: InodeFlags = InodeFlags(1 << 29);
    /// Its content is to be kept on this machine (Windows `attrib +p`).
    pub const PINNED: InodeFlags = InodeFlags(1 << 30);
    /// Its content need not be kept on this machine (Windows `attrib +u`).
    pub const UNPINNED: InodeFlags = InodeFlags(1 << 31);
    /// Cannot be changed until its owner says so (macOS `chflags uchg`).
    pub const USER_IMMUTABLE: InodeFlags = InodeFlags(1 << 32);
    /// Can only be appended to until its owner says so (macOS `chflags uappnd`).
    pub const USER_APPEND_ONLY: InodeFlags = InodeFlags(1 << 33);
    /// Hides what a union mount has below it (macOS `chflags opaque`).
    pub const OPAQUE: InodeFlags = InodeFlags(1 << 34);
    /// Needs an entitlement to be read (macOS).
    pub const DATA_VAULT: InodeFlags = InodeFlags(1 << 35);
    /// Protected by System Integrity Protection (macOS).
    pub const RESTRICTED: InodeFlags = InodeFlags(1 << 36);
    /// Cannot be removed (macOS `chflags sunlnk`).
    pub const NO_UNLINK: InodeFlags = InodeFlags(1 << 37);

    /// The flags that a directory listing on Linux reports too; compare only these with a listing.
    pub const LISTED: InodeFlags = InodeFlags(0x7f);

    /// Returns the set with these on-disk bits; unknown bits are kept.
    pub fn from_bits(bits: u64) -> InodeFlags {
        InodeFlags(bits)
    }

    /// Returns the on-disk bits.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Says whether no flag is set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Says whether all of `other` is set.
    pub fn contains(self, other: InodeFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Says whether any flag is in both sets.
    pub fn intersects(self, other: InodeFlags) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns the flags of both sets.
    pub const fn union(self, other: InodeFlags) -> InodeFlags {
        InodeFlags(self.0 | other.0)
    }

    /// Returns the flags that are in both sets.
    pub fn intersection(self, other: InodeFlags) -> InodeFlags {
        InodeFlags(self.0 & other.0)
    }

    /// Returns the names of the set flags, in bit order.
    pub fn names(self) -> Vec<&'static str> {
        let numbered = NAMES.into_iter().enumerate();
        numbered
            .filter(|(bit, _)| self.0 >> bit & 1 == 1)
            .map(|(_, name)| name)
            .collect()
    }
}
