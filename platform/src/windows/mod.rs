//! What the files for Windows of several concerns ask of it: wide strings, paths without exceptions,
//! who we are, and who may reach a file.

mod paths;
mod security;
mod token;

pub(crate) use paths::{absolute, bad_name, verbatim, wide_path};
pub(crate) use security::{Private, descriptor_of, explain};
pub(crate) use token::{account_name, is_administrator, own_token, user};

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::windows::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::windows::io::{FromRawHandle as _, OwnedHandle};
use std::path::{Path, PathBuf};
use std::time::Duration;

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{
    CREATE_NEW, CreateDirectoryW, CreateFileW, FILE_ATTRIBUTE_NORMAL, FILE_SHARE_DELETE,
    FILE_SHARE_READ, FILE_SHARE_WRITE,
};

/// Lets everybody else read, write, rename and delete what we have open.
pub(crate) const SHARE_ALL: u32 = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

/// Returns the units of a text with the NUL that ends it; a NUL within is an error.
pub(crate) fn wide(text: &OsStr) -> io::Result<Vec<u16>> {
    let mut units: Vec<u16> = text.encode_wide().collect();
    if units.contains(&0) {
        let message = "there is a NUL in the name";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    units.push(0);
    Ok(units)
}

/// Returns the path that a buffer holds up to its NUL.
pub(crate) fn path_of(units: &[u16]) -> PathBuf {
    let length = units.iter().position(|&unit| unit == 0);
    let name = units.get(..length.unwrap_or(units.len())).unwrap_or(units);
    OsString::from_wide(name).into()
}

/// Makes a directory that has this access list from the first moment on.
pub(crate) fn create_dir(path: &Path, private: &Private) -> io::Result<()> {
    let path = wide_path(path)?;
    // SAFETY: the path ends with a NUL, and both outlive the call.
    let made = unsafe { CreateDirectoryW(path.as_ptr(), &raw const private.attributes) };
    succeeded(made)
}

/// Makes a file that has this access list from the first moment on; it must not exist.
pub(crate) fn create_file(path: &Path, access: u32, private: &Private) -> io::Result<File> {
    let path = wide_path(path)?;
    // SAFETY: the path ends with a NUL, and both outlive the call.
    let handle = unsafe {
        CreateFileW(
            path.as_ptr(),
            access,
            SHARE_ALL,
            &raw const private.attributes,
            CREATE_NEW,
            FILE_ATTRIBUTE_NORMAL,
            std::ptr::null_mut(),
        )
    };
    owned(handle).map(File::from)
}

/// Takes over the handle that a call returned, or its error.
pub(crate) fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call returned a handle that is open and nobody else's.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Turns the `BOOL` that a call returned into its error.
pub(crate) fn succeeded(result: windows_sys::core::BOOL) -> io::Result<()> {
    match result {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Returns the number of the system's error, 0 for another one.
pub(crate) fn code_of(error: &io::Error) -> u32 {
    error.raw_os_error().unwrap_or_default().cast_unsigned()
}

/// Returns a time as the system takes it, and never "for ever". Rounded up, so that nobody asks again
/// and again for the last bit of a millisecond.
pub(crate) fn millis(time: Duration) -> u32 {
    let whole = time.as_nanos().div_ceil(1_000_000);
    u32::try_from(whole).unwrap_or(u32::MAX).min(u32::MAX - 1)
}
