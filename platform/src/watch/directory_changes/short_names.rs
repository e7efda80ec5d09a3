//! Names in the form 8.3, by which a record may tell of a file that has a longer name. Pure.
//!
//! Windows tells a name as somebody used it. What is there can be asked for its real name; what is
//! gone cannot, so where a name may have been a short one nobody knows what is gone.

use std::ffi::OsStr;
use std::path::Path;

/// Says whether any name in a path may be a short one.
pub(super) fn may_be_short(path: &Path) -> bool {
    path.iter().any(is_short)
}

/// Says whether a name has the form of short ones: `LONGNA~1.TXT`.
pub(super) fn is_short(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    let mut parts = bytes.splitn(2, |&byte| byte == b'.');
    let base = parts.next().unwrap_or_default();
    let extension = parts.next().unwrap_or_default();
    let digits = base.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let digits = digits.count();
    let before = base.len().checked_sub(digits + 1);
    let tilde = before.and_then(|at| base.get(at));
    let is_plain = |byte: &u8| byte.is_ascii() && *byte != b'.' && *byte != b' ';
    digits > 0
        && tilde == Some(&b'~')
        && before > Some(0)
        && base.len() <= 8
        && extension.len() <= 3
        && base.iter().chain(extension).all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_known_by_their_form() {
        for name in [
            "LONGNA~1.TXT",
            "PROGRA~2",
            "a~1",
            "AB1234~1.C",
            "longna~1.txt",
        ] {
            assert!(is_short(OsStr::new(name)), "{name}");
        }
        for name in [
            "file",
            "file~",
            "~1",
            "~$report.doc",
            "LONGNAM~1.TXT",
            "a~1.html",
            "a~1.b.c",
            "a~x1",
            "ä~1",
            "a b~1",
            "",
            ".a~1",
        ] {
            assert!(!is_short(OsStr::new(name)), "{name}");
        }
        assert!(may_be_short(Path::new("d/PROGRA~1/x")));
        assert!(!may_be_short(Path::new("d/programs/x~")));
    }
}
