//! Records as the system writes them: the other direction, for tests and fuzz targets only.

use super::*;

/// Writes records one after the other, each padded to four bytes as NTFS does.
pub(super) fn encode(records: &[(u32, Vec<u16>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, (action, units)) in records.iter().enumerate() {
        let len = units.len() * 2;
        let whole = (HEADER + len).next_multiple_of(4);
        let next = if index + 1 < records.len() { whole } else { 0 };
        for number in [next as u32, *action, len as u32] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        if next != 0 {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
    }
    bytes
}

/// Returns a record in numbers, as it would be told.
pub(super) fn numbers_of(record: &Record) -> (u32, Vec<u16>) {
    let action = match record.action {
        Action::Added => 1,
        Action::Removed => 2,
        Action::Modified => 3,
        Action::RenamedFrom => 4,
        Action::RenamedTo => 5,
        Action::Stream => 8,
        Action::Other(number) => number,
    };
    let mut bytes = crate::bytes::os_to_bytes(&record.name).to_vec();
    for byte in &mut bytes {
        if *byte == MAIN_SEPARATOR as u8 {
            *byte = b'\\';
        }
    }
    let units = wtf8::to_wide(&bytes).expect("a name that was decoded can be encoded");
    (action, units)
}
