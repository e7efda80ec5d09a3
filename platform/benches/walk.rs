//! The walk against `walkdir`, both with the metadata of every entry, over one generated tree of
//! 20 420 directories and 60 000 files.
//!
//! `cargo bench -p waxseal-platform --bench walk`

use std::fs;
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use waxseal_platform::walk::{Listing, Next, Visitor, Walk, WalkOp};

/// 20 directories, each with 20, each of those with 50; three files in each of the last 20 000.
fn grow(root: &Path) -> io::Result<()> {
    for a in 0..20 {
        for b in 0..20 {
            for c in 0..50 {
                let directory = root.join(format!("dir-{a}/dir-{b}/dir-{c}"));
                fs::create_dir_all(&directory)?;
                for file in 0..3 {
                    fs::write(directory.join(format!("file-{file}.txt")), "")?;
                }
            }
        }
    }
    Ok(())
}

/// Adds up sizes, so that the metadata is used.
struct Total {
    entries: u64,
    bytes: u64,
}

impl Visitor for Total {
    type Task = ();

    fn directory(&mut self, listing: Listing, next: &mut Next<'_, ()>) {
        for entry in &listing.entries {
            self.entries += 1;
            self.bytes += entry.stat.as_ref().map_or(0, |stat| stat.size);
            next.descend(entry);
        }
    }

    fn failed(&mut self, path: PathBuf, op: WalkOp, error: io::Error) {
        panic!("{op} {}: {error}", path.display());
    }

    fn task(&mut self, (): ()) {}
}

fn by_walk(root: &Path, threads: usize) -> u64 {
    let walk = Walk::new(vec![root.to_owned()]).threads(threads);
    let totals = walk
        .run(|_| Total {
            entries: 0,
            bytes: 0,
        })
        .expect("threads can be started");
    black_box(totals.iter().map(|total| total.bytes).sum::<u64>());
    totals.iter().map(|total| total.entries).sum()
}

fn by_walkdir(root: &Path) -> u64 {
    let mut total = Total {
        entries: 0,
        bytes: 0,
    };
    for entry in walkdir::WalkDir::new(root).min_depth(1) {
        let metadata = entry
            .and_then(|entry| entry.metadata())
            .expect("the tree stays as it is");
        total.entries += 1;
        total.bytes += metadata.len();
    }
    black_box(total.bytes);
    total.entries
}

fn walks(criterion: &mut Criterion) {
    let root = tempfile::tempdir().expect("a temporary directory can be made");
    grow(root.path()).expect("the tree can be made");
    assert_eq!(by_walk(root.path(), 2), by_walkdir(root.path()));
    let mut group = criterion.benchmark_group("80420_entries");
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(10));
    for threads in [1, 2] {
        let name = format!("walk_{threads}_threads");
        group.bench_function(name, |bencher| {
            bencher.iter(|| by_walk(root.path(), threads))
        });
    }
    group.bench_function("walkdir", |bencher| {
        bencher.iter(|| by_walkdir(root.path()))
    });
    group.finish();
}

criterion_group!(benches, walks);
criterion_main!(benches);
