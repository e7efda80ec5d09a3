//! Well-known attribute values as text: POSIX ACLs, Linux file capabilities, SELinux labels.
//!
//! Pure functions over bytes that anybody with access to the file may have written, so every
//! length is checked and damage is an error, never a panic. The layouts are the kernel's.

mod acl;
mod capability;

pub use acl::{AclEntry, AclError, AclTag, posix_acl, text};
pub use capability::{CapabilityError, capability};

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

/// Returns the SELinux label: the value up to its NUL, bytes outside UTF-8 replaced.
pub fn selinux(value: &[u8]) -> String {
    let label = value.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(label).into_owned()
}
