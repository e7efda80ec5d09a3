//! A policy as the store keeps it: read, compiled, and asked in both ways.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use waxseal::policy::{Policy, PolicySpec};
use waxseal_platform::stat::Kind;

const PATHS: [&str; 6] = [
    "/",
    "/etc",
    "/etc/ssh/x",
    "/home/a/.ssh/b",
    "/a/b.swp",
    "/a\n/\u{e4}",
];

fuzz_target!(|bytes: &[u8]| {
    let Ok(spec) = serde_json::from_slice::<PolicySpec>(bytes) else {
        return;
    };
    let json = serde_json::to_vec(&spec).expect("it can be written");
    let again: PolicySpec = serde_json::from_slice(&json).expect("it can be read again");
    assert_eq!(again, spec);
    let Ok(policy) = Policy::compile(&spec) else {
        return;
    };
    assert_eq!(policy.digest().len(), 64);
    for path in PATHS.map(Path::new) {
        for kind in [Kind::File, Kind::Directory] {
            let decision = format!("{:?}", policy.decide(path, kind));
            if let (Some(dir), Some(name)) = (path.parent(), path.file_name()) {
                let entered = format!("{:?}", policy.enter(dir).decide(name, kind));
                assert_eq!(entered, decision, "{path:?}");
            }
            let explained = format!("{:?}", policy.explain(path, kind).decision);
            assert_eq!(explained, decision, "{path:?}");
        }
    }
});
