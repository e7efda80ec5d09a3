//! Records of every shape, and a model: a tree of directories that changes at random, whose
//! records are taken late, while somebody covers what he sees. In the end every directory must be
//! known under its path and no other.

mod model;

use std::collections::BTreeMap;

use super::super::record::Entry;
use super::*;
use crate::watch::Changes;

/// Handles are numbers here.
pub(super) fn handle(number: u64) -> Handle {
    let bytes = number.to_ne_bytes();
    HandleRef {
        fsid: 5,
        kind: 1,
        bytes: &bytes,
    }
    .to_owned()
}

/// Which directories there are, by path.
#[derive(Default)]
pub(super) struct Disk(pub(super) BTreeMap<PathBuf, u64>);

impl World for Disk {
    fn look(&self, path: &Path) -> Option<Handle> {
        self.0.get(path).copied().map(handle)
    }

    fn actor(&self) -> Option<Arc<Process>> {
        None
    }
}

pub(super) const OWN_PID: i32 = 77;
const CANARY: u64 = 1000;

/// A resolver and what it told, in words.
pub(super) struct Bench {
    pub(super) resolver: Resolver,
    signals: Arc<Mutex<Vec<Signal>>>,
}

impl Bench {
    pub(super) fn new(wants: impl Fn(&Path) -> bool + Send + Sync + 'static) -> Bench {
        let signals = Arc::new(Mutex::new(Vec::new()));
        let deliver: Deliver = {
            let signals = Arc::clone(&signals);
            Arc::new(move |signal| signals.lock().unwrap().push(signal))
        };
        let wants: Wants = Arc::new(wants);
        Bench {
            resolver: Resolver::new(&wants, &deliver, Some(OWN_PID), handle(CANARY)),
            signals,
        }
    }

    /// Covers a directory as the backend does.
    pub(super) fn cover(&self, disk: &Disk, path: &Path) {
        if let Some(number) = disk.0.get(path) {
            let parent = path.parent().and_then(|parent| disk.look(parent));
            let parent = parent.as_ref().map(Handle::borrowed);
            let resolver = &self.resolver;
            if resolver.cover(handle(*number).borrowed(), parent, path, false, disk) {
                let above = path.ancestors().skip(1).filter_map(|path| disk.look(path));
                let above: Vec<_> = above.collect();
                resolver.table().set_above(path_to_bytes(path), &above);
            }
        }
    }

    pub(super) fn signals(&self) -> Vec<Signal> {
        std::mem::take(&mut self.signals.lock().unwrap())
    }

    fn words(&self) -> Vec<String> {
        let name = |path: Option<PathBuf>| path.map_or(String::new(), |p| p.display().to_string());
        let words = self.signals().into_iter().map(|signal| match signal {
            Signal::Touched { path, changes, .. } => format!("{} {changes:?}", path.display()),
            Signal::Moved { from, to, .. } => format!("{} -> {}", name(from), name(to)),
            Signal::Lost { below, reason } => format!("lost {}: {reason}", name(below)),
            Signal::Alive { backend } => format!("alive {backend}"),
        });
        words.collect()
    }

    fn paths(&self, number: u64) -> Vec<String> {
        let places = self.resolver.table().places(handle(number).borrowed());
        let path = |place: Place| String::from_utf8(place.path).unwrap();
        let mut paths: Vec<_> = places.into_iter().map(path).collect();
        paths.sort();
        paths
    }
}

