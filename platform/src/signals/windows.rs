//! Windows: the console, controls of a service, and named events.
//!
//! Ctrl-C, Ctrl-Break, a closed window, the end of a session and of the system all ask to stop:
//! Ctrl-Break is what one program can send to another of its console. Nothing stands for SIGTERM,
//! SIGHUP and SIGUSR1, so there is an event of a name for each, which administrators and this user
//! may set: `Global\waxseal-stop-PID`, `Global\waxseal-reload-PID` and `Global\waxseal-report-PID`.
//! Windows gives two requests of one kind that nobody took yet as one.

use std::io;
use std::os::windows::io::{AsRawHandle as _, OwnedHandle};
use std::ptr::null;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use windows_sys::Win32::Foundation::{ERROR_ALREADY_EXISTS, GetLastError, HANDLE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT, SetConsoleCtrlHandler,
};
use windows_sys::Win32::System::Threading::{
    CreateEventW, EVENT_MODIFY_STATE, INFINITE, OpenEventW, SetEvent, WaitForMultipleObjects,
};

use super::Asked;
use crate::windows::{Private, owned, succeeded, wide};

pub(super) const RELOAD: &str =
    r"`sc control waxseal paramchange` for the service, else the event Global\waxseal-reload-PID";

/// What was asked and not taken yet; it lives as long as the process.
struct Requests {
    stop: OwnedHandle,
    reload: OwnedHandle,
    report: OwnedHandle,
}

static REQUESTS: OnceLock<Requests> = OnceLock::new();

/// Whether the service manager says when to stop. To a service it is told, too, that somebody
/// logs off, which is none of its business.
static IS_SERVICE: AtomicBool = AtomicBool::new(false);

pub(super) struct Signals {
    closed: Arc<OwnedHandle>,
}

#[derive(Clone)]
pub(super) struct Closer(Arc<OwnedHandle>);

impl Signals {
    pub(super) fn catch() -> io::Result<Signals> {
        requests()?;
        // SAFETY: the function lives as long as the program.
        succeeded(unsafe { SetConsoleCtrlHandler(Some(on_console), 1) })?;
        // Once it is closed it stays so.
        // SAFETY: no name and no access list are asked for.
        let closed = owned(unsafe { CreateEventW(null(), 1, 0, null()) })?;
        Ok(Signals {
            closed: Arc::new(closed),
        })
    }

    pub(super) fn closer(&self) -> Closer {
        Closer(Arc::clone(&self.closed))
    }

    pub(super) fn wait(&mut self) -> Option<Asked> {
        let requests = requests().ok()?;
        let handles: [HANDLE; 4] = [
            self.closed.as_raw_handle(),
            requests.stop.as_raw_handle(),
            requests.reload.as_raw_handle(),
            requests.report.as_raw_handle(),
        ];
        let count = handles.len() as u32;
        // SAFETY: there are so many handles, all open.
        let which = unsafe { WaitForMultipleObjects(count, handles.as_ptr(), 0, INFINITE) };
        match which.wrapping_sub(WAIT_OBJECT_0) {
            1 => Some(Asked::Stop),
            2 => Some(Asked::Reload),
            3 => Some(Asked::Report),
            _ => None,
        }
    }
}

impl Closer {
    pub(super) fn close(&self) {
        // SAFETY: the event is open.
        unsafe { SetEvent(self.0.as_raw_handle()) };
    }
}

/// Asks this process for something, also before anybody waits for it.
pub(crate) fn ask(asked: Asked) -> io::Result<()> {
    let requests = requests()?;
    let event = match asked {
        Asked::Stop => &requests.stop,
        Asked::Reload => &requests.reload,
        Asked::Report => &requests.report,
    };
    // SAFETY: the event is open.
    succeeded(unsafe { SetEvent(event.as_raw_handle()) })
}

/// Leaves it to the service manager to say when the session or the system ends.
pub(crate) fn belong_to_a_service() {
    IS_SERVICE.store(true, Ordering::Relaxed);
}

fn requests() -> io::Result<&'static Requests> {
    if let Some(known) = REQUESTS.get() {
        return Ok(known);
    }
    let process = std::process::id();
    let made = Requests {
        stop: event(&name(Asked::Stop, process))?,
        reload: event(&name(Asked::Reload, process))?,
        report: event(&name(Asked::Report, process))?,
    };
    Ok(REQUESTS.get_or_init(|| made))
}

/// Returns the name of the event by which a process is asked for something.
fn name(asked: Asked, process: u32) -> String {
    let what = match asked {
        Asked::Stop => "stop",
        Asked::Reload => "reload",
        Asked::Report => "report",
    };
    format!(r"Global\waxseal-{what}-{process}")
}

pub(super) fn send(process: u32, asked: Asked) -> io::Result<()> {
    let name = wide(name(asked, process).as_ref())?;
    // SAFETY: the name ends with a NUL.
    let event = owned(unsafe { OpenEventW(EVENT_MODIFY_STATE, 0, name.as_ptr()) })?;
    // SAFETY: the event is open.
    succeeded(unsafe { SetEvent(event.as_raw_handle()) })
}

/// Makes an event that whoever waits for it takes back. One whose name somebody has taken before us is
/// not used: he could set it, or keep us from starting; it goes without a name.
fn event(name: &str) -> io::Result<OwnedHandle> {
    let private = Private::for_object()?;
    let name = wide(name.as_ref())?;
    let attributes = &raw const private.attributes;
    // SAFETY: the name ends with a NUL, and both outlive the call.
    let made = owned(unsafe { CreateEventW(attributes, 0, 0, name.as_ptr()) });
    // SAFETY: it reads a number of this thread, set by the call before.
    let is_taken = unsafe { GetLastError() } == ERROR_ALREADY_EXISTS;
    match made {
        Ok(event) if !is_taken => Ok(event),
        // SAFETY: no name is asked for, and the list outlives the call.
        _ => owned(unsafe { CreateEventW(attributes, 0, 0, null()) }),
    }
}

/// Called by the system, on a thread of its own, when something happens to the console.
unsafe extern "system" fn on_console(what: u32) -> windows_sys::core::BOOL {
    let is_of_the_session = matches!(what, CTRL_LOGOFF_EVENT | CTRL_SHUTDOWN_EVENT);
    if is_of_the_session && IS_SERVICE.load(Ordering::Relaxed) {
        return 1;
    }
    if ask(Asked::Stop).is_err() {
        // Let the next one do what it does without us: end the program.
        return 0;
    }
    if !matches!(what, CTRL_C_EVENT | CTRL_BREAK_EVENT) {
        // The system ends the program as soon as this returns, and after some seconds anyway. The
        // program ends when it is done, and this thread with it.
        loop {
            thread::park();
        }
    }
    1
}
