//! Trees of every kind, against `walkdir`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;

use proptest::prelude::*;
use rustix::fs::{FileType, Mode};

use super::*;

/// What to make inside a random tree.
#[derive(Clone, Debug)]
enum Thing {
    Directory,
    File(usize),
    Symlink(&'static str),
    Fifo,
    Socket,
}

fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![
        4 => Just(Thing::Directory),
        3 => (0..5000usize).prop_map(Thing::File),
        2 => prop_oneof![Just("."), Just(".."), Just("/"), Just("nowhere"), Just("a"), Just("b")]
            .prop_map(Thing::Symlink),
        1 => Just(Thing::Fifo),
        1 => Just(Thing::Socket),
    ]
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    let byte = any::<u8>().prop_filter("no name has it", |byte| !matches!(byte, 0 | b'/'));
    prop_oneof![
        Just(b"a".to_vec()),
        Just(b"b".to_vec()),
        prop::collection::vec(byte, 1..20)
            .prop_filter("not a plain name", |name| name != b"." && name != b".."),
    ]
}

/// Makes things below `root`, each in one of the directories made before it.
fn grow(root: &Path, plan: &[(usize, Vec<u8>, Thing)]) {
    let mut directories = vec![root.to_owned()];
    for (parent, name, thing) in plan {
        let path = directories[parent % directories.len()].join(OsStr::from_bytes(name));
        if path.symlink_metadata().is_ok() {
            continue;
        }
        match thing {
            Thing::Directory => {
                fs::create_dir(&path).unwrap();
                directories.push(path);
            }
            Thing::File(size) => fs::write(&path, vec![b'x'; *size]).unwrap(),
            Thing::Symlink(target) => symlink(target, &path).unwrap(),
            Thing::Fifo => {
                let mode = Mode::RUSR;
                rustix::fs::mknodat(rustix::fs::CWD, &path, FileType::Fifo, mode, 0).unwrap();
            }
            // The address of a socket is at most 108 bytes long.
            Thing::Socket if path.as_os_str().len() > 100 => {}
            Thing::Socket => drop(UnixListener::bind(&path).unwrap()),
        }
    }
}

/// What is compared of each entry.
type Row = (PathBuf, u64, u64, u32);

fn by_walkdir(root: &Path) -> Vec<Row> {
    let entries = walkdir::WalkDir::new(root).min_depth(1).into_iter();
    let mut rows: Vec<Row> = entries
        .map(|entry| {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            let mode = metadata.mode() & 0o7777;
            (entry.into_path(), metadata.ino(), metadata.size(), mode)
        })
        .collect();
    rows.sort();
    rows
}

fn by_walk(root: &Path, threads: usize) -> Vec<Row> {
    let seen = record(root, threads);
    assert_eq!(seen.failed, []);
    let mut rows: Vec<Row> = (seen.entries.into_iter())
        .map(|(path, stat)| {
            let stat = stat.unwrap();
            (path, stat.inode, stat.size, stat.mode)
        })
        .collect();
    rows.sort();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sees_what_walkdir_sees(
        plan in prop::collection::vec((any::<usize>(), name(), thing()), 0..60),
        threads in 1..5usize,
    ) {
        let root = tempfile::tempdir().unwrap();
        grow(root.path(), &plan);
        prop_assert_eq!(by_walk(root.path(), threads), by_walkdir(root.path()));
    }
}

#[test]
fn a_thread_goes_depth_first_in_name_order_and_does_tasks_before_subdirectories() {
    let root = tree(&["b/", "a/", "a/z/", "a/y/", "c", "0", "a/f", "a/z/g"]);
    let seen = record(root.path(), 1);
    let prefix = root.path().display().to_string();
    let order: Vec<String> = seen
        .order
        .iter()
        .map(|step| step.replace(&prefix, ""))
        .collect();
    let expected = [
        "dir ",
        "task /0",
        "task /c",
        "dir /a",
        "task /a/f",
        "dir /a/y",
        "dir /a/z",
        "task /a/z/g",
        "dir /b",
    ];
    assert_eq!(order, expected);
    let depths: Vec<usize> = seen.directories.iter().map(|(_, depth)| *depth).collect();
    assert_eq!(depths, [0, 1, 2, 2, 1]);
}

#[test]
fn names_come_sorted_by_their_bytes() {
    let root = tree(&["b", "a", "B", "\u{e9}", "a.b", "a b"]);
    let seen = record(root.path(), 1);
    let names: Vec<_> = seen
        .entries
        .iter()
        .map(|(path, _)| path.file_name().unwrap())
        .collect();
    assert_eq!(names, ["B", "a", "a b", "a.b", "b", "\u{e9}"]);
}

#[test]
fn what_is_not_asked_for_is_not_walked() {
    struct OnlyB(Vec<PathBuf>);

    impl Visitor for OnlyB {
        type Task = ();

        fn directory(&mut self, listing: Listing, next: &mut Next<'_, ()>) {
            self.0.push(listing.path.to_path_buf());
            for entry in listing.entries.iter().filter(|entry| entry.name == "b") {
                assert!(next.descend(entry));
            }
        }

        fn failed(&mut self, path: PathBuf, _: WalkOp, error: io::Error) {
            panic!("{path:?}: {error}");
        }

        fn task(&mut self, (): ()) {}
    }

    let root = tree(&["a/b/", "b/a/", "b/b/"]);
    let seen = Walk::new(vec![root.path().to_owned()])
        .run(|_| OnlyB(Vec::new()))
        .unwrap();
    let b = root.path().join("b");
    assert_eq!(seen[0].0, [root.path().to_owned(), b.clone(), b.join("b")]);
}

#[test]
fn only_directories_can_be_descended_into() {
    let root = tree(&["d/", "f"]);
    symlink("d", root.path().join("l")).unwrap();
    let seen = record(root.path(), 1);
    assert_eq!(seen.paths(), [root.path(), &root.path().join("d")]);
    assert_eq!(seen.tasks, [root.path().join("f"), root.path().join("l")]);
}

#[test]
fn several_roots_are_walked_and_bad_ones_reported() {
    let root = tree(&["one/x/", "two/", "file"]);
    symlink("one", root.path().join("link")).unwrap();
    let names = ["one", "missing", "file", "link", "two/"];
    let roots: Vec<PathBuf> = names.iter().map(|name| root.path().join(name)).collect();
    let mut seen = merge(
        Walk::new(roots.clone())
            .run(|_| Recorder::default())
            .unwrap(),
    );
    seen.directories.sort();
    assert_eq!(
        seen.paths(),
        [&roots[0], &root.path().join("one/x"), &roots[4]]
    );
    let failed: Vec<_> = seen
        .failed
        .iter()
        .map(|(path, op, kind, _)| (path, *op, *kind))
        .collect();
    let expected = [
        (&roots[1], WalkOp::Open, io::ErrorKind::NotFound),
        (&roots[2], WalkOp::Open, io::ErrorKind::NotADirectory),
        (&roots[3], WalkOp::Open, io::ErrorKind::NotADirectory),
    ];
    assert_eq!(failed, expected);
}

#[test]
fn a_walk_without_roots_returns_its_visitors() {
    assert_eq!(
        Walk::new(Vec::new())
            .threads(3)
            .run(|_| Recorder::default())
            .unwrap()
            .len(),
        3
    );
}
