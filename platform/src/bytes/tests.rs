use proptest::prelude::*;

use super::wtf8::{from_wide, to_wide};
use super::*;

#[test]
fn names_and_paths_round_trip() {
    let path = Path::new("/etc/ä b\n/x");
    assert_eq!(bytes_to_path(path_to_bytes(path)).unwrap(), path);
    let name = OsStr::new("passwd");
    assert_eq!(bytes_to_os(os_to_bytes(name)).unwrap(), name);
}

#[test]
fn a_nul_byte_is_refused() {
    assert_eq!(
        bytes_to_os(b"a\0b").unwrap_err().kind(),
        io::ErrorKind::InvalidData
    );
    assert_eq!(to_wide(b"a\0b"), None);
}

#[test]
fn surrogates_decode_only_when_unpaired() {
    assert_eq!(to_wide(b"a\xed\xa0\x80b"), Some(vec![0x61, 0xd800, 0x62]));
    assert_eq!(
        to_wide(b"\xed\xb0\x80\xed\xa0\x80"),
        Some(vec![0xdc00, 0xd800])
    );
    assert_eq!(
        to_wide(b"\xed\xa0\x80\xed\xb0\x80"),
        None,
        "a pair has a four-byte form"
    );
    assert_eq!(to_wide("\u{10000}".as_bytes()), Some(vec![0xd800, 0xdc00]));
    assert_eq!(
        to_wide("\u{10000}".as_bytes().split_last().unwrap().1),
        None
    );
    assert_eq!(to_wide(b"\xed\xa0"), None);
    assert_eq!(to_wide(b"\xff"), None);
}

proptest! {
    #[test]
    fn any_text_decodes_like_the_standard_library(text in "\\PC*") {
        prop_assert_eq!(to_wide(text.as_bytes()), Some(text.encode_utf16().collect::<Vec<_>>()));
    }

    #[test]
    fn any_bytes_decode_to_what_encodes_the_same_or_are_refused(
        bytes in prop::collection::vec(prop_oneof![
            any::<u8>(), Just(0xed), 0xa0u8..=0xbf, 0x80u8..=0xbf, 0u8..0x80,
        ], 0..12),
    ) {
        match to_wide(&bytes) {
            Some(units) => prop_assert_eq!(from_wide(&units), bytes),
            None => prop_assert!(std::str::from_utf8(&bytes).is_err() || bytes.contains(&0)),
        }
    }

    #[cfg(unix)]
    #[test]
    fn any_unix_name_round_trips(bytes in prop::collection::vec(1u8.., 0..300)) {
        let name = bytes_to_os(&bytes).unwrap();
        prop_assert_eq!(os_to_bytes(&name), &bytes[..]);
    }
}
