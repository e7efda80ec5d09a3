//! Which properties of a file count when two states are compared: the bit set [`Attributes`].
//!
//! A rule carries one set; `change` asks it, field by field, whether a difference matters. The
//! bits live in memory only: configuration and store keep the names. Nothing here looks at files.

use std::fmt;
use std::ops::BitOr;

use waxseal_platform::stat::Kind;

/// A set of compared properties.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attributes(u32);

/// Every attribute with the name it has in configuration, in the order reports use.
const NAMES: [(&str, Attributes); 20] = [
    ("type", Attributes::TYPE),
    ("size", Attributes::SIZE),
    ("blocks", Attributes::BLOCKS),
    ("inode", Attributes::INODE),
    ("device", Attributes::DEVICE),
    ("links", Attributes::LINKS),
    ("mode", Attributes::MODE),
    ("uid", Attributes::UID),
    ("gid", Attributes::GID),
    ("mtime", Attributes::MTIME),
    ("ctime", Attributes::CTIME),
    ("created", Attributes::CREATED),
    ("atime", Attributes::ATIME),
    ("flags", Attributes::FLAGS),
    ("rdev", Attributes::RDEV),
    ("target", Attributes::TARGET),
    ("selinux", Attributes::SELINUX),
    ("acl", Attributes::ACL),
    ("capability", Attributes::CAPABILITY),
    ("xattr", Attributes::XATTR),
];

/// The names that stand for several attributes.
const GROUPS: [(&str, Attributes); 4] = [
    ("all", Attributes::ALL),
    ("default", Attributes::DEFAULT),
    ("content", Attributes::CONTENT),
    ("permissions", Attributes::PERMISSIONS),
];

/// Everything `attributes` accepts in a configuration file.
pub const ACCEPTED: &str = "type, size, blocks, inode, device, links, mode, uid, gid, mtime, \
     ctime, created, atime, flags, rdev, target, selinux, acl, capability, xattr, hash, \
     or the groups all, default, content, permissions, each with an optional + or - in front";

impl Attributes {
    /// The kind of object: file, directory, link and so on.
    pub const TYPE: Attributes = Attributes(1);
    /// The length of a file.
    pub const SIZE: Attributes = Attributes(1 << 1);
    /// The space a file takes on disk.
    pub const BLOCKS: Attributes = Attributes(1 << 2);
    /// The inode number.
    pub const INODE: Attributes = Attributes(1 << 3);
    /// The device the object lives on.
    pub const DEVICE: Attributes = Attributes(1 << 4);
    /// The number of names the object has.
    pub const LINKS: Attributes = Attributes(1 << 5);
    /// The permission bits with setuid, setgid and sticky.
    pub const MODE: Attributes = Attributes(1 << 6);
    /// The owner.
    pub const UID: Attributes = Attributes(1 << 7);
    /// The group.
    pub const GID: Attributes = Attributes(1 << 8);
    /// When the content last changed.
    pub const MTIME: Attributes = Attributes(1 << 9);
    /// When content or metadata last changed.
    pub const CTIME: Attributes = Attributes(1 << 10);
    /// When the object was created.
    pub const CREATED: Attributes = Attributes(1 << 11);
    /// When the object was last read.
    pub const ATIME: Attributes = Attributes(1 << 12);
    /// Inode flags such as immutable and append-only.
    pub const FLAGS: Attributes = Attributes(1 << 13);
    /// The device a device node stands for.
    pub const RDEV: Attributes = Attributes(1 << 14);
    /// Where a symbolic link points.
    pub const TARGET: Attributes = Attributes(1 << 15);
    /// The SELinux label.
    pub const SELINUX: Attributes = Attributes(1 << 16);
    /// The POSIX access and default ACLs.
    pub const ACL: Attributes = Attributes(1 << 17);
    /// The file capabilities.
    pub const CAPABILITY: Attributes = Attributes(1 << 18);
    /// Every other extended attribute.
    pub const XATTR: Attributes = Attributes(1 << 19);
    /// The digests of the content.
    pub const HASH: Attributes = Attributes(1 << 20);

