//! Throughput per core of every hash type, of all together, and of two files side by side.
//!
//! `cargo bench -p waxseal-hashers`, or `-- pair` for the SHA-256 pair alone.

#![allow(
    missing_docs,
    reason = "criterion's macros make a public function without"
)]

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use waxseal_hashers::{HashType, HashTypes, Hasher};

const KIB: usize = 1024;

fn bytes(length: usize, step: u8) -> Vec<u8> {
    (0..length).map(|i| (i as u8).wrapping_mul(step)).collect()
}

/// One type at a time: what the order of `cost` in hasher.rs is taken from.
fn single(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("single");
    for length in [4 * KIB, 64 * KIB, 1024 * KIB] {
        let message = bytes(length, 7);
        group.throughput(Throughput::Bytes(length as u64));
        for hash_type in HashType::ALL {
            let mut hasher = Hasher::new(HashTypes::single(hash_type));
            group.bench_function(BenchmarkId::new(hash_type.name(), length), |bencher| {
                bencher.iter(|| {
                    hasher.update(black_box(&message));
                    hasher.finish_reset()
                });
            });
        }
    }
    group.finish();
}

/// All 17 types over one large file, by one thread and by as many as there are.
fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("all");
    let threads = thread::available_parallelism().map_or(1, usize::from);
    for length in [1024 * KIB, 8 * 1024 * KIB] {
        let message = bytes(length, 7);
        group.throughput(Throughput::Bytes(length as u64));
        let mut hasher = Hasher::new(HashTypes::all());
        group.bench_function(BenchmarkId::new("sequential", length), |bencher| {
            bencher.iter(|| hasher.update(black_box(&message)));
        });
        group.bench_function(BenchmarkId::new("parallel", length), |bencher| {
            bencher.iter(|| hasher.update_parallel(black_box(&message), threads));
        });
    }
    group.finish();
}

/// Two files with SHA-256: one after the other, and side by side.
fn pair(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pair");
    let new = || Hasher::new(HashTypes::single(HashType::Sha256));
    let (mut one, mut other) = (new(), new());
    for length in [4 * KIB, 16 * KIB, 64 * KIB, 1024 * KIB] {
        let (left, right) = (bytes(length, 7), bytes(length, 13));
        group.throughput(Throughput::Bytes(2 * length as u64));
        group.bench_function(BenchmarkId::new("one after the other", length), |bencher| {
            bencher.iter(|| {
                one.update(black_box(&left));
                other.update(black_box(&right));
                (one.finish_reset(), other.finish_reset())
            });
        });
        group.bench_function(BenchmarkId::new("side by side", length), |bencher| {
            bencher.iter(|| {
                Hasher::update_pair(&mut one, black_box(&left), &mut other, black_box(&right));
                (one.finish_reset(), other.finish_reset())
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1000));
    targets = single, all, pair
}
criterion_main!(benches);
