//! Named pipes of Windows.
//!
//! A pipe's name is known to the whole machine, so it is made of what the directory is: the serial
//! number of its volume and its own number there. Whoever names the same directory in another way
//! reaches the same pipe, and two directories never meet. Only the system, administrators and the
//! user who listens may open it, and nobody from another machine. Who asks makes sure that the pipe
//! belongs to one of those, since anybody may make one of that name when nobody listens.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::windows::fs::OpenOptionsExt as _;
use std::os::windows::io::{AsHandle as _, AsRawHandle as _, OwnedHandle};
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_IO_PENDING, ERROR_NO_DATA, ERROR_OPERATION_ABORTED, ERROR_PIPE_BUSY,
    ERROR_PIPE_CONNECTED, HANDLE, WAIT_TIMEOUT,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED,
    FILE_READ_ATTRIBUTES, PIPE_ACCESS_DUPLEX, ReadFile, SECURITY_IDENTIFICATION, WriteFile,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS,
    PIPE_TYPE_BYTE, PIPE_UNLIMITED_INSTANCES, PIPE_WAIT, WaitNamedPipeW,
};
use windows_sys::Win32::System::Threading::{CreateEventW, INFINITE, WaitForSingleObject};

use super::Stream;
use crate::acl::Intruder;
use crate::nt::identity;
use crate::windows::{
    Private, SHARE_ALL, code_of, descriptor_of, millis, owned, succeeded, user, wide,
};

/// What the system keeps of what was said and not heard yet.
const ROOM: u32 = 64 << 10;

pub(super) struct Listener {
    name: Vec<u16>,
    /// The end that the next one who asks gets. There is always one, so that the name is ours.
    next: Mutex<OwnedHandle>,
}

impl Listener {
    pub(super) fn bind(dir: &Path, name: &str) -> io::Result<Listener> {
        let name = wide(pipe_name(dir, name)?.as_ref())?;
        let next = Mutex::new(end(&name, FILE_FLAG_FIRST_PIPE_INSTANCE)?);
        Ok(Listener { name, next })
    }

    pub(super) fn accept(&self, patience: Duration) -> io::Result<Box<dyn Stream>> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let connected = overlapped(&next, None, |pipe, at| {
            // SAFETY: the end is open; `overlapped` waits until the call is over.
            unsafe { ConnectNamedPipe(pipe, at) }
        });
        match connected {
            Ok(_) => {}
            Err(error) => match code_of(&error) {
                ERROR_PIPE_CONNECTED => {}
                // Somebody came and went. That end is used up.
                ERROR_NO_DATA => {
                    *next = end(&self.name, 0)?;
                    return Err(error);
                }
                _ => return Err(error),
            },
        }
        let pipe = std::mem::replace(&mut *next, end(&self.name, 0)?);
        Ok(Box::new(Pipe { pipe, patience }))
    }
}

pub(super) fn connect(dir: &Path, name: &str, patience: Duration) -> io::Result<Box<dyn Stream>> {
    let name = pipe_name(dir, name)?;
    let started = Instant::now();
    let file = loop {
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(FILE_FLAG_OVERLAPPED)
            .security_qos_flags(SECURITY_IDENTIFICATION)
            .open(&name);
        match opened {
            Err(error) if code_of(&error) == ERROR_PIPE_BUSY => {
                wait_for(&name, patience.saturating_sub(started.elapsed()))?;
            }
            opened => break opened?,
        }
    };
    refuse_foreign(&file, &name)?;
    let pipe = OwnedHandle::from(file);
    Ok(Box::new(Pipe { pipe, patience }))
}

/// Returns the name of the pipe of a directory.
fn pipe_name(dir: &Path, name: &str) -> io::Result<String> {
    let dir = OpenOptions::new()
        .access_mode(FILE_READ_ATTRIBUTES)
        .share_mode(SHARE_ALL)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
        .open(dir)?;
    let (volume, number) = identity(dir.as_handle())?;
    Ok(format!(r"\\.\pipe\waxseal-{volume:x}-{number:x}-{name}"))
}

