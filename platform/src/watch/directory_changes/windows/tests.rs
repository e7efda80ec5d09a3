//! Against the real system, which in CI is Wine. What is awaited is awaited by reading until it
//! came, never by sleeping.
//!
//! Wine makes its records of inotify's, so some of what Windows does cannot be seen there; a test
//! that would need it says so and leaves it to the tests of the pure parts. What Wine does:
//!
//! - It knows no streams: the filters for them are refused, and `Watch::start` does without.
//! - It tells of what is below a directory that is there already only once somebody has opened
//!   that directory under the watch. Whoever walks does.
//! - It goes on telling of what is in a renamed directory by its former path.
//! - That a watched directory is deleted is told by the one that it is in, and ends no read.

mod directories;
mod files;
mod health;

use std::collections::BTreeMap;

use super::*;
use crate::watch::{Changes, LostReason, Signal};

/// Far more than anything takes, on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(60);

const CREATED: Changes = Changes::CREATED;
const WRITTEN: Changes = Changes::WRITTEN;
const ATTRIBUTES: Changes = Changes::ATTRIBUTES;
const DELETED: Changes = Changes::DELETED;

/// A backend for a temporary directory.
struct Watched {
    backend: DirectoryChanges,
    queue: Reader,
    signals: Arc<Mutex<Vec<Signal>>>,
    /// Holds `root`, which is covered, `outside`, which is not, and `canary`.
    temp: tempfile::TempDir,
}

/// What was told, merged per path; paths are written with `/`.
#[derive(Debug, Default)]
struct Told {
    touched: BTreeMap<String, (Changes, bool)>,
    moved: Vec<String>,
    lost: Vec<(String, LostReason)>,
}

impl Watched {
    /// Watches `root`, in which everything is wanted, but for directories with the name `no`.
    fn start() -> Watched {
        Watched::start_with(|_| {})
    }

    fn start_with(change: impl FnOnce(&mut Options)) -> Watched {
        let temp = tempfile::tempdir().unwrap();
        for name in ["root", "outside", "canary"] {
            fs::create_dir(temp.path().join(name)).unwrap();
        }
        let mut options = Options::new(temp.path().join("canary"));
        change(&mut options);
        let signals = Arc::new(Mutex::new(Vec::new()));
        let deliver: Deliver = {
            let signals = Arc::clone(&signals);
            Arc::new(move |signal| signals.lock().unwrap().push(signal))
        };
        let root = temp.path().join("root");
        let wants: Wants = Arc::new(move |path: &Path| {
            // Also what leads there.
            (path.starts_with(&root) && !path.ends_with("no")) || root.starts_with(path)
        });
        let (backend, queue) = open(&options, &wants, &deliver).unwrap();
        let watched = Watched {
            backend,
            queue,
            signals,
            temp,
        };
        // The first beat was while starting.
        watched.signals.lock().unwrap().clear();
        watched.cover("");
        watched.cover("root");
        watched
    }

    fn path(&self, name: &str) -> PathBuf {
        match name {
            "" => self.temp.path().to_owned(),
            name => name
                .split('/')
                .fold(self.path(""), |path, name| path.join(name)),
        }
    }

    /// Covers a directory and lists it, as whoever walks does.
    fn cover(&self, name: &str) {
        let path = self.path(name);
        let dir = Dir::open(&path).unwrap();
        self.backend.cover(&dir, &path).unwrap();
        // Where a watch was there before, Wine needs it to be opened once more.
        let dir = Dir::open(&path).unwrap();
        dir.list().unwrap();
    }

    /// Covers a directory and all below it.
    fn cover_all(&self, name: &str) {
        self.cover(name);
        for entry in fs::read_dir(self.path(name)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                let below = entry.file_name().into_string().unwrap();
                self.cover_all(&format!("{name}/{below}"));
            }
        }
    }

    fn write(&self, name: &str) {
        fs::write(self.path(name), "x").unwrap();
    }

    fn mkdir(&self, name: &str) {
        fs::create_dir_all(self.path(name)).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Reads until the condition holds of everything told since the last call.
    fn told_until(&mut self, is_done: impl Fn(&[Signal]) -> bool) -> Told {
        let deadline = Instant::now() + DEADLINE;
        while !is_done(&self.signals.lock().unwrap()) {
            assert!(Instant::now() < deadline, "{:#?}", self.signals);
            self.queue.read(Duration::from_millis(10)).unwrap();
        }
        let mut told = Told::default();
        for signal in self.signals.lock().unwrap().drain(..) {
            told.add(self.temp.path(), signal);
        }
        told
    }

    /// Returns what was told of everything that happened until now: the canary is heard after it.
    fn told(&mut self) -> Told {
        self.backend.beat().unwrap();
        let is_alive = |signal: &Signal| matches!(signal, Signal::Alive { .. });
        self.told_until(|signals| signals.iter().any(is_alive))
    }

    fn watches(&self) -> usize {
        let state = self.backend.0.state();
        let used = state.watches.values().filter(|watch| !watch.is_needless);
        used.count()
    }
}

impl Told {
    fn add(&mut self, temp: &Path, signal: Signal) {
        let short = |path: &Path, is_directory| {
            let path = path.strip_prefix(temp).unwrap_or(path).display();
            let slash = if is_directory { "/" } else { "" };
            format!("{path}{slash}").replace('\\', "/")
        };
        match signal {
            Signal::Touched {
                path,
                changes,
                is_directory,
                ..
            } => {
                let touched = self.touched.entry(short(&path, is_directory)).or_default();
                *touched = (touched.0.union(changes), is_directory);
            }
            Signal::Moved {
                from,
                to,
                is_directory,
                ..
            } => {
                let end = |path: Option<PathBuf>| {
                    path.map_or_else(String::new, |path| short(&path, is_directory))
                };
                self.moved.push(format!("{} -> {}", end(from), end(to)));
            }
            Signal::Lost { below, reason } => {
                let below = below.map_or_else(String::new, |below| short(&below, false));
                self.lost.push((below, reason));
            }
            Signal::Alive { .. } => {}
        }
    }

    /// Checks that at least this was told of a name: `name/` is a directory.
    #[track_caller]
    fn touched(&self, name: &str, changes: Changes) -> &Told {
        let found = self.touched.get(name).map(|(changes, _)| *changes);
        let is_told = found.is_some_and(|found| found.contains(changes));
        assert!(is_told, "{name} {changes:?}: {self:#?}");
        self
    }

    /// Checks that nothing was told of a name.
    #[track_caller]
    fn not(&self, name: &str) -> &Told {
        assert!(!self.touched.contains_key(name), "{name}: {self:#?}");
        self
    }

    /// Checks the renames: `a -> b`, with nothing for what is not covered.
    #[track_caller]
    fn moved(&self, expected: &[&str]) -> &Told {
        assert_eq!(self.moved, expected, "{self:#?}");
        self
    }

    /// Checks that a name went and another came: within one directory that is a rename, else
    /// Windows tells of two things, and Wine of a rename, too.
    #[track_caller]
    fn went(&self, from: &str, to: &str) -> &Told {
        let is_moved = self.moved.contains(&format!("{from} -> {to}"));
        let has = |name: &str, changes| {
            let found = self.touched.get(name);
            name.is_empty() || found.is_some_and(|(found, _)| found.contains(changes))
        };
        let is_two = has(from, DELETED) && has(to, CREATED);
        assert!(is_moved || is_two, "{from} -> {to}: {self:#?}");
        self
    }

    /// Checks that nothing was lost.
    #[track_caller]
    fn nothing_lost(&self) -> &Told {
        assert_eq!(self.lost, []);
        self
    }
}
