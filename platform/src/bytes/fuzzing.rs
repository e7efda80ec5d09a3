//! What must hold of names in any bytes, see `fuzz/`.

use super::wtf8::{from_wide, to_wide};
use super::{bytes_to_os, os_to_bytes};

/// Decodes a name of Windows and one of this system, and checks that both come back.
pub fn names(bytes: &[u8]) {
    match to_wide(bytes) {
        Some(units) => assert_eq!(from_wide(&units), bytes),
        None => assert!(std::str::from_utf8(bytes).is_err() || bytes.contains(&0)),
    }
    if let Ok(name) = bytes_to_os(bytes) {
        assert_eq!(os_to_bytes(&name), bytes);
    }
}
