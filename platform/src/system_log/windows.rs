//! The event log "Application" of Windows.
//!
//! Readers take the words of an entry from a file that its source names. We bring none: the one of
//! `eventcreate.exe`, which every Windows has, says just what it is given, for the numbers 1 to
//! 1000.

use std::io;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::EventLog::{
    DeregisterEventSource, EVENTLOG_ERROR_TYPE, EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE,
    RegisterEventSourceW, ReportEventW,
};
use windows_sys::Win32::System::Registry::{
    HKEY_LOCAL_MACHINE, REG_DWORD, REG_EXPAND_SZ, RegDeleteTreeW, RegSetKeyValueW,
};

use super::Level;
use crate::windows::{succeeded, wide};

/// The name of the source.
const SOURCE: &str = "Waxseal";
/// Where the source is described.
const KEY: &str = r"SYSTEM\CurrentControlSet\Services\EventLog\Application\Waxseal";
/// The file with the words; the system expands it.
const WORDS: &str = r"%SystemRoot%\System32\EventCreate.exe";

/// An entry takes 31839 units of text.
const MOST: usize = 31_000;

#[derive(Debug)]
pub(super) struct SystemLog(HANDLE);

// SAFETY: the handle is used through calls that any thread may make.
unsafe impl Send for SystemLog {}
// SAFETY: see above.
unsafe impl Sync for SystemLog {}

impl SystemLog {
    pub(super) fn find() -> Option<SystemLog> {
        crate::supervisor::windows::is_service().then(SystemLog::open)?
    }

    fn open() -> Option<SystemLog> {
        let source = wide(SOURCE.as_ref()).ok()?;
        // SAFETY: the name ends with a NUL.
        let handle = unsafe { RegisterEventSourceW(std::ptr::null(), source.as_ptr()) };
        (!handle.is_null()).then_some(SystemLog(handle))
    }

    pub(super) fn write(&self, level: Level, text: &str) -> io::Result<()> {
        let (kind, number) = match level {
            Level::Information => (EVENTLOG_INFORMATION_TYPE, 1),
            Level::Warning => (EVENTLOG_WARNING_TYPE, 2),
            Level::Error => (EVENTLOG_ERROR_TYPE, 3),
        };
        let text = wide(cut(text).replace('\0', "␀").as_ref())?;
        let texts = [text.as_ptr()];
        // SAFETY: there is one text, which ends with a NUL, and no other data.
        let written = unsafe {
            ReportEventW(
                self.0,
                kind,
                0,
                number,
                null_mut(),
                texts.len() as u16,
                0,
                texts.as_ptr(),
                null_mut(),
            )
        };
        succeeded(written)
    }
}

impl Drop for SystemLog {
    fn drop(&mut self) {
        // SAFETY: the handle is open and used by nobody else.
        unsafe { DeregisterEventSource(self.0) };
    }
}

/// Cuts what is too long; a character is two units at most.
fn cut(text: &str) -> &str {
    match text.char_indices().nth(MOST / 2) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// Tells the system where the words of our entries are.
pub(crate) fn register() -> io::Result<()> {
    let words = wide(WORDS.as_ref())?;
    let bytes: Vec<u8> = words.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    set("EventMessageFile", REG_EXPAND_SZ, &bytes)?;
    let kinds = u32::from(EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE);
    set("TypesSupported", REG_DWORD, &kinds.to_le_bytes())
}

fn set(name: &str, kind: u32, value: &[u8]) -> io::Result<()> {
    let (key, name) = (wide(KEY.as_ref())?, wide(name.as_ref())?);
    // SAFETY: both names end with a NUL, and the value has the length that is told.
    let status = unsafe {
        RegSetKeyValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            name.as_ptr(),
            kind,
            value.as_ptr().cast(),
            value.len() as u32,
        )
    };
    done(status)
}

/// Takes that back; entries that were written stay.
pub(crate) fn unregister() -> io::Result<()> {
    let key = wide(KEY.as_ref())?;
    // SAFETY: the name ends with a NUL.
    match done(unsafe { RegDeleteTreeW(HKEY_LOCAL_MACHINE, key.as_ptr()) }) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn done(status: u32) -> io::Result<()> {
    match status {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code as i32)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        let long = "\u{1f512}".repeat(MOST);
        assert_eq!(cut(&long).encode_utf16().count(), MOST);
        assert!(SystemLog::find().is_none());
    }
}
