//! Bytes as lowercase hexadecimal text: the one way digests are shown and compared as text.
//!
//! There is no parser: digests are stored as bytes, text only ever leaves the program.

use std::fmt;

/// Bytes that print as lowercase hexadecimal digits, two per byte.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'b>(pub &'b [u8]);

/// Bytes turned into digits at once: those of the longest digest.
const CHUNK: usize = 64;

/// Nothing is allocated, and each chunk is one call: events have many digests.
impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 2 * CHUNK];
        for bytes in self.0.chunks(CHUNK) {
            for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
                pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0x0f)]);
            }
            let digits = digits.get(..2 * bytes.len()).unwrap_or_default();
            f.write_str(std::str::from_utf8(digits).map_err(|_| fmt::Error)?)?;
        }
        Ok(())
    }
}

/// Returns the bytes as lowercase hexadecimal digits, two per byte.
pub fn hex(bytes: &[u8]) -> String {
    Hex(bytes).to_string()
}

/// One hexadecimal digit; `nibble` is below 16.
fn digit(nibble: u8) -> u8 {
    if nibble < 10 {
        b'0' + nibble
    } else {
        b'a' + (nibble - 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_two_lowercase_digits() {
        let all: Vec<u8> = (0..=255).collect();
        let expected: String = all.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex(&all), expected);
        assert_eq!(hex(&[]), "");
    }
}
