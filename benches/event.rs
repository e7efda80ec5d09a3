//! How fast a change becomes a document, and how fast the store takes it.
//!
//! `cargo bench --bench event`. `document` makes the text of one event. The group `journal` counts
//! events in batches of 1000, each one transaction: `append` the journal alone, with a body that
//! was made before; `record` what a watch writes, the row of `seen` and the event; `commit` is an
//! empty transaction.

#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::ffi::OsStr;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use waxseal::baseline::{Baseline, Seen};
use waxseal::change::{Action, Actions, diff};
use waxseal::event::{Account, Actor, ActorParent, Confidence, Event, FoundBy, Source, Writer};
use waxseal::policy::Attributes;
use waxseal::state::FileState;
use waxseal_hashers::{Digest, Digests, HashType};
use waxseal_platform::stat::{InodeFlags, Kind, Stat, Timestamp};
use waxseal_platform::xattr::Xattrs;

/// Events of one transaction.
const BATCH: usize = 1000;

fn state(number: u8) -> FileState {
    let time = |secs| Timestamp::new(1_764_000_000 + secs, 123_456_789);
    let digest = Digest::new(HashType::Sha256, &[number; 32]).expect("32 bytes are a SHA-256");
    FileState {
        stat: Stat {
            kind: Kind::File,
            device: 254 << 8,
            inode: 9_988_480,
            mode: 0o644,
            links: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            size: 20_000 + u64::from(number),
            blocks: 40,
            accessed: time(1),
            modified: time(i64::from(number)),
            changed: time(i64::from(number)),
            created: Some(time(0)),
            flags: InodeFlags::default(),
        },
        target: None,
        xattrs: Xattrs::new(),
        digests: Digests::from_iter([digest]),
    }
}

fn actor() -> Actor {
    Actor {
        start: Some(Timestamp::new(1_764_000_000, 120_000_000)),
        name: Some("nginx".into()),
        executable: Some("/usr/sbin/nginx".into()),
        args: vec!["nginx: worker process".into()],
        working_directory: Some("/".into()),
        parent: Some(ActorParent {
            pid: 811,
            name: Some("nginx".into()),
            executable: Some("/usr/sbin/nginx".into()),
            start: None,
        }),
        account: Some(Account {
            uid: 0,
            euid: 0,
            gid: 0,
            egid: 0,
        }),
        cgroup: Some("/system.slice/nginx.service".into()),
        ..Actor::new(812, Source::Proc, Confidence::Verified)
    }
}

fn updated<'e>(before: &'e FileState, after: &'e FileState) -> Event<'e> {
    let changed = diff(before, after, Attributes::DEFAULT);
    let actions = Actions::of(&changed).expect("the digest differs");
    Event {
        before: Some(before),
        after: Some(after),
        changed,
        drift: true,
        ..Event::new(
            Path::new("/srv/www/site-0042/index.html"),
            actions,
            FoundBy::Watch,
        )
    }
}

fn documents(c: &mut Criterion) {
    let (before, after, actor) = (state(1), state(2), actor());
    let writer = Writer::new();
    let id = Some("9c07a1547510906e-000000000013");
    let mut group = c.benchmark_group("document");
    let event = updated(&before, &after);
    group.bench_function("updated", |b| {
        b.iter(|| writer.event(black_box(&event), id))
    });
    let actors = [&actor];
    let event = Event {
        actors: &actors,
        backend: Some("fanotify"),
        ..updated(&before, &after)
    };
    group.bench_function("updated by a process", |b| {
        b.iter(|| writer.event(black_box(&event), id));
    });
    let event = Event::new(
        Path::new("/tmp/a"),
        Actions::just(Action::Deleted),
        FoundBy::Watch,
    );
    group.bench_function("smallest", |b| {
        b.iter(|| writer.event(black_box(&event), id))
    });
    group.finish();
}

fn journal(c: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut store = Baseline::open(&dir.path().join("state")).expect("a new store");
    let (before, after) = (state(1), state(2));
    let writer = Writer::new();
    let event = updated(&before, &after);
    let body = writer.event(&event, Some("9c07a1547510906e-000000000013"));
    let seen = Seen {
        state: Some(after.clone()),
        drift: true,
        since: event.at,
    };
    let names: Vec<String> = (0..BATCH).map(|n| format!("page-{n:04}.html")).collect();

    let mut group = c.benchmark_group("journal");
    group
        .sample_size(20)
        .throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("commit", |b| {
        b.iter(|| store.batch().and_then(|batch| batch.commit()));
    });
    group.bench_function("append", |b| {
        b.iter(|| {
            let mut batch = store.batch().expect("a transaction");
            for _ in 0..BATCH {
                let append = batch.append_event(event.at, |_| body.clone());
                append.expect("an appended event");
            }
            batch.commit().expect("a commit");
        });
    });
    group.bench_function("record", |b| {
        b.iter(|| {
            let mut batch = store.batch().expect("a transaction");
            for name in &names {
                let dir = batch.dir(Path::new("/srv/www/site-0042"));
                let dir = dir.expect("a directory");
                let put = batch.put_seen(dir, OsStr::new(name), &seen);
                put.expect("a row");
                let append = batch.append_event(event.at, |id| writer.event(&event, Some(id)));
                append.expect("an appended event");
            }
            batch.commit().expect("a commit");
        });
    });
    group.finish();
}

criterion_group!(benches, documents, journal);
criterion_main!(benches);
