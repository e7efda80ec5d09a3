//! What must hold of the records in any bytes, see `fuzz/`.

use super::encode::{encode, numbers_of};
use super::*;

/// Decodes records and checks what is relied on, whatever the bytes are.
pub fn directory_changes(bytes: &[u8]) {
    let decoded: Vec<_> = records(bytes).collect();
    assert!(decoded.len() <= bytes.len() / HEADER + 1);
    let is_last = |at: usize| at + 1 == decoded.len();
    for (at, record) in decoded.iter().enumerate() {
        match record {
            Ok(record) => check(record),
            Err(Malformed::Length) => assert!(is_last(at), "decoding went on"),
            Err(Malformed::Name) => {}
        }
    }
    let good: Vec<Record> = decoded.into_iter().flatten().collect();
    let written: Vec<_> = good.iter().map(numbers_of).collect();
    let again: Result<Vec<_>, _> = records(&encode(&written)).collect();
    assert_eq!(again.as_ref(), Ok(&good), "other records came back");
}

fn check(record: &Record) {
    let path = std::path::Path::new(&record.name);
    let is_plain = |part| matches!(part, std::path::Component::Normal(_));
    assert!(path.is_relative() && path.components().all(is_plain));
    assert!(path.file_name().is_some(), "{record:?}");
}
