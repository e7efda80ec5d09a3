//! Against an encoder of our own and arbitrary bytes; `windows/tests.rs` has the real system.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use super::encode::{encode, numbers_of};
use super::*;

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn decoded(records: &[(u32, &str)]) -> Vec<Result<Record, Malformed>> {
    let records: Vec<_> = records
        .iter()
        .map(|(action, name)| (*action, units(name)))
        .collect();
    super::records(&encode(&records)).collect()
}

fn record(action: Action, name: &str) -> Result<Record, Malformed> {
    let name = Path::new(name).as_os_str().to_owned();
    Ok(Record { action, name })
}

#[test]
fn records_are_what_was_encoded() {
    let told = [
        (1, "new"),
        (2, "dir\\gone"),
        (9, "dir\\gone too"),
        (3, "ä"),
        (4, "from"),
        (5, "to.txt"),
        (10, "odd"),
    ];
    let expected = [
        record(Action::Added, "new"),
        record(Action::Removed, "dir/gone"),
        record(Action::Removed, "dir/gone too"),
        record(Action::Modified, "ä"),
        record(Action::RenamedFrom, "from"),
        record(Action::RenamedTo, "to.txt"),
        record(Action::Other(10), "odd"),
    ];
    let decoded = decoded(&told);
    for (decoded, expected) in decoded.iter().zip(&expected) {
        let path =
            |record: &Result<Record, _>| Path::new(&record.as_ref().unwrap().name).to_owned();
        assert_eq!(path(decoded), path(expected));
    }
    assert_eq!(decoded.len(), expected.len());
    let action = |record: &Result<Record, _>| record.as_ref().unwrap().action;
    let actions: Vec<_> = decoded.iter().map(action).collect();
    assert_eq!(actions, expected.iter().map(action).collect::<Vec<_>>());
}

#[test]
fn the_name_of_a_stream_is_that_of_its_file() {
    for (told, name) in [
        ("file:stream", "file"),
        ("d:x\\file:stream:$DATA", "d:x/file"),
        ("file", "file"),
    ] {
        for action in 6..=8 {
            let decoded = decoded(&[(action, told)]).remove(0).unwrap();
            assert_eq!(decoded.action, Action::Stream);
            assert_eq!(Path::new(&decoded.name), Path::new(name), "{told}");
        }
    }
    assert_eq!(decoded(&[(7, ":stream")]), [Err(Malformed::Name)]);
}

#[test]
fn an_unpaired_surrogate_comes_through() {
    let name = vec![0x61, 0xd800, 0x62];
    let bytes = encode(&[(1, name.clone())]);
    let decoded = records(&bytes).next().unwrap();
    match decoded {
        // A name of Unix holds any bytes, and one of Windows any units.
        Ok(record) => assert_eq!(numbers_of(&record), (1, name)),
        Err(malformed) => panic!("{malformed}"),
    }
}

#[test]
fn an_impossible_name_spoils_only_itself() {
    for name in [
        "", ".", "..", "a\\..\\b", "\\a", "a\\", "a\\\\b", "a/b", "a\0",
    ] {
        let decoded = decoded(&[(1, "before"), (1, name), (1, "after")]);
        assert_eq!(decoded.len(), 3, "{name:?}");
        assert_eq!(decoded[1], Err(Malformed::Name), "{name:?}");
        assert!(decoded[0].is_ok() && decoded[2].is_ok());
    }
}

#[test]
fn an_impossible_length_is_the_end() {
    let whole = encode(&[(1, units("abc")), (2, units("d"))]);
    let changed = |at: usize, number: u32| {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        records(&bytes).collect::<Vec<_>>()
    };
    // The distance: into the header, into the name, to the end, beyond it.
    for next in [1, 11, 12, 17, whole.len() as u32, u32::MAX] {
        assert_eq!(changed(0, next), [Err(Malformed::Length)], "{next}");
    }
    // The length of the name: odd, beyond its record, beyond everything.
    for len in [5, 10, u32::MAX] {
        assert_eq!(changed(8, len), [Err(Malformed::Length)], "{len}");
    }
    for len in 1..whole.len() {
        let last = records(&whole[..len]).last().unwrap();
        assert_eq!(last, Err(Malformed::Length), "{len}");
    }
    assert_eq!(records(&[]).count(), 0);
}

#[test]
fn a_record_need_not_be_aligned() {
    // Wine pads nothing.
    let mut bytes = Vec::new();
    for (next, action, name) in [(14_u32, 1_u32, "a"), (0, 3, "b")] {
        for number in [next, action, 2] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(units(name).iter().flat_map(|unit| unit.to_le_bytes()));
    }
    let decoded: Vec<_> = records(&bytes).collect();
    assert_eq!(
        decoded,
        [record(Action::Added, "a"), record(Action::Modified, "b")]
    );
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        let decoded: Vec<_> = records(&bytes).collect();
        prop_assert!(decoded.len() <= bytes.len() / HEADER + 1);
    }

    #[test]
    fn any_damage_is_survived(at in 0..64_usize, byte in any::<u8>()) {
        let mut bytes = encode(&[(4, units("a\\bcd")), (5, units("e")), (3, units("fg"))]);
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        prop_assert!(records(&bytes).count() <= 4);
    }

    #[test]
    fn any_names_round_trip(
        names in vec(vec(prop_oneof![any::<u16>(), 0xd7f0..0xe010_u16, 0x2e..0x62_u16], 1..9), 1..9),
        action in 1..12_u32,
    ) {
        let told: Vec<_> = names.into_iter().map(|name| (action, name)).collect();
        let good: Vec<Record> = records(&encode(&told)).flatten().collect();
        let written: Vec<_> = good.iter().map(numbers_of).collect();
        let again: Result<Vec<Record>, _> = records(&encode(&written)).collect();
        prop_assert_eq!(again, Ok(good));
    }
}
