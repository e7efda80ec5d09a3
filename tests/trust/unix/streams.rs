//! What only looks like a stream of Windows. Judged as the program does: unit tests know streams on
//! every system. Where a name of an attribute is free, a run meets these very states.

use std::ffi::OsStr;

use waxseal::change::{Field, diff};
use waxseal::policy::Attributes;
use waxseal::state::{FileState, UNREAD_STREAM};
use waxseal_platform::dir::Dir;
use waxseal_platform::xattr::Xattrs;
use waxseal_platform::xattr::decode::NTFS_SECURITY;

use crate::util::Sandbox;

#[test]
fn an_attribute_that_says_it_is_a_stream_nobody_could_read_hides_nothing() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    let dir = Dir::open(&sandbox.path("")).unwrap();
    let state = |value: &[u8]| {
        let mut metadata = dir.metadata_child(OsStr::new("f")).unwrap();
        let descriptor = (NTFS_SECURITY.to_vec(), b"anything".to_vec());
        let stream = (b"stream.s".to_vec(), value.to_vec());
        metadata.xattrs = Xattrs::from_pairs(vec![descriptor, stream]);
        FileState::from(metadata)
    };
    let (before, mut now) = (state(b"1 B"), state(UNREAD_STREAM));
    assert_eq!(
        diff(&before, &now, Attributes::DEFAULT),
        [Field::Xattr(b"stream.s".to_vec())]
    );
    assert!(!now.has_unread_streams());
    now.take_streams(&before);
    assert_eq!(now, state(UNREAD_STREAM));
}
