//! Against an encoder of our own and arbitrary bytes; `watch::tests` has the real kernel.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::encode::{encode, push_piece};
use super::*;

fn example() -> Record<'static> {
    let dir = HandleRef {
        fsid: 0x8765_4321_ffff_fffe,
        kind: 1,
        bytes: b"12345678",
    };
    Record {
        mask: mask::RENAME | mask::ONDIR,
        pid: 4711,
        pidfd: Some(9),
        old: Some(Entry { dir, name: b"a" }),
        new: Some(Entry {
            dir,
            name: b"\xff longer",
        }),
        object: Some(HandleRef { bytes: b"x", ..dir }),
        ..Record::default()
    }
}

#[test]
fn a_record_is_what_was_encoded() {
    let first = example();
    let second = Record {
        mask: mask::FS_ERROR,
        error: Some((-117, 3)),
        fd: Some(4),
        ..Record::default()
    };
    let bytes = [encode(&first), encode(&second)].concat();
    let decoded: Vec<_> = records(&bytes).collect();
    assert_eq!(decoded, [Ok(first), Ok(second)]);
}

#[test]
fn unknown_pieces_are_skipped() {
    let mut bytes = encode(&example());
    let len = bytes.len();
    push_piece(&mut bytes, 99, b"whatever");
    let added = (bytes.len() - len) as u32;
    bytes[..4].copy_from_slice(&(len as u32 + added).to_ne_bytes());
    assert_eq!(records(&bytes).collect::<Vec<_>>(), [Ok(example())]);
}

#[test]
fn descriptors_that_are_none_are_none() {
    for none in [-1, -2] {
        let record = Record {
            pidfd: Some(none),
            ..example()
        };
        let bytes = encode(&record);
        let decoded = records(&bytes).next().unwrap().unwrap();
        assert_eq!(decoded.pidfd, None);
        assert_eq!(decoded.fd, None);
    }
}

#[test]
fn contradictions_are_told() {
    let changed = |at: usize, byte: u8| {
        let mut bytes = encode(&example());
        bytes[at] = byte;
        let end = records(&bytes).last().unwrap();
        end.unwrap_err()
    };
    assert_eq!(changed(4, 4), Malformed::Version(4));
    assert_eq!(changed(0, 255), Malformed::Length);
    assert_eq!(changed(0, 23), Malformed::Length);
    assert_eq!(changed(6, 23), Malformed::Length);
    // The length of the first piece, of its handle, and a byte of its name.
    assert_eq!(changed(26, 3), Malformed::Length);
    assert_eq!(changed(36, 129), Malformed::Handle);
    assert_eq!(changed(36, 13), Malformed::Handle);
    assert_eq!(changed(52, b'/'), Malformed::Name);
}

#[test]
fn a_name_leads_nowhere_else() {
    for name in [&b".."[..], b"../x", b"a/b", b"/"] {
        let entry = example().old.map(|old| Entry { name, ..old });
        let record = Record { entry, ..example() };
        assert_eq!(records(&encode(&record)).last(), Some(Err(Malformed::Name)));
    }
}

type Parts = (Vec<u8>, Vec<u8>);

fn parts() -> impl Strategy<Value = Parts> {
    let byte = (1..=255_u8).prop_filter("a separator", |&byte| byte != b'/');
    let name = vec(byte, 0..40).prop_filter("the parent", |name| name != b"..");
    (vec(any::<u8>(), 0..LONGEST), name)
}

fn entry(parts: &Option<Parts>) -> Option<Entry<'_>> {
    parts.as_ref().map(|(bytes, name)| Entry {
        dir: HandleRef {
            fsid: 0x1234_5678_9abc_def0,
            kind: -3,
            bytes,
        },
        name,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..400)) {
        let count = records(&bytes).count();
        prop_assert!(count <= bytes.len() / METADATA + 1);
    }

    /// Mostly right bytes reach further than arbitrary ones.
    #[test]
    fn damaged_records_do_no_harm(
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = [encode(&example()), encode(&example())].concat();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        let decoded: Vec<_> = records(&bytes).collect();
        prop_assert!(decoded.iter().rev().skip(1).all(Result::is_ok));
    }

    #[test]
    fn truncated_records_are_malformed(cut in any::<prop::sample::Index>()) {
        let bytes = encode(&example());
        let cut = 1 + cut.index(bytes.len() - 1);
        let decoded: Vec<_> = records(&bytes[..cut]).collect();
        prop_assert_eq!(decoded, [Err(Malformed::Length)]);
    }

    #[test]
    fn whatever_is_encoded_comes_back(
        mask in any::<u64>(),
        pid in any::<i32>(),
        fd in option::of(0..i32::MAX),
        pidfd in option::of(0..i32::MAX),
        places in [option::of(parts()), option::of(parts()), option::of(parts())],
        object in option::of(vec(any::<u8>(), 0..LONGEST)),
        error in option::of(any::<(i32, u32)>()),
    ) {
        let [one, two, three] = &places;
        let record = Record {
            mask, fd, pid, pidfd, error,
            entry: entry(one),
            old: entry(two),
            new: entry(three),
            object: object.as_ref().map(|bytes| HandleRef { fsid: 1, kind: 2, bytes }),
        };
        let bytes = encode(&record);
        prop_assert_eq!(records(&bytes).collect::<Vec<_>>(), [Ok(record)]);
    }
}
