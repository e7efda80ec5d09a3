//! Streams of Windows that could be read, and that could not.

use std::path::PathBuf;

use waxseal_platform::xattr::Xattrs;
use waxseal_platform::xattr::decode::{NTFS_SECURITY, STREAM};

use super::*;
use crate::inspect::{Present, Unread, UnreadStreams};
use crate::scan::Cause;
use crate::scan::findings::{compare, complete};
use crate::scan::judge::{is_open, reference};
use crate::state::UNREAD_STREAM;

/// A file with this value of its stream `s`; `None` where it has none.
fn file_with(value: Option<&[u8]>) -> FileState {
    let mut pairs = vec![(NTFS_SECURITY.to_vec(), b"descriptor".to_vec())];
    pairs.extend(value.map(|value| (b"stream.s".to_vec(), value.to_vec())));
    with(&file(b"content"), |state| {
        state.xattrs = Xattrs::from_pairs(pairs);
    })
}

fn unread() -> FileState {
    file_with(Some(UNREAD_STREAM))
}

/// The same after a write, by the times.
fn touched(state: &FileState) -> FileState {
    with(state, |state| state.stat.changed = Timestamp::new(99, 0))
}

fn completed(state: FileState, unread: Option<Unread>, row: &Row) -> (FileState, Option<Cause>) {
    let mut unread_streams = UnreadStreams::default();
    for name in state.unread_streams() {
        let value = state.xattrs.get(name).unwrap();
        let name = std::str::from_utf8(name.strip_prefix(STREAM).unwrap()).unwrap();
        match value {
            UNREAD_STREAM => unread_streams.refuse(name.as_ref(), &io::Error::other("locked")),
            _ => unread_streams.leave(name.as_ref()),
        }
    }
    let present = Present {
        state,
        unread,
        unread_streams,
    };
    let (state, spot) = complete(present, Some(row), || PathBuf::from("/w/f"));
    (state, spot.map(|spot| spot.cause))
}

#[test]
fn a_stream_that_cannot_be_read_is_told_by_its_name_and_the_rest_of_the_file_stays() {
    let before = file_with(Some(b"1 B"));
    let trusted = row(Some(&before), None);
    let told = "its stream s: locked";
    let (state, cause) = completed(touched(&unread()), None, &trusted);
    assert_eq!(cause, Some(Cause::Unreadable(told.to_owned())));
    assert_eq!(state.digests, before.digests);
    // Content that was not read beside it is told as well, and no limit of sizes hides it.
    let refused = Unread::Refused(io::Error::other("refused"));
    let (_, cause) = completed(unread(), Some(refused), &trusted);
    assert_eq!(cause, Some(Cause::Unreadable(format!("refused; {told}"))));
    let (_, cause) = completed(unread(), Some(Unread::TooLarge), &trusted);
    assert_eq!(cause, Some(Cause::Unreadable(told.to_owned())));
    let (_, cause) = completed(before.clone(), Some(Unread::TooLarge), &trusted);
    let too_large = "larger than max_file_size, content not read".to_owned();
    assert_eq!(cause, Some(Cause::TooLarge(too_large)));
    assert_eq!(completed(before, None, &trusted).1, None);
}

#[test]
fn what_was_in_a_stream_is_known_only_while_the_file_is_untouched() {
    let before = file_with(Some(b"1 B"));
    let trusted = row(Some(&before), None);
    assert_eq!(completed(unread(), None, &trusted).0, before);
    let (state, _) = completed(touched(&unread()), None, &trusted);
    assert!(state.has_unread_streams(), "it is looked at again");
}

#[test]
fn a_stream_that_cannot_be_read_is_no_difference_and_closes_none() {
    let (one, other) = (file_with(Some(b"1 B")), touched(&file_with(Some(b"2 B"))));
    let now = touched(&unread());
    let trusted = row(Some(&one), None);
    assert_eq!(verdict(Some(&trusted), Some(&now), true), "unchanged");
    assert!(!is_open(Some(&one), None, Some(&now), Attributes::DEFAULT));
    let known = seen(Some(&other), true);
    assert!(is_open(
        Some(&one),
        Some(&known),
        Some(&now),
        Attributes::DEFAULT
    ));
    // That it came and that it went is seen all the same.
    let none = file_with(None);
    let without = row(Some(&none), None);
    assert_eq!(verdict(Some(&without), Some(&now), true), "differs");
    let hidden = row(Some(&unread()), None);
    assert_eq!(verdict(Some(&hidden), Some(&none), true), "differs");
}

#[test]
fn a_stream_that_can_be_read_again_is_compared_with_what_was_approved() {
    let one = file_with(Some(b"1 B"));
    let hidden = touched(&unread());
    let row = row(Some(&one), Some(seen(Some(&hidden), false)));
    let same = touched(&one);
    assert_eq!(verdict(Some(&row), Some(&same), true), "unchanged");
    let other = touched(&file_with(Some(b"2 B")));
    assert_eq!(verdict(Some(&row), Some(&other), true), "differs");
    let before = reference(Some(&row), Some(&other), Attributes::DEFAULT).unwrap();
    assert_eq!(before.xattrs, one.xattrs);
}

