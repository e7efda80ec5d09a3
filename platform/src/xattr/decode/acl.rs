//! POSIX ACLs as the kernel stores them in `system.posix_acl_access` and `…_default`: a version
//! number, then eight bytes an entry (tag, permissions, id), all little-endian
//! (`include/uapi/linux/posix_acl_xattr.h`).

use std::fmt;

const VERSION: u32 = 2;
const ENTRY_LEN: usize = 8;

/// Whom an ACL entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AclTag {
    /// The file's owner.
    Owner,
    /// The user with this number.
    User(u32),
    /// The file's group.
    OwningGroup,
    /// The group with this number.
    Group(u32),
    /// The most that named entries and the owning group may do.
    Mask,
    /// Everybody else.
    Other,
}

/// One entry of a POSIX ACL; displayed as `getfacl -n` prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AclEntry {
    /// Whom the entry is about.
    pub tag: AclTag,
    /// What is allowed: 4 read, 2 write, 1 execute.
    pub permissions: u8,
}

/// The error of decoding an ACL that the kernel did not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AclError {
    /// The value ends inside the version or an entry.
    #[error("the acl is cut short")]
    CutShort,
    /// The version is not 2, the only one there is.
    #[error("unknown acl version {0}")]
    Version(u32),
    /// An entry has a tag that does not exist.
    #[error("unknown acl entry tag {0:#x}")]
    Tag(u16),
    /// An entry has permission bits other than read, write and execute.
    #[error("unknown acl permissions {0:#x}")]
    Permissions(u16),
}

/// Decodes the value of a POSIX ACL attribute.
pub fn posix_acl(value: &[u8]) -> Result<Vec<AclEntry>, AclError> {
    let (version, entries) = value.split_first_chunk().ok_or(AclError::CutShort)?;
    match u32::from_le_bytes(*version) {
        VERSION => {}
        other => return Err(AclError::Version(other)),
    }
    let (entries, rest) = entries.as_chunks::<ENTRY_LEN>();
    if !rest.is_empty() {
        return Err(AclError::CutShort);
    }
    entries.iter().map(entry).collect()
}

fn entry(bytes: &[u8; ENTRY_LEN]) -> Result<AclEntry, AclError> {
    let &[tag_low, tag_high, perm_low, perm_high, id @ ..] = bytes;
    let id = u32::from_le_bytes(id);
    let tag = match u16::from_le_bytes([tag_low, tag_high]) {
        0x01 => AclTag::Owner,
        0x02 => AclTag::User(id),
        0x04 => AclTag::OwningGroup,
        0x08 => AclTag::Group(id),
        0x10 => AclTag::Mask,
        0x20 => AclTag::Other,
        other => return Err(AclError::Tag(other)),
    };
    match u16::from_le_bytes([perm_low, perm_high]) {
        permissions @ 0..=7 => Ok(AclEntry {
            tag,
            permissions: permissions as u8,
        }),
        other => Err(AclError::Permissions(other)),
    }
}

/// Returns one line an entry, such as `user:alice:r--`; `name` may turn a numbered user or group
/// into its name, the number stays where it returns `None`.
pub fn text(entries: &[AclEntry], name: &dyn Fn(AclTag) -> Option<String>) -> Vec<String> {
    let line = |entry: &AclEntry| match (entry.tag, name(entry.tag)) {
        (AclTag::User(_), Some(name)) => format!("user:{name}:{}", entry.letters()),
        (AclTag::Group(_), Some(name)) => format!("group:{name}:{}", entry.letters()),
        _ => entry.to_string(),
    };
    entries.iter().map(line).collect()
}

impl AclEntry {
    fn letters(&self) -> String {
        let letter = |bit, letter| {
            if self.permissions & bit == 0 {
                '-'
            } else {
                letter
            }
        };
        [letter(4, 'r'), letter(2, 'w'), letter(1, 'x')]
            .into_iter()
            .collect()
    }
}

impl fmt::Display for AclEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = self.letters();
        match self.tag {
            AclTag::Owner => write!(f, "user::{letters}"),
            AclTag::User(uid) => write!(f, "user:{uid}:{letters}"),
            AclTag::OwningGroup => write!(f, "group::{letters}"),
            AclTag::Group(gid) => write!(f, "group:{gid}:{letters}"),
            AclTag::Mask => write!(f, "mask::{letters}"),
            AclTag::Other => write!(f, "other::{letters}"),
        }
    }
}
