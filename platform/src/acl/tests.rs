use super::*;

const USER: &str = "S-1-5-21-1-2-3-1001";

/// Returns the bytes of an identity written as `S-1-5-32-544`.
fn sid(text: &str) -> Vec<u8> {
    let mut numbers = text
        .split('-')
        .skip(2)
        .map(|part| part.parse::<u32>().unwrap());
    let authority = u64::from(numbers.next().unwrap());
    let parts: Vec<u32> = numbers.collect();
    let mut bytes = vec![1, parts.len() as u8];
    bytes.extend(&authority.to_be_bytes()[2..]);
    parts
        .iter()
        .for_each(|part| bytes.extend(part.to_le_bytes()));
    bytes
}

fn entry(kind: u8, mask: u32, tail: &[u8]) -> Vec<u8> {
    let length = (8 + tail.len()) as u16;
    let mut bytes = vec![kind, 0];
    bytes.extend(length.to_le_bytes());
    bytes.extend(mask.to_le_bytes());
    bytes.extend(tail);
    bytes
}

/// Returns the bytes of a descriptor.
fn descriptor(owner: Option<&str>, entries: Option<&[Vec<u8>]>) -> Vec<u8> {
    let owner = owner.map(sid).unwrap_or_default();
    let mut bytes = vec![1, 0];
    bytes.extend((0x8000 | if entries.is_some() { DACL_PRESENT } else { 0 }).to_le_bytes());
    let owner_at: u32 = if owner.is_empty() { 0 } else { 20 };
    let list_at = entries.map_or(0, |_| 20 + owner.len() as u32);
    for at in [owner_at, 0, 0, list_at] {
        bytes.extend(at.to_le_bytes());
    }
    bytes.extend(owner);
    if let Some(entries) = entries {
        let body = entries.concat();
        bytes.extend([2, 0]);
        bytes.extend((8 + body.len() as u16).to_le_bytes());
        bytes.extend((entries.len() as u16).to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(body);
    }
    bytes
}

fn allowed(who: &str, mask: u32) -> Vec<u8> {
    entry(0, mask, &sid(who))
}

fn user() -> Sid {
    Sid::parse(&sid(USER)).unwrap()
}

fn intruder(entries: &[Vec<u8>]) -> Option<Intruder> {
    let bytes = descriptor(Some(USER), Some(entries));
    Descriptor::parse(&bytes).unwrap().intruder(&user())
}

#[test]
fn identities_are_written_as_windows_writes_them() {
    for text in [
        SYSTEM,
        ADMINISTRATORS,
        TRUSTED_INSTALLER,
        USER,
        EVERYBODY,
        "S-1-5",
    ] {
        assert_eq!(Sid::parse(&sid(text)).unwrap().to_string(), text);
    }
    let large = [1, 1, 1, 0, 0, 0, 0, 0, 7, 0, 0, 0];
    assert_eq!(
        Sid::parse(&large).unwrap().to_string(),
        "S-1-0x010000000000-7"
    );
    assert_eq!(Sid::parse(&[2, 0, 0, 0, 0, 0, 0, 5]), None);
    assert_eq!(Sid::parse(&sid(USER)[..20]), None);
    assert_eq!(Sid::parse(&[]), None);
}

#[test]
fn we_and_the_system_are_nobody_else() {
    let all = 0x001f_01ff;
    let known = [
        SYSTEM,
        ADMINISTRATORS,
        TRUSTED_INSTALLER,
        USER,
        "S-1-3-0",
        "S-1-3-4",
    ];
    let entries: Vec<Vec<u8>> = known.iter().map(|who| allowed(who, all)).collect();
    assert_eq!(intruder(&entries), None);
    assert_eq!(intruder(&[]), None);
}

#[test]
fn whoever_else_comes_in_is_named_writers_first() {
    let everybody = || Sid::parse(&sid(EVERYBODY)).unwrap();
    let reads = allowed(EVERYBODY, 0x0012_00a9);
    assert_eq!(
        intruder(std::slice::from_ref(&reads)),
        Some(Intruder::Reader(everybody()))
    );
    let users = "S-1-5-32-545";
    // What %ProgramData% lets users do: make files and directories.
    let makes = allowed(users, 0x0000_0006);
    let found = intruder(&[reads, makes]);
    assert_eq!(
        found,
        Some(Intruder::Writer(Sid::parse(&sid(users)).unwrap()))
    );
    for mask in [
        0x4000_0000,
        0x1000_0000,
        0x1_0000,
        0x4_0000,
        0x8_0000,
        0x40,
        0x100,
    ] {
        let found = intruder(&[allowed(EVERYBODY, mask)]);
        assert_eq!(found, Some(Intruder::Writer(everybody())), "{mask:#x}");
    }
    // To pass through and to ask for attributes is neither.
    assert_eq!(intruder(&[allowed(EVERYBODY, 0x0012_00a0)]), None);
}

#[test]
fn conditions_and_object_entries_count_and_denials_do_not() {
    let everybody = Some(Intruder::Writer(Sid::parse(&sid(EVERYBODY)).unwrap()));
    assert_eq!(
        intruder(&[entry(9, 2, &[sid(EVERYBODY), vec![7; 4]].concat())]),
        everybody
    );
    for (ids, length) in [(0_u32, 0), (1, 16), (2, 16), (3, 32)] {
        let tail = [&ids.to_le_bytes()[..], &vec![9; length], &sid(EVERYBODY)].concat();
        assert_eq!(intruder(&[entry(5, 2, &tail)]), everybody);
    }
    assert_eq!(intruder(&[entry(1, 2, &sid(EVERYBODY))]), None);
    let unknown = descriptor(Some(USER), Some(&[entry(77, 2, &sid(USER))]));
    assert_eq!(Descriptor::parse(&unknown), None);
}

#[test]
fn owners_may_do_everything_and_so_must_be_known() {
    for (owner, expected) in [
        (Some(USER), None),
        (Some(ADMINISTRATORS), None),
        (
            Some(EVERYBODY),
            Some(Intruder::Owner(Sid::parse(&sid(EVERYBODY)))),
        ),
        (None, Some(Intruder::Owner(None))),
    ] {
        let found = Descriptor::parse(&descriptor(owner, Some(&[]))).unwrap();
        assert_eq!(found.intruder(&user()), expected);
    }
    let open = Descriptor::parse(&descriptor(Some(USER), None)).unwrap();
    assert_eq!(open.intruder(&user()), Some(Intruder::Everybody));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
        at in 0_usize..200,
        value: u8,
    ) {
        let _ = Descriptor::parse(&bytes);
        let mut damaged = descriptor(Some(USER), Some(&[allowed(SYSTEM, 1), allowed(EVERYBODY, 2)]));
        if let Some(byte) = damaged.get_mut(at) {
            *byte = value;
        }
        let _ = Descriptor::parse(&damaged);
    }
}

