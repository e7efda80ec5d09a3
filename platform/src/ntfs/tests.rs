//! Against records laid out by hand from the documentation, and any bytes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::stat::{InodeFlags, Kind};

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn bytes_of(units: &[u16]) -> Vec<u8> {
    units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
}

const FORMS: [Form; 2] = [Form::Extended, Form::Both];

/// One entry as the kernel lays it out; `step` is how far the next one is.
fn encoded(entry: &Entry, step: u32, form: Form) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(step.to_le_bytes());
    bytes.extend([0; 4]);
    let numbers = [
        entry.created,
        entry.accessed,
        entry.written,
        entry.changed,
        entry.size,
        entry.allocated,
    ];
    numbers
        .iter()
        .for_each(|number| bytes.extend(number.to_le_bytes()));
    bytes.extend(entry.attributes.to_le_bytes());
    bytes.extend((2 * entry.name.len() as u32).to_le_bytes());
    match form {
        Form::Extended => {
            // The size of the extended attributes.
            bytes.extend([9, 0, 0, 0]);
            bytes.extend(entry.reparse_tag.to_le_bytes());
            bytes.extend(entry.id.to_le_bytes());
        }
        Form::Both => {
            bytes.extend(entry.reparse_tag.to_le_bytes());
            // The short name and its length.
            bytes.extend([0; 28]);
            bytes.extend((entry.id as u64).to_le_bytes());
        }
    }
    bytes.extend(bytes_of(&entry.name));
    bytes.resize(bytes.len().max(step as usize), 0);
    bytes
}

fn sample(name: &[u16], id: u128) -> Entry {
    Entry {
        name: name.to_vec(),
        created: 1,
        accessed: 2,
        written: 3,
        changed: 4,
        size: 5,
        allocated: 4096,
        attributes: 0x20,
        reparse_tag: 0,
        id,
    }
}

#[test]
fn entries_follow_each_other_and_keep_every_name() {
    let odd = [0xd800, u16::from(b'.'), u16::from(b' ')];
    for form in FORMS {
        let (first, mut last) = (sample(&wide("hosts"), 7), sample(&odd, u64::MAX.into()));
        last.attributes = 0x400;
        last.reparse_tag = 0xa000_0003;
        let mut buffer = encoded(&first, 120, form);
        buffer.extend(encoded(&last, 0, form));
        buffer.extend([0; 64]);
        let found: Result<Vec<Entry>, _> = Entries::new(&buffer, form).collect();
        assert_eq!(found.unwrap(), [first, last]);
    }
}

#[test]
fn what_is_no_reparse_point_has_no_tag() {
    let mut entry = sample(&wide("a"), 1);
    entry.reparse_tag = 90; // the size of its extended attributes
    let buffer = encoded(&entry, 0, Form::Both);
    let found = Entries::new(&buffer, Form::Both).next().unwrap().unwrap();
    assert_eq!(found.reparse_tag, 0);
}

#[test]
fn entries_that_lead_nowhere_are_an_error_once() {
    for form in FORMS {
        let whole = encoded(&sample(&wide("name"), 1), 0, form);
        let cut = |len: usize| Entries::new(&whole[..len], form).collect::<Vec<_>>();
        for len in 0..whole.len() {
            assert!(matches!(cut(len).as_slice(), [Err(_)]), "{len}");
        }
        for step in [1, 8, 87] {
            let looping = encoded(&sample(&[], 1), step, form);
            let found: Vec<_> = Entries::new(&looping, form).collect();
            assert!(matches!(found.as_slice(), [Err(_)]), "{step}");
        }
    }
}

/// A symbolic link, with the name that people read first.
fn symlink(substitute: &str, print: &str) -> Vec<u8> {
    let (substitute, print) = (bytes_of(&wide(substitute)), bytes_of(&wide(print)));
    let lengths = [print.len(), substitute.len(), 0, print.len()];
    let mut data = 0xa000_000c_u32.to_le_bytes().to_vec();
    data.extend((12 + (substitute.len() + print.len()) as u16).to_le_bytes());
    data.extend([0; 2]);
    lengths
        .iter()
        .for_each(|len| data.extend((*len as u16).to_le_bytes()));
    data.extend(1_u32.to_le_bytes());
    data.extend(print);
    data.extend(substitute);
    data
}

#[test]
fn the_target_of_a_link_is_the_one_that_is_followed() {
    let found = Reparse::decode(&symlink(r"..\real", r"harmless")).unwrap();
    assert_eq!(found.target, Some(wide(r"..\real")));
    assert_eq!(Reparse::kind(found.tag), Some(Kind::Symlink));
    assert_eq!(Reparse::name(found.tag), "symlink");
}

