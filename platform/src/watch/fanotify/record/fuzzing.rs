//! What must hold of the records in any bytes, see `fuzz/`.

use super::encode::encode;
use super::*;

const LARGEST: usize = 60_000;

/// Decodes records and checks what is relied on, whatever the bytes are.
pub fn fanotify_records(bytes: &[u8]) {
    // A piece has less than 64 KiB, and may be written with more padding than it came with.
    if bytes.len() > LARGEST {
        return;
    }
    let decoded: Vec<_> = records(bytes).collect();
    assert!(decoded.len() <= bytes.len() / METADATA + 1);
    let good = decoded.iter().flatten().count();
    assert!(good + 1 >= decoded.len(), "decoding went on after an error");
    assert!(decoded.iter().take(good).all(Result::is_ok));
    for record in decoded.iter().flatten() {
        check(record, bytes);
        let written = encode(record);
        let again: Vec<_> = records(&written).collect();
        assert_eq!(again, [Ok(record.clone())], "another record came back");
    }
}

fn check(record: &Record<'_>, bytes: &[u8]) {
    let entries = [record.entry, record.old, record.new];
    for Entry { dir, name } in entries.into_iter().flatten() {
        assert!(is_within(name, bytes) && is_within(dir.bytes, bytes));
        assert!(!name.contains(&b'/') && !name.contains(&0) && name != b"..");
        assert!(dir.bytes.len() <= LONGEST);
    }
    if let Some(object) = record.object {
        assert!(is_within(object.bytes, bytes) && object.bytes.len() <= LONGEST);
    }
    assert!(record.fd.is_none_or(|fd| fd >= 0) && record.pidfd.is_none_or(|fd| fd >= 0));
}

/// Says whether a part is one of these bytes, and not a copy or what lies beyond them.
fn is_within(part: &[u8], bytes: &[u8]) -> bool {
    let (place, bytes) = (part.as_ptr_range(), bytes.as_ptr_range());
    part.is_empty() || bytes.start <= place.start && place.end <= bytes.end
}
