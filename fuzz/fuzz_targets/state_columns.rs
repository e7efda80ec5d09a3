//! The columns of one file in the store.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    waxseal::baseline::fuzzing::state_columns(bytes);
});
