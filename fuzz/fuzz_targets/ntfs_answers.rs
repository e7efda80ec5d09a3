//! What Windows answers about directories, streams and reparse points; and security descriptors.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    waxseal_platform::ntfs::fuzzing::ntfs_answers(bytes);
    let _ = waxseal_platform::xattr::decode::security_descriptor(bytes);
});
