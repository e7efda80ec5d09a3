//! Values of well-known extended attributes: ACLs, capabilities, labels, origins.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_platform::xattr::decode::{
    AclEntry, AclTag, acl_lines, capability, posix_acl, selinux, text, where_froms,
};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entries) = posix_acl(bytes) {
        assert_eq!(bytes.len(), 4 + 8 * entries.len());
        assert_eq!(posix_acl(&written(&entries)).as_ref(), Ok(&entries));
        let lines = text(&entries, &|_| None);
        assert_eq!(lines.len(), entries.len());
    }
    match capability(bytes) {
        Ok(text) => assert!(!text.is_empty() && text.is_ascii() && !text.contains('\n')),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    assert!(!selinux(bytes).contains('\0'));
    assert!(acl_lines(bytes).iter().all(|line| !line.contains('\n')));
    if let Err(error) = where_froms(bytes) {
        assert!(!error.to_string().is_empty());
    }
});

/// Writes an ACL as the kernel does.
fn written(entries: &[AclEntry]) -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for entry in entries {
        let (tag, id) = match entry.tag {
            AclTag::Owner => (0x01_u16, u32::MAX),
            AclTag::User(id) => (0x02, id),
            AclTag::OwningGroup => (0x04, u32::MAX),
            AclTag::Group(id) => (0x08, id),
            AclTag::Mask => (0x10, u32::MAX),
            AclTag::Other => (0x20, u32::MAX),
        };
        bytes.extend(tag.to_le_bytes());
        bytes.extend(u16::from(entry.permissions).to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}
