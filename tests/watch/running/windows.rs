//! Windows: a watch is asked through its pipe and ended by an event of its name.

use std::ptr::null_mut;
use std::time::Instant;

use serde_json::Value;
use windows_sys::Win32::Foundation::CloseHandle;
use windows_sys::Win32::System::Threading::{EVENT_MODIFY_STATE, OpenEventW, SetEvent};

use super::{DEADLINE, Watch};
use crate::util::{Run, program};

/// Further settings of the monitor. Wine shows as the time of creation when a file last changed.
pub(super) const MONITOR: &str = "attributes = [\"-created\"]";

pub(super) fn stop(watch: &Watch) {
    set("stop", watch.child.id());
}

pub(super) fn state(watch: &Watch) -> Value {
    let until = Instant::now() + DEADLINE;
    loop {
        let mut command = std::process::Command::new(program());
        command.arg("--state-dir").arg(&watch.state_dir);
        command.args(["status", "--format=json"]);
        let status = Run::of(command.output().unwrap()).exits(0);
        let status: Value = serde_json::from_str(&status.stdout).unwrap();
        match &status["watch"] {
            Value::Object(state) => return Value::Object(state.clone()),
            _ => assert!(Instant::now() < until, "it does not answer: {status}"),
        }
    }
}

/// Sets the event by which a process is asked for something.
fn set(what: &str, process: u32) {
    let name = format!("Global\\waxseal-{what}-{process}");
    let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
    // SAFETY: the name ends with a NUL.
    let event = unsafe { OpenEventW(EVENT_MODIFY_STATE, 0, name.as_ptr()) };
    assert_ne!(event, null_mut(), "there is no such event");
    // SAFETY: the event is open.
    assert_ne!(unsafe { SetEvent(event) }, 0);
    // SAFETY: nobody uses it any more.
    unsafe { CloseHandle(event) };
}
