//! Well-known attribute values as text: ACLs of POSIX and macOS, Linux file capabilities, SELinux
//! labels, security descriptors of Windows, the origin of downloads.
//!
//! Pure functions over bytes that anybody with access to the file may have written, so every
//! length is checked and damage is an error, never a panic. The layouts are the kernel's.

mod acl;
mod capability;
mod origin;
mod security;

pub use acl::{AclEntry, AclError, AclTag, posix_acl, text};
pub use capability::{CapabilityError, capability};
pub use origin::{OriginError, where_froms};
pub use security::{SecurityDescriptor, SecurityError, security_descriptor};

#[cfg(test)]
mod tests;

/// The attribute that holds a file's access ACL.
pub const POSIX_ACL_ACCESS: &[u8] = b"system.posix_acl_access";
/// The attribute that holds the ACL new entries of a directory inherit.
pub const POSIX_ACL_DEFAULT: &[u8] = b"system.posix_acl_default";
/// The attribute that holds a file's capabilities.
pub const CAPABILITY: &[u8] = b"security.capability";
/// The attribute that holds the SELinux label.
pub const SELINUX: &[u8] = b"security.selinux";

/// The attribute that holds the security descriptor on Windows, by the name that Linux gives it on
/// NTFS. Where it is, it stands in the place of mode, owner and group; empty when it could not be
/// read.
pub const NTFS_SECURITY: &[u8] = b"system.ntfs_security";
/// The attribute that says what kind of reparse point something is, in words.
pub const REPARSE_TAG: &[u8] = b"system.ntfs_reparse_tag";
/// The attribute that holds the data of a reparse point that is no link.
pub const REPARSE_DATA: &[u8] = b"system.ntfs_reparse_data";
/// What the names of streams stand behind; the value is the size and the SHA-256 of what is in one,
/// or says that it was not read.
pub const STREAM: &[u8] = b"stream.";
/// Whether objects have streams on this system. Where they have none, anybody may give an attribute
/// such a name.
pub const HAS_STREAMS: bool = cfg!(windows);
/// The name under which the access control list of macOS is kept, which is no attribute there.
pub const ACL: &[u8] = b"system.acl";
/// The attribute in which macOS keeps where a file was downloaded from.
pub const WHERE_FROMS: &[u8] = b"com.apple.metadata:kMDItemWhereFroms";

/// Returns the entries of an access control list of macOS, as its `acl_to_text` writes them; bytes
/// outside UTF-8 are replaced.
pub fn acl_lines(value: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(value);
    let lines = text.lines().filter(|line| !line.is_empty());
    // The first line names the format.
    lines
        .filter(|line| !line.starts_with("!#acl"))
        .map(str::to_owned)
        .collect()
}

/// Returns the SELinux label: the value up to its NUL, bytes outside UTF-8 replaced.
pub fn selinux(value: &[u8]) -> String {
    let label = value.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(label).into_owned()
}
