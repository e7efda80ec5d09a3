//! Trees deeper than paths and descriptors reach.

use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::*;

/// A tree in which each level has the same few subdirectories and the first one goes on; removed
/// without recursion and without long paths when dropped.
struct Comb {
    root: tempfile::TempDir,
    levels: usize,
    teeth: &'static [&'static str],
}

impl Comb {
    fn new(levels: usize, teeth: &'static [&'static str]) -> Comb {
        // In memory where possible: on a busy disk a tree this deep takes a minute to make.
        let root = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .unwrap();
        let mut at = open(root.path());
        for _ in 0..levels {
            for tooth in teeth {
                rustix::fs::mkdirat(&at, *tooth, Mode::RWXU).unwrap();
            }
            at = rustix::fs::openat(&at, teeth[0], OPEN, Mode::empty()).unwrap();
        }
        Comb {
            root,
            levels,
            teeth,
        }
    }
}

impl Drop for Comb {
    fn drop(&mut self) {
        let mut at = open(self.root.path());
        while let Ok(below) = rustix::fs::openat(&at, self.teeth[0], OPEN, Mode::empty()) {
            at = below;
        }
        for _ in 0..self.levels {
            at = rustix::fs::openat(&at, "..", OPEN, Mode::empty()).unwrap();
            for tooth in self.teeth {
                rustix::fs::unlinkat(&at, *tooth, AtFlags::REMOVEDIR).unwrap();
            }
        }
    }
}

const OPEN: OFlags = OFlags::DIRECTORY
    .union(OFlags::RDONLY)
    .union(OFlags::CLOEXEC);

fn open(path: &Path) -> OwnedFd {
    rustix::fs::openat(CWD, path, OPEN, Mode::empty()).unwrap()
}

/// Counts only: the paths of a deep tree would fill the memory.
#[derive(Default)]
struct Counter {
    directories: usize,
    deepest: usize,
    longest: usize,
    failed: Vec<String>,
}

impl Visitor for Counter {
    type Task = ();

    fn directory(&mut self, listing: Listing, next: &mut Next<'_, ()>) {
        self.directories += 1;
        self.deepest = self.deepest.max(listing.depth);
        self.longest = self.longest.max(listing.path.as_os_str().len());
        for entry in &listing.entries {
            assert!(next.descend(entry));
        }
    }

    fn failed(&mut self, path: PathBuf, op: WalkOp, error: io::Error) {
        self.failed
            .push(format!("{op} {}: {error}", path.as_os_str().len()));
    }

    fn task(&mut self, (): ()) {}
}

fn count(root: &Path, threads: usize, budget: usize) -> Counter {
    let walk = Walk::new(vec![root.to_owned()]).threads(threads);
    let visitors = walk.run_within(budget, |_| Counter::default()).unwrap();
    visitors
        .into_iter()
        .fold(Counter::default(), |mut all, one| {
            all.directories += one.directories;
            all.deepest = all.deepest.max(one.deepest);
            all.longest = all.longest.max(one.longest);
            all.failed.extend(one.failed);
            all
        })
}

fn assert_whole(comb: &Comb, seen: &Counter) {
    let levels = comb.levels;
    assert_eq!(seen.failed, [""; 0]);
    assert_eq!(seen.deepest, levels);
    assert_eq!(seen.directories, 1 + levels * comb.teeth.len());
    let last = levels * (comb.teeth[0].len() + 1);
    assert_eq!(seen.longest, comb.root.path().as_os_str().len() + last);
}

#[test]
fn a_chain_beyond_path_max_is_walked() {
    let comb = Comb::new(3000, &["n"]);
    for threads in [1, 3] {
        assert_whole(&comb, &count(comb.root.path(), threads, 64));
    }
}

#[test]
fn a_comb_is_walked_with_few_descriptors() {
    let comb = Comb::new(700, &["a", "b", "c"]);
    for (threads, budget) in [(1, 0), (1, 10), (2, 30), (4, 100), (4, 5000)] {
        assert_whole(&comb, &count(comb.root.path(), threads, budget));
    }
}

/// The names sort so that the deep part is walked last: nothing waits while it goes down.
#[test]
fn a_comb_with_its_teeth_first_is_walked() {
    let comb = Comb::new(700, &["b", "a"]);
    assert_whole(&comb, &count(comb.root.path(), 2, 16));
}

const LEVELS: usize = 5200;

fn limit_open_files(limit: u64) {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(limit),
            maximum,
        },
    )
    .unwrap();
}

#[test]
fn a_comb_of_5200_levels_is_walked_with_256_open_files() {
    let Some(root) = child_argument() else {
        let comb = Comb::new(LEVELS, &["a", "b"]);
        return in_child(
            "deep::a_comb_of_5200_levels_is_walked_with_256_open_files",
            comb.root.path(),
        );
    };
    limit_open_files(256);
    for threads in [1, 4] {
        let seen = count(Path::new(&root), threads, OpenDirs::usual_budget());
        assert_eq!(seen.failed, [""; 0]);
        assert_eq!((seen.directories, seen.deepest), (1 + 2 * LEVELS, LEVELS));
    }
}

#[test]
fn running_out_of_descriptors_loses_nothing() {
    let Some(root) = child_argument() else {
        let comb = Comb::new(1000, &["a", "b"]);
        return in_child(
            "deep::running_out_of_descriptors_loses_nothing",
            comb.root.path(),
        );
    };
    limit_open_files(64);
    for threads in [1, 2, 4] {
        // A budget beyond what the system gives: every refusal comes from the system.
        let seen = count(Path::new(&root), threads, 100_000);
        assert_eq!(seen.failed, [""; 0]);
        assert_eq!((seen.directories, seen.deepest), (2001, 1000));
    }
}
