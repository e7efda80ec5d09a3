//! States for the unit tests of this crate.

use waxseal_hashers::{HashTypes, Hasher};
use waxseal_platform::stat::{InodeFlags, Kind, Stat, Timestamp};
use waxseal_platform::xattr::Xattrs;

use super::FileState;

/// Returns the state of a regular file with this content.
pub(crate) fn file(content: &[u8]) -> FileState {
    FileState {
        stat: Stat {
            kind: Kind::File,
            device: 1,
            inode: 7,
            mode: 0o644,
            links: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            size: content.len() as u64,
            blocks: 8,
            accessed: Timestamp::new(10, 0),
            modified: Timestamp::new(20, 0),
            changed: Timestamp::new(30, 0),
            created: Some(Timestamp::new(5, 0)),
            flags: InodeFlags::default(),
        },
        target: None,
        xattrs: Xattrs::new(),
        digests: digests(content, "sha256"),
    }
}

/// Returns a state changed from another one.
pub(crate) fn with(state: &FileState, change: impl FnOnce(&mut FileState)) -> FileState {
    let mut changed = state.clone();
    change(&mut changed);
    changed
}

/// Returns the digests of some content.
pub(crate) fn digests(content: &[u8], types: &str) -> waxseal_hashers::Digests {
    let types: HashTypes = types.parse().expect("known hash types");
    let mut hasher = Hasher::new(types);
    hasher.update(content);
    hasher.finish()
}
