//! Windows: access lists, and a lock far behind the end of a file.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::os::windows::io::AsRawHandle as _;
use std::path::Path;

use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, ERROR_LOCK_VIOLATION, GENERIC_READ, GENERIC_WRITE,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT, FILE_READ_ATTRIBUTES, GetDriveTypeW,
    GetVolumePathNameW, LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx,
    READ_CONTROL,
};
use windows_sys::Win32::System::IO::{OVERLAPPED, OVERLAPPED_0, OVERLAPPED_0_0};
use windows_sys::Win32::System::WindowsProgramming::DRIVE_REMOTE;

use super::{FilesystemKind, PrivateError};
use crate::acl::Intruder;
use crate::windows::{
    Private, SHARE_ALL, code_of, create_dir, create_file, descriptor_of, explain, succeeded, user,
    wide,
};

/// Where the byte is that stands for the whole file, in units of 4 GiB. Locks of Windows keep
/// others from reading what is locked, and the file's content is for them to read.
const LOCKED_BYTE: u32 = 0x4000_0000;

pub(super) fn create_dir_private(path: &Path) -> io::Result<()> {
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        fs::create_dir_all(parent)?;
    }
    match create_dir(path, &Private::for_dir()?) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        created => created,
    }
}

pub(super) fn create_file_private(path: &Path) -> io::Result<File> {
    create_file(path, GENERIC_READ | GENERIC_WRITE, &Private::for_object()?)
}

pub(super) fn ensure_private_dir(path: &Path) -> Result<(), PrivateError> {
    let failed = |source| PrivateError::Io {
        path: path.to_owned(),
        source,
    };
    if let Err(error) = path.symlink_metadata()
        && error.kind() == io::ErrorKind::NotFound
    {
        create_dir_private(path).map_err(failed)?;
    }
    // The object itself is asked, so that nobody can put another one in its place meanwhile.
    let dir = OpenOptions::new()
        .access_mode(READ_CONTROL | FILE_READ_ATTRIBUTES)
        .share_mode(SHARE_ALL)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path)
        .map_err(failed)?;
    let found = dir.metadata().map_err(failed)?;
    // Junctions are links to Rust's eyes, too.
    if !found.is_dir() || found.file_type().is_symlink() {
        return Err(PrivateError::NotADirectory {
            path: path.to_owned(),
        });
    }
    let descriptor = descriptor_of(&dir).map_err(failed)?;
    let intruder = user()
        .map(|user| descriptor.intruder(user))
        .map_err(failed)?;
    intruder.map_or(Ok(()), |intruder| Err(open_to(path, &intruder)))
}

fn open_to(path: &Path, intruder: &Intruder) -> PrivateError {
    let (how, who, next) = explain(path, intruder);
    PrivateError::OpenToOthers {
        path: path.to_owned(),
        how,
        who,
        next,
    }
}

pub(super) fn may_write(path: &Path) -> io::Result<()> {
    // Other than on Unix, no lock ends when another handle is closed.
    let opened = OpenOptions::new()
        .write(true)
        .share_mode(SHARE_ALL)
        .open(path);
    opened.map(drop)
}

pub(super) fn lock_exclusive(file: &File) -> io::Result<bool> {
    let mut at = OVERLAPPED {
        Anonymous: OVERLAPPED_0 {
            Anonymous: OVERLAPPED_0_0 {
                Offset: 0,
                OffsetHigh: LOCKED_BYTE,
            },
        },
        ..OVERLAPPED::default()
    };
    let flags = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: the file is open and was not opened for overlapped work, so the call is over when it
    // returns.
    let locked = unsafe { LockFileEx(file.as_raw_handle(), flags, 0, 1, 0, &raw mut at) };
    match succeeded(locked) {
        Ok(()) => Ok(true),
        Err(error) => match code_of(&error) {
            ERROR_LOCK_VIOLATION | ERROR_IO_PENDING => Ok(false),
            _ => Err(error),
        },
    }
}

pub(super) fn filesystem_kind(path: &Path) -> io::Result<FilesystemKind> {
    // The call below makes up an answer for what does not exist.
    let path = std::path::absolute(path)?;
    path.metadata()?;
    let name = wide(path.as_os_str())?;
    // The answer is a beginning of the path, or the name of a volume.
    let mut volume = vec![0_u16; name.len().max(64) + 2];
    // SAFETY: the path ends with a NUL, and the call writes no more than the room there is.
    succeeded(unsafe {
        GetVolumePathNameW(name.as_ptr(), volume.as_mut_ptr(), volume.len() as u32)
    })?;
    // SAFETY: the call before ended the name of the volume with a NUL.
    let kind = unsafe { GetDriveTypeW(volume.as_ptr()) };
    Ok(match kind {
        DRIVE_REMOTE => FilesystemKind::Network("a network drive"),
        _ => FilesystemKind::Local,
    })
}
