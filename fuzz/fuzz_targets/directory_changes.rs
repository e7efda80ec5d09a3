//! Records of `ReadDirectoryChangesW` as Windows writes them.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    waxseal_platform::watch::fuzzing::directory_changes(bytes);
});
