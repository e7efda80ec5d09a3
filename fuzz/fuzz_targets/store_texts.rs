//! The texts of the store: its checksum and the head of its chain.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    waxseal::baseline::fuzzing::texts(bytes);
});
