//! Names that a program gives to a file only until it has the right one: [`is_provisional`].
//!
//! A package manager unpacks everything under such names and renames it all at the end, which may
//! be seconds later. Looked at in between, each file would be told twice, once under a name that
//! nobody knows. So it is given the longest time there is to get its name; nothing is left out.

use std::ffi::OsStr;

/// Endings of such names: dpkg, browsers and downloaders, editors, and whoever writes `x.new` to
/// replace `x`.
const ENDINGS: [&[u8]; 11] = [
    b".dpkg-new",
    b".dpkg-tmp",
    b".tmp",
    b".temp",
    b".new",
    b".part",
    b".partial",
    b".crdownload",
    b".swp",
    b".swx",
    b"~",
];

/// Says whether a file of this name will probably get another one, or go, at once.
pub(super) fn is_provisional(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
        || is_of_sed(name)
        || is_of_rpm(name)
        || is_of_rsync(name)
}

/// `sed -i` writes to `sed` and six random letters or digits (`mkostemp(3)`).
fn is_of_sed(name: &[u8]) -> bool {
    name.strip_prefix(b"sed").is_some_and(is_random)
}

/// rpm unpacks to the name, a semicolon and eight hexadecimal digits of its transaction.
fn is_of_rpm(name: &[u8]) -> bool {
    after_last(name, b';').is_some_and(|id| id.len() == 8 && id.iter().all(u8::is_ascii_hexdigit))
}

/// rsync writes to a dot, the name, another dot and six random letters or digits.
fn is_of_rsync(name: &[u8]) -> bool {
    name.starts_with(b".") && after_last(name, b'.').is_some_and(is_random)
}

fn is_random(suffix: &[u8]) -> bool {
    suffix.len() == 6 && suffix.iter().all(u8::is_ascii_alphanumeric)
}

/// Returns what follows the last of some byte, unless the name begins with it.
fn after_last(name: &[u8], byte: u8) -> Option<&[u8]> {
    let at = name.iter().rposition(|&one| one == byte)?;
    name.get(at + 1..).filter(|_| at > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_programs_rename_soon_are_known() {
        for name in [
            "libc.so.6.dpkg-new",
            "sedZk3x0P",
            "bash;65a1b2c3",
            ".passwd.q8WzXa",
            "file~",
            ".notes.swp",
        ] {
            assert!(is_provisional(OsStr::new(name)), "{name}");
        }
        for name in [
            "sedative",
            "sed",
            "a;b",
            ".bashrc",
            ".a.toml",
            ";65a1b2c3",
            "new",
            "~a",
        ] {
            assert!(!is_provisional(OsStr::new(name)), "{name}");
        }
    }
}
