//! Linux, which names the process.
//!
//! The process looked at is a child, as a writer is; the benchmark's own parent is not involved.

use std::hint::black_box;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use criterion::Criterion;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use waxseal_platform::process::Processes;

pub(super) fn lookup(criterion: &mut Criterion) {
    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .spawn()
        .expect("cat starts");
    let pid = child.id();
    let raw = Pid::from_raw(pid.cast_signed()).expect("a child has a number");
    let pidfd = pidfd_open(raw, PidfdFlags::empty()).expect("the child runs");
    // Wait until it runs `cat`, so that nothing changes during the measurement.
    let runs_cat = |path: &std::path::Path| path.ends_with("cat") || path.ends_with("coreutils");
    while !std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|path| runs_cat(&path)) {}

    let mut group = criterion.benchmark_group("process");
    let remembering = Processes::new();
    group.bench_function("remembered", |bencher| {
        bencher.iter(|| black_box(remembering.lookup(pid, Some(pidfd.as_fd()))).expect("it runs"));
    });
    group.bench_function("first look", |bencher| {
        bencher.iter(|| {
            let processes = Processes::new();
            black_box(processes.lookup(pid, Some(pidfd.as_fd()))).expect("it runs")
        });
    });
    group.bench_function("without a descriptor", |bencher| {
        bencher.iter(|| black_box(remembering.lookup(pid, None)));
    });
    group.finish();

    child.kill().expect("it still runs");
    child.wait().expect("it was killed");
}
