//! What a hint costs: to add, to merge, to take, and in a storm over the limit.
//!
//! `cargo bench --bench hints`; `WAXSEAL_BENCH_HINTS=1000000` for another number than 100 000.

#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use waxseal::hint::{Changes, LONGEST, PendingHints};

type Pending = PendingHints<u32>;

fn number_of_hints() -> usize {
    let number = std::env::var("WAXSEAL_BENCH_HINTS").ok();
    number.and_then(|text| text.parse().ok()).unwrap_or(100_000)
}

/// Paths as they come when trees are unpacked: one directory after the other.
fn paths(number: usize, in_each_dir: usize) -> Vec<PathBuf> {
    let paths = (0..number).map(|number| {
        let dir = number / in_each_dir;
        PathBuf::from(format!(
            "/usr/lib/modules/{}/{dir}/file-{number}.ko",
            dir % 97
        ))
    });
    paths.collect()
}

fn add_all(pending: &mut Pending, paths: &[PathBuf], changes: Changes, now: Instant) {
    for path in paths {
        pending.add(path, changes, false, Some(7), now);
    }
}

fn filled(paths: &[PathBuf], now: Instant) -> Pending {
    let mut pending = Pending::new(usize::MAX);
    add_all(&mut pending, paths, Changes::WRITTEN, now);
    pending
}

fn hints(criterion: &mut Criterion) {
    let number = number_of_hints();
    let now = Instant::now();
    let mut group = criterion.benchmark_group("hints");
    group.throughput(Throughput::Elements(number as u64));
    group.sample_size(20);

    for (name, in_each_dir) in [("12 in each directory", 12), ("each in its own", 1)] {
        let paths = paths(number, in_each_dir);
        group.bench_function(format!("add, {name}"), |bencher| {
            bencher.iter_with_large_drop(|| filled(&paths, now));
        });
        group.bench_function(format!("take, {name}"), |bencher| {
            let mut later = now + LONGEST;
            bencher.iter_batched(
                || filled(&paths, now),
                |mut pending| {
                    while !pending.is_empty() {
                        later += Duration::from_millis(1);
                        black_box(pending.take(later, 512));
                    }
                },
                BatchSize::PerIteration,
            );
        });
    }

    let paths = paths(number, 12);
    let mut pending = filled(&paths, now);
    group.bench_function("merge", |bencher| {
        let mut at = now;
        bencher.iter(|| {
            at += Duration::from_micros(1);
            add_all(&mut pending, &paths, Changes::WRITTEN, at);
        });
    });
    group.bench_function("storm, ten times over the limit", |bencher| {
        bencher.iter_with_large_drop(|| {
            let mut pending = Pending::new(number / 10);
            add_all(&mut pending, &paths, Changes::WRITTEN, now);
            pending
        });
    });
    group.finish();
}

criterion_group!(benches, hints);
criterion_main!(benches);
