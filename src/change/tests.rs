//! Each property is noticed, under its own name, and only when it counts.

use std::ffi::OsString;

use waxseal_platform::stat::{InodeFlags, Kind, Timestamp};
use waxseal_platform::xattr::Xattrs;

use super::{Action, Actions, Field, diff, diff_listed, diff_to_tell, has_same_content};
use crate::policy::Attributes;
use crate::state::FileState;
use crate::state::sample::{digests, file, with};

type Change = fn(&mut FileState);

/// Every property with a change of it and the names it is reported under.
const CHANGES: [(&str, Change, &[&str]); 21] = [
    ("type", |s| s.stat.kind = Kind::Fifo, &["type"]),
    ("size", |s| s.stat.size = 9, &["size"]),
    ("blocks", |s| s.stat.blocks = 16, &["blocks"]),
    ("inode", |s| s.stat.inode = 8, &["inode"]),
    ("device", |s| s.stat.device = 2, &["device"]),
    ("links", |s| s.stat.links = 2, &["links"]),
    ("mode", |s| s.stat.mode = 0o4755, &["mode"]),
    ("uid", |s| s.stat.uid = 1, &["uid"]),
    ("gid", |s| s.stat.gid = 1, &["gid"]),
    (
        "mtime",
        |s| s.stat.modified = Timestamp::new(20, 1),
        &["mtime"],
    ),
    (
        "ctime",
        |s| s.stat.changed = Timestamp::new(31, 0),
        &["ctime"],
    ),
    ("created", |s| s.stat.created = None, &["created"]),
    (
        "atime",
        |s| s.stat.accessed = Timestamp::new(11, 0),
        &["accessed"],
    ),
    (
        "flags",
        |s| s.stat.flags = InodeFlags::from_bits(1),
        &["attributes"],
    ),
    ("rdev", |s| s.stat.rdev = 1, &[]),
    ("target", |s| s.target = Some(OsString::from("x")), &[]),
    ("selinux", |s| xattr(s, b"security.selinux"), &["selinux"]),
    (
        "acl",
        |s| xattr(s, b"system.posix_acl_access"),
        &["posix_acl_access"],
    ),
    (
        "capability",
        |s| xattr(s, b"security.capability"),
        &["capability"],
    ),
    (
        "xattr",
        |s| xattr(s, b"user.note"),
        &["extended_attributes.user.note"],
    ),
    (
        "hash",
        |s| s.digests = digests(b"other", "sha256"),
        &["hash.sha256"],
    ),
];

fn xattr(state: &mut FileState, name: &[u8]) {
    state.xattrs = Xattrs::from_pairs(vec![(name.to_vec(), b"1".to_vec())]);
}

fn names(fields: &[Field]) -> Vec<String> {
    fields.iter().map(Field::to_string).collect()
}

#[test]
fn each_property_is_noticed_under_its_own_name_when_it_counts() {
    let before = file(b"content");
    for (attribute, change, expected) in CHANGES {
        let after = with(&before, change);
        let counted = Attributes::parse(&[attribute]).unwrap();
        assert_eq!(
            names(&diff(&before, &after, counted)),
            expected,
            "{attribute}"
        );
        assert_eq!(
            names(&diff(&after, &before, counted)),
            expected,
            "{attribute}, back"
        );
        let others = Attributes::ALL.difference(counted);
        assert!(
            diff(&before, &after, others).is_empty(),
            "{attribute} counted elsewhere"
        );
        assert!(diff(&after, &after, Attributes::ALL).is_empty());
    }
}

#[test]
fn several_attributes_are_told_apart() {
    let pairs = |list: &[(&str, &str)]| {
        let owned = |(k, v): &(&str, &str)| (k.as_bytes().to_vec(), v.as_bytes().to_vec());
        Xattrs::from_pairs(list.iter().map(owned).collect())
    };
    let before = with(&file(b""), |s| {
        s.xattrs = pairs(&[("user.a", "1"), ("user.b", "1"), ("user.d", "1")])
    });
    let after = with(&file(b""), |s| {
        s.xattrs = pairs(&[("user.b", "2"), ("user.c", "1"), ("user.d", "1")])
    });
    let expected = ["user.a", "user.b", "user.c"].map(|name| format!("extended_attributes.{name}"));
    assert_eq!(names(&diff(&before, &after, Attributes::ALL)), expected);
}

