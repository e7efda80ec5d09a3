//! What the operating system says about one file: [`Stat`] and the types it is made of.
//!
//! Filled by `dir` (listings, single objects) and `file` (open files), compared by the policy's
//! attributes, stored in the baseline. The numbers behind [`Kind`] and [`InodeFlags`] are our own
//! and go to disk, so they never change meaning. Nothing here follows a link or opens a file.

#[cfg_attr(
    not(target_os = "macos"),
    allow(dead_code, reason = "compiled everywhere to be tested everywhere")
)]
mod bsd;
mod flags;
mod timestamp;

pub use flags::InodeFlags;
pub use timestamp::Timestamp;

#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(target_os = "macos")]
pub(crate) mod macos;
#[cfg(unix)]
pub(crate) mod unix;
#[cfg(windows)]
pub(crate) mod windows;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

/// The kind of a file system object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A regular file, the only kind whose content is read.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A Unix domain socket.
    Socket,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
}

impl Kind {
    /// Every kind, in the order of its code.
    pub const ALL: [Kind; 7] = [
        Kind::File,
        Kind::Directory,
        Kind::Symlink,
        Kind::Fifo,
        Kind::Socket,
        Kind::CharDevice,
        Kind::BlockDevice,
    ];

    /// Returns the number that stands for this kind on disk; it is never reused.
    pub fn code(self) -> u8 {
        match self {
            Kind::File => 1,
            Kind::Directory => 2,
            Kind::Symlink => 3,
            Kind::Fifo => 4,
            Kind::Socket => 5,
            Kind::CharDevice => 6,
            Kind::BlockDevice => 7,
        }
    }

    /// Returns the kind with this on-disk number.
    pub fn from_code(code: u8) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Returns the value of ECS `file.type`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::File => "file",
            Kind::Directory => "dir",
            Kind::Symlink => "symlink",
            Kind::Fifo => "fifo",
            Kind::Socket => "socket",
            Kind::CharDevice => "char_device",
            Kind::BlockDevice => "block_device",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The error of parsing a [`Kind`] from an unknown name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown file kind {0:?}: use one of file, dir, symlink, fifo, socket, char_device, block_device"
)]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Kind, UnknownKind> {
        let found = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| UnknownKind(name.to_owned()))
    }
}

/// Everything the operating system tells about one object without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// What the object is.
    pub kind: Kind,
    /// The device it lives on, see [`major`] and [`minor`].
    pub device: u64,
    /// Its number on that device.
    pub inode: u64,
    /// Permission bits with setuid, setgid and sticky: `mode & 0o7777`.
    pub mode: u32,
    /// How many names it has; 0 in a listing that does not tell, as on Windows.
    pub links: u64,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// The device it stands for, when it is a device node; otherwise 0.
    pub rdev: u64,
    /// Its length in bytes.
    pub size: u64,
    /// The space it takes, in units of 512 bytes.
    pub blocks: u64,
    /// When it was last read.
    pub accessed: Timestamp,
    /// When its content last changed; anybody may set it.
    pub modified: Timestamp,
    /// When content or metadata last changed; only the kernel sets it.
    pub changed: Timestamp,
    /// When it was created, where the file system remembers that.
    pub created: Option<Timestamp>,
    /// Inode flags such as immutable; a listing knows only some, see [`InodeFlags::LISTED`].
    pub flags: InodeFlags,
}

/// Packs a device number as `major << 32 | minor`.
pub fn device(major: u32, minor: u32) -> u64 {
    u64::from(major) << 32 | u64::from(minor)
}

/// Returns the major half of a packed device number.
pub fn major(device: u64) -> u32 {
    (device >> 32) as u32
}

/// Returns the minor half of a packed device number.
pub fn minor(device: u64) -> u32 {
    device as u32
}
