//! The program while the service manager runs it: [`run`].
//!
//! The manager wants the main thread for its controls, and calls the service on another one.

use std::io;
use std::sync::{Mutex, PoisonError};

use windows_service::service_dispatcher;

use super::super::ServiceError;
use super::{NAME, manager};
use crate::supervisor::windows::{serve, stopped};
use crate::windows::code_of;

type Work = Box<dyn FnOnce() -> u8 + Send>;

/// What the service does, until it is called.
static WORK: Mutex<Option<Work>> = Mutex::new(None);

/// How it ended, once it has.
static ENDED: Mutex<Option<io::Result<u8>>> = Mutex::new(None);

pub(in super::super) fn run(work: Work) -> Result<u8, ServiceError> {
    *WORK.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
    // It returns when the service has told that it has stopped.
    service_dispatcher::start(NAME, called).map_err(|error| match manager("run", error) {
        ServiceError::Manager { source, .. } if code_of(&source) == super::NOT_CALLED => {
            ServiceError::NotCalled
        }
        error => error,
    })?;
    let ended = ENDED.lock().unwrap_or_else(PoisonError::into_inner).take();
    match ended {
        Some(Ok(code)) => Ok(code),
        Some(Err(source)) => Err(ServiceError::Manager {
            op: "tell the service manager how the service is",
            source,
        }),
        None => Err(ServiceError::NotCalled),
    }
}

/// Called by the service manager.
extern "system" fn called(_count: u32, _arguments: *mut *mut u16) {
    let work = WORK.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(work) = work else { return };
    let ended = serve(NAME).and_then(|()| {
        let code = work();
        // The very last thing: right after it the manager may end the process.
        note(Ok(code));
        stopped(code).map(|()| code)
    });
    note(ended);
}

fn note(ended: io::Result<u8>) {
    *ENDED.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
}
