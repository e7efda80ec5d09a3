//! Opening: [`child`], [`path`] and [`stream`].

use std::ffi::OsStr;
use std::io;
use std::os::windows::ffi::OsStrExt as _;
use std::os::windows::io::{AsRawHandle as _, BorrowedHandle, FromRawHandle as _, OwnedHandle};
use std::path::{Component, Path, PathBuf, Prefix};
use std::ptr;

use windows_sys::Wdk::Foundation::OBJECT_ATTRIBUTES;
use windows_sys::Wdk::Storage::FileSystem::{
    FILE_COMPLETE_IF_OPLOCKED, FILE_DIRECTORY_FILE, FILE_NON_DIRECTORY_FILE, FILE_OPEN,
    FILE_OPEN_FOR_BACKUP_INTENT, FILE_OPEN_NO_RECALL, FILE_OPEN_REPARSE_POINT,
    FILE_SEQUENTIAL_ONLY, FILE_SYNCHRONOUS_IO_NONALERT, NtCreateFile,
};
use windows_sys::Win32::Foundation::{
    HANDLE, OBJ_CASE_INSENSITIVE, OBJECT_ATTRIBUTE_FLAGS, STATUS_ACCESS_DENIED,
    STATUS_NAME_TOO_LONG, STATUS_OPLOCK_BREAK_IN_PROGRESS, STATUS_PRIVILEGE_NOT_HELD,
    STATUS_SHARING_VIOLATION, UNICODE_STRING,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_LIST_DIRECTORY, FILE_READ_ATTRIBUTES, FILE_READ_DATA, FILE_SHARE_DELETE, FILE_SHARE_READ,
    FILE_SHARE_WRITE, FILE_TRAVERSE, READ_CONTROL, SYNCHRONIZE,
};
use windows_sys::Win32::System::IO::IO_STATUS_BLOCK;
use windows_sys::Win32::System::SystemServices::ACCESS_SYSTEM_SECURITY;

use super::privileges;
use crate::windows::absolute;

/// What is to be done with what is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Ask about it, whatever it is.
    Ask,
    /// List it, a directory.
    List,
    /// Read it, a file.
    Read,
    /// Read what a file system filter makes of it, a file with a reparse point that is no link.
    ReadThrough,
}

/// How much of the security descriptor a handle lets see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing.
    None,
    /// Owner, group and who may do what.
    Control,
    /// That and what is audited.
    Whole,
}

/// An open object.
#[derive(Debug)]
pub(crate) struct File {
    /// Its handle.
    pub(crate) handle: OwnedHandle,
    /// What it lets see of the security descriptor.
    pub(crate) access: Access,
}

/// Opens an object in a directory; a link, junction or other reparse point is opened itself.
pub(crate) fn child(dir: BorrowedHandle<'_>, name: &OsStr, what: What) -> io::Result<File> {
    let units = checked(name)?;
    open(Some(dir), &units, what, 0)
}

/// Opens a file once more that has a reparse point which is no link, so that what reads get is its
/// content: of a deduplicated file the reparse point itself has nothing.
pub(crate) fn through(file: BorrowedHandle<'_>) -> io::Result<File> {
    open(Some(file), &[], What::ReadThrough, 0)
}

/// Opens a stream of an open object to be read.
pub(crate) fn stream(object: BorrowedHandle<'_>, name: &OsStr) -> io::Result<File> {
    let units: Vec<u16> = [u16::from(b':')]
        .into_iter()
        .chain(name.encode_wide())
        .collect();
    open(Some(object), &units, What::Read, 0)
}

/// Opens the object at a path as everybody writes it, with letters of either case; the names before
/// the last one may be links.
///
/// Where a whole drive is missing, the error is `NotConnected`: what was on it is not known to be gone.
pub(crate) fn path(path: &Path, what: What) -> io::Result<File> {
    match open(None, &native(path)?, what, OBJ_CASE_INSENSITIVE) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !has_drive(path) => {
            let message = "its drive is not there";
            Err(io::Error::new(io::ErrorKind::NotConnected, message))
        }
        opened => opened,
    }
}

/// Says whether the drive is there that a path begins with, or may be.
fn has_drive(path: &Path) -> bool {
    let parts = path.components();
    let top: PathBuf = parts
        .take_while(|part| !matches!(part, Component::Normal(_)))
        .collect();
    if !top.is_absolute() {
        return true;
    }
    let opened = native(&top).map(|top| open(None, &top, What::Ask, OBJ_CASE_INSENSITIVE));
    !matches!(opened, Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound)
}

