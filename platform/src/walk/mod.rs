//! A parallel walk over directory trees that also runs the visitor's own work.
//!
//! [`Walk::run`] starts the threads and hands each its own [`Visitor`], so visitors need no locks.
//! A visitor is shown whole directories, listed and sorted, with the metadata of every entry; it
//! says which subdirectories to walk and may queue tasks, such as batches of files to hash, that
//! run on the same threads. The parts:
//!
//! - `pool`: who does which job, who sleeps, when all is done.
//! - `walker`: one thread: opens, lists, calls the visitor.
//! - `node`: the directories above pending ones: their paths and open descriptors.
//! - `open_dirs`, `limits`: the bound on descriptors.
//! - `firmlinks`: directories of macOS that have two paths.
//!
//! What it promises: every directory is reached through the open directory it was listed in, by
//! one name, following no link, and it is checked that what was opened is what was listed. Each
//! directory asked for is shown once or reported as failed once, and each task runs once, unless
//! the walk is stopped. A thread runs the tasks of a directory before it opens the next one, and
//! goes depth first, so memory is bounded by the names on the way down, not by the tree. Any depth
//! works with few descriptors; paths only name things and never reach the system.
//!
//! What it does not do: follow links, filter, sort across directories, or remember anything. A
//! bind mount of a part of the same file system cannot be told from a plain directory: it is
//! walked, even with [`Walk::one_file_system`], unless it shows a directory above itself.

mod firmlinks;
mod limits;
mod node;
mod open_dirs;
mod pool;
mod walker;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use std::fmt;
use std::io;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use self::node::{Identity, Place};
use self::open_dirs::OpenDirs;
use self::pool::Pool;
use self::walker::{Job, Walker, Wishes};
use crate::dir::{Dir, Entry};
use crate::stat::Kind;

/// What to walk, and how.
#[derive(Clone, Debug)]
pub struct Walk {
    roots: Vec<PathBuf>,
    threads: usize,
    one_file_system: bool,
}

/// What one thread of a walk does with what it finds.
pub trait Visitor: Send {
    /// Work of the visitor's own, done by any thread of the walk.
    type Task: Send;

    /// Is told of a directory that is open and will be listed next.
    ///
    /// Whoever wants to hear of changes in it must begin now, or what changes after the listing is
    /// lost.
    fn enter(&mut self, _path: &Path, _dir: &Dir) {}

    /// Looks at one whole directory; what is below is walked only where `next` is told so.
    fn directory(&mut self, listing: Listing, next: &mut Next<'_, Self::Task>);

    /// Takes note of a directory that could not be walked; see also [`Refusal`].
    fn failed(&mut self, path: PathBuf, op: WalkOp, error: io::Error);

    /// Does work queued by [`Next::task`].
    fn task(&mut self, task: Self::Task);
}

/// One directory with everything in it.
#[derive(Debug)]
pub struct Listing {
    /// The root's path as given, and below it the names on the way.
    pub path: Arc<Path>,
    /// The open directory; whoever keeps it keeps a descriptor.
    pub dir: Arc<Dir>,
    /// The device the directory lives on.
    pub device: u64,
    /// The entries, ordered by the bytes of their names.
    pub entries: Vec<Entry>,
    /// How many directories lie above it up to the root, which has 0.
    pub depth: usize,
}

/// Takes a visitor's wishes for the directory it is looking at.
///
/// They come true when [`Visitor::directory`] returns: first the tasks, then the subdirectories,
/// each in the order in which they were asked for, as far as other threads do not help.
pub struct Next<'w, T> {
    wishes: &'w mut Wishes<T>,
    /// The only device to descend into, if there is such a limit.
    within: Option<u64>,
    /// What of this listing is walked by another path.
    firmlinks: Option<firmlinks::View<'static>>,
}

impl<T> Next<'_, T> {
    /// Asks to walk a directory of this listing; false when it will not be walked.
    ///
    /// That is so for what is no directory, what could not be looked at, in a walk over one file
    /// system what lies on another, and on macOS what is walked by another path.
    pub fn descend(&mut self, entry: &Entry) -> bool {
        let Ok(stat) = &entry.stat else {
            return false;
        };
        let is_outside = self.within.is_some_and(|device| device != stat.device);
        let is_elsewhere =
            || (self.firmlinks.as_ref()).is_some_and(|view| view.is_elsewhere(&entry.name));
        if stat.kind != Kind::Directory || is_outside || is_elsewhere() {
            return false;
        }
        self.wishes
            .subdirectories
            .push((entry.name.clone(), Identity::from(stat)));
        true
    }

    /// Queues work for any thread of the walk.
    pub fn task(&mut self, task: T) {
        self.wishes.tasks.push(task);
    }

    /// Ends the whole walk: jobs being done are finished, what is queued is dropped.
    pub fn stop(&mut self) {
        self.wishes.stop = true;
    }
}

