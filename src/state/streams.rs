//! Streams that are there and were not read: their attribute says so, in the place of what is in them.
//!
//! As with content that could not be read, that is no difference, closes none, and is looked at
//! again by every run. Why is said by each look and not remembered.

use waxseal_platform::xattr::decode::{HAS_STREAMS, STREAM};
use waxseal_platform::xattr::{Beside, Xattrs};

use super::FileState;

/// The value of a stream that could not be read, and the end of that of one that was not read for its
/// size. All others begin with the size, too, and end with a digest.
pub const UNREAD_STREAM: &[u8] = b"unread";

/// Whether such a value means anything. Unit tests judge streams on every system.
const ARE_STREAMS: bool = HAS_STREAMS || cfg!(test);

/// Says whether an attribute is there, and a stream that was not read.
pub fn is_unread_stream(name: &[u8], value: Option<&[u8]>) -> bool {
    ARE_STREAMS
        && name.starts_with(STREAM)
        && value.is_some_and(|value| value.ends_with(UNREAD_STREAM))
}

/// Says whether nothing but the digest can tell one stream from another: their sizes are the same, as
/// far as both are known.
pub fn may_be_same_stream(one: &[u8], other: &[u8]) -> bool {
    let size = |value| match value {
        UNREAD_STREAM => None,
        value => value.split(|byte| *byte == b' ').next(),
    };
    let sizes = size(one).zip(size(other));
    sizes.is_none_or(|(one, other)| one == other)
}

impl FileState {
    /// Says whether there is a stream that was not read.
    pub fn has_unread_streams(&self) -> bool {
        self.unread_streams().next().is_some()
    }

    /// Returns the attributes of streams that were not read.
    pub fn unread_streams(&self) -> impl Iterator<Item = &[u8]> {
        let streams = self.xattrs.iter();
        let unread = streams.filter(|(name, value)| is_unread_stream(name, Some(value)));
        unread.map(|(name, _)| name)
    }

    /// Takes what was in the streams that were not read from another state, as far as that knows.
    pub fn take_streams(&mut self, other: &FileState) {
        if !self.has_unread_streams() {
            return;
        }
        let both = self.xattrs.beside(&other.xattrs);
        let pair = |(name, own, known): Beside<'_>| {
            let is_wanted = is_unread_stream(name, own) && !is_unread_stream(name, known);
            let own = own?;
            let known = known.filter(|known| is_wanted && may_be_same_stream(own, known));
            Some((name.to_vec(), known.unwrap_or(own).to_vec()))
        };
        self.xattrs = Xattrs::from_pairs(both.filter_map(pair).collect());
    }
}
