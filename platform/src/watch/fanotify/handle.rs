//! Handles: what the kernel names an object by, wherever it is and whatever it is called.
//!
//! A handle is opaque bytes, good for comparing only. It stays the same over renames and is never
//! given to another object while the first one can still be meant.

use std::hash::{BuildHasher, Hash, Hasher};

/// The kernel makes no longer handles (`MAX_HANDLE_SZ`).
pub(super) const LONGEST: usize = 128;

/// Long enough for ext4, XFS, tmpfs and Btrfs without an allocation.
const INLINE: usize = 22;

/// A handle in somebody else's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct HandleRef<'b> {
    /// The file system, as `statfs` numbers it.
    pub(super) fsid: u64,
    /// How to read the bytes, known to the file system only.
    pub(super) kind: i32,
    /// The bytes.
    pub(super) bytes: &'b [u8],
}

impl HandleRef<'_> {
    /// Returns a handle that keeps its bytes.
    pub(super) fn to_owned(self) -> Handle {
        Handle {
            fsid: self.fsid,
            kind: self.kind,
            bytes: Bytes::new(self.bytes),
        }
    }

    /// Returns its hash; equal for equal handles.
    pub(super) fn hash_with(self, state: &impl BuildHasher) -> u64 {
        state.hash_one(self)
    }
}

/// A handle that is kept.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    fsid: u64,
    kind: i32,
    bytes: Bytes,
}

impl Handle {
    /// Returns it for comparing.
    pub(super) fn borrowed(&self) -> HandleRef<'_> {
        HandleRef {
            fsid: self.fsid,
            kind: self.kind,
            bytes: self.bytes.get(),
        }
    }
}

impl PartialEq for Handle {
    fn eq(&self, other: &Handle) -> bool {
        self.borrowed() == other.borrowed()
    }
}

impl Eq for Handle {}

impl Hash for Handle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.borrowed().hash(state);
    }
}

/// Bytes kept in place when they are few: there is one handle for each directory covered.
#[derive(Clone, Debug)]
enum Bytes {
    Inline { len: u8, bytes: [u8; INLINE] },
    Boxed(Box<[u8]>),
}

impl Bytes {
    fn new(from: &[u8]) -> Bytes {
        let mut bytes = [0; INLINE];
        match (bytes.get_mut(..from.len()), u8::try_from(from.len())) {
            (Some(place), Ok(len)) => {
                place.copy_from_slice(from);
                Bytes::Inline { len, bytes }
            }
            _ => Bytes::Boxed(from.into()),
        }
    }

    fn get(&self) -> &[u8] {
        match self {
            Bytes::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Bytes::Boxed(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use super::*;

    #[test]
    fn what_is_kept_is_what_was_given() {
        let state = RandomState::new();
        for len in [0, 1, 8, INLINE - 1, INLINE, INLINE + 1, LONGEST] {
            let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let given = HandleRef {
                fsid: 7,
                kind: 1,
                bytes: &bytes,
            };
            let kept = given.to_owned();
            assert_eq!(kept.borrowed(), given);
            assert_eq!(kept.borrowed().hash_with(&state), given.hash_with(&state));
            let other = HandleRef { fsid: 8, ..given };
            assert_ne!(kept, other.to_owned());
        }
    }

    #[test]
    fn a_handle_is_small() {
        assert!(size_of::<Handle>() <= 40);
    }
}
