//! Looks at real objects, still and moving ones.

#[cfg(unix)]
mod unix;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use waxseal_hashers::{HashType, HashTypes};
use waxseal_platform::dir::Dir;
use waxseal_platform::stat::{Kind, Timestamp};

use super::{
    Inspector, Observation, Present, Progress, Request, TICK, Throttle, Unread, Wanted,
    until_settled,
};
use crate::state::FileState;
use crate::state::sample::digests;

const SHA256: Wanted = Wanted {
    hash_types: HashTypes::single(HashType::Sha256),
    max_file_size: None,
};

fn look(dir: &TempDir, name: &str, kind: Kind, wanted: Wanted) -> Observation {
    let (progress, throttle) = (Progress::default(), Throttle::new(0));
    let opened = Dir::open(dir.path()).unwrap();
    Inspector::new(2, &progress, &throttle).look(
        &opened,
        Request {
            name: OsStr::new(name),
            kind,
            wanted,
        },
    )
}

fn state(observed: Observation) -> FileState {
    match observed {
        Observation::Present(Present {
            state,
            unread: None,
            ..
        }) => state,
        other => panic!("not simply present: {other:?}"),
    }
}

#[test]
fn files_of_every_size_around_the_buffer_are_hashed_right() {
    let dir = TempDir::new().unwrap();
    let edge = 256 * 1024;
    for size in [
        0,
        1,
        4096,
        edge - 1,
        edge,
        edge + 1,
        2 * edge,
        5 * 1024 * 1024 + 3,
    ] {
        let content: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        fs::write(dir.path().join("f"), &content).unwrap();
        let seen = state(look(&dir, "f", Kind::File, SHA256));
        assert_eq!(seen.digests, digests(&content, "sha256"), "{size}");
        assert_eq!(seen.stat.size, size as u64);
        let all = Wanted {
            hash_types: HashType::ALL.into_iter().collect(),
            ..SHA256
        };
        let seen = state(look(&dir, "f", Kind::File, all));
        let names: Vec<&str> = HashType::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(
            seen.digests,
            digests(&content, &names.join(",")),
            "{size}, all types"
        );
    }
}

#[test]
fn a_directory_is_looked_at_without_being_read() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    is_looked_at_unread(&dir, "sub", Kind::Directory);
}

/// Checks what is no file; also when a listing took it for one: it was swapped meanwhile, and must
/// not block.
fn is_looked_at_unread(dir: &TempDir, name: &str, kind: Kind) {
    for listed in [kind, Kind::File] {
        let seen = state(look(dir, name, listed, SHA256));
        assert_eq!(seen.stat.kind, kind);
        assert!(seen.digests.is_empty());
        assert_eq!(seen.target.is_some(), kind == Kind::Symlink);
    }
}

#[test]
fn what_is_gone_is_absent() {
    let dir = TempDir::new().unwrap();
    for kind in [Kind::File, Kind::Symlink] {
        assert!(matches!(
            look(&dir, "gone", kind, SHA256),
            Observation::Absent
        ));
    }
}

#[test]
fn a_file_above_the_limit_is_not_read() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("f"), b"12345").unwrap();
    let limit = |limit| Wanted {
        max_file_size: Some(limit),
        ..SHA256
    };
    let Observation::Present(present) = look(&dir, "f", Kind::File, limit(4)) else {
        panic!("not present")
    };
    assert!(matches!(present.unread, Some(Unread::TooLarge)));
    assert!(present.state.digests.is_empty());
    assert!(
        !state(look(&dir, "f", Kind::File, limit(5)))
            .digests
            .is_empty()
    );
}

#[test]
fn a_file_that_never_holds_still_is_unstable_or_hashed_right_but_never_wrong() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, vec![b'0'; 1 << 20]).unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
            while !stop.load(Ordering::Relaxed) {
                file.write_all(b"more").unwrap();
            }
        });
        for _ in 0..50 {
            match look(&dir, "f", Kind::File, SHA256) {
                Observation::Unstable => {}
                Observation::Present(Present {
                    state,
                    unread: None,
                    ..
                }) => {
                    let content = fs::read(&path).unwrap();
                    let then = &content[..state.stat.size as usize];
                    assert_eq!(state.digests, digests(then, "sha256"));
                }
                other => panic!("{other:?}"),
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn files_read_side_by_side_keep_their_own_digests_and_order() {
    let dir = TempDir::new().unwrap();
    let sizes = [0, 70_000, 1, 64, 300_000, 0, 4096, 600_001, 3, 255];
    let names: Vec<String> = (0..sizes.len()).map(|n| format!("f{n}")).collect();
    let content = |n: usize| vec![n as u8; sizes[n]];
    for (n, name) in names.iter().enumerate() {
        fs::write(dir.path().join(name), content(n)).unwrap();
    }
    fs::remove_file(dir.path().join("f6")).unwrap();
    let request = |name| Request {
        name: OsStr::new(name),
        kind: Kind::File,
        wanted: SHA256,
    };
    let requests: Vec<Request<'_>> = names.iter().map(request).collect();
    let (progress, throttle) = (Progress::default(), Throttle::new(0));
    let opened = Dir::open(dir.path()).unwrap();
    let observed = Inspector::new(2, &progress, &throttle).look_all(&opened, &requests);
    assert_eq!(observed.len(), sizes.len());
    for (n, seen) in observed.into_iter().enumerate() {
        match n {
            6 => assert!(matches!(seen, Observation::Absent)),
            _ => assert_eq!(state(seen).digests, digests(&content(n), "sha256"), "{n}"),
        }
    }
    let total: usize = sizes.iter().sum();
    assert_eq!(
        progress.bytes_read.load(Ordering::Relaxed),
        (total - sizes[6]) as u64
    );
    assert_eq!(
        progress.files_read.load(Ordering::Relaxed),
        sizes.len() as u64 - 1
    );
}

#[test]
fn a_file_changed_in_this_very_tick_is_given_time_and_no_other() {
    let changed = Timestamp::new(100, 999_000_000);
    let after = |nanos: u32| Timestamp::new(100, 999_000_000 + nanos);
    let table = [
        (after(0), Some(10_000)),
        (after(500_000), Some(9_500)),
        // Into the next second.
        (after(4_000_000), Some(6_000)),
        (after(10_000_000), None),
        (Timestamp::new(5000, 0), None),
        // From the future, by a clock that was set back: waiting would not help.
        (Timestamp::new(90, 0), None),
        (Timestamp::new(i64::MIN, 0), None),
    ];
    for (now, micros) in table {
        assert_eq!(
            until_settled(changed, now, TICK),
            micros.map(Duration::from_micros),
            "{now:?}"
        );
    }
}
