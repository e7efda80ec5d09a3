//! Names of files, as a store has them for Windows and for Unix.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    waxseal_platform::bytes::fuzzing::names(bytes);
});
