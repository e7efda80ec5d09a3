//! All digests of one file, as they are stored.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_hashers::{Digest, Digests};

fuzz_target!(|bytes: &[u8]| {
    let Ok(digests) = Digests::from_packed(bytes) else {
        return;
    };
    assert_eq!(digests.as_packed(), bytes);
    let mut again = Digests::new();
    // Backwards, so that each is inserted before all others.
    let entries: Vec<_> = digests.iter().collect();
    for (hash_type, digest) in entries.into_iter().rev() {
        assert_eq!(digests.get(hash_type), Some(digest));
        again.insert(Digest::new(hash_type, digest).expect("its length was checked"));
    }
    assert_eq!(again, digests);
    again.retain(digests.types());
    assert_eq!(again, digests);
});