#[test]
fn a_difference_that_was_hidden_by_a_lock_and_is_none_any_more_is_told_to_be_closed() {
    let one = file_with(Some(b"1 B"));
    let row = row(Some(&one), Some(seen(Some(&touched(&unread())), true)));
    let now = touched(&one);
    assert_eq!(verdict(Some(&row), Some(&now), true), "differs");
    let before = reference(Some(&row), Some(&now), Attributes::DEFAULT).unwrap();
    let event = compare(
        Path::new("/w/f"),
        Some(&before),
        Some(&now),
        Attributes::DEFAULT,
    );
    let changed: Vec<String> = event.changed.iter().map(ToString::to_string).collect();
    assert_eq!(changed, ["extended_attributes.stream.s"]);
}

#[test]
fn a_stream_that_was_never_read_becomes_trusted_only_in_a_file_that_is_untouched_since() {
    let hidden = unread();
    let row = row(Some(&hidden), None);
    let read = file_with(Some(b"1 B"));
    assert_eq!(verdict(Some(&row), Some(&read), true), "extended");
    let policy = policy();
    let settled = settle(Some(&row), Some(&read), rule(&policy));
    assert_eq!(settled.trusted, Update::Put(read.clone()));
    assert_eq!(settled.seen, Update::Keep);
    assert_eq!(verdict(Some(&row), Some(&touched(&read)), true), "differs");
    // Refused once more, it is still as unknown as before.
    let again = touched(&unread());
    assert_eq!(verdict(Some(&row), Some(&again), true), "unchanged");
}

#[test]
fn a_stream_that_is_too_large_to_be_read_is_told_so_and_differs_only_in_its_size() {
    let before = file_with(Some(b"5 B sha256:00"));
    let trusted = row(Some(&before), None);
    let left = file_with(Some(b"5 B unread"));
    let (state, cause) = completed(touched(&left), None, &trusted);
    let told = "its stream s: larger than max_file_size, not read";
    assert_eq!(cause, Some(Cause::TooLarge(told.to_owned())));
    assert!(state.has_unread_streams(), "it is looked at again");
    let (_, cause) = completed(touched(&left), Some(Unread::TooLarge), &trusted);
    let both = format!("larger than max_file_size, content not read; {told}");
    assert_eq!(cause, Some(Cause::TooLarge(both)));
    assert_eq!(verdict(Some(&trusted), Some(&state), true), "unchanged");
    assert_eq!(completed(left, None, &trusted).0, before);
    // Another size is another content, whatever the times say.
    let grown = file_with(Some(b"6 B unread"));
    assert_eq!(completed(grown.clone(), None, &trusted).0, grown);
    assert_eq!(verdict(Some(&trusted), Some(&grown), true), "differs");
    let hidden = row(Some(&unread()), None);
    assert_eq!(
        verdict(Some(&hidden), Some(&touched(&grown)), true),
        "unchanged"
    );
}

#[test]
fn thousands_of_streams_are_gone_through_once_for_each_look() {
    let all = |value: &[u8]| {
        let mut pairs = vec![(NTFS_SECURITY.to_vec(), b"descriptor".to_vec())];
        let names = (0..5000).map(|number| format!("stream.{number}").into_bytes());
        pairs.extend(names.map(|name| (name, value.to_vec())));
        with(&file(b"content"), |state| {
            state.xattrs = Xattrs::from_pairs(pairs);
        })
    };
    let (before, hidden) = (all(b"1 B"), all(UNREAD_STREAM));
    let trusted = row(Some(&before), None);
    let (state, cause) = completed(hidden.clone(), None, &trusted);
    assert_eq!(state, before);
    let Some(Cause::Unreadable(told)) = cause else {
        panic!("{cause:?}")
    };
    assert!(
        told.ends_with("; its stream 1003: locked; and 4992 more"),
        "{told}"
    );
    let now = touched(&hidden);
    assert_eq!(verdict(Some(&trusted), Some(&now), true), "unchanged");
    let open = row(
        Some(&before),
        Some(seen(Some(&touched(&all(b"2 B"))), true)),
    );
    assert!(is_open(
        Some(&before),
        open.seen.as_ref(),
        Some(&now),
        Attributes::DEFAULT
    ));
    let closed = row(Some(&before), Some(seen(Some(&now), true)));
    assert_eq!(verdict(Some(&closed), Some(&before), true), "differs");
    let known = reference(Some(&closed), Some(&all(b"2 B")), Attributes::DEFAULT).unwrap();
    assert_eq!(known.xattrs, before.xattrs);
}