/// Makes one more end for somebody who asks.
fn end(name: &[u16], flags: u32) -> io::Result<OwnedHandle> {
    let private = Private::for_object()?;
    // SAFETY: the name ends with a NUL, and both outlive the call.
    let pipe = unsafe {
        CreateNamedPipeW(
            name.as_ptr(),
            PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | flags,
            PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
            PIPE_UNLIMITED_INSTANCES,
            ROOM,
            ROOM,
            0,
            &raw const private.attributes,
        )
    };
    owned(pipe)
}

/// Waits until there is an end that nobody has.
fn wait_for(name: &str, patience: Duration) -> io::Result<()> {
    let name = wide(name.as_ref())?;
    if patience.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    // SAFETY: the name ends with a NUL.
    match succeeded(unsafe { WaitNamedPipeW(name.as_ptr(), millis(patience)) }) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(io::ErrorKind::ConnectionRefused.into())
        }
        waited => waited,
    }
}

/// Refuses a pipe that neither the system nor an administrator nor we listen at.
fn refuse_foreign(pipe: &File, name: &str) -> io::Result<()> {
    match descriptor_of(pipe)?.intruder(user()?) {
        Some(Intruder::Owner(owner)) => {
            let owner = owner.map_or_else(|| "nobody".to_owned(), |owner| owner.to_string());
            Err(io::Error::other(format!(
                "{name} belongs to {owner}, who is no administrator and not you: it is not the watch"
            )))
        }
        _ => Ok(()),
    }
}

struct Pipe {
    pipe: OwnedHandle,
    patience: Duration,
}

impl Read for Pipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let room = u32::try_from(buf.len()).unwrap_or(u32::MAX);
        let read = overlapped(&self.pipe, Some(self.patience), |pipe, at| {
            // SAFETY: the pipe is open; `overlapped` waits until nothing more is written to the
            // buffer.
            unsafe { ReadFile(pipe, buf.as_mut_ptr(), room, null_mut(), at) }
        });
        match read {
            // The other end is closed, and everything it said was heard.
            Err(error) if code_of(&error) == ERROR_BROKEN_PIPE => Ok(0),
            read => read,
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let length = u32::try_from(buf.len()).unwrap_or(u32::MAX);
        overlapped(&self.pipe, Some(self.patience), |pipe, at| {
            // SAFETY: the pipe is open; `overlapped` waits until nothing more is read from the
            // buffer.
            unsafe { WriteFile(pipe, buf.as_ptr(), length, null_mut(), at) }
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        // It would wait until the other end has heard everything.
        Ok(())
    }
}

/// Starts something, and returns its result when it is over; it is called off after `patience`.
fn overlapped(
    pipe: &OwnedHandle,
    patience: Option<Duration>,
    start: impl FnOnce(HANDLE, *mut OVERLAPPED) -> windows_sys::core::BOOL,
) -> io::Result<usize> {
    // SAFETY: no name and no access list are asked for.
    let event = owned(unsafe { CreateEventW(null(), 1, 0, null()) })?;
    let mut at = OVERLAPPED {
        hEvent: event.as_raw_handle(),
        ..OVERLAPPED::default()
    };
    match succeeded(start(pipe.as_raw_handle(), &raw mut at)) {
        Err(error) if code_of(&error) != ERROR_IO_PENDING => return Err(error),
        _ => {}
    }
    let wait = patience.map_or(INFINITE, millis);
    // SAFETY: the event is open.
    let is_late = unsafe { WaitForSingleObject(event.as_raw_handle(), wait) } == WAIT_TIMEOUT;
    if is_late {
        // It may have ended just now; what it came to is asked below either way.
        // SAFETY: the pipe is open, and the structure is that of the call to be called off.
        unsafe { CancelIoEx(pipe.as_raw_handle(), &raw const at) };
    }
    let mut count = 0;
    // SAFETY: the structure is that of the call; this waits until it is over, after which the
    // system touches neither it nor a buffer.
    let result =
        unsafe { GetOverlappedResult(pipe.as_raw_handle(), &raw const at, &raw mut count, 1) };
    match succeeded(result) {
        Ok(()) => Ok(count as usize),
        Err(error) if is_late && code_of(&error) == ERROR_OPERATION_ABORTED => {
            Err(io::ErrorKind::TimedOut.into())
        }
        Err(error) => Err(error),
    }
}
