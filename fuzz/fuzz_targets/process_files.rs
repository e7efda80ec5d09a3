//! The files of `/proc/PID`, each reader with the same bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_platform::process::decode::{cgroup, cmdline, login, pidfd, stat, status};

fuzz_target!(|bytes: &[u8]| {
    check_stat(bytes);
    check_status(bytes);
    let ended = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    assert_eq!(cmdline(bytes).join(&0), ended);
    if let Some(path) = cgroup(bytes) {
        assert!(path.starts_with(b"/") && !path.contains(&b'\n'));
    }
    assert_ne!(login(bytes), Some(u32::MAX));
    assert_ne!(pidfd(bytes), Some(0));
});

/// Writes what was read as the kernel does, and reads it again.
fn check_stat(bytes: &[u8]) {
    let Some(read) = stat(bytes) else { return };
    let flags = if read.is_kernel_thread { 0x20_0000 } else { 0 };
    let mut line = format!("{} (", read.pid).into_bytes();
    line.extend(read.name);
    let (parent, ticks) = (read.parent, read.start_ticks);
    line.extend(
        format!(") S {parent} 0 0 0 -1 {flags} 0 0 0 0 0 0 0 0 20 0 1 0 {ticks} 0\n").bytes(),
    );
    assert_eq!(stat(&line), Some(read));
}

/// Writes what was read as the kernel does, and reads it again.
fn check_status(bytes: &[u8]) {
    let Some(read) = status(bytes) else { return };
    let text = format!(
        "Name:\tx\nPPid:\t{}\nUid:\t{}\t{}\t0\t0\nGid:\t{}\t{}\t0\t0\n",
        read.parent, read.uid, read.euid, read.gid, read.egid
    );
    assert_eq!(status(text.as_bytes()), Some(read));
}
