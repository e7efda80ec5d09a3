//! Against the real kernel. What is done is done by children, because our own doings are dropped;
//! what is awaited is awaited by reading until it came, never by sleeping. What needs root says so
//! and passes.

mod directories;
mod files;
mod health;
mod mounts;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::*;

/// Far more than anything takes, on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// A watcher of a temporary directory.
struct Watched {
    watcher: Watcher,
    queues: Vec<Box<dyn Queue>>,
    signals: Arc<Mutex<Vec<Signal>>>,
    /// Holds `root`, which is covered, `outside`, which is not, and `canary`.
    temp: tempfile::TempDir,
}

/// What was told, merged per path.
#[derive(Default)]
struct Told {
    touched: BTreeMap<PathBuf, (Changes, bool)>,
    moved: Vec<(Option<PathBuf>, Option<PathBuf>, bool)>,
    lost: Vec<(Option<PathBuf>, LostReason)>,
    pids: Vec<u32>,
}

impl Watched {
    /// Watches with fanotify; `None`, after saying so, without root.
    fn start() -> Option<Watched> {
        Watched::start_with(|_| {}, |_| true)
    }

    fn start_with(
        change: impl FnOnce(&mut Options),
        wants: impl Fn(&Path) -> bool + Send + Sync + 'static,
    ) -> Option<Watched> {
        if !crate::host::is_privileged() {
            eprintln!("skipped: needs root");
            return None;
        }
        Watched::start_as_we_are(change, wants)
    }

    fn start_as_we_are(
        change: impl FnOnce(&mut Options),
        wants: impl Fn(&Path) -> bool + Send + Sync + 'static,
    ) -> Option<Watched> {
        let temp = tempfile::tempdir().unwrap();
        for name in ["root", "outside"] {
            fs::create_dir(temp.path().join(name)).unwrap();
        }
        let mut options = Options::new(temp.path().join("canary"));
        options.backends = vec![BackendKind::Fanotify];
        change(&mut options);
        let signals = Arc::new(Mutex::new(Vec::new()));
        let hear: Hear = {
            let signals = Arc::clone(&signals);
            Arc::new(move |_, signal| signals.lock().unwrap().push(signal))
        };
        let prefix = temp.path().join("root");
        let wants = move |path: &Path| path.starts_with(&prefix) && wants(path);
        let watcher = Watcher::start(options, Arc::new(wants), hear).unwrap();
        let queues = watcher.queues();
        let watched = Watched {
            temp,
            watcher,
            queues,
            signals,
        };
        if let Some(reason) = watched.health().unusable {
            assert!(!crate::host::is_privileged(), "{reason}");
            eprintln!("skipped: no fanotify here: {reason}");
            return None;
        }
        // The first beat was while starting.
        watched.signals.lock().unwrap().clear();
        watched.cover("root");
        Some(watched)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn health(&self) -> BackendHealth {
        self.watcher.health().remove(0)
    }

    /// Covers a directory; it must be fanotify that does.
    fn cover(&self, name: &str) {
        let path = self.path(name);
        let dir = Dir::open(&path).unwrap();
        assert_eq!(self.watcher.cover(&dir, &path), Coverage::Fanotify);
    }

    /// Covers a directory and all below it.
    fn cover_all(&self, name: &str) {
        let below = walkdir::WalkDir::new(self.path(name)).into_iter();
        let dirs = below
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().is_dir());
        for dir in dirs {
            self.cover(
                dir.path()
                    .strip_prefix(&self.temp)
                    .unwrap()
                    .to_str()
                    .unwrap(),
            );
        }
    }

    /// Lets a child do something, in the temporary directory.
    fn sh(&self, script: &str) {
        let mut child = Command::new("sh");
        child.args(["-ec", script]).current_dir(&self.temp);
        let status = child.status().unwrap();
        assert!(status.success(), "{script}");
    }

    /// Says whether a child could do something.
    fn can(&self, script: &str) -> bool {
        let mut child = Command::new("sh");
        child.args(["-ec", script]).current_dir(&self.temp);
        let can = child.output().unwrap().status.success();
        if !can {
            eprintln!("skipped: cannot {script:?}");
        }
        can
    }

    /// Reads until the condition holds of everything told since the last call.
    fn told_until(&mut self, is_done: impl Fn(&[Signal]) -> bool) -> Told {
        let deadline = Instant::now() + DEADLINE;
        while !is_done(&self.signals.lock().unwrap()) {
            assert!(Instant::now() < deadline, "{:#?}", self.signals);
            for queue in &mut self.queues {
                queue.read(Duration::from_millis(10)).unwrap();
            }
        }
        let mut told = Told::default();
        for signal in self.signals.lock().unwrap().drain(..) {
            told.add(self.temp.path(), signal);
        }
        told
    }

    /// Returns what was told of everything that happened until now: the canary is heard after it.
    fn told(&mut self) -> Told {
        self.watcher.beat().unwrap();
        let is_alive = |signal: &Signal| matches!(signal, Signal::Alive { .. });
        self.told_until(|signals| signals.iter().any(is_alive))
    }

    /// Does something and returns what was told of it.
    fn told_of(&mut self, script: &str) -> Told {
        self.sh(script);
        self.told()
    }
}

impl Told {
    fn add(&mut self, temp: &Path, signal: Signal) {
        let short = |path: PathBuf| path.strip_prefix(temp).unwrap_or(&path).to_owned();
        match signal {
            Signal::Touched {
                path,
                changes,
                is_directory,
                actor,
            } => {
                let touched = self.touched.entry(short(path)).or_default();
                *touched = (touched.0.union(changes), is_directory);
                self.pids.extend(actor.map(|actor| actor.pid));
            }
            Signal::Moved {
                from,
                to,
                is_directory,
                actor,
            } => {
                self.moved
                    .push((from.map(short), to.map(short), is_directory));
                self.pids.extend(actor.map(|actor| actor.pid));
            }
            Signal::Lost { below, reason } => self.lost.push((below.map(short), reason)),
            Signal::Alive { .. } => {}
        }
    }

    /// Checks what was touched: `name` for files, `name/` for directories.
    #[track_caller]
    fn touched(&self, expected: &[(&str, &[Changes])]) -> &Told {
        let touched = self.touched.iter().map(|(path, (changes, is_directory))| {
            let slash = if *is_directory { "/" } else { "" };
            (format!("{}{slash}", path.display()), *changes)
        });
        let union = |changes: &[Changes]| changes.iter().fold(Changes::NONE, |a, b| a.union(*b));
        let expected = expected
            .iter()
            .map(|(name, changes)| (name.to_string(), union(changes)));
        let sorted = |mut all: Vec<_>| {
            all.sort_by(|a: &(String, Changes), b| a.0.cmp(&b.0));
            all
        };
        assert_eq!(sorted(touched.collect()), sorted(expected.collect()));
        self
    }

    /// Checks the renames: `a -> b`, with nothing for what is not covered.
    #[track_caller]
    fn moved(&self, expected: &[&str]) -> &Told {
        let name = |path: &Option<PathBuf>, slash| match path {
            Some(path) => format!("{}{slash}", path.display()),
            None => String::new(),
        };
        let moved = self.moved.iter().map(|(from, to, is_directory)| {
            let slash = if *is_directory { "/" } else { "" };
            format!("{} -> {}", name(from, slash), name(to, slash))
        });
        assert_eq!(moved.collect::<Vec<_>>(), expected);
        self
    }

    /// Checks that nothing was lost.
    #[track_caller]
    fn nothing_lost(&self) -> &Told {
        assert_eq!(self.lost, []);
        self
    }
}
