use proptest::prelude::*;

use super::*;

fn acl_bytes(entries: &[(u16, u16, u32)]) -> Vec<u8> {
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

#[test]
fn an_acl_reads_like_getfacl() {
    const NO_ID: u32 = u32::MAX;
    let bytes = acl_bytes(&[
        (0x01, 6, NO_ID),
        (0x02, 4, 1000),
        (0x04, 4, NO_ID),
        (0x08, 5, 50),
        (0x10, 7, NO_ID),
        (0x20, 0, NO_ID),
    ]);
    let entries = posix_acl(&bytes).unwrap();
    let name = |tag| (tag == AclTag::Group(50)).then(|| "staff".to_owned());
    let expected = [
        "user::rw-",
        "user:1000:r--",
        "group::r--",
        "group:staff:r-x",
        "mask::rwx",
        "other::---",
    ];
    assert_eq!(text(&entries, &name), expected);
    assert_eq!(entries[3].to_string(), "group:50:r-x");
}

#[test]
fn a_damaged_acl_is_an_error() {
    assert_eq!(posix_acl(b""), Err(AclError::CutShort));
    assert_eq!(posix_acl(&[3, 0, 0, 0]), Err(AclError::Version(3)));
    assert_eq!(posix_acl(&acl_bytes(&[])), Ok(vec![]));
    let whole = acl_bytes(&[(1, 7, 0)]);
    assert_eq!(posix_acl(&whole[..11]), Err(AclError::CutShort));
    assert_eq!(posix_acl(&acl_bytes(&[(3, 7, 0)])), Err(AclError::Tag(3)));
    assert_eq!(
        posix_acl(&acl_bytes(&[(1, 8, 0)])),
        Err(AclError::Permissions(8))
    );
}

/// Builds a revision 2 value, or with a root one of revision 3.
pub(super) fn capability_bytes(
    effective: bool,
    permitted: u64,
    inheritable: u64,
    root: u32,
) -> Vec<u8> {
    let revision: u32 = if root == 0 { 0x0200_0000 } else { 0x0300_0000 };
    let mut words = vec![revision | u32::from(effective)];
    for shift in [0, 32] {
        words.extend([(permitted >> shift) as u32, (inheritable >> shift) as u32]);
    }
    words.extend((root != 0).then_some(root));
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}

#[test]
fn capabilities_read_like_getcap() {
    let all = (1 << 41) - 1;
    let cases = [
        (capability_bytes(true, 1 << 13, 0, 0), "cap_net_raw=ep"),
        (
            capability_bytes(true, 1 << 13 | 1, 0, 0),
            "cap_chown,cap_net_raw=ep",
        ),
        (capability_bytes(false, 1 << 13, 0, 0), "cap_net_raw=p"),
        (capability_bytes(true, all, 0, 0), "=ep"),
        (capability_bytes(false, 0, 0, 0), "="),
        (
            capability_bytes(false, 1 << 13 | 1, 1 << 13 | 1 << 5, 0),
            "cap_net_raw=ip cap_kill+i cap_chown+p",
        ),
        (
            capability_bytes(true, all & !(1 << 5), 1 << 13, 0),
            "=ep cap_net_raw+i cap_kill-ep",
        ),
        (
            capability_bytes(true, 1 << 13, 0, 1000),
            "cap_net_raw=ep [rootid=1000]",
        ),
        (
            vec![1, 0, 0, 1, 0, 0x20, 0, 0, 0, 0, 0, 0],
            "cap_net_raw=ep",
        ),
    ];
    for (bytes, expected) in cases {
        assert_eq!(capability(&bytes).as_deref(), Ok(expected));
    }
}

#[test]
fn damaged_capabilities_are_an_error() {
    assert_eq!(capability(b""), Err(CapabilityError::Length(0)));
    assert_eq!(
        capability(&[0, 0, 0, 4]),
        Err(CapabilityError::Revision(0x0400_0000))
    );
    let whole = capability_bytes(true, 1, 0, 0);
    assert_eq!(capability(&whole[..19]), Err(CapabilityError::Length(19)));
    assert_eq!(
        capability(&[&whole[..], &[0]].concat()),
        Err(CapabilityError::Length(21))
    );
}

#[test]
fn a_label_ends_at_its_nul() {
    assert_eq!(
        selinux(b"system_u:object_r:etc_t:s0\0"),
        "system_u:object_r:etc_t:s0"
    );
    assert_eq!(selinux(b""), "");
}

proptest! {
    #[test]
    fn any_bytes_decode_without_panic(bytes: Vec<u8>, revision in 0u8..4) {
        let _ = (posix_acl(&bytes), capability(&bytes), selinux(&bytes));
        let _ = (acl_lines(&bytes), where_froms(&bytes));
        let versioned = [&[2, 0, 0, 0], &bytes[..]].concat();
        let _ = posix_acl(&versioned);
        let revised = [&[1, 0, 0, revision], &bytes[..]].concat();
        let _ = capability(&revised);
    }
}

/// A descriptor with owner, group and the list of who may do what, as Windows lays it out.
fn descriptor() -> Vec<u8> {
    let administrators = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
    let system = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
    let dacl = [2, 0, 8, 0, 0, 0, 0, 0];
    let mut bytes = vec![1, 0, 0x04, 0x80];
    for offset in [20_u32, 36, 0, 48] {
        bytes.extend(offset.to_le_bytes());
    }
    bytes.extend(administrators);
    bytes.extend(system);
    bytes.extend(dacl);
    bytes
}

#[test]
fn a_security_descriptor_has_owner_group_and_lists() {
    let bytes = descriptor();
    let found = security_descriptor(&bytes).unwrap();
    assert_eq!(found.owner.unwrap().to_string(), "S-1-5-32-544");
    assert_eq!(found.group.unwrap().to_string(), "S-1-5-18");
    assert_eq!(found.dacl, bytes.get(48..));
    assert_eq!(found.sacl, None);
    assert_eq!(found.control, 0x8004);
}

#[test]
fn a_security_descriptor_that_is_cut_short_is_an_error() {
    let bytes = descriptor();
    for len in 0..bytes.len() {
        assert!(security_descriptor(&bytes[..len]).is_err(), "{len}");
    }
}

/// As browsers write it for a download: the address of the file, then of the page.
const DOWNLOADED: &[u8] = b"bplist00\xa2\x01\x02\x5f\x10\x1chttps://example.org/tool.dmg\
    \x5f\x10\x14https://example.org/\x08\x0b\x2a\0\0\0\0\0\0\x01\x01\0\0\0\0\0\0\0\x03\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x41";

/// Writes a property list as the system does.
fn property_list(value: &plist::Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.to_writer_binary(&mut bytes).unwrap();
    bytes
}

#[test]
fn the_origin_of_a_download_is_read() {
    let expected = ["https://example.org/tool.dmg", "https://example.org/"];
    assert_eq!(where_froms(DOWNLOADED).unwrap(), expected);
    let long = format!("https://example.org/{}", "x".repeat(700));
    let texts = ["", "https://example.org/\u{e9}\u{1f600}", &long];
    let list = plist::Value::Array(texts.map(plist::Value::from).to_vec());
    assert_eq!(where_froms(&property_list(&list)).unwrap(), texts);
    let none = plist::Value::Array(Vec::new());
    assert!(where_froms(&property_list(&none)).unwrap().is_empty());
}

#[test]
fn what_is_no_origin_is_an_error() {
    let text = plist::Value::from("x");
    for other in [
        text.clone(),
        plist::Value::Array(vec![1.into()]),
        plist::Value::Array(vec![plist::Value::Array(vec![text])]),
    ] {
        let bytes = property_list(&other);
        assert_eq!(where_froms(&bytes), Err(OriginError::NotTexts), "{other:?}");
    }
    assert_eq!(where_froms(b""), Err(OriginError::Damaged));
    assert_eq!(where_froms(b"bplist00"), Err(OriginError::Damaged));
    let large = vec![b' '; 1 << 20];
    assert_eq!(where_froms(&large), Err(OriginError::TooLarge));
}

#[test]
fn one_text_that_is_named_often_is_too_large() {
    let text = "x".repeat(10_000);
    let texts = vec![plist::Value::from(text); 10_000];
    // Equal texts are written once.
    let bytes = property_list(&plist::Value::Array(texts));
    assert!(bytes.len() < 64 * 1024, "{}", bytes.len());
    assert_eq!(where_froms(&bytes), Err(OriginError::TooLarge));
}

#[test]
fn a_damaged_origin_is_never_a_panic() {
    for len in 0..DOWNLOADED.len() {
        let _ = where_froms(&DOWNLOADED[..len]);
        for bits in [0x01, 0x80, 0xff] {
            let mut damaged = DOWNLOADED.to_vec();
            damaged[len] ^= bits;
            let _ = where_froms(&damaged);
        }
    }
}

#[test]
fn the_entries_of_a_list_of_macos_are_its_lines() {
    let text = b"!#acl 1\ngroup:ABCDEFAB-CDEF-ABCD-EFAB-CDEF0000000C:everyone:12:deny:delete\n";
    let expected = ["group:ABCDEFAB-CDEF-ABCD-EFAB-CDEF0000000C:everyone:12:deny:delete"];
    assert_eq!(acl_lines(text), expected);
    assert!(acl_lines(b"!#acl 1\n").is_empty());
}

#[test]
fn a_security_descriptor_of_addresses_is_refused() {
    let mut bytes = descriptor();
    bytes[3] &= 0x7f;
    assert!(security_descriptor(&bytes).is_err());
}
