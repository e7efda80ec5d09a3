//! Asking about an open object.

use std::ffi::OsString;
use std::io;
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::io::{AsRawHandle as _, BorrowedHandle};
use std::path::PathBuf;
use std::ptr;

use windows_sys::Wdk::Storage::FileSystem::NtQuerySecurityObject;
use windows_sys::Win32::Foundation::{
    ERROR_CALL_NOT_IMPLEMENTED, ERROR_FILE_NOT_FOUND, ERROR_HANDLE_EOF, ERROR_INVALID_FUNCTION,
    ERROR_INVALID_LEVEL, ERROR_INVALID_PARAMETER, ERROR_MORE_DATA, ERROR_NO_MORE_FILES,
    ERROR_NOT_SUPPORTED, STATUS_BUFFER_TOO_SMALL,
};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GROUP_SECURITY_INFORMATION, LABEL_SECURITY_INFORMATION,
    OWNER_SECURITY_INFORMATION, SACL_SECURITY_INFORMATION,
};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_ATTRIBUTE_TAG_INFO, FILE_BASIC_INFO, FILE_ID_INFO,
    FILE_INFO_BY_HANDLE_CLASS, FILE_NAME_NORMALIZED, FILE_STANDARD_INFO, FileAttributeTagInfo,
    FileBasicInfo, FileIdBothDirectoryInfo, FileIdBothDirectoryRestartInfo,
    FileIdExtdDirectoryInfo, FileIdExtdDirectoryRestartInfo, FileIdInfo, FileStandardInfo,
    FileStreamInfo, GetFileInformationByHandle, GetFileInformationByHandleEx,
    GetFinalPathNameByHandleW,
};
use windows_sys::Win32::System::IO::DeviceIoControl;
use windows_sys::Win32::System::Ioctl::FSCTL_GET_REPARSE_POINT;

use super::open::Access;
use crate::ntfs::Form;
use crate::windows::code_of;

/// `MAXIMUM_REPARSE_DATA_BUFFER_SIZE`.
const REPARSE_DATA: usize = 16 * 1024;

/// No security descriptor is larger: an access list has a 16-bit length, and there are two.
const DESCRIPTOR: usize = 256 * 1024;

/// A list of streams beyond this is refused.
const STREAMS: usize = 16 << 20;

/// A structure that the kernel fills in as a whole, of numbers only.
pub(crate) trait Info: Default {
    /// The number by which it is asked for.
    const CLASS: FILE_INFO_BY_HANDLE_CLASS;
}

impl Info for FILE_BASIC_INFO {
    const CLASS: FILE_INFO_BY_HANDLE_CLASS = FileBasicInfo;
}

impl Info for FILE_STANDARD_INFO {
    const CLASS: FILE_INFO_BY_HANDLE_CLASS = FileStandardInfo;
}

impl Info for FILE_ID_INFO {
    const CLASS: FILE_INFO_BY_HANDLE_CLASS = FileIdInfo;
}

impl Info for FILE_ATTRIBUTE_TAG_INFO {
    const CLASS: FILE_INFO_BY_HANDLE_CLASS = FileAttributeTagInfo;
}

/// Returns what the kernel says of an object.
pub(crate) fn fill<T: Info>(object: BorrowedHandle<'_>) -> io::Result<T> {
    let mut info = T::default();
    let (to, size) = (&raw mut info, size_of::<T>() as u32);
    // SAFETY: the handle is open, `to` is live, of this size, and of numbers only.
    let done =
        unsafe { GetFileInformationByHandleEx(object.as_raw_handle(), T::CLASS, to.cast(), size) };
    match done {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(info),
    }
}

/// Returns the number of the volume that an object is on, and its own there.
pub(crate) fn identity(object: BorrowedHandle<'_>) -> io::Result<(u64, u128)> {
    match fill(object) {
        Ok(FILE_ID_INFO {
            VolumeSerialNumber: volume,
            FileId: id,
        }) => Ok((volume, u128::from_le_bytes(id.Identifier))),
        // FAT has only the older, shorter numbers.
        Err(error) if is_unknown(&error) => short_identity(object),
        Err(error) => Err(error),
    }
}

fn short_identity(object: BorrowedHandle<'_>) -> io::Result<(u64, u128)> {
    let mut info = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open, and the structure live.
    let done = unsafe { GetFileInformationByHandle(object.as_raw_handle(), &raw mut info) };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    let id = u64::from(info.nFileIndexHigh) << 32 | u64::from(info.nFileIndexLow);
    Ok((u64::from(info.dwVolumeSerialNumber), u128::from(id)))
}

/// Says whether a file system does not know what it was asked for.
fn is_unknown(error: &io::Error) -> bool {
    matches!(
        code_of(error),
        ERROR_INVALID_PARAMETER
            | ERROR_INVALID_FUNCTION
            | ERROR_INVALID_LEVEL
            | ERROR_NOT_SUPPORTED
            | ERROR_CALL_NOT_IMPLEMENTED
    )
}

