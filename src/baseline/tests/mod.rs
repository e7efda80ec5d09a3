//! Tests of the store as its users see it, one file per promise; shared values are here.

mod codec;
mod crash;
mod damage;
mod journal;
mod model;
mod pairing;
mod places;
mod schema;
#[cfg(unix)]
mod unix;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tempfile::TempDir;
use waxseal_hashers::{Digest, Digests, HashType};
use waxseal_platform::stat::{InodeFlags, Kind, Stat, Timestamp};
use waxseal_platform::xattr::Xattrs;

use super::{Baseline, BaselineError, Reader, Row};
use crate::state::{FileState, sample};

/// A fresh place for a store; the store itself is not made yet.
struct Place {
    _dir: TempDir,
    state_dir: PathBuf,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = dir.path().join("state");
        Self {
            _dir: dir,
            state_dir,
        }
    }

    fn open(&self) -> Baseline {
        Baseline::open(&self.state_dir).unwrap()
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.state_dir).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.state_dir.join(name)
    }

    fn db(&self) -> PathBuf {
        self.file("baseline.db")
    }
}

/// A state that differs for every number, as a scan would find it.
fn state(number: u64) -> FileState {
    let time = Timestamp::new(1_700_000_000 + number.cast_signed(), 5);
    let bytes = [number as u8; 32];
    FileState {
        stat: Stat {
            kind: Kind::File,
            device: 8 << 32 | 1,
            inode: number,
            mode: 0o644,
            links: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            size: number * 3,
            blocks: 8,
            accessed: time,
            modified: time,
            changed: time,
            created: Some(time),
            flags: InodeFlags::from_bits(0),
        },
        target: None,
        xattrs: Xattrs::new(),
        digests: Digests::from_iter([Digest::new(HashType::Sha256, &bytes).unwrap()]),
    }
}

fn at(secs: i64) -> Timestamp {
    Timestamp::new(secs, 7)
}

/// Approves some states in one batch.
fn put(store: &mut Baseline, paths: &[(&str, u64)]) {
    let mut batch = store.batch().unwrap();
    for (path, number) in paths {
        let path = sample::path(path);
        let (dir, name) = super::split_path(&path);
        let dir = batch.dir(dir).unwrap();
        batch.put_trusted(dir, name, &state(*number)).unwrap();
    }
    batch.commit().unwrap();
}

fn append(store: &mut Baseline, bodies: &[&str]) {
    let mut batch = store.batch().unwrap();
    for body in bodies {
        batch.append_event(at(1), |_| (*body).to_owned()).unwrap();
    }
    batch.commit().unwrap();
}

/// Everything below a path, in the order of the visit.
fn below(reader: &Reader, path: &str) -> Result<Vec<(PathBuf, Row)>, BaselineError> {
    let mut found = Vec::new();
    reader.below(&sample::path(path), |path, row| {
        found.push((path, row));
        Ok::<(), BaselineError>(())
    })?;
    Ok(found)
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    let secs = prop_oneof![
        any::<i64>(),
        Just(i64::MIN),
        Just(i64::MAX),
        Just(-1),
        Just(0),
        Just(1 << 34)
    ];
    (secs, 0..1_000_000_000_u32).prop_map(|(secs, nanos)| Timestamp::new(secs, nanos))
}

fn any_number() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), Just(0), Just(u64::MAX), Just(1 << 63)]
}

fn any_stat() -> impl Strategy<Value = Stat> {
    let numbers = [(); 6].map(|()| any_number());
    let times = (any_time(), any_time(), any_time(), option::of(any_time()));
    let small = (0..0o10000_u32, any::<u32>(), any::<u32>(), any::<u64>());
    (0..Kind::ALL.len(), numbers, times, small).prop_map(|(kind, numbers, times, small)| {
        let [device, inode, links, rdev, size, blocks] = numbers;
        Stat {
            kind: Kind::ALL[kind],
            device,
            inode,
            mode: small.0,
            links,
            uid: small.1,
            gid: small.2,
            rdev,
            size,
            blocks,
            accessed: times.0,
            modified: times.1,
            changed: times.2,
            created: times.3,
            flags: InodeFlags::from_bits(small.3),
        }
    })
}

fn any_digests() -> impl Strategy<Value = Digests> {
    vec((0..HashType::ALL.len(), any::<u8>()), 0..4).prop_map(|digests| {
        let digest = |(hash_type, fill): (usize, u8)| {
            let hash_type = HashType::ALL[hash_type];
            Digest::new(hash_type, &vec![fill; hash_type.digest_len()]).unwrap()
        };
        digests.into_iter().map(digest).collect()
    })
}

fn any_state() -> impl Strategy<Value = FileState> {
    let xattrs = vec((vec(1..=255_u8, 1..20), vec(any::<u8>(), 0..40)), 0..3);
    (any_stat(), option::of(any_name()), xattrs, any_digests()).prop_map(
        |(stat, target, xattrs, digests)| FileState {
            stat,
            target,
            xattrs: Xattrs::from_pairs(xattrs),
            digests,
        },
    )
}

/// Names with every byte a file name may have where the system allows that.
fn any_name() -> impl Strategy<Value = OsString> {
    vec(prop_oneof![1..b'/', b'0'..=255], 1..12).prop_filter_map(
        "no name of this system",
        |bytes| {
            let name = waxseal_platform::bytes::bytes_to_os(&bytes).ok();
            name.filter(|name| Path::new(name).file_name() == Some(name))
        },
    )
}