    /// Every attribute.
    pub const ALL: Attributes = Attributes((1 << 21) - 1);
    /// What is compared unless the configuration says otherwise.
    ///
    /// Left out are the access time and the change time, which move without a change, and the
    /// block count and device number, which depend on the mount and on how the disk is filled.
    pub const DEFAULT: Attributes = Attributes(
        Self::ALL.0 & !(Self::ATIME.0 | Self::CTIME.0 | Self::BLOCKS.0 | Self::DEVICE.0),
    );
    /// What the object is and holds: type, size, target, digests.
    pub const CONTENT: Attributes =
        Attributes(Self::TYPE.0 | Self::SIZE.0 | Self::TARGET.0 | Self::HASH.0);
    /// Who may do what with it: mode, owner, group, flags, SELinux label, ACLs, capabilities.
    pub const PERMISSIONS: Attributes = Attributes(
        Self::MODE.0
            | Self::UID.0
            | Self::GID.0
            | Self::FLAGS.0
            | Self::SELINUX.0
            | Self::ACL.0
            | Self::CAPABILITY.0,
    );

    /// Returns the set without any attribute.
    pub const fn empty() -> Attributes {
        Attributes(0)
    }

    /// Tells whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Tells whether every attribute of `other` is in this set.
    pub const fn contains(self, other: Attributes) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns what is in either set.
    pub const fn union(self, other: Attributes) -> Attributes {
        Attributes(self.0 | other.0)
    }

    /// Returns what is in both sets.
    pub const fn intersection(self, other: Attributes) -> Attributes {
        Attributes(self.0 & other.0)
    }

    /// Returns what is in this set and not in `other`.
    pub const fn difference(self, other: Attributes) -> Attributes {
        Attributes(self.0 & !other.0)
    }

    /// Returns the attributes of this set that mean something for an object of this kind.
    ///
    /// Size, links, times of change and blocks of a directory follow from its entries, and each
    /// entry is reported itself: comparing them would report every new file twice.
    pub const fn for_kind(self, kind: Kind) -> Attributes {
        let not_a_file = Self::SIZE.0 | Self::BLOCKS.0 | Self::HASH.0;
        let meaningless = match kind {
            Kind::File => Self::TARGET.0 | Self::RDEV.0,
            Kind::Directory => {
                let from_entries = Self::LINKS.0 | Self::MTIME.0 | Self::CTIME.0;
                not_a_file | from_entries | Self::TARGET.0 | Self::RDEV.0
            }
            Kind::Symlink => not_a_file | Self::RDEV.0,
            Kind::Fifo | Kind::Socket => not_a_file | Self::TARGET.0 | Self::RDEV.0,
            Kind::CharDevice | Kind::BlockDevice => not_a_file | Self::TARGET.0,
        };
        Attributes(self.0 & !meaningless)
    }

    /// Returns the names of the set's attributes in a fixed order.
    pub fn names(self) -> Vec<&'static str> {
        let listed = NAMES.iter().chain([&("hash", Attributes::HASH)]);
        listed
            .filter(|(_, one)| self.contains(*one))
            .map(|(name, _)| *name)
            .collect()
    }

    /// Reads a list such as `["+all", "-atime"]` or `["type", "mode", "hash"]`, left to right.
    ///
    /// When the first item has a sign the list changes the default set, otherwise it starts from
    /// nothing.
    pub fn parse<S: AsRef<str>>(items: &[S]) -> Result<Attributes, AttributeError> {
        let Some(first) = items.first() else {
            return Err(AttributeError::NoItems);
        };
        let changes_default = first.as_ref().starts_with(['+', '-']);
        let start = if changes_default {
            Attributes::DEFAULT
        } else {
            Attributes::empty()
        };

        let mut set = start;
        for item in items {
            let (adds, named) = parse_item(item.as_ref())?;
            set = if adds {
                set.union(named)
            } else {
                set.difference(named)
            };
        }
        if set.is_empty() {
            Err(AttributeError::NothingLeft)
        } else {
            Ok(set)
        }
    }

    /// Checks one item of such a list on its own.
    pub fn check_item(item: &str) -> Result<(), AttributeError> {
        parse_item(item).map(|_| ())
    }
}

