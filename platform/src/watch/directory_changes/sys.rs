//! The system calls: directories that are read, and the port at which all reads end.
//!
//! The system writes into the buffer of a read until its end has come out of the port. Until then
//! a read is [`Posted`], which owns the buffer and is never freed: what is dropped is leaked.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::time::Duration;

use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, ERROR_NOT_FOUND, INVALID_HANDLE_VALUE, WAIT_TIMEOUT,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT, FILE_FLAG_OVERLAPPED,
    FILE_LIST_DIRECTORY, FILE_READ_ATTRIBUTES, ReadDirectoryChangesW, SYNCHRONIZE,
};
use windows_sys::Win32::System::IO::{
    CancelIoEx, CreateIoCompletionPort, GetQueuedCompletionStatus, OVERLAPPED,
};

use super::completion::{Outcome, outcome};
use super::places::{Id, Reach};
use crate::nt::identity;
use crate::windows::{SHARE_ALL, code_of, millis, verbatim};

/// The most that a server on the network takes. The system keeps as much for what comes while
/// nothing is posted.
const BUFFER: usize = 64 * 1024;

/// What tells one directory from every other: its volume and its number there.
pub(super) type Identity = (u64, u128);

/// A buffer for one read, and what the system keeps with it.
#[repr(C)]
struct Posting {
    overlapped: OVERLAPPED,
    buffer: Buffer,
}

/// Aligned as `FILE_NOTIFY_INFORMATION` must be.
#[repr(C, align(8))]
struct Buffer([u8; BUFFER]);

/// A buffer that the system does not know.
pub(super) struct Spare(Box<Posting>);

/// A read on its way, with its buffer.
pub(super) struct Posted(NonNull<Posting>);

// SAFETY: it owns what it points to, and nothing of it belongs to a thread.
unsafe impl Send for Posted {}

/// A read that ended.
pub(super) struct Reading {
    /// Its buffer, to be used again.
    pub(super) spare: Spare,
    /// How it ended.
    pub(super) outcome: Outcome,
}

/// That a read has ended, told once for each.
pub(super) struct Completion {
    /// The watch that read.
    pub(super) id: Id,
    overlapped: *mut OVERLAPPED,
    bytes: usize,
    error: Option<io::Error>,
}

// SAFETY: the system does not know of it, and nothing of it belongs to a thread.
unsafe impl Send for Spare {}

impl Spare {
    pub(super) fn new() -> Spare {
        Spare(Box::new(Posting {
            overlapped: OVERLAPPED::default(),
            buffer: Buffer([0; BUFFER]),
        }))
    }

    /// Returns what a read brought.
    pub(super) fn bytes(&self, len: usize) -> &[u8] {
        self.0.buffer.0.get(..len).unwrap_or(&self.0.buffer.0)
    }
}

impl Posted {
    /// Takes the buffer back at the end of the read; `Err` when it is another one that ended.
    pub(super) fn ended(self, completion: Completion) -> Result<Reading, Posted> {
        if self.0.as_ptr().cast() != completion.overlapped {
            return Err(self);
        }
        // SAFETY: it came from a box, and the end of the read, which is told once, came out of the
        // port: the system is done with it.
        let posting = unsafe { Box::from_raw(self.0.as_ptr()) };
        let status = posting.overlapped.Internal as u32;
        Ok(Reading {
            spare: Spare(posting),
            outcome: outcome(status, completion.bytes, completion.error),
        })
    }
}

/// A directory that is open to be watched.
pub(super) struct Directory(File);

impl Directory {
    /// Opens a directory; everybody else may do with it what they like.
    pub(super) fn open(path: &Path) -> io::Result<Directory> {
        let directory = OpenOptions::new()
            .access_mode(FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES | SYNCHRONIZE)
            .share_mode(SHARE_ALL)
            .custom_flags(
                FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED | FILE_FLAG_OPEN_REPARSE_POINT,
            )
            .open(verbatim(path)?)?;
        match directory.metadata()?.is_dir() {
            true => Ok(Directory(directory)),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// Returns what tells it from every other.
    pub(super) fn identity(&self) -> io::Result<Identity> {
        identity(self.0.as_handle())
    }

    /// Starts to read what `filter` asks for.
    pub(super) fn post(
        &self,
        spare: Spare,
        reach: Reach,
        filter: u32,
    ) -> Result<Posted, (Spare, io::Error)> {
        let mut posting = spare.0;
        posting.overlapped = OVERLAPPED::default();
        let posting = NonNull::from(Box::leak(posting));
        let start = posting.as_ptr();
        // SAFETY: it points into a box that was just leaked.
        let buffer = unsafe { &raw mut (*start).buffer };
        // SAFETY: the handle is open, and buffer and overlapped live until the end of the read has
        // come out of the port, which is what `Posted` is for.
        let is_posted = unsafe {
            ReadDirectoryChangesW(
                self.0.as_raw_handle(),
                buffer.cast(),
                BUFFER as u32,
                i32::from(reach == Reach::Tree),
                filter,
                ptr::null_mut(),
                start.cast(),
                None,
            )
        };
        let error = io::Error::last_os_error();
        if is_posted != 0 || code_of(&error) == ERROR_IO_PENDING {
            return Ok(Posted(posting));
        }
        // SAFETY: it was leaked above, and the system refused to read into it.
        Err((Spare(unsafe { Box::from_raw(start) }), error))
    }

    /// Calls off what is posted, if it has not ended yet. That it did comes out of the port.
    pub(super) fn cancel(&self) -> io::Result<()> {
        // SAFETY: the handle is open.
        let is_cancelled = unsafe { CancelIoEx(self.0.as_raw_handle(), ptr::null()) };
        let error = io::Error::last_os_error();
        match is_cancelled != 0 || code_of(&error) == ERROR_NOT_FOUND {
            true => Ok(()),
            false => Err(error),
        }
    }
}

/// Where the ends of all reads come out, in their order.
pub(super) struct Port(OwnedHandle);

impl Port {
    pub(super) fn new() -> io::Result<Port> {
        // SAFETY: it makes a new port for no file.
        let port = unsafe { CreateIoCompletionPort(INVALID_HANDLE_VALUE, ptr::null_mut(), 0, 1) };
        if port.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was just made, and nobody else has it.
        Ok(Port(unsafe { OwnedHandle::from_raw_handle(port) }))
    }

    /// Lets the ends of a directory's reads come out with this number.
    pub(super) fn add(&self, directory: &Directory, id: Id) -> io::Result<()> {
        let file = directory.0.as_raw_handle();
        // SAFETY: both handles are open.
        let port = unsafe { CreateIoCompletionPort(file, self.0.as_raw_handle(), id, 0) };
        match port.is_null() {
            true => Err(io::Error::last_os_error()),
            false => Ok(()),
        }
    }

    /// Waits for the end of a read, at most so long.
    pub(super) fn next(&self, timeout: Duration) -> io::Result<Option<Completion>> {
        let (mut bytes, mut id, mut overlapped) = (0, 0, ptr::null_mut());
        // SAFETY: the port is open, and the rest is written before it returns.
        let is_good = unsafe {
            GetQueuedCompletionStatus(
                self.0.as_raw_handle(),
                &mut bytes,
                &mut id,
                &mut overlapped,
                millis(timeout),
            )
        };
        let error = (is_good == 0).then(io::Error::last_os_error);
        if !overlapped.is_null() {
            return Ok(Some(Completion {
                id,
                overlapped,
                bytes: bytes as usize,
                error,
            }));
        }
        match error {
            Some(error) if code_of(&error) != WAIT_TIMEOUT => Err(error),
            _ => Ok(None),
        }
    }
}