/// Fills a buffer with the next entries of a directory, in this form; `false` when there are no more,
/// and `None` when the system or the file system does not know the form.
///
/// The buffer is of `u64` because the entries are aligned so.
pub(crate) fn listing(
    dir: BorrowedHandle<'_>,
    form: Form,
    is_first: bool,
    buffer: &mut [u64],
) -> io::Result<Option<bool>> {
    let class = match (form, is_first) {
        (Form::Extended, true) => FileIdExtdDirectoryRestartInfo,
        (Form::Extended, false) => FileIdExtdDirectoryInfo,
        (Form::Both, true) => FileIdBothDirectoryRestartInfo,
        (Form::Both, false) => FileIdBothDirectoryInfo,
    };
    buffer.fill(0);
    let (to, size) = (buffer.as_mut_ptr(), size_of_val(buffer) as u32);
    // SAFETY: the handle is open, and `to` has room for `size` bytes.
    let done = unsafe { GetFileInformationByHandleEx(dir.as_raw_handle(), class, to.cast(), size) };
    if done != 0 {
        return Ok(Some(true));
    }
    let error = io::Error::last_os_error();
    match code_of(&error) {
        // The second is said of the root of an empty volume, which has no `.` either.
        ERROR_NO_MORE_FILES | ERROR_FILE_NOT_FOUND => Ok(Some(false)),
        _ if is_unknown(&error) => Ok(None),
        _ => Err(error),
    }
}

/// Returns the list of an object's streams, or nothing where the file system has none.
pub(crate) fn streams(object: BorrowedHandle<'_>) -> io::Result<Vec<u8>> {
    let mut size = 4096;
    loop {
        let mut buffer = vec![0_u64; size / 8];
        let to = buffer.as_mut_ptr();
        // SAFETY: the handle is open, and `to` has room for `size` bytes.
        let done = unsafe {
            GetFileInformationByHandleEx(
                object.as_raw_handle(),
                FileStreamInfo,
                to.cast(),
                size as u32,
            )
        };
        if done != 0 {
            return Ok(buffer.into_iter().flat_map(u64::to_ne_bytes).collect());
        }
        let error = io::Error::last_os_error();
        match code_of(&error) {
            ERROR_MORE_DATA if size < STREAMS => size *= 4,
            ERROR_HANDLE_EOF => return Ok(Vec::new()),
            _ if is_unknown(&error) => return Ok(Vec::new()),
            _ => return Err(error),
        }
    }
}

/// Returns the reparse data of an object that has some.
pub(crate) fn reparse_data(object: BorrowedHandle<'_>) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0_u8; REPARSE_DATA];
    let mut filled = 0;
    let (to, size, to_filled) = (buffer.as_mut_ptr(), buffer.len() as u32, &raw mut filled);
    // SAFETY: the handle is open, `to` has room for `size` bytes, and nothing is handed over.
    let done = unsafe {
        DeviceIoControl(
            object.as_raw_handle(),
            FSCTL_GET_REPARSE_POINT,
            ptr::null(),
            0,
            to.cast(),
            size,
            to_filled,
            ptr::null_mut(),
        )
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    buffer.truncate(filled as usize);
    Ok(buffer)
}

/// Returns the security descriptor of an object, as much of it as its handle lets see; empty when
/// that is nothing.
pub(crate) fn security(object: BorrowedHandle<'_>, access: Access) -> io::Result<Vec<u8>> {
    let control = OWNER_SECURITY_INFORMATION
        | GROUP_SECURITY_INFORMATION
        | DACL_SECURITY_INFORMATION
        | LABEL_SECURITY_INFORMATION;
    let wanted = match access {
        Access::None => return Ok(Vec::new()),
        Access::Control => control,
        Access::Whole => control | SACL_SECURITY_INFORMATION,
    };
    let mut size = 512;
    loop {
        let mut descriptor = vec![0_u8; size];
        let mut needed = 0;
        let (to, to_needed) = (descriptor.as_mut_ptr(), &raw mut needed);
        // SAFETY: the handle is open, and `to` has room for `size` bytes.
        let status = unsafe {
            NtQuerySecurityObject(
                object.as_raw_handle(),
                wanted,
                to.cast(),
                size as u32,
                to_needed,
            )
        };
        match status {
            STATUS_BUFFER_TOO_SMALL if size < DESCRIPTOR => size = DESCRIPTOR,
            0.. => {
                descriptor.truncate(needed as usize);
                return Ok(descriptor);
            }
            status => return Err(super::error(status)),
        }
    }
}

/// Returns the path of an open object, with the letters that its names have on the disk; without a
/// link's being followed if the object is one.
pub(crate) fn final_path(object: BorrowedHandle<'_>) -> io::Result<PathBuf> {
    let handle = object.as_raw_handle();
    let mut units = vec![0_u16; 1024];
    loop {
        let (to, size) = (units.as_mut_ptr(), units.len() as u32);
        // SAFETY: the handle is open, and `to` has room for `size` units.
        let len = unsafe { GetFinalPathNameByHandleW(handle, to, size, FILE_NAME_NORMALIZED) };
        match len as usize {
            0 => return Err(io::Error::last_os_error()),
            // Without the NUL at the end, which is counted where there is no room.
            len if len < units.len() => {
                units.truncate(len);
                return Ok(PathBuf::from(OsString::from_wide(&units)));
            }
            len => units.resize(len + 1, 0),
        }
    }
}