#[test]
fn a_sid_of_too_many_parts_or_cut_short_is_none() {
    assert_eq!(Sid::parse(&[1, 16, 0, 0, 0, 0, 0, 5]), None);
    let whole = sid("S-1-5-32-544");
    for len in 0..whole.len() {
        assert_eq!(Sid::parse(&whole[..len]), None, "{len}");
    }
}

#[test]
fn who_may_only_make_something_new_puts_nothing_out_of_its_place() {
    let displacer = |entries: &[Vec<u8>]| {
        let bytes = descriptor(Some(TRUSTED_INSTALLER), Some(entries));
        Descriptor::parse(&bytes).unwrap().displacer(&user())
    };
    let authenticated = "S-1-5-11";
    let found = Some(Intruder::Writer(Sid::parse(&sid(authenticated)).unwrap()));
    // As in `C:\`: directories can be made there, and what is made can be changed.
    let makes = allowed(authenticated, 0x0000_0004);
    let mut modifies_children = allowed(authenticated, 0x0013_01bf);
    modifies_children[1] = 0x0b;
    assert_eq!(displacer(&[makes, modifies_children.clone()]), None);
    modifies_children[1] = 0x03;
    assert_eq!(displacer(&[modifies_children]), found);
    for mask in [0x0040, 0x0001_0000, 0x0004_0000, 0x0008_0000, 0x1000_0000] {
        assert_eq!(
            displacer(&[allowed(authenticated, mask)]),
            found,
            "{mask:x}"
        );
    }
    let nobodys = Descriptor::parse(&descriptor(None, Some(&[]))).unwrap();
    assert_eq!(nobodys.displacer(&user()), Some(Intruder::Owner(None)));
    let open = Descriptor::parse(&descriptor(Some(USER), None)).unwrap();
    assert_eq!(open.displacer(&user()), Some(Intruder::Everybody));
}
