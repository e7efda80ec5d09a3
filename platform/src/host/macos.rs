//! macOS: what other Unix systems keep in files.

use rustix::time::ClockId;

/// The clock that goes on while the machine sleeps.
pub(super) const SINCE_BOOT: ClockId = ClockId::Monotonic;

/// Where the state of root is: what macOS keeps of its own daemons is beside it.
pub(super) const STATE_DIR: &str = "/private/var/db/waxseal";

/// What a limit of open files that has no end is set to (`OPEN_MAX`): more is refused.
pub(super) const MOST_OPEN_FILES: Option<u64> = Some(10_240);

/// Returns the number of the hardware (`IOPlatformUUID`).
pub(super) fn machine_id() -> Option<String> {
    let mut id = [0_u8; 16];
    // No time at all: it is a matter of the kernel's memory.
    let patience = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: both pointers are to locals of the size that the call has.
    let status = unsafe { libc::gethostuuid(id.as_mut_ptr(), &raw const patience) };
    (status == 0).then(|| format!("{:032x}", u128::from_be_bytes(id)))
}

pub(super) fn resident_memory() -> Option<u64> {
    let size = size_of::<libc::proc_taskinfo>();
    let len = libc::c_int::try_from(size).ok()?;
    let pid = rustix::process::getpid().as_raw_pid();
    // SAFETY: all-zero bytes are a valid `proc_taskinfo`: numbers.
    let mut found: libc::proc_taskinfo = unsafe { std::mem::zeroed() };
    let place = (&raw mut found).cast();
    // SAFETY: the pointer is to a local of the length that is given.
    let filled = unsafe { libc::proc_pidinfo(pid, libc::PROC_PIDTASKINFO, 0, place, len) };
    (filled == len).then_some(found.pti_resident_size)
}