/// Opens with as much access as this process is given.
fn open(
    dir: Option<BorrowedHandle<'_>>,
    name: &[u16],
    what: What,
    attributes: OBJECT_ATTRIBUTE_FLAGS,
) -> io::Result<File> {
    let may_audit = privileges::may_audit();
    let control = READ_CONTROL;
    let tries = [
        (Access::Whole, control | ACCESS_SYSTEM_SECURITY),
        (Access::Control, control),
        (Access::None, 0),
    ];
    let mut refused = None;
    for (access, more) in tries {
        if access == Access::Whole && !may_audit {
            continue;
        }
        match create(dir, name, what, more, attributes) {
            Ok(handle) => return Ok(File { handle, access }),
            Err(status @ (STATUS_ACCESS_DENIED | STATUS_PRIVILEGE_NOT_HELD)) => {
                refused = Some(status);
            }
            Err(status) => return Err(super::error(status)),
        }
    }
    Err(super::error(refused.unwrap_or(STATUS_ACCESS_DENIED)))
}

fn create(
    dir: Option<BorrowedHandle<'_>>,
    name: &[u16],
    what: What,
    more_access: u32,
    attributes: OBJECT_ATTRIBUTE_FLAGS,
) -> Result<OwnedHandle, i32> {
    let bytes = u16::try_from(name.len() * 2).map_err(|_| STATUS_NAME_TOO_LONG)?;
    let name = UNICODE_STRING {
        Length: bytes,
        MaximumLength: bytes,
        Buffer: name.as_ptr().cast_mut(),
    };
    let object = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: dir.map_or(ptr::null_mut(), |dir| dir.as_raw_handle()),
        ObjectName: &raw const name,
        Attributes: attributes,
        SecurityDescriptor: ptr::null(),
        SecurityQualityOfService: ptr::null(),
    };
    // What is elsewhere, in a cloud for instance, is not fetched.
    let reading = FILE_NON_DIRECTORY_FILE | FILE_SEQUENTIAL_ONLY | FILE_OPEN_NO_RECALL;
    let itself = FILE_OPEN_REPARSE_POINT;
    let (access, options) = match what {
        What::Ask => (0, itself),
        What::List => (
            FILE_LIST_DIRECTORY | FILE_TRAVERSE,
            itself | FILE_DIRECTORY_FILE,
        ),
        What::Read => (FILE_READ_DATA, itself | reading),
        What::ReadThrough => (FILE_READ_DATA, reading),
    };
    let access = access | more_access | FILE_READ_ATTRIBUTES | SYNCHRONIZE;
    let options = options
        | FILE_SYNCHRONOUS_IO_NONALERT
        | FILE_OPEN_FOR_BACKUP_INTENT
        | FILE_COMPLETE_IF_OPLOCKED;
    let share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    let mut handle: HANDLE = ptr::null_mut();
    let mut done = IO_STATUS_BLOCK::default();
    let (to_handle, to_done) = (&raw mut handle, &raw mut done);
    // SAFETY: every pointer is to a live value of this function, and the name holds as many bytes
    // as it says; the kernel only reads it.
    let status = unsafe {
        NtCreateFile(
            to_handle,
            access,
            &raw const object,
            to_done,
            ptr::null(),
            0,
            share,
            FILE_OPEN,
            options,
            ptr::null(),
            0,
        )
    };
    if status < 0 {
        return Err(status);
    }
    // SAFETY: the handle was opened just now, and nobody else has it.
    let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
    match status {
        // Whoever has it for himself was asked to let go, and may take his time: nobody waits here.
        STATUS_OPLOCK_BREAK_IN_PROGRESS => Err(STATUS_SHARING_VIOLATION),
        _ => Ok(handle),
    }
}

/// Refuses a name that is not one plain name: it could lead out of the directory, or to a stream.
fn checked(name: &OsStr) -> io::Result<Vec<u16>> {
    let units: Vec<u16> = name.encode_wide().collect();
    let is_special = |unit: &u16| [0, b':'.into(), b'/'.into(), b'\\'.into()].contains(unit);
    if units.is_empty() || name == "." || name == ".." || units.iter().any(is_special) {
        let message = format!("{name:?} is not the name of a directory entry");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(units)
}

/// Returns a path as the kernel takes it: `C:\x` is `\??\C:\x`.
///
/// Names in an absolute path are taken as they are, `file.` and `CON` too: they come from listings
/// as well as from people.
fn native(path: &Path) -> io::Result<Vec<u16>> {
    let path = absolute(path)?;
    let mut parts = path.components();
    let Some(Component::Prefix(prefix)) = parts.next() else {
        let message = format!("{path:?} names no drive");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    };
    let mut native = PathBuf::from(r"\??").into_os_string();
    let mut push = |name: &OsStr| {
        native.push(r"\");
        native.push(name);
    };
    match prefix.kind() {
        Prefix::Disk(letter) | Prefix::VerbatimDisk(letter) => {
            push(OsStr::new(&format!("{}:", char::from(letter))));
        }
        Prefix::UNC(server, share) | Prefix::VerbatimUNC(server, share) => {
            push(OsStr::new("UNC"));
            push(server);
            push(share);
        }
        Prefix::Verbatim(name) | Prefix::DeviceNS(name) => push(name),
    }
    let names = parts.filter(|part| matches!(part, Component::Normal(_)));
    let mut is_root = true;
    for name in names {
        push(name.as_os_str());
        is_root = false;
    }
    if is_root {
        push(OsStr::new(""));
    }
    Ok(native.encode_wide().collect())
}
