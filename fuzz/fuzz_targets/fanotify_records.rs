//! Records of fanotify as `read` returns them.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    waxseal_platform::watch::fuzzing::fanotify_records(bytes);
});
