//! What it costs to say which process is behind a change: `cargo bench --bench process`.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as os;
#[cfg(not(target_os = "linux"))]
mod unsupported;
#[cfg(not(target_os = "linux"))]
use unsupported as os;

use criterion::{criterion_group, criterion_main};

criterion_group!(benches, os::lookup);
criterion_main!(benches);
