//! All of it in one test, since what is asked is asked of the whole process.

use std::ptr::null_mut;
use std::thread;

use windows_sys::Win32::System::Threading::{EVENT_MODIFY_STATE, OpenEventW, SetEvent};

use super::*;
use crate::windows::{owned, succeeded, wide};

/// Sets an event as another program would.
fn set(name: &str) {
    let name = wide(format!(r"Global\waxseal-{name}-{}", std::process::id()).as_ref()).unwrap();
    // SAFETY: the name ends with a NUL.
    let event = owned(unsafe { OpenEventW(EVENT_MODIFY_STATE, 0, name.as_ptr()) }).unwrap();
    let event = std::os::windows::io::AsRawHandle::as_raw_handle(&event);
    assert_ne!(event, null_mut());
    // SAFETY: the event is open.
    succeeded(unsafe { SetEvent(event) }).unwrap();
}

#[test]
fn requests_are_told_in_words_until_nobody_listens() {
    os::ask(Asked::Reload).unwrap();
    let mut signals = Signals::catch().unwrap();
    let closer = signals.closer();
    assert_eq!(signals.wait(), Some(Asked::Reload));
    set("reload");
    assert_eq!(signals.wait(), Some(Asked::Reload));
    set("report");
    assert_eq!(signals.wait(), Some(Asked::Report));
    os::ask(Asked::Stop).unwrap();
    assert_eq!(signals.wait(), Some(Asked::Stop));
    let waiting = thread::spawn(move || signals.wait());
    closer.close();
    assert_eq!(waiting.join().unwrap(), None);
}
