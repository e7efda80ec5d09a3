//! All extended attributes of one file, as they are stored.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_platform::xattr::Xattrs;

fuzz_target!(|bytes: &[u8]| {
    let Ok(set) = Xattrs::from_packed(bytes) else {
        return;
    };
    assert_eq!(set.as_packed(), bytes);
    let pairs: Vec<_> = (set.iter())
        .map(|(name, value)| (name.to_vec(), value.to_vec()))
        .collect();
    for (name, value) in &pairs {
        assert_eq!(set.get(name), Some(&value[..]));
    }
    assert_eq!(Xattrs::from_pairs(pairs), set);
});
