//! Windows: what stands in the place of extended attributes, by the names that Linux gives it on
//! NTFS: the security descriptor, and what a reparse point is.
//!
//! Real extended attributes of NTFS are left out: the system itself keeps its caches in them.

use std::ffi::OsString;
use std::io;
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::io::AsHandle as _;

use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_REPARSE_POINT, FILE_ATTRIBUTE_TAG_INFO,
};

use super::Xattrs;
use super::decode::{NTFS_SECURITY, REPARSE_DATA, REPARSE_TAG};
use crate::nt::{Opened, fill, reparse_data, security};
use crate::ntfs::Reparse;
use crate::stat::Kind;

/// The tags of files whose content is in a cloud, whichever (`IO_REPARSE_TAG_CLOUD_…`): their data
/// change with the state of the copy.
const CLOUD: u32 = 0x9000_001a;
const CLOUD_MASK: u32 = 0xffff_0fff;

/// Returns the attributes of an open object, and where it leads if it is a link.
pub(crate) fn read(object: &Opened) -> io::Result<(Xattrs, Option<OsString>)> {
    let handle = object.handle.as_handle();
    let descriptor = security(handle, object.access)?;
    let mut pairs = vec![(NTFS_SECURITY.to_vec(), descriptor)];
    let tag: FILE_ATTRIBUTE_TAG_INFO = fill(handle)?;
    if tag.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT == 0 {
        return Ok((Xattrs::from_pairs(pairs), None));
    }
    let data = reparse_data(handle)?;
    let (tag, target) = match Reparse::decode(&data) {
        Some(Reparse { tag, target }) => (tag, target),
        None => (tag.ReparseTag, None),
    };
    pairs.push((REPARSE_TAG.to_vec(), Reparse::name(tag).into_bytes()));
    if target.is_none() && tag & CLOUD_MASK != CLOUD {
        pairs.push((REPARSE_DATA.to_vec(), data));
    }
    let target = target.map(|target| OsString::from_wide(&target));
    let is_link = Reparse::kind(tag) == Some(Kind::Symlink);
    Ok((Xattrs::from_pairs(pairs), target.filter(|_| is_link)))
}