#[test]
fn a_digest_only_one_side_has_is_no_difference_where_another_proves_the_content() {
    let before = file(b"content");
    let more = with(&before, |s| s.digests = digests(b"content", "sha256,xxh64"));
    assert!(diff(&before, &more, Attributes::ALL).is_empty());
    assert!(diff(&more, &before, Attributes::ALL).is_empty());
    assert!(has_same_content(&before, &more));
}

#[test]
fn content_without_a_digest_in_common_is_not_proven_to_be_the_same() {
    let before = file(b"content");
    let other = with(&before, |s| s.digests = digests(b"content", "md5"));
    assert_eq!(names(&diff(&before, &other, Attributes::ALL)), ["hash.md5"]);
    assert_eq!(
        names(&diff(&other, &before, Attributes::ALL)),
        ["hash.sha256"]
    );
    assert!(diff(&before, &other, Attributes::MODE).is_empty());
    assert!(!has_same_content(&before, &other));
    let half = with(&before, |s| s.digests = digests(b"other", "sha256,md5"));
    assert!(!has_same_content(&other, &half));
}

#[test]
fn what_is_open_is_told_by_why_it_is_where_nothing_that_counts_differs() {
    let before = file(b"content");
    let unread = with(&before, |s| s.digests = digests(b"", ""));
    let told = |after: &FileState| names(&diff_to_tell(&before, after, Attributes::TYPE));
    assert_eq!(told(&unread), ["hash.sha256"]);
    let other = with(&before, |s| s.stat.mode = 0o600);
    assert_eq!(told(&other), ["mode"]);
    let both = with(&other, |s| s.stat.kind = Kind::Fifo);
    assert_eq!(told(&both), ["type"]);
}

#[test]
fn content_read_for_the_first_time_counts_unless_the_file_was_untouched_since() {
    let unread = with(&file(b"content"), |s| s.digests = digests(b"", ""));
    let read = file(b"content");
    assert!(diff(&unread, &read, Attributes::DEFAULT).is_empty());
    let touched = with(&read, |s| s.stat.changed = Timestamp::new(99, 0));
    assert_eq!(
        names(&diff(&unread, &touched, Attributes::DEFAULT)),
        ["hash.sha256"]
    );
    assert!(diff(&touched, &unread, Attributes::DEFAULT).is_empty());
}

#[test]
fn directories_are_not_compared_by_what_follows_from_their_entries() {
    let before = with(&file(b""), |s| s.stat.kind = Kind::Directory);
    let after = with(&before, |s| {
        s.stat.size = 4096;
        s.stat.links = 3;
        s.stat.modified = Timestamp::new(99, 0);
        s.stat.blocks = 99;
    });
    assert!(
        diff(
            &before,
            &after,
            Attributes::ALL.difference(Attributes::CTIME)
        )
        .is_empty()
    );
    assert!(diff_listed(&before.stat, &after.stat, Attributes::ALL).is_empty());
}

#[test]
fn a_listing_is_compared_but_for_its_flags() {
    let before = file(b"content");
    let after = with(&before, |s| {
        s.stat.flags = InodeFlags::from_bits(1);
        s.stat.mode = 0o600;
    });
    assert_eq!(
        names(&diff_listed(&before.stat, &after.stat, Attributes::ALL)),
        ["mode"]
    );
}

#[test]
fn actions_follow_from_the_fields() {
    let hash = || Field::Hash(waxseal_hashers::HashType::Sha256);
    let table: [(Vec<Field>, Vec<Action>); 4] = [
        (vec![hash()], vec![Action::Updated]),
        (vec![Field::Mode], vec![Action::AttributesModified]),
        (
            vec![Field::Size, hash()],
            vec![Action::Updated, Action::AttributesModified],
        ),
        (vec![Field::Type], vec![Action::Updated]),
    ];
    for (fields, expected) in table {
        let actions = Actions::of(&fields).unwrap();
        assert_eq!(actions.iter().collect::<Vec<_>>(), expected);
        let moved: Vec<Action> = Actions::moved(&fields).iter().collect();
        assert_eq!(moved.first(), Some(&Action::Moved));
        assert_eq!(moved[1..], expected);
    }
    assert!(Actions::of(&[]).is_none());
}
