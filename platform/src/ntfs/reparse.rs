//! Reparse points: links, junctions and what file system filters have put aside
//! (MS-FSCC 2.1.2, <https://learn.microsoft.com/openspecs/windows_protocols/ms-fscc/>).

use super::{u16_at, u32_at, units};
use crate::stat::Kind;

const SYMLINK: u32 = 0xa000_000c;
/// Junctions, and places where a volume is mounted.
const MOUNT_POINT: u32 = 0xa000_0003;
/// Links, sockets, pipes and devices of the Windows subsystem for Linux.
const LX_SYMLINK: u32 = 0xa000_001d;
const AF_UNIX: u32 = 0x8000_0023;
const LX_FIFO: u32 = 0x8000_0024;
const LX_CHAR: u32 = 0x8000_0025;
const LX_BLOCK: u32 = 0x8000_0026;
/// The bit of tags that stand for something elsewhere.
const NAME_SURROGATE: u32 = 0x2000_0000;
/// Where the data of a symbolic link or junction begins.
const DATA: usize = 8;

/// What a reparse point is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reparse {
    /// Its tag.
    pub tag: u32,
    /// Where it leads, in 16-bit units as the system follows it, if it is a link or a junction.
    pub target: Option<Vec<u16>>,
}

impl Reparse {
    /// Decodes the answer of `FSCTL_GET_REPARSE_POINT`; a link whose target cannot be found in it has
    /// none.
    pub fn decode(data: &[u8]) -> Option<Reparse> {
        let tag = u32_at(data, 0)?;
        let target = match tag {
            SYMLINK => target(data, DATA + 12),
            MOUNT_POINT => target(data, DATA + 8),
            LX_SYMLINK => linux_target(data),
            _ => None,
        };
        Some(Reparse { tag, target })
    }

    /// Returns the kind of object that a tag makes of a file, if it does: what stands for something
    /// elsewhere is a link, and is neither entered nor read.
    pub fn kind(tag: u32) -> Option<Kind> {
        match tag {
            AF_UNIX => Some(Kind::Socket),
            LX_FIFO => Some(Kind::Fifo),
            LX_CHAR => Some(Kind::CharDevice),
            LX_BLOCK => Some(Kind::BlockDevice),
            tag if tag & NAME_SURROGATE != 0 => Some(Kind::Symlink),
            _ => None,
        }
    }

    /// Returns a tag in words where there are some.
    pub fn name(tag: u32) -> String {
        match tag {
            SYMLINK => "symlink".to_owned(),
            MOUNT_POINT => "junction".to_owned(),
            LX_SYMLINK => "lx_symlink".to_owned(),
            tag => format!("{tag:#010x}"),
        }
    }
}

/// Returns the substitute name, which is the one that counts; the other is for people to read.
fn target(data: &[u8], names: usize) -> Option<Vec<u16>> {
    let offset = usize::from(u16_at(data, DATA)?);
    let len = usize::from(u16_at(data, DATA + 2)?);
    units(data, names + offset, len)
}

/// Returns the target of a link of the subsystem for Linux: a version, then UTF-8.
fn linux_target(data: &[u8]) -> Option<Vec<u16>> {
    let len = usize::from(u16_at(data, 4)?);
    let target = data.get(DATA..DATA.checked_add(len)?)?.get(4..)?;
    Some(std::str::from_utf8(target).ok()?.encode_utf16().collect())
}
