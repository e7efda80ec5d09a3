//! Streams that are there and could not be read: their attribute says why, in the place of what is
//! in them.
//!
//! As with content that could not be read, that is no difference, closes none, and is looked at
//! again by every run.

use std::io;

use waxseal_platform::xattr::Xattrs;
use waxseal_platform::xattr::decode::{NTFS_SECURITY, STREAM};

use super::{FileState, escape};

/// What such a value begins with.
const UNREAD: &[u8] = b"unread: ";

/// Returns the value of a stream that could not be read.
pub fn unread_stream(error: &io::Error) -> Vec<u8> {
    [UNREAD, error.to_string().as_bytes()].concat()
}

impl FileState {
    /// Says whether an attribute is a stream that could not be read.
    pub fn is_unread_stream(&self, name: &[u8]) -> bool {
        self.unread_streams().any(|(unread, _)| unread == name)
    }

    /// Says whether there is a stream that could not be read.
    pub fn has_unread_streams(&self) -> bool {
        self.unread_streams().next().is_some()
    }

    /// Returns the attributes of streams that could not be read, and why.
    pub fn unread_streams(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let is_unread = |value: &[u8]| value.starts_with(UNREAD);
        let streams = self.xattrs.iter().filter(move |(name, value)| {
            // Elsewhere anybody may give an attribute such a name, but has no descriptor beside it.
            let is_stream = name.starts_with(STREAM) && is_unread(value);
            is_stream && self.xattrs.get(NTFS_SECURITY).is_some()
        });
        streams.map(|(name, value)| (name, value.strip_prefix(UNREAD).unwrap_or_default()))
    }

    /// Says for people which streams could not be read, and why; nothing where all could.
    pub fn refused_streams(&self) -> Option<String> {
        let shown = |(name, reason): (&[u8], &[u8])| {
            let name = escape::bytes(name.strip_prefix(STREAM).unwrap_or(name));
            format!("its stream {name}: {}", escape::bytes(reason))
        };
        let told: Vec<String> = self.unread_streams().map(shown).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// Takes what was in the streams that could not be read from another state, as far as that
    /// knows.
    pub fn take_streams(&mut self, other: &FileState) {
        if !self.has_unread_streams() {
            return;
        }
        let value = |(name, value): (&[u8], &[u8])| {
            let is_wanted = self.is_unread_stream(name) && !other.is_unread_stream(name);
            let known = other.xattrs.get(name).filter(|_| is_wanted);
            (name.to_vec(), known.unwrap_or(value).to_vec())
        };
        self.xattrs = Xattrs::from_pairs(self.xattrs.iter().map(value).collect());
    }
}