/// A record that owns its names.
#[derive(Clone, Debug, Default)]
pub(super) struct Event {
    pub(super) mask: u64,
    pub(super) pid: i32,
    pub(super) entry: Option<(u64, &'static str)>,
    pub(super) old: Option<(u64, &'static str)>,
    pub(super) new: Option<(u64, &'static str)>,
    pub(super) object: Option<u64>,
}

impl Event {
    pub(super) fn take(&self, bench: &Bench, disk: &Disk) {
        let handles = [self.entry, self.old, self.new]
            .map(|place| place.map(|(dir, name)| (handle(dir), name)));
        let [entry, old, new] = handles.each_ref().map(|place| {
            place.as_ref().map(|(dir, name)| Entry {
                dir: dir.borrowed(),
                name: name.as_bytes(),
            })
        });
        let object = self.object.map(handle);
        let record = Record {
            mask: self.mask,
            pid: self.pid,
            entry,
            old,
            new,
            object: object.as_ref().map(Handle::borrowed),
            ..Record::default()
        };
        bench.resolver.take(&record, disk);
    }
}

/// Directories 1 to 3 at `/r`, `/r/a` and `/r/a/b`, all covered.
fn small() -> (Bench, Disk) {
    let bench = Bench::new(|path| !path.ends_with("no"));
    let mut disk = Disk::default();
    for (number, path) in (1..).zip(["/r", "/r/a", "/r/a/b"]) {
        disk.0.insert(path.into(), number);
        bench.cover(&disk, Path::new(path));
    }
    (bench, disk)
}

#[test]
fn merged_changes_are_one_signal() {
    let (bench, disk) = small();
    let event = Event {
        mask: mask::CREATE | mask::MODIFY | mask::CLOSE_WRITE | mask::ATTRIB | mask::DELETE,
        entry: Some((3, "f")),
        object: Some(9),
        ..Event::default()
    };
    event.take(&bench, &disk);
    let words = r#"/r/a/b/f {"created", "written", "closed", "attributes", "deleted"}"#;
    assert_eq!(bench.words(), [words]);
}

#[test]
fn old_kernels_tell_each_end_of_a_rename_alone() {
    let (bench, disk) = small();
    let event = |mask, place| Event {
        mask: mask | mask::ONDIR,
        entry: Some(place),
        ..Event::default()
    };
    event(mask::MOVED_FROM, (1, "a")).take(&bench, &disk);
    event(mask::MOVED_TO, (1, "z")).take(&bench, &disk);
    assert_eq!(bench.words(), ["/r/a -> ", " -> /r/z"]);
    // Gone with what was below; without a handle the new name must be covered by who walks it.
    assert_eq!(bench.resolver.table().len(), 1);
}

#[test]
fn what_concerns_nobody_is_counted() {
    let (bench, disk) = small();
    let event = |pid, entry, object| Event {
        mask: mask::MODIFY,
        pid,
        entry,
        object,
        ..Event::default()
    };
    event(1, Some((8, "f")), None).take(&bench, &disk);
    event(1, None, Some(9)).take(&bench, &disk);
    event(OWN_PID, Some((1, "f")), None).take(&bench, &disk);
    assert_eq!(bench.words(), [""; 0]);
    let counters = &bench.resolver.counters;
    for counter in [
        &counters.foreign_dropped,
        &counters.unnamed_dropped,
        &counters.own_dropped,
    ] {
        assert_eq!(counter.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn the_canary_is_heard_whoever_closed_it() {
    let (bench, disk) = small();
    for (mask, pid) in [
        (mask::CLOSE_WRITE | mask::MODIFY, OWN_PID),
        (mask::MODIFY, OWN_PID),
        (mask::CLOSE_WRITE, 3),
    ] {
        let entry = Some((CANARY, "fanotify-0"));
        let event = Event {
            mask,
            pid,
            entry,
            ..Event::default()
        };
        event.take(&bench, &disk);
    }
    assert_eq!(bench.words(), ["alive fanotify", "alive fanotify"]);
}

#[test]
fn losses_are_told() {
    let (bench, disk) = small();
    let event = |mask, object| Event {
        mask,
        object,
        ..Event::default()
    };
    event(mask::Q_OVERFLOW, None).take(&bench, &disk);
    event(mask::FS_ERROR, Some(3)).take(&bench, &disk);
    let nameless = Record {
        mask: mask::CREATE,
        entry: Some(Entry {
            dir: HandleRef {
                fsid: 0,
                kind: 0xff,
                bytes: &[],
            },
            name: b"f",
        }),
        ..Record::default()
    };
    bench.resolver.take(&nameless, &disk);
    assert_eq!(
        bench.words(),
        [
            "lost : the kernel's queue overflowed",
            "lost /r: the file system reports that it is damaged (error 0)",
            "lost : the kernel could not name the directory of a change",
        ]
    );
}

fn renamed(old: (u64, &'static str), new: (u64, &'static str), object: u64) -> Event {
    Event {
        mask: mask::RENAME | mask::ONDIR,
        old: Some(old),
        new: Some(new),
        object: Some(object),
        ..Event::default()
    }
}

#[test]
fn a_directory_that_was_not_covered_comes_as_from_elsewhere() {
    let (bench, mut disk) = small();
    // It had a name that nobody wanted.
    disk.0.insert("/r/yes".into(), 4);
    renamed((1, "no"), (1, "yes"), 4).take(&bench, &disk);
    assert_eq!(bench.words(), ["/r/no -> ", " -> /r/yes"]);
    assert_eq!(bench.paths(4), ["/r/yes"]);
    renamed((1, "yes"), (2, "no"), 4).take(&bench, &disk);
    assert_eq!(bench.words(), ["/r/yes -> /r/a/no"]);
    assert_eq!(bench.paths(4), [""; 0]);
}

#[test]
fn one_directory_at_two_places_moves_at_both() {
    let (bench, mut disk) = small();
    for (path, number) in [("/r/bound", 2), ("/r/bound/b", 3)] {
        disk.0.insert(path.into(), number);
        bench.cover(&disk, Path::new(path));
    }
    assert_eq!(bench.paths(3), ["/r/a/b", "/r/bound/b"]);
    renamed((2, "b"), (2, "c"), 3).take(&bench, &disk);
    let mut words = bench.words();
    words.sort();
    assert_eq!(words, ["/r/a/b -> /r/a/c", "/r/bound/b -> /r/bound/c"]);
    assert_eq!(bench.paths(3), ["/r/a/c", "/r/bound/c"]);
}

#[test]
fn an_anchor_moves_only_when_it_is_not_where_it_was() {
    let (bench, mut disk) = small();
    let moved = renamed((50, "r"), (50, "s"), 1);
    moved.take(&bench, &disk);
    assert_eq!(bench.words(), [""; 0]);
    disk.0.clear();
    moved.take(&bench, &disk);
    assert_eq!(
        bench.words(),
        ["/r -> ", "lost /r: a directory above was renamed"]
    );
    assert_eq!(bench.resolver.table().len(), 0);
}

#[test]
fn a_covered_parent_takes_its_anchors_in() {
    let bench = Bench::new(|_| true);
    let mut disk = Disk::default();
    for (number, path) in (1..).zip(["/r/a/b", "/r/a", "/r"]) {
        disk.0.insert(path.into(), number);
        bench.cover(&disk, Path::new(path));
    }
    for path in ["/r", "/r/a", "/r/a/b"] {
        bench.cover(&disk, Path::new(path));
    }
    renamed((3, "a"), (3, "z"), 2).take(&bench, &disk);
    assert_eq!(bench.words(), ["/r/a -> /r/z"]);
    assert_eq!(bench.paths(1), ["/r/z/b"]);
}

#[test]
fn too_many_doubts_are_looked_at() {
    let (bench, mut disk) = small();
    // Directories that replace each other at one name, whose deletions were never told.
    for number in 100..400 {
        disk.0.insert("/r/x".into(), number);
        bench.cover(&disk, Path::new("/r/x"));
    }
    for (is_drained, left) in [(false, DOUBTS), (true, 0)] {
        for _ in 0..100 {
            bench.resolver.settle(is_drained, &disk);
        }
        let covered = disk.0.len();
        assert_eq!(bench.resolver.table().len(), covered + left);
        assert_eq!(bench.paths(399), ["/r/x"]);
    }
}
