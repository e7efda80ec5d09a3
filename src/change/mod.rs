//! What differs between two states of one path: [`diff`] and the [`Field`]s it names.
//!
//! Pure functions between `state` and `event`. Which attributes count comes from the policy;
//! nothing is read, stored or printed here.

mod actions;
mod security;

#[cfg(test)]
mod tests;

pub use actions::{Action, Actions};

use std::fmt;

use waxseal_hashers::{HashType, HashTypes};
use waxseal_platform::stat::{Kind, Stat};
use waxseal_platform::xattr::{Beside, decode};

use crate::policy::Attributes;
use crate::state::{FileState, escape, is_unread_stream, may_be_same_stream};

/// One property in which two states differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The kind of object.
    Type,
    /// The length in bytes.
    Size,
    /// The space it takes.
    Blocks,
    /// The inode number.
    Inode,
    /// The device it lives on.
    Device,
    /// The number of names.
    Links,
    /// Permission bits, setuid, setgid and sticky.
    Mode,
    /// The owner.
    Uid,
    /// The group.
    Gid,
    /// When the content last changed.
    Mtime,
    /// When content or metadata last changed.
    Ctime,
    /// When it was created.
    Created,
    /// When it was last read.
    Accessed,
    /// Inode flags such as immutable.
    Flags,
    /// The device a device node stands for.
    Rdev,
    /// Where a symbolic link points.
    TargetPath,
    /// The SELinux label.
    Selinux,
    /// The access ACL.
    PosixAclAccess,
    /// The default ACL of a directory.
    PosixAclDefault,
    /// The ACL of macOS.
    Acl,
    /// Where the file was downloaded from.
    Origin,
    /// File capabilities.
    Capability,
    /// Who may do what on Windows, and what is audited.
    SecurityDescriptor,
    /// Any other extended attribute, by its full name.
    Xattr(Vec<u8>),
    /// A digest of the content.
    Hash(HashType),
}

impl Field {
    /// Returns the extended attribute that holds this field, if one does.
    pub fn xattr_name(&self) -> Option<&[u8]> {
        match self {
            Field::Selinux => Some(decode::SELINUX),
            Field::PosixAclAccess => Some(decode::POSIX_ACL_ACCESS),
            Field::PosixAclDefault => Some(decode::POSIX_ACL_DEFAULT),
            Field::Acl => Some(decode::ACL),
            Field::Origin => Some(decode::WHERE_FROMS),
            Field::Capability => Some(decode::CAPABILITY),
            Field::Xattr(name) => Some(name),
            _ => None,
        }
    }
}

/// Prints the name used in `waxseal.changed`: that of the ECS field below `file.` where one exists.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Field::Type => "type",
            Field::Size => "size",
            Field::Blocks => "blocks",
            Field::Inode => "inode",
            Field::Device => "device",
            Field::Links => "links",
            Field::Mode => "mode",
            Field::Uid => "uid",
            Field::Gid => "gid",
            Field::Mtime => "mtime",
            Field::Ctime => "ctime",
            Field::Created => "created",
            Field::Accessed => "accessed",
            Field::Flags => "attributes",
            Field::Rdev => "rdev",
            Field::TargetPath => "target_path",
            Field::Selinux => "selinux",
            Field::PosixAclAccess => "posix_acl_access",
            Field::PosixAclDefault => "posix_acl_default",
            Field::Acl => "acl",
            Field::Origin => "origin",
            Field::Capability => "capability",
            Field::SecurityDescriptor => "security_descriptor",
            Field::Xattr(name) => {
                return write!(f, "extended_attributes.{}", escape::bytes(name));
            }
            Field::Hash(hash_type) => return write!(f, "hash.{}", hash_type.name()),
        };
        f.write_str(name)
    }
}

/// Returns the counted fields in which two states of one path differ, in the order of [`Field`].
///
/// A digest that one side lacks is no difference as long as another one proves the content of both
/// regular files to be the same, or the file could not be read afterwards, which is told elsewhere;
/// nor is a stream of a file that could not be read then.
/// Content of which both sides have digests, but none in common, counts as different.
pub fn diff(before: &FileState, after: &FileState, counted: Attributes) -> Vec<Field> {
    let counted = counted
        .for_kind(before.stat.kind)
        .intersection(counted.for_kind(after.stat.kind));
    let mut fields = stat_fields(&before.stat, &after.stat, counted);
    if counted.contains(Attributes::TARGET) && before.target != after.target {
        fields.push(Field::TargetPath);
    }
    xattr_fields(before, after, counted, &mut fields);
    if counted.contains(Attributes::HASH) {
        hash_fields(before, after, &mut fields);
    }
    fields.sort();
    fields
}

/// Says whether two states are proven to be of the same content: they have a digest type in common,
/// and all digests of such types agree.
pub fn has_same_content(one: &FileState, other: &FileState) -> bool {
    let mut common = common_types(one, other).iter().peekable();
    common.peek().is_some()
        && common.all(|hash_type| one.digests.get(hash_type) == other.digests.get(hash_type))
}

fn common_types(one: &FileState, other: &FileState) -> HashTypes {
    one.digests.types().intersection(other.digests.types())
}

/// Returns the fields by which a difference is told: those that count, and where it is open although
/// none of them differs, the reason for that.
///
/// That is content of which one side has no digest at all, or a stream, because it could not be read,
/// or what the policy has stopped to compare.
pub fn diff_to_tell(before: &FileState, after: &FileState, counted: Attributes) -> Vec<Field> {
    let fields = diff(before, after, counted);
    if !fields.is_empty() {
        return fields;
    }
    if before.digests.is_empty() != after.digests.is_empty() {
        let lone = before.digests.types().union(after.digests.types());
        return lone.iter().map(Field::Hash).collect();
    }
    let streams = lone_streams(before, after);
    if !streams.is_empty() {
        return streams;
    }
    diff(before, after, counted.union(Attributes::DEFAULT))
}

