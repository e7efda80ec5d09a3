//! Streams that are there and could not be read: their attribute says so, in the place of what is in
//! them.
//!
//! As with content that could not be read, that is no difference, closes none, and is looked at
//! again by every run. Why is said by each look and not remembered.

use waxseal_platform::xattr::decode::{HAS_STREAMS, STREAM};
use waxseal_platform::xattr::{Beside, Xattrs};

use super::FileState;

/// The value of a stream that could not be read; that of any other begins with its size.
pub const UNREAD_STREAM: &[u8] = b"unread";

/// Whether such a value means anything. Unit tests judge streams on every system.
const ARE_STREAMS: bool = HAS_STREAMS || cfg!(test);

/// Says whether an attribute is there, and a stream that could not be read.
pub fn is_unread_stream(name: &[u8], value: Option<&[u8]>) -> bool {
    ARE_STREAMS && name.starts_with(STREAM) && value == Some(UNREAD_STREAM)
}

impl FileState {
    /// Says whether there is a stream that could not be read.
    pub fn has_unread_streams(&self) -> bool {
        self.unread_streams().next().is_some()
    }

    /// Returns the attributes of streams that could not be read.
    pub fn unread_streams(&self) -> impl Iterator<Item = &[u8]> {
        let streams = self.xattrs.iter();
        let unread = streams.filter(|(name, value)| is_unread_stream(name, Some(value)));
        unread.map(|(name, _)| name)
    }

    /// Takes what was in the streams that could not be read from another state, as far as that
    /// knows.
    pub fn take_streams(&mut self, other: &FileState) {
        if !self.has_unread_streams() {
            return;
        }
        let both = self.xattrs.beside(&other.xattrs);
        let pair = |(name, own, known): Beside<'_>| {
            let known = known.filter(|_| is_unread_stream(name, own));
            own.map(|own| (name.to_vec(), known.unwrap_or(own).to_vec()))
        };
        self.xattrs = Xattrs::from_pairs(both.filter_map(pair).collect());
    }
}
