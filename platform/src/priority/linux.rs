//! Linux: a thread has a nice value and an I/O priority of its own, and hands them on.

use std::io;

/// Ten steps below the usual: some tenth of the time of a process that wants it as well.
const NICE: i32 = 10;

/// Of the thread that calls; see ioprio_set(2).
const WHO_PROCESS: libc::c_int = 1;
/// Disks serve it only when nobody else wants them.
const CLASS_IDLE: libc::c_int = 3;
const CLASS_SHIFT: libc::c_int = 13;

pub(super) fn lower() -> io::Result<()> {
    // 0 is the calling thread, see setpriority(2) under "C library/kernel differences".
    rustix::process::setpriority_process(None, NICE)?;
    let none: libc::c_int = 0;
    let priority = CLASS_IDLE << CLASS_SHIFT;
    // SAFETY: the call takes three plain numbers.
    let status = unsafe { libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, none, priority) };
    match status {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_thread_that_gives_way_hands_it_on_and_changes_no_other() {
        let before = rustix::process::getpriority_process(None).unwrap();
        let lowered = thread::spawn(|| {
            lower().unwrap();
            let handed_on = thread::spawn(|| rustix::process::getpriority_process(None).unwrap());
            let own = rustix::process::getpriority_process(None).unwrap();
            (own, handed_on.join().unwrap())
        });
        assert_eq!(lowered.join().unwrap(), (NICE, NICE));
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), before);
    }
}
