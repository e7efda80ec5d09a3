//! Names made printable: nothing hostile is left, and the name can be told from it.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use waxseal::state::escape;
use waxseal_platform::bytes::bytes_to_path;

fuzz_target!(|bytes: &[u8]| {
    let printable = escape::bytes(bytes);
    assert!(
        !printable
            .chars()
            .any(|char| char.is_control() || char == '\u{202e}')
    );
    assert_eq!(unescaped(&printable), bytes);
    if let Ok(path) = bytes_to_path(bytes) {
        check_word(&path, bytes);
    }
});

fn check_word(path: &Path, bytes: &[u8]) {
    let word = escape::for_shell(path);
    let quoted = word
        .strip_prefix("$'")
        .and_then(|word| word.strip_suffix('\''));
    match quoted {
        Some(quoted) => assert_eq!(unescaped(quoted), bytes),
        None => assert_eq!(word.as_bytes(), bytes),
    }
}

/// Reads what `escape` writes.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        bytes.extend(plain.bytes());
        let (char, after) = escaped.split_at(1);
        rest = after;
        match char {
            "n" => bytes.push(b'\n'),
            "r" => bytes.push(b'\r'),
            "t" => bytes.push(b'\t'),
            "x" => {
                let (digits, after) = rest.split_at(2);
                bytes.push(u8::from_str_radix(digits, 16).expect("two digits"));
                rest = after;
            }
            "u" => {
                let (digits, after) = rest[1..].split_once('}').expect("a closing brace");
                let number = u32::from_str_radix(digits, 16).expect("digits");
                let char = char::from_u32(number).expect("a character");
                bytes.extend(char.to_string().bytes());
                rest = after;
            }
            _ => bytes.extend(char.bytes()),
        }
    }
    bytes.extend(rest.bytes());
    bytes
}
