//! WTF-8 (<https://simonsapin.github.io/wtf-8/>) to 16-bit units, checked.
//!
//! `OsString::from_encoded_bytes_unchecked` would need no decoding, but its safety rests on the
//! bytes coming from the same Rust version, which bytes read from a store cannot promise.

/// Decodes WTF-8; `None` when the bytes are not WTF-8 or hold a NUL.
pub(crate) fn to_wide(bytes: &[u8]) -> Option<Vec<u16>> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (valid, after) = split_utf8(rest);
        units.extend(valid.encode_utf16());
        rest = after;
        if rest.is_empty() {
            break;
        }
        let (surrogate, after) = split_surrogate(rest)?;
        let follows_lead = valid.is_empty() && units.last().is_some_and(|&unit| is_lead(unit));
        if follows_lead && !is_lead(surrogate) {
            return None; // a pair must be written as one four-byte character
        }
        units.push(surrogate);
        rest = after;
    }
    (!units.contains(&0)).then_some(units)
}

/// Splits off the longest beginning that is UTF-8.
fn split_utf8(bytes: &[u8]) -> (&str, &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text, &[]),
        Err(error) => {
            let (valid, rest) = bytes.split_at(error.valid_up_to());
            (std::str::from_utf8(valid).unwrap_or_default(), rest)
        }
    }
}

/// Splits off one surrogate: `ED`, `A0` to `BF`, `80` to `BF`.
fn split_surrogate(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (&[first, second, third], rest) = bytes.split_first_chunk::<3>()?;
    let is_surrogate =
        first == 0xed && (0xa0..=0xbf).contains(&second) && (0x80..=0xbf).contains(&third);
    let unit = 0xd000 | u16::from(second & 0x3f) << 6 | u16::from(third & 0x3f);
    is_surrogate.then_some((unit, rest))
}

fn is_lead(unit: u16) -> bool {
    (0xd800..0xdc00).contains(&unit)
}

/// Encodes as Windows' `OsStr::as_encoded_bytes` does.
pub(crate) fn from_wide(units: &[u16]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(units.len());
    for unit in char::decode_utf16(units.iter().copied()) {
        match unit {
            Ok(char) => bytes.extend(char.encode_utf8(&mut [0; 4]).bytes()),
            Err(surrogate) => {
                let unit = surrogate.unpaired_surrogate();
                let (middle, last) = (unit >> 6 & 0x3f, unit & 0x3f);
                bytes.extend([0xed, 0x80 | middle as u8, 0x80 | last as u8]);
            }
        }
    }
    bytes
}
