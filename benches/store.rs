//! How fast the store is: insert, children of a directory, ordered read, lookup, open, pairing.
//!
//! `cargo bench --bench store`; `WAXSEAL_BENCH_ROWS=1000000` for another size than 100 000 rows.
//! The numbers per second count rows, except for `open`, where the time of one start matters.

#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::ffi::OsString;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tempfile::TempDir;
use waxseal::baseline::{Baseline, BaselineError, Pairing, Reader};
use waxseal::state::FileState;
use waxseal_hashers::{Digest, Digests, HashType};
use waxseal_platform::stat::{InodeFlags, Kind, Stat, Timestamp};
use waxseal_platform::xattr::Xattrs;

const NAMES_PER_DIR: usize = 12;

fn state(number: u64) -> FileState {
    let time = Timestamp::new(1_700_000_000 + number as i64, 123_456_789);
    let mut bytes = [0; 32];
    for (byte, source) in bytes
        .iter_mut()
        .zip(number.to_le_bytes().into_iter().cycle())
    {
        *byte = source;
    }
    let digest = Digest::new(HashType::Sha256, &bytes).expect("32 bytes are a SHA-256");
    FileState {
        stat: Stat {
            kind: Kind::File,
            device: 8 << 32 | 1,
            inode: 1_000_000 + number,
            mode: 0o644,
            links: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            size: number * 37,
            blocks: number,
            accessed: time,
            modified: time,
            changed: time,
            created: Some(time),
            flags: InodeFlags::from_bits(0),
        },
        target: None,
        xattrs: Xattrs::new(),
        digests: Digests::from_iter([digest]),
    }
}

struct Tree {
    dirs: Vec<PathBuf>,
    names: Vec<OsString>,
    rows: u64,
}

fn tree() -> Tree {
    let rows: usize = std::env::var("WAXSEAL_BENCH_ROWS")
        .ok()
        .and_then(|rows| rows.parse().ok())
        .unwrap_or(100_000);
    let dirs: Vec<PathBuf> = (0..rows / NAMES_PER_DIR)
        .map(|n| PathBuf::from(format!("/usr/share/package-{:04}/component-{n:07}", n / 20)))
        .collect();
    let names = (0..NAMES_PER_DIR)
        .map(|n| format!("some-file-name-{n:04}.txt").into())
        .collect();
    Tree {
        rows: (dirs.len() * NAMES_PER_DIR) as u64,
        dirs,
        names,
    }
}

fn fill(tree: &Tree, store: &mut Baseline) -> Result<(), BaselineError> {
    let mut number = 0;
    // About the size of batch that a scan commits.
    for dirs in tree.dirs.chunks(1000) {
        let mut batch = store.batch()?;
        for dir in dirs {
            let id = batch.dir(dir)?;
            for name in &tree.names {
                number += 1;
                batch.put_trusted(id, name, &state(number))?;
            }
        }
        batch.commit()?;
    }
    Ok(())
}

fn empty() -> (TempDir, Baseline) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Baseline::open(&dir.path().join("state")).expect("a new store");
    (dir, store)
}

fn writes(c: &mut Criterion, tree: &Tree) {
    let mut group = c.benchmark_group("write");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(tree.rows));
    group.bench_function("insert", |b| {
        b.iter_batched(
            empty,
            |(dir, mut store)| {
                fill(tree, &mut store).expect("inserts");
                (dir, store)
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("pairing", |b| {
        b.iter(|| {
            let mut pairing = Pairing::new().expect("a temporary database");
            for (number, dir) in (0..).zip(&tree.dirs) {
                pairing
                    .depart(&dir.join("old"), &state(number))
                    .expect("a departure");
                pairing
                    .arrive(&dir.join("new"), None, &state(number))
                    .expect("an arrival");
            }
            let mut moves = 0;
            pairing
                .finish(|_| {
                    moves += 1;
                    Ok::<(), BaselineError>(())
                })
                .expect("pairs");
            assert_eq!(moves, tree.dirs.len());
        });
    });
    group.finish();
}

fn reads(c: &mut Criterion, tree: &Tree, state_dir: &Path) {
    let reader = Reader::open(state_dir).expect("a store");
    let mut group = c.benchmark_group("read");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(tree.rows));
    group.bench_function("children", |b| {
        let mut rows = Vec::new();
        b.iter(|| {
            for dir in &tree.dirs {
                reader
                    .children(dir, std::ffi::OsStr::new(""), &mut rows)
                    .expect("rows");
                black_box(&rows);
            }
        });
    });
    group.bench_function("ordered", |b| {
        b.iter(|| {
            let mut count = 0;
            let visit = |path, row| {
                black_box((path, row));
                count += 1;
                Ok::<(), BaselineError>(())
            };
            reader.below(Path::new("/"), visit).expect("rows");
            assert_eq!(count, tree.rows);
        });
    });
    group.throughput(Throughput::Elements(tree.dirs.len() as u64));
    group.bench_function("lookup", |b| {
        let paths: Vec<PathBuf> = tree
            .dirs
            .iter()
            .filter_map(|dir| Some(dir.join(tree.names.last()?)))
            .collect();
        b.iter(|| {
            for path in &paths {
                black_box(reader.row(path).expect("a row"));
            }
        });
    });
    group.finish();
}

fn starts(c: &mut Criterion, state_dir: &Path) {
    let mut group = c.benchmark_group("open");
    group.sample_size(10);
    group.bench_function("sealed", |b| {
        b.iter(|| Reader::open(state_dir).expect("a store"))
    });
    let seal = state_dir.join("baseline.sum");
    let kept = std::fs::read(&seal).expect("a seal");
    std::fs::write(&seal, "").expect("no seal");
    group.bench_function("unsealed", |b| {
        b.iter(|| Reader::open(state_dir).expect("a store"))
    });
    std::fs::write(&seal, kept).expect("a seal");
    let db = rusqlite::Connection::open(state_dir.join("baseline.db")).expect("a database");
    for check in ["quick_check", "integrity_check"] {
        group.bench_function(check, |b| {
            b.iter(|| {
                let answer: String = db
                    .query_row(&format!("PRAGMA {check}"), [], |row| row.get(0))
                    .expect("an answer");
                assert_eq!(answer, "ok");
            });
        });
    }
    group.finish();
}

fn all(c: &mut Criterion) {
    let tree = tree();
    let (dir, mut store) = empty();
    fill(&tree, &mut store).expect("inserts");
    store.close().expect("a clean close");
    let state_dir = dir.path().join("state");
    reads(c, &tree, &state_dir);
    starts(c, &state_dir);
    writes(c, &tree);
}

criterion_group!(benches, all);
criterion_main!(benches);
