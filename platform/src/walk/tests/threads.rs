//! Several threads: sharing, ending, stopping and panicking.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;

use super::*;

fn wide_tree() -> tempfile::TempDir {
    let names: Vec<String> = (0..6)
        .flat_map(|a| (0..5).map(move |b| format!("{a}/{b}/")))
        .chain((0..6).flat_map(|a| (0..7).map(move |f| format!("{a}/file{f}"))))
        .collect();
    tree(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn every_directory_and_task_comes_once_with_any_number_of_threads() {
    let root = wide_tree();
    let alone = record(root.path(), 1);
    let sorted = |mut paths: Vec<PathBuf>| {
        paths.sort();
        paths
    };
    let directories =
        |seen: &Recorder| sorted(seen.paths().into_iter().map(Path::to_owned).collect());
    assert_eq!(directories(&alone).len(), 37);
    assert_eq!(alone.tasks.len(), 42);
    for threads in 2..=8 {
        for _ in 0..10 {
            let seen = record(root.path(), threads);
            assert_eq!(directories(&seen), directories(&alone));
            assert_eq!(sorted(seen.tasks), sorted(alone.tasks.clone()));
        }
    }
}

#[test]
fn two_thousand_small_walks_end() {
    let root = tree(&["a/b/", "a/c/", "d"]);
    for _ in 0..2000 {
        let seen = record(root.path(), 4);
        assert_eq!((seen.directories.len(), seen.tasks.len()), (4, 1));
    }
}

/// Runs tasks by a closure that is told the visitor's index.
struct Doer<F> {
    index: usize,
    work: F,
}

impl<F: FnMut(usize) + Send> Visitor for Doer<F> {
    type Task = ();

    fn directory(&mut self, listing: Listing, next: &mut Next<'_, ()>) {
        for entry in &listing.entries {
            if !next.descend(entry) {
                next.task(());
            }
        }
    }

    fn failed(&mut self, path: PathBuf, _: WalkOp, _: io::Error) {
        panic!("failed at {}", path.display());
    }

    fn task(&mut self, (): ()) {
        (self.work)(self.index);
    }
}

#[test]
fn threads_have_names_and_visitors_come_back_in_order() {
    let root = tree(&["x", "y", "z"]);
    // Each task waits for the two others, so all three threads must take one.
    let barrier = Barrier::new(3);
    let names = Mutex::new(Vec::new());
    let work = |index: usize| {
        barrier.wait();
        let name = thread::current().name().unwrap_or_default().to_owned();
        names.lock().unwrap().push((index, name));
    };
    let walk = Walk::new(vec![root.path().to_owned()]).threads(3);
    let visitors = walk.run(|index| Doer { index, work }).unwrap();
    assert_eq!(
        visitors.iter().map(|doer| doer.index).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    let mut names = names.into_inner().unwrap();
    names.sort();
    let own = thread::current().name().unwrap_or_default().to_owned();
    let expected = [
        (0, own),
        (1, "waxseal-walk-1".into()),
        (2, "waxseal-walk-2".into()),
    ];
    assert_eq!(names, expected);
}

/// Returns the message of the panic that ended a walk over `root`.
fn panic_of(root: &Path, threads: usize, work: impl Fn(usize) + Send + Sync) -> String {
    let walk = Walk::new(vec![root.to_owned()]).threads(threads);
    let run = || walk.run(|index| Doer { index, work: &work }).map(drop);
    let cause = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
    match cause.downcast::<String>() {
        Ok(text) => *text,
        Err(cause) => (*cause.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn a_panic_in_a_task_ends_the_walk_and_reaches_the_caller() {
    let root = wide_tree();
    for threads in 1..=4 {
        let count = AtomicUsize::new(0);
        let message = panic_of(root.path(), threads, |_| {
            assert!(
                count.fetch_add(1, Ordering::SeqCst) != 20,
                "twenty is too many"
            );
        });
        assert_eq!(message, "twenty is too many");
    }
}

#[test]
fn a_panic_on_any_thread_reaches_the_caller() {
    let root = tree(&["x", "y"]);
    for guilty in 0..2 {
        let barrier = Barrier::new(2);
        let message = panic_of(root.path(), 2, |index| {
            barrier.wait();
            assert!(index != guilty, "thread {index} gave up");
        });
        assert_eq!(message, format!("thread {guilty} gave up"));
    }
}

#[test]
fn a_panic_in_failed_reaches_the_caller() {
    assert_eq!(
        panic_of(Path::new("/nonexistent"), 4, |_| ()),
        "failed at /nonexistent"
    );
}

#[test]
fn stop_ends_the_walk_early() {
    struct Stopper(usize);

    impl Visitor for Stopper {
        type Task = ();

        fn directory(&mut self, listing: Listing, next: &mut Next<'_, ()>) {
            self.0 += 1;
            for entry in &listing.entries {
                next.descend(entry);
            }
            if listing.depth == 1 {
                next.stop();
            }
        }

        fn failed(&mut self, path: PathBuf, _: WalkOp, error: io::Error) {
            panic!("{path:?}: {error}");
        }

        fn task(&mut self, (): ()) {}
    }

    let root = wide_tree();
    for threads in 1..=4 {
        let walk = Walk::new(vec![root.path().to_owned()]).threads(threads);
        let seen: usize = walk
            .run(|_| Stopper(0))
            .unwrap()
            .iter()
            .map(|stopper| stopper.0)
            .sum();
        // The root, and at most one directory on each thread.
        assert!(
            (2..=1 + threads).contains(&seen),
            "{seen} directories on {threads} threads"
        );
    }
}
