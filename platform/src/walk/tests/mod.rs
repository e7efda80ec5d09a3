//! Whole walks over real trees. The parts have tests of their own.

mod deep;
mod surprises;
mod threads;
mod trees;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::*;
use crate::stat::Stat;

/// What one thread saw.
#[derive(Default)]
struct Recorder {
    /// Each directory in the order it was shown, with its depth.
    directories: Vec<(PathBuf, usize)>,
    entries: Vec<(PathBuf, Option<Stat>)>,
    failed: Vec<(PathBuf, WalkOp, io::ErrorKind, Option<Refusal>)>,
    tasks: Vec<PathBuf>,
    /// Directories and tasks in the order in which they came.
    order: Vec<String>,
}

impl Recorder {
    fn record(&mut self, listing: &Listing) {
        self.order.push(format!("dir {}", listing.path.display()));
        self.directories
            .push((listing.path.to_path_buf(), listing.depth));
        for entry in &listing.entries {
            let stat = entry.stat.as_ref().ok().copied();
            self.entries.push((listing.path.join(&entry.name), stat));
        }
    }

    fn paths(&self) -> Vec<&Path> {
        self.directories
            .iter()
            .map(|(path, _)| path.as_path())
            .collect()
    }
}

impl Visitor for Recorder {
    type Task = PathBuf;

    fn directory(&mut self, listing: Listing, next: &mut Next<'_, PathBuf>) {
        self.record(&listing);
        for entry in &listing.entries {
            if !next.descend(entry) {
                next.task(listing.path.join(&entry.name));
            }
        }
    }

    fn failed(&mut self, path: PathBuf, op: WalkOp, error: io::Error) {
        self.failed
            .push((path, op, error.kind(), Refusal::of(&error)));
    }

    fn task(&mut self, task: PathBuf) {
        self.order.push(format!("task {}", task.display()));
        self.tasks.push(task);
    }
}

/// A recorder that does something more whenever a directory is shown to it, before it descends.
struct Meddler<F>(Recorder, F);

impl<F: FnMut(&Listing) + Send> Visitor for Meddler<F> {
    type Task = PathBuf;

    fn directory(&mut self, listing: Listing, next: &mut Next<'_, PathBuf>) {
        (self.1)(&listing);
        self.0.directory(listing, next);
    }

    fn failed(&mut self, path: PathBuf, op: WalkOp, error: io::Error) {
        self.0.failed(path, op, error);
    }

    fn task(&mut self, task: PathBuf) {
        self.0.task(task);
    }
}

/// Walks one root and returns what all threads saw together.
fn record(root: &Path, threads: usize) -> Recorder {
    merge(
        Walk::new(vec![root.to_owned()])
            .threads(threads)
            .run(|_| Recorder::default())
            .unwrap(),
    )
}

/// Walks one root on one thread, calling `meddle` with every listing.
fn record_while(root: &Path, meddle: impl FnMut(&Listing) + Send) -> Recorder {
    let mut meddle = Some(meddle);
    let walk = Walk::new(vec![root.to_owned()]);
    let visitors = walk
        .run(|_| Meddler(Recorder::default(), meddle.take().unwrap()))
        .unwrap();
    visitors
        .into_iter()
        .map(|meddler| meddler.0)
        .next()
        .unwrap()
}

fn merge(visitors: Vec<Recorder>) -> Recorder {
    let mut all = Recorder::default();
    for visitor in visitors {
        all.directories.extend(visitor.directories);
        all.entries.extend(visitor.entries);
        all.failed.extend(visitor.failed);
        all.tasks.extend(visitor.tasks);
        all.order.extend(visitor.order);
    }
    all
}

/// Makes directories (names ending in a slash) and files below a new temporary directory.
fn tree(names: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for name in names {
        let path = root.path().join(name);
        if name.ends_with('/') {
            std::fs::create_dir_all(path).unwrap();
        } else {
            std::fs::write(path, name).unwrap();
        }
    }
    root
}

/// Runs one test of this module again in a child process, where it may change what is shared by
/// all threads; the test finds `argument` in the environment.
fn in_child(test: &str, argument: &Path) {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("walk::tests::{test}"),
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD_ARGUMENT, argument)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

/// Returns what [`in_child`] was given, when this is that child.
fn child_argument() -> Option<OsString> {
    std::env::var_os(CHILD_ARGUMENT)
}

const CHILD_ARGUMENT: &str = "WAXSEAL_WALK_TEST_CHILD";
