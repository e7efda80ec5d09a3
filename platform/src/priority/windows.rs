//! Windows: the background mode of a thread, which is of processor, disks and memory alike. Threads
//! that it starts do not have it.

use std::io;

use windows_sys::Win32::Foundation::ERROR_THREAD_MODE_ALREADY_BACKGROUND;
use windows_sys::Win32::System::Threading::{
    GetCurrentThread, SetThreadPriority, THREAD_MODE_BACKGROUND_BEGIN,
};

use crate::windows::{code_of, succeeded};

pub(super) fn lower() -> io::Result<()> {
    // SAFETY: it returns a number that stands for this thread.
    let thread = unsafe { GetCurrentThread() };
    // SAFETY: the handle is that number.
    match succeeded(unsafe { SetThreadPriority(thread, THREAD_MODE_BACKGROUND_BEGIN) }) {
        Err(error) if code_of(&error) == ERROR_THREAD_MODE_ALREADY_BACKGROUND => Ok(()),
        lowered => lowered,
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_thread_gives_way_and_may_be_asked_twice() {
        let lowered = thread::spawn(|| {
            lower()?;
            lower()
        });
        let lowered = lowered.join().unwrap();
        // Wine 8 has no such mode.
        let is_unknown = |error: &io::Error| error.kind() == io::ErrorKind::InvalidInput;
        assert!(
            lowered.is_ok() || lowered.as_ref().is_err_and(is_unknown),
            "{lowered:?}"
        );
    }
}