/// What was being done to a directory when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalkOp {
    /// Opening it, and recognising it as the one that was listed.
    Open,
    /// Asking what it is, once open.
    Stat,
    /// Listing it.
    List,
}

impl fmt::Display for WalkOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WalkOp::Open => "open",
            WalkOp::Stat => "stat",
            WalkOp::List => "list",
        })
    }
}

/// Why the walk itself refused a directory; found in errors by [`Refusal::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Something else took its place after its parent was listed.
    #[error("changed while it was walked: what was listed here was replaced, scan it again")]
    Replaced,
    /// It is one of the directories above it.
    #[error("the same directory as one above it: unmount the loop, or exclude it")]
    Loop,
}

impl Refusal {
    /// Returns the refusal an error given to [`Visitor::failed`] stands for, if it is one.
    pub fn of(error: &io::Error) -> Option<Refusal> {
        error.get_ref()?.downcast_ref().copied()
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> io::Error {
        io::Error::other(refusal)
    }
}

/// Why a walk could not be made at all.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The system gave no further thread.
    #[error("cannot start thread {name}, use fewer threads: {source}")]
    Thread {
        /// The thread's name.
        name: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Walk {
    /// Makes a walk over these directories on one thread, the caller's.
    pub fn new(roots: Vec<PathBuf>) -> Walk {
        Walk {
            roots,
            threads: 1,
            one_file_system: false,
        }
    }

    /// Sets the number of threads, the caller's included; 0 counts as 1.
    pub fn threads(mut self, threads: usize) -> Walk {
        self.threads = threads.max(1);
        self
    }

    /// Sets whether to stay on the device of each root.
    pub fn one_file_system(mut self, one_file_system: bool) -> Walk {
        self.one_file_system = one_file_system;
        self
    }

    /// Walks, with the visitor that `make` returns for each thread's index; returns them all.
    ///
    /// A root that is missing, a link or no directory is reported by [`Visitor::failed`]. A
    /// visitor's panic ends the walk and goes on in the caller.
    pub fn run<V: Visitor>(&self, make: impl FnMut(usize) -> V) -> Result<Vec<V>, WalkError> {
        self.run_within(OpenDirs::usual_budget(), make)
    }

    fn run_within<V: Visitor>(
        &self,
        open_budget: usize,
        make: impl FnMut(usize) -> V,
    ) -> Result<Vec<V>, WalkError> {
        let roots = self.roots.iter().map(|root| {
            let name = root.clone().into_os_string();
            Job::Directory(Place {
                parent: None,
                name,
                expected: None,
            })
        });
        let (pool, queues) = Pool::new(self.threads, roots);
        let open_dirs = OpenDirs::new(self.threads, open_budget);
        let mut walkers = (queues.into_iter().enumerate())
            .zip(open_dirs.keepers())
            .zip((0..).map(make))
            .map(|(((index, queue), keeper), visitor)| {
                Walker::new(
                    pool.member(index, queue),
                    keeper,
                    self.one_file_system,
                    visitor,
                )
            });
        let first = walkers.next();
        let others: Vec<_> = walkers.collect();
        thread::scope(|scope| {
            let mut handles = Vec::new();
            for (number, walker) in (1..).zip(others) {
                let name = format!("waxseal-walk-{number}");
                let builder = thread::Builder::new().name(name.clone());
                match builder.spawn_scoped(scope, move || walker.run()) {
                    Ok(handle) => handles.push(handle),
                    Err(source) => {
                        pool.stop();
                        return Err(WalkError::Thread { name, source });
                    }
                }
            }
            let mut visitors: Vec<V> = first.map(Walker::run).into_iter().collect();
            for handle in handles {
                visitors.push(
                    handle
                        .join()
                        .unwrap_or_else(|cause| panic::resume_unwind(cause)),
                );
            }
            Ok(visitors)
        })
    }
}