/// Returns whether the item adds or takes away, and what.
fn parse_item(item: &str) -> Result<(bool, Attributes), AttributeError> {
    let (adds, name) = match item.strip_prefix('-') {
        Some(name) => (false, name),
        None => (true, item.strip_prefix('+').unwrap_or(item)),
    };
    let known = NAMES
        .iter()
        .chain(&GROUPS)
        .chain([&("hash", Attributes::HASH)]);
    match known.into_iter().find(|(known, _)| *known == name) {
        Some((_, set)) => Ok((adds, *set)),
        None => Err(AttributeError::Unknown(item.to_owned())),
    }
}

impl Default for Attributes {
    fn default() -> Attributes {
        Attributes::DEFAULT
    }
}

impl BitOr for Attributes {
    type Output = Attributes;

    fn bitor(self, other: Attributes) -> Attributes {
        self.union(other)
    }
}

impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(","))
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attributes({self})")
    }
}

/// Why a list of attributes cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    /// A name that does not exist.
    #[error("unknown attribute {0:?}: use {ACCEPTED}")]
    Unknown(String),
    /// The list is empty.
    #[error("the list of attributes is empty: leave it out for the default set, or name some")]
    NoItems,
    /// Everything named was taken away again.
    #[error("no attribute is left to compare: take away fewer, or name those to compare")]
    NothingLeft,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_left_to_right() {
        let all_but_atime = Attributes::ALL.difference(Attributes::ATIME);
        let three = Attributes::TYPE | Attributes::MODE | Attributes::HASH;
        let table: [(&[&str], Attributes); 7] = [
            (&["+all", "-atime"], all_but_atime),
            (&["all", "-atime"], all_but_atime),
            (&["type", "mode", "hash"], three),
            (
                &["-inode"],
                Attributes::DEFAULT.difference(Attributes::INODE),
            ),
            (&["+ctime"], Attributes::DEFAULT | Attributes::CTIME),
            (&["default"], Attributes::DEFAULT),
            (&["content", "permissions", "-size"], {
                (Attributes::CONTENT | Attributes::PERMISSIONS).difference(Attributes::SIZE)
            }),
        ];
        for (items, expected) in table {
            assert_eq!(Attributes::parse(items), Ok(expected), "{items:?}");
        }
    }

    #[test]
    fn the_default_leaves_out_what_moves_without_a_change() {
        let left_out = Attributes::ALL.difference(Attributes::DEFAULT);
        assert_eq!(left_out.names(), ["blocks", "device", "ctime", "atime"]);
    }

    #[test]
    fn a_wrong_list_names_the_accepted_values() {
        let message = Attributes::parse(&["+all", "-sha256"])
            .unwrap_err()
            .to_string();
        assert!(message.contains("\"-sha256\""), "{message}");
        assert!(message.contains("mode, uid, gid"), "{message}");
        assert_eq!(Attributes::parse::<&str>(&[]), Err(AttributeError::NoItems));
        assert_eq!(
            Attributes::parse(&["mode", "-mode"]),
            Err(AttributeError::NothingLeft)
        );
    }

    #[test]
    fn every_name_is_listed_as_accepted_and_stands_for_itself() {
        let names = Attributes::ALL.names();
        assert_eq!(names.len(), 21);
        for name in names {
            assert!(ACCEPTED.contains(name), "{name}");
            assert_eq!(Attributes::parse(&[name]).unwrap().names(), [name]);
        }
        for (group, _) in GROUPS {
            assert!(ACCEPTED.contains(group), "{group}");
        }
    }

    #[test]
    fn a_directory_is_not_blamed_for_its_entries() {
        let compared = Attributes::ALL.for_kind(Kind::Directory);
        for never in [
            "size", "links", "mtime", "ctime", "blocks", "hash", "target", "rdev",
        ] {
            assert!(!compared.names().contains(&never), "{never}");
        }
        assert!(compared.contains(Attributes::MODE | Attributes::ACL | Attributes::TYPE));
    }

    #[test]
    fn only_files_have_digests_and_only_links_have_targets() {
        for kind in Kind::ALL {
            let compared = Attributes::ALL.for_kind(kind);
            assert_eq!(compared.contains(Attributes::HASH), kind == Kind::File);
            assert_eq!(compared.contains(Attributes::TARGET), kind == Kind::Symlink);
        }
    }
}
