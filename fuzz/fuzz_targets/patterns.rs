//! Patterns of `exclude_files`, `include_files` and `paths`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    waxseal::policy::fuzzing::patterns(bytes);
});
