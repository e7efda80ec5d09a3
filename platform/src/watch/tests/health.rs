//! Overflow, the canary, floods, and what a watcher tells of itself.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use super::*;

#[test]
fn an_overflow_is_told_and_the_queue_goes_on() {
    let bounded = |options: &mut Options| options.has_bounded_queue = true;
    let Some(mut watched) = Watched::start_with(bounded, |_| true) else {
        return;
    };
    let limit = fs::read_to_string("/proc/sys/fs/fanotify/max_queued_events").unwrap();
    let limit: u64 = limit.trim().parse().unwrap();
    if limit > 100_000 {
        return eprintln!("skipped: a queue of {limit} records is too long to fill");
    }
    watched.sh(&format!("seq 1 {} | (cd root; xargs touch)", limit + 1));
    let is_overflow = |signal: &Signal| {
        matches!(
            signal,
            Signal::Lost {
                below: None,
                reason: LostReason::Overflow
            }
        )
    };
    watched.told_until(|signals| signals.iter().any(is_overflow));
    assert_eq!(watched.health().overflows, 1);
    watched.told();
    let told = watched.told_of("echo x > root/after");
    assert!(told.touched.contains_key(Path::new("root/after")));
}

#[test]
fn a_flood_is_told_whole() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    watched.sh("mkdir root/d; seq 1 20000 | (cd root/d; xargs touch)");
    let told = watched.told();
    assert_eq!(told.touched.len(), 20_001);
    told.nothing_lost();
    assert_eq!(watched.health().overflows, 0);
}

#[test]
fn the_canary_is_heard_at_every_beat() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    for _ in 0..3 {
        watched.told().touched(&[]).moved(&[]).nothing_lost();
    }
    // Beats that nobody has read yet do not become one.
    for _ in 0..5 {
        watched.watcher.beat().unwrap();
    }
    let is_alive = |signal: &&Signal| matches!(signal, Signal::Alive { .. });
    watched.told_until(|signals| signals.iter().filter(is_alive).count() == 5);
    let names: Vec<_> = watched.queues.iter().map(|queue| queue.name()).collect();
    assert_eq!(names, ["fanotify", "mounts"]);
    assert!(watched.watcher.queues().is_empty());
}

#[test]
fn reading_ends_in_time_when_nothing_comes() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    let start = Instant::now();
    for queue in &mut watched.queues {
        queue.read(Duration::from_millis(1)).unwrap();
    }
    assert!(start.elapsed() < DEADLINE);
}

#[test]
fn without_a_backend_everything_is_polled() {
    let temp = tempfile::tempdir().unwrap();
    let mut options = Options::new(temp.path().join("canary"));
    options.backends = Vec::new();
    let watcher = Watcher::start(options, Arc::new(|_| true), Arc::new(|_, _| ())).unwrap();
    let dir = Dir::open(temp.path()).unwrap();
    let coverage = watcher.cover(&dir, temp.path());
    assert!(matches!(coverage, Coverage::Polling { .. }), "{coverage:?}");
    assert_eq!(watcher.queues().len(), 1);
    watcher.beat().unwrap();
}

#[test]
fn descriptors_of_processes_are_closed() {
    let Some(mut watched) = Watched::start() else {
        return;
    };
    // Other tests of this process open files at the same time, but hardly any process.
    let open = || {
        let entries = fs::read_dir("/proc/self/fd").unwrap().flatten();
        let links = entries.filter_map(|entry| fs::read_link(entry.path()).ok());
        links
            .filter(|link| link.to_string_lossy().contains("pidfd"))
            .count()
    };
    let before = open();
    // The kernel has a descriptor only of who still lives.
    let mut writer = Command::new("sh")
        .args([
            "-ec",
            "for i in $(seq 300); do : > root/$i; done; echo; read end",
        ])
        .current_dir(&watched.temp)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = [0];
    writer.stdout.take().unwrap().read_exact(&mut line).unwrap();
    let told = watched.told();
    assert_eq!((told.touched.len(), told.pids.len()), (300, 300));
    assert!(open() < before + 100);
    writer.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(writer.wait().unwrap().success());
}

#[test]
fn without_root_each_directory_has_a_mark() {
    if crate::host::is_privileged() {
        return eprintln!("skipped: needs an ordinary user");
    }
    let Some(mut watched) = Watched::start_as_we_are(|_| {}, |_| true) else {
        return;
    };
    watched.sh("mkdir root/d; echo x > root/d/f");
    watched.told().touched(&[("root/d/", &[Changes::CREATED])]);
    watched.cover("root/d");
    watched.sh("echo x >> root/d/f");
    let told = watched.told();
    told.touched(&[("root/d/f", &[Changes::WRITTEN, Changes::CLOSED])]);
    // The kernel tells only root who did it.
    assert_eq!(told.pids, [0; 0]);
    let limits = watched.health().limits;
    assert!(
        limits.iter().any(|limit| limit.contains("not root")),
        "{limits:?}"
    );
}
