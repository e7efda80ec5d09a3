//! File names made safe to print: the only place where bytes become text for a reader.
//!
//! Names are bytes, and a hostile one may hold line breaks, terminal sequences or invalid UTF-8.
//! The form printed here is unambiguous: printable text stays, a backslash is doubled, everything
//! else becomes `\n`, `\t`, `\r`, `\x1b` or, beyond ASCII, `\u{202e}`. It is never an identity;
//! documents carry the bytes beside it where it differs. On Windows a backslash separates names and
//! stays as it is: there `u{202e}` may be an escaped character or a directory of that name, and only the
//! bytes in documents tell.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::{MAIN_SEPARATOR, Path};

use waxseal_platform::bytes::path_to_bytes;

/// Returns the printable form of a path.
pub fn path(path: &Path) -> Cow<'_, str> {
    bytes(path_to_bytes(path))
}

/// Whether a backslash stands between names.
const SEPARATES: bool = MAIN_SEPARATOR == '\\';

/// Returns a path as one word to paste into a shell: as it is, or as `$'..'` where it needs that; on
/// Windows between double quotes, which no name can have.
pub fn for_shell(path: &Path) -> String {
    if SEPARATES {
        return format!("\"{}\"", self::path(path));
    }
    let raw = path_to_bytes(path);
    let is_bare = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+:,@%".contains(byte);
    if !raw.is_empty() && raw.iter().all(is_bare) {
        return bytes(raw).into_owned();
    }
    let mut word = String::from("$'");
    for byte in raw {
        match byte {
            b'\\' | b'\'' => {
                word.push('\\');
                word.push(char::from(*byte));
            }
            b' '..=b'~' => word.push(char::from(*byte)),
            _ => {
                let _ = write!(word, "\\x{byte:02x}");
            }
        }
    }
    word.push('\'');
    word
}

/// Returns the printable form of the bytes of a name or value.
pub fn bytes(raw: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(raw) {
        Ok(text) if text.chars().all(is_plain) => Cow::Borrowed(text),
        _ => Cow::Owned(escape(raw)),
    }
}

fn escape(raw: &[u8]) -> String {
    let mut printable = String::with_capacity(raw.len() + 8);
    for chunk in raw.utf8_chunks() {
        for character in chunk.valid().chars() {
            push(&mut printable, character);
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(printable, "\\x{byte:02x}");
        }
    }
    printable
}

fn push(printable: &mut String, character: char) {
    match character {
        '\\' if !SEPARATES => printable.push_str("\\\\"),
        '\n' => printable.push_str("\\n"),
        '\r' => printable.push_str("\\r"),
        '\t' => printable.push_str("\\t"),
        _ if is_plain(character) => printable.push(character),
        _ if character.is_ascii() => {
            let _ = write!(printable, "\\x{:02x}", u32::from(character));
        }
        _ => {
            let _ = write!(printable, "\\u{{{:x}}}", u32::from(character));
        }
    }
}

/// Says whether a character shows as itself and moves nothing else on the line.
fn is_plain(character: char) -> bool {
    // The ranges are the invisible and direction-changing characters of Unicode's category Cf and
    // its separators: a name may not reorder or hide the rest of its line ("trojan source").
    !character.is_control()
        && (SEPARATES || character != '\\')
        && !matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::{SEPARATES, bytes, for_shell};
    use std::path::Path;

    #[test]
    fn plain_names_stay_and_hostile_ones_become_printable() {
        let backslash = if SEPARATES { "a\\b" } else { "a\\\\b" };
        let table: [(&[u8], &str); 9] = [
            (b"/etc/passwd", "/etc/passwd"),
            ("/srv/gr\u{fc}n".as_bytes(), "/srv/gr\u{fc}n"),
            (b"a\nb", "a\\nb"),
            (b"a\tb\r", "a\\tb\\r"),
            (b"\x1b[31mred", "\\x1b[31mred"),
            (b"a\\b", backslash),
            (b"not\xffutf8", "not\\xffutf8"),
            ("a\u{202e}b".as_bytes(), "a\\u{202e}b"),
            (b"", ""),
        ];
        for (raw, printable) in table {
            assert_eq!(bytes(raw), printable);
        }
    }

    #[test]
    fn words_for_the_shell_can_be_pasted() {
        let table = [
            ("/srv/x", "/srv/x", "\"/srv/x\""),
            ("/a b", "$'/a b'", "\"/a b\""),
            ("/a\n'", "$'/a\\x0a\\''", "\"/a\\n'\""),
            ("/\u{e4}", "$'/\\xc3\\xa4'", "\"/\u{e4}\""),
        ];
        for (path, word, on_windows) in table {
            let expected = if SEPARATES { on_windows } else { word };
            assert_eq!(for_shell(Path::new(path)), expected);
        }
    }

    #[test]
    fn different_names_never_print_alike() {
        // Unless a backslash stands between names: then the bytes beside the text tell.
        for (one, other) in [(&b"a\nb"[..], &b"a\\nb"[..]), (b"\xff", b"\\xff")] {
            assert_eq!(bytes(one) == bytes(other), SEPARATES);
        }
    }
}
