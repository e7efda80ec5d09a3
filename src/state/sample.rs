//! States and paths for the unit tests of this crate.
//!
//! Tests write paths with slashes; [`path`] makes those of this system of them.

use std::path::{Component, Path, PathBuf, absolute, is_separator};
use std::sync::LazyLock;

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

/// A name on every system and text on none: half of a pair of UTF-16, as WTF-8 has it.
pub(crate) const NO_TEXT: &[u8] = b"\xed\xa0\x80";

/// What stands before the first slash here: on Windows the current drive.
static DRIVE: LazyLock<String> = LazyLock::new(|| {
    let root = absolute("/").expect("every process has a current directory");
    let root = root.to_str().expect("a drive is a letter");
    root.trim_end_matches(is_separator).to_owned()
});

/// Returns a path or a pattern as it is written here: one from the root begins with its drive where
/// there are drives.
pub(crate) fn rooted(text: &str) -> String {
    match text.starts_with('/') {
        true => format!("{}{text}", *DRIVE),
        false => text.to_owned(),
    }
}

/// Returns a path that a test writes with slashes.
pub(crate) fn path(written: &str) -> PathBuf {
    Path::new(&rooted(written)).components().collect()
}

/// Returns how a test writes a path.
pub(crate) fn written(path: &Path) -> String {
    let names = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_str().expect("tests write text")),
        _ => None,
    });
    let names = names.collect::<Vec<&str>>().join("/");
    match path.has_root() {
        true => format!("/{names}"),
        false => names,
    }
}