#[test]
fn a_junction_and_a_link_of_linux_have_targets() {
    let target = bytes_of(&wide(r"\??\C:\x"));
    let mut junction = 0xa000_0003_u32.to_le_bytes().to_vec();
    junction.extend([0; 4]);
    [0, target.len(), target.len() + 2, 0]
        .iter()
        .for_each(|len| junction.extend((*len as u16).to_le_bytes()));
    junction.extend(&target);
    let found = Reparse::decode(&junction).unwrap();
    assert_eq!(found.target, Some(wide(r"\??\C:\x")));
    assert_eq!(Reparse::name(found.tag), "junction");

    let mut linux = 0xa000_001d_u32.to_le_bytes().to_vec();
    linux.extend([9, 0, 0, 0, 2, 0, 0, 0]);
    linux.extend(b"/etc/");
    let found = Reparse::decode(&linux).unwrap();
    assert_eq!(found.target, Some(wide("/etc/")));
}

#[test]
fn a_link_whose_target_lies_outside_has_none() {
    let mut data = symlink("a", "b");
    data[8] = 200;
    assert_eq!(Reparse::decode(&data).unwrap().target, None);
    assert_eq!(Reparse::decode(&data[..3]), None);
}

#[test]
fn tags_say_what_is_never_entered_or_read() {
    let table = [
        (0xa000_000c, Some(Kind::Symlink)),
        (0xa000_0003, Some(Kind::Symlink)),
        (0xa000_001d, Some(Kind::Symlink)),
        (0xa000_0027, Some(Kind::Symlink)),
        (0x8000_0023, Some(Kind::Socket)),
        (0x8000_0024, Some(Kind::Fifo)),
        (0x8000_0013, None), // deduplicated: a file like others
        (0x9000_001a, None), // of a cloud
    ];
    for (tag, kind) in table {
        assert_eq!(Reparse::kind(tag), kind, "{tag:#x}");
    }
    assert_eq!(Reparse::name(0x8000_0013), "0x80000013");
}

fn stream(name: &str, step: u32) -> Vec<u8> {
    let name = bytes_of(&wide(name));
    let mut bytes = step.to_le_bytes().to_vec();
    bytes.extend((name.len() as u32).to_le_bytes());
    bytes.extend([0; 16]);
    bytes.extend(name);
    bytes.resize(bytes.len().max(step as usize), 0);
    bytes
}

#[test]
fn every_stream_but_the_content_has_a_name() {
    let mut list = stream("::$DATA", 40);
    list.extend(stream(":Zone.Identifier:$DATA", 72));
    list.extend(stream(":x:$DATA", 0));
    let names = stream_names(&list).unwrap();
    assert_eq!(names, [wide("Zone.Identifier"), wide("x")]);
    assert_eq!(stream_names(&[]), Some(Vec::new()));
}

#[test]
fn lists_of_streams_that_no_kernel_wrote_are_refused() {
    for name in [":x", "x:$DATA", ":x:$INDEX_ALLOCATION", ":", ":$DATA"] {
        assert_eq!(stream_names(&stream(name, 0)), None, "{name}");
    }
    assert_eq!(stream_names(&stream("::$DATA", 8)), None);
    assert_eq!(stream_names(&stream("::$DATA", 4096)[..100]), None);
}

#[test]
fn attributes_are_flags_and_kinds_are_not() {
    let set = flags(0x1 | 0x2 | 0x10 | 0x80 | 0x400 | 0x800);
    assert_eq!(set.names(), ["compressed", "readonly", "hidden"]);
    assert_eq!(flags(0x10 | 0x80), InodeFlags::default());
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_without_panic_or_end(bytes in vec(any::<u8>(), 0..600)) {
        for form in FORMS {
            prop_assert!(Entries::new(&bytes, form).count() <= bytes.len() / 88 + 1);
        }
        stream_names(&bytes);
        Reparse::decode(&bytes);
    }

    #[test]
    fn any_entry_is_decoded_as_it_was_laid_out(
        name in vec(any::<u16>(), 0..40),
        numbers in any::<[u64; 6]>(),
        id in any::<u128>(),
        attributes in any::<u32>(),
        is_extended in any::<bool>(),
    ) {
        let (form, id) = match is_extended {
            true => (Form::Extended, id),
            false => (Form::Both, id >> 64),
        };
        let [created, accessed, written, changed, size, allocated] = numbers;
        let reparse_tag = if attributes & 0x400 != 0 { 0xa000_000c } else { 0 };
        let entry = Entry {
            name, created, accessed, written, changed, size, allocated, attributes, reparse_tag, id,
        };
        let buffer = encoded(&entry, 0, form);
        let found: Vec<_> = Entries::new(&buffer, form).collect();
        prop_assert_eq!(found, [Ok(entry)]);
    }
}