/// Returns the streams that could be read on one side only.
fn lone_streams(before: &FileState, after: &FileState) -> Vec<Field> {
    let both = before.xattrs.beside(&after.xattrs);
    let lone = both
        .filter(|(name, old, new)| is_unread_stream(name, *old) != is_unread_stream(name, *new));
    lone.map(|(name, ..)| Field::Xattr(name.to_vec())).collect()
}

/// Returns the counted fields in which two listings differ, inode flags aside.
///
/// The flags are left out because a listing knows only some of them; whoever changes one moves the
/// change time with it. The number of names is left out where the listing does not know it.
pub fn diff_listed(before: &Stat, listed: &Stat, counted: Attributes) -> Vec<Field> {
    let unknown = match listed.links {
        0 => Attributes::FLAGS.union(Attributes::LINKS),
        _ => Attributes::FLAGS,
    };
    let counted = counted.for_kind(before.kind).difference(unknown);
    stat_fields(before, listed, counted)
}

fn stat_fields(before: &Stat, after: &Stat, counted: Attributes) -> Vec<Field> {
    let table = [
        (Attributes::TYPE, before.kind != after.kind, Field::Type),
        (Attributes::SIZE, before.size != after.size, Field::Size),
        (
            Attributes::BLOCKS,
            before.blocks != after.blocks,
            Field::Blocks,
        ),
        (Attributes::INODE, before.inode != after.inode, Field::Inode),
        (
            Attributes::DEVICE,
            before.device != after.device,
            Field::Device,
        ),
        (Attributes::LINKS, before.links != after.links, Field::Links),
        (Attributes::MODE, before.mode != after.mode, Field::Mode),
        (Attributes::UID, before.uid != after.uid, Field::Uid),
        (Attributes::GID, before.gid != after.gid, Field::Gid),
        (
            Attributes::MTIME,
            before.modified != after.modified,
            Field::Mtime,
        ),
        (
            Attributes::CTIME,
            before.changed != after.changed,
            Field::Ctime,
        ),
        (
            Attributes::CREATED,
            before.created != after.created,
            Field::Created,
        ),
        (
            Attributes::ATIME,
            before.accessed != after.accessed,
            Field::Accessed,
        ),
        (Attributes::FLAGS, before.flags != after.flags, Field::Flags),
        (Attributes::RDEV, before.rdev != after.rdev, Field::Rdev),
    ];
    table
        .into_iter()
        .filter(|(attribute, differs, _)| *differs && counted.contains(*attribute))
        .map(|(_, _, field)| field)
        .collect()
}

/// Compares the extended attributes one by one.
fn xattr_fields(
    before: &FileState,
    after: &FileState,
    counted: Attributes,
    fields: &mut Vec<Field>,
) {
    if before.xattrs == after.xattrs {
        return;
    }
    let is_untouched = before.is_untouched(&after.stat);
    for (name, old, new) in before.xattrs.beside(&after.xattrs) {
        let differing = match name {
            _ if old == new => continue,
            _ if is_same_unread_stream((name, old, new), is_untouched) => continue,
            decode::NTFS_SECURITY => security::fields(old.unwrap_or(&[]), new.unwrap_or(&[])),
            name => vec![xattr_field(name)],
        };
        let differing = differing.into_iter();
        let counted = differing.filter(|(_, attribute)| counted.contains(*attribute));
        fields.extend(counted.map(|(field, _)| field));
    }
}

/// Says whether a stream is on both sides, and nothing tells whether it is the same: it was not read
/// afterwards, or not before in a file that is untouched since, and its size tells nothing either.
fn is_same_unread_stream((name, old, new): Beside<'_>, is_untouched: bool) -> bool {
    let is_unknown = is_unread_stream(name, new) || (is_unread_stream(name, old) && is_untouched);
    let both = old.zip(new);
    is_unknown && both.is_some_and(|(old, new)| may_be_same_stream(old, new))
}

fn xattr_field(name: &[u8]) -> (Field, Attributes) {
    match name {
        decode::SELINUX => (Field::Selinux, Attributes::SELINUX),
        decode::POSIX_ACL_ACCESS => (Field::PosixAclAccess, Attributes::ACL),
        decode::POSIX_ACL_DEFAULT => (Field::PosixAclDefault, Attributes::ACL),
        decode::ACL => (Field::Acl, Attributes::ACL),
        decode::WHERE_FROMS => (Field::Origin, Attributes::XATTR),
        decode::CAPABILITY => (Field::Capability, Attributes::CAPABILITY),
        other => (Field::Xattr(other.to_vec()), Attributes::XATTR),
    }
}

fn hash_fields(before: &FileState, after: &FileState, fields: &mut Vec<Field>) {
    if before.stat.kind != Kind::File || after.stat.kind != Kind::File {
        return;
    }
    // Content that was never read and may have changed since counts once it is read, and so does
    // content that nothing proves to be the same.
    let is_unproven = match before.digests.is_empty() {
        true => !before.is_untouched(&after.stat),
        false => common_types(before, after).is_empty(),
    };
    for (hash_type, digest) in after.digests.iter() {
        let differs = match before.digests.get(hash_type) {
            Some(earlier) => earlier != digest,
            None => is_unproven,
        };
        if differs {
            fields.push(Field::Hash(hash_type));
        }
    }
}
