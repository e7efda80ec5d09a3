//! The table of mounts, `/proc/PID/mountinfo`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    waxseal_platform::watch::fuzzing::mount_table(bytes);
});
