//! Windows: objects opened below an open directory by one name, as the kernel's own interface does
//! it, and what is asked of them.
//!
//! `NtCreateFile` takes the handle of a directory and a name in it, so nobody can swap a parent for
//! a junction in between, and it takes every name that a file system can have: `CON`, `file.` and
//! `file ` are names like others here, and no path is too long. Nothing is ever opened in a way
//! that keeps somebody else from reading, writing, renaming or deleting it.
//!
//! Facts: <https://learn.microsoft.com/windows/win32/api/winternl/nf-winternl-ntcreatefile>.

mod open;
mod privileges;
mod query;

#[cfg(test)]
mod tests;

pub(crate) use open::{Access, File as Opened, What, child, path, stream, through};
pub(crate) use query::{fill, final_path, identity, listing, reparse_data, security, streams};

use std::io;

use windows_sys::Win32::Foundation::{NTSTATUS, RtlNtStatusToDosError, STATUS_DELETE_PENDING};

/// `ERROR_FILE_NOT_FOUND`.
const NOT_FOUND: i32 = 2;

/// Returns the error that a status of the kernel stands for.
fn error(status: NTSTATUS) -> io::Error {
    if status == STATUS_DELETE_PENDING {
        // It has a name until its last handle is closed, but nobody can reach it any more.
        return io::Error::from_raw_os_error(NOT_FOUND);
    }
    // SAFETY: the function takes any number.
    let code = unsafe { RtlNtStatusToDosError(status) };
    io::Error::from_raw_os_error(code.cast_signed())
}
