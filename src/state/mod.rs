//! What is remembered of one path: [`FileState`].
//!
//! Made by `inspect`, stored by `baseline`, compared by `change`. It holds facts only; which of
//! them count is the policy's business.

pub mod escape;

mod streams;

#[cfg(test)]
pub(crate) mod sample;

pub use streams::{UNREAD_STREAM, is_unread_stream, may_be_same_stream};

use std::ffi::OsString;

use waxseal_hashers::Digests;
use waxseal_platform::dir::Metadata;
use waxseal_platform::stat::Stat;
use waxseal_platform::xattr::Xattrs;

/// Everything remembered of one file system object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileState {
    /// What the operating system says: kind, identity, size, times, owner, mode, flags.
    pub stat: Stat,
    /// Where a symbolic link points, as written in it.
    pub target: Option<OsString>,
    /// All extended attributes, ACLs and labels among them.
    pub xattrs: Xattrs,
    /// The digests of a regular file's content; empty for everything else.
    pub digests: Digests,
}

impl FileState {
    /// Says whether a later listing shows the object untouched since this state was taken.
    ///
    /// On Unix the kernel alone sets the change time, so equal size, times, inode and device mean equal
    /// content and metadata unless someone wrote to the raw device or set the clock back; a scan
    /// with `--full` is for those. On Windows whoever may write attributes can set it.
    pub fn is_untouched(&self, listed: &Stat) -> bool {
        let stat = &self.stat;
        stat.kind == listed.kind
            && stat.size == listed.size
            && stat.modified == listed.modified
            && stat.changed == listed.changed
            && stat.inode == listed.inode
            && stat.device == listed.device
    }
}

impl From<Metadata> for FileState {
    fn from(metadata: Metadata) -> FileState {
        FileState {
            stat: metadata.stat,
            target: metadata.target,
            xattrs: metadata.xattrs,
            digests: Digests::new(),
        }
    }
}
