//! The engine in this process, on real trees and real queues, with faults in between that no
//! system gives on demand: [`Bench`].
//!
//! This process is the actor, too, so the watcher is told to hear it.

mod faults;
mod history;
mod model;
mod tap;

#[path = "../../../tests/random.rs"]
#[allow(dead_code, reason = "the tests of the whole program use the rest")]
mod random;
#[path = "../../../tests/watch/tree.rs"]
mod tree;
#[path = "../../../tests/watch/vandal.rs"]
mod vandal;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use waxseal_platform::host;
use waxseal_platform::stat::Kind;
use waxseal_platform::watch::{BackendKind, Options};

use self::random::Random;
use self::tap::Meddler;
use self::tree::State;
use super::lifeline::Listening;
use super::{End, Engine, Mandate, Remote, canary_dir};
use crate::approval::{Selection, approve};
use crate::baseline::{Baseline, Reader};
use crate::config::{FileOutput, Settings};
use crate::event::Writer;
use crate::inspect::Progress;
use crate::policy::{MonitorSpec, PathPattern, Policy, PolicySpec};
use crate::report::Style;
use crate::scan::{self, Coverage, Plan, Recorder, Survey};

/// No test waits longer than this for anything.
const DEADLINE: Duration = Duration::from_secs(120);

/// What happened in a test, for whoever has to find out why it failed.
#[derive(Default)]
struct Story {
    start: Option<Instant>,
    lines: Vec<String>,
}

/// A tree, its store, and a watch of it in this process.
struct Bench {
    temp: tempfile::TempDir,
    tree: PathBuf,
    state_dir: PathBuf,
    backends: Vec<BackendKind>,
    has_bounded_queue: bool,
    policy: Arc<Policy>,
    /// How soon the canary must be heard.
    answer: Duration,
    poll_interval: Duration,
    meddler: Arc<Meddler>,
    story: Arc<Mutex<Story>>,
    watch: Option<Running>,
}

/// A watch that serves.
struct Running {
    remote: Remote,
    /// Whether the next end is one that nobody asked for.
    is_crash: Arc<AtomicBool>,
    serving: JoinHandle<Engine>,
}

impl Bench {
    /// Makes a tree to be watched by these backends; with none it is polled.
    fn new(backends: &[BackendKind]) -> Bench {
        let temp = tempfile::Builder::new()
            .prefix("waxseal-")
            .tempdir()
            .unwrap();
        let top = fs::canonicalize(temp.path()).unwrap();
        let tree = top.join("tree");
        fs::create_dir_all(tree.join("d/e")).unwrap();
        fs::create_dir_all(tree.join("e")).unwrap();
        for name in ["a", "d/a", "d/e/a"] {
            fs::write(tree.join(name), name).unwrap();
        }
        let state_dir = top.join("state");
        let story: Arc<Mutex<Story>> = Arc::default();
        Bench {
            temp,
            policy: compiled(Bench::whole(&tree)),
            meddler: Arc::new(Meddler::new(tree.clone(), Arc::clone(&story))),
            tree,
            state_dir,
            backends: backends.to_vec(),
            has_bounded_queue: false,
            answer: Duration::from_secs(30),
            poll_interval: Duration::from_millis(50),
            story,
            watch: None,
        }
    }

    /// Watches by another policy; to be said before it starts.
    fn watch_by(&mut self, policy: fn(&Path) -> Vec<MonitorSpec>) {
        self.policy = compiled(policy(&self.tree));
    }

    /// Everything.
    fn whole(tree: &Path) -> Vec<MonitorSpec> {
        vec![MonitorSpec::new("whole", vec![PathPattern::literal(tree)])]
    }

    /// Everything but a name and a directory.
    fn with_gaps(tree: &Path) -> Vec<MonitorSpec> {
        let mut monitors = Bench::whole(tree);
        for monitor in &mut monitors {
            monitor.exclude_files = vec!["x".to_owned(), "tree/d/e".to_owned()];
        }
        monitors
    }

    /// Some things that may go and come back, one of them without what is deeper.
    fn of_roots(tree: &Path) -> Vec<MonitorSpec> {
        let named = |name: &str| PathPattern::literal(&tree.join(name));
        let mut flat = MonitorSpec::new("flat", vec![named("e")]);
        flat.recursive = false;
        vec![
            MonitorSpec::new("roots", vec![named("a"), named("d/d")]),
            flat,
        ]
    }

    /// What matches.
    fn of_globs(tree: &Path) -> Vec<MonitorSpec> {
        let glob = |name: &str| PathPattern::parse(&format!("{}/{name}", tree.display())).unwrap();
        vec![MonitorSpec::new(
            "globs",
            vec![glob("?/d"), glob("*/a"), glob("d/e/[xy]")],
        )]
    }

    /// Returns what is watched as it is now.
    fn look(&self) -> State {
        let mut state = tree::actual(&self.tree);
        state.retain(|path, object| {
            let kind = match object.kind.as_str() {
                "dir" => Kind::Directory,
                "symlink" => Kind::Symlink,
                _ => Kind::File,
            };
            self.policy
                .decide(Path::new(path), kind)
                .watched()
                .is_some()
        });
        state
    }

    fn path(&self, name: &str) -> PathBuf {
        self.tree.join(name)
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Starts the watch; it scans first, and is not waited for.
    fn start(&mut self) {
        let mut baseline = Baseline::open(&self.state_dir).unwrap();
        baseline.claim_watch().unwrap();
        let options = Options {
            backends: self.backends.clone(),
            has_bounded_queue: self.has_bounded_queue,
            hears_itself: true,
            ..Options::new(canary_dir(&self.state_dir))
        };
        let meddler = Arc::clone(&self.meddler);
        let listening = Listening {
            tap: Arc::new(move |signal, hear| meddler.take(signal, hear)),
            beat: Duration::from_secs(3600),
            answer: self.answer,
        };
        let mandate = Mandate {
            policy: Arc::clone(&self.policy),
            settings: Settings {
                poll_interval: self.poll_interval,
                full_schedule: None,
                stdout: None,
                file: Some(FileOutput::new(self.output())),
                ..Settings::default()
            },
            style: Style {
                is_colored: false,
                is_verbose: false,
                is_quiet: false,
            },
            threads: 2,
            mistake: None,
            backends: self.backends.clone(),
        };
        let mut engine = Engine::listening(baseline, options, listening).unwrap();
        let is_crash = Arc::new(AtomicBool::new(false));
        self.watch = Some(Running {
            remote: engine.remote(),
            is_crash: Arc::clone(&is_crash),
            serving: thread::spawn(move || {
                while engine.serve(&mandate, |_| ()).unwrap() == End::Reload {
                    if is_crash.load(Ordering::Relaxed) {
                        break;
                    }
                }
                engine
            }),
        });
    }

    fn running(&self) -> &Running {
        self.watch.as_ref().expect("it was started")
    }

    /// Asks how it is going; waits as long as it takes.
    fn ask(&self) -> Value {
        let until = Instant::now() + DEADLINE;
        loop {
            match self.running().remote.ask() {
                // It is answered at once, and says nothing of what was heard.
                Some(state) if state.get("starting").is_some() => thread::yield_now(),
                Some(state) => return state,
                None => {}
            }
            assert!(!self.running().serving.is_finished(), "the watch ended");
            assert!(Instant::now() < until, "the watch does not answer");
        }
    }

    /// Waits until nothing is left to be looked at.
    fn settle(&self) -> Value {
        let until = Instant::now() + DEADLINE;
        loop {
            // Everything that happened before it was asked is counted in.
            let state = self.ask();
            if state["idle"] == json!(true) {
                return state;
            }
            assert!(Instant::now() < until, "it does not come to rest: {state}");
            thread::yield_now();
        }
    }

    /// Waits until everything that happened is known.
    fn sync(&self) {
        let surveys = |state: &Value| state["totals"]["surveys"].as_u64().unwrap();
        let before = surveys(&self.settle());
        let until = Instant::now() + DEADLINE;
        // At rest none is under way, so the next one begins later.
        while self.backends.is_empty() && surveys(&self.settle()) <= before {
            assert!(Instant::now() < until, "nothing is polled");
        }
        self.tell("in step");
    }

    fn reload(&self) {
        self.tell("reload");
        self.running().remote.reload();
    }

    /// Ends the watch in good order.
    fn stop(&mut self) {
        self.tell("stop");
        let watch = self.watch.take().expect("it was started");
        watch.remote.stop();
        self.take(watch.serving).close().unwrap();
    }

    /// Ends the watch and forgets what it had not looked at yet.
    fn crash(&mut self) {
        self.tell("crash");
        let watch = self.watch.take().expect("it was started");
        watch.is_crash.store(true, Ordering::Relaxed);
        watch.remote.reload();
        drop(self.take(watch.serving));
    }

    fn take(&self, serving: JoinHandle<Engine>) -> Engine {
        serving
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.state_dir).unwrap()
    }

    /// Returns what is journalled.
    fn journal(&self) -> Vec<Value> {
        let mut events = Vec::new();
        let took = self.reader().each_event(0, |event| {
            events.push(serde_json::from_str(&event.body).unwrap());
            Ok::<(), crate::baseline::BaselineError>(())
        });
        took.unwrap();
        events
    }

    /// Returns the notices of one kind.
    fn notices(&self, action: &str) -> Vec<Value> {
        let mut journal = self.journal();
        journal.retain(|event| event["event"]["action"] == action);
        journal
    }

    /// Returns how often it began to listen anew.
    fn restarts(&self) -> usize {
        self.notices("watch_thread_restarted").len()
    }

    /// Waits until something was told so often, and returns it.
    fn wait_for_notices(&self, action: &str, number: usize) -> Vec<Value> {
        let until = Instant::now() + DEADLINE;
        loop {
            let told = self.notices(action);
            if told.len() >= number {
                return told;
            }
            assert!(Instant::now() < until, "it is not told: {action}");
            thread::yield_now();
        }
    }

    /// Waits until it has begun to listen anew once more than so often.
    fn wait_for_restart(&self, before: usize) {
        let until = Instant::now() + DEADLINE;
        while self.restarts() == before {
            // A thread that ended is noticed at the latest when somebody asks.
            self.ask();
            assert!(Instant::now() < until, "nobody noticed");
        }
    }

    /// Approves everything, as another process would.
    fn accept(&self) {
        self.tell("accept");
        let mut baseline = Baseline::open(&self.state_dir).unwrap();
        let writer = Writer::new();
        let approved = approve(
            &mut baseline,
            &writer,
            &Selection::All,
            "why not",
            &mut |_| Ok(()),
        );
        approved.unwrap();
        baseline.close().unwrap();
    }

    /// Scans everything, as another process would, and returns what it tells.
    fn scan(&self) -> Vec<Value> {
        self.tell("scan");
        let mut baseline = Baseline::open(&self.state_dir).unwrap();
        let reader = baseline.reader().unwrap();
        let mut plan = Plan::new(&self.policy, &[], 1);
        plan.keep_out_of(&self.state_dir);
        let coverage = Coverage::new(reader.scopes().unwrap(), &self.policy).unwrap();
        let writer = Writer::new();
        let mut recorder = Recorder::new(&mut baseline, &plan, &coverage, &writer, false).unwrap();
        let job = Survey {
            plan: &plan,
            coverage: &coverage,
            progress: &Progress::default(),
        };
        let take = &mut |batch| recorder.take(batch);
        scan::survey(&job, &|| reader.another(), take, &mut |_| {}).unwrap();
        let mut told = Vec::new();
        let finished = recorder.finish(&mut |document| {
            told.push(serde_json::from_str(document).unwrap());
            Ok(())
        });
        finished.unwrap();
        drop(reader);
        baseline.close().unwrap();
        told.retain(tree::is_about_file);
        told
    }

    fn output(&self) -> PathBuf {
        self.temp.path().join("events.ndjson")
    }

    /// Checks that the output has the whole journal in its order, though some of it twice.
    fn has_delivered(&self) {
        let text = fs::read_to_string(self.output()).unwrap();
        let id = |event: &Value| event["event"]["id"].as_str().unwrap().to_owned();
        let delivered = text
            .lines()
            .map(|line| id(&serde_json::from_str(line).unwrap()));
        let mut firsts: Vec<String> = Vec::new();
        for id in delivered {
            if firsts.last().is_none_or(|last| *last < id) {
                firsts.push(id);
            }
        }
        let journal: Vec<String> = self.journal().iter().map(id).collect();
        assert_eq!(firsts, journal, "the output has the journal");
    }

    /// Checks that the store equals the tree, and the journal itself.
    fn is_whole(&self) {
        assert_eq!(self.scan(), [] as [Value; 0], "a fresh scan finds nothing");
        let report = self.reader().verify_chain().unwrap();
        assert!(report.is_intact(), "{report:?}");
    }

    fn tell(&self, line: &str) {
        tell(&self.story, || line.to_owned());
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if thread::panicking() {
            let top = format!("{}/", self.temp.path().display());
            eprintln!("{}", self.whole_story().replace(&top, ""));
        }
        let Some(watch) = self.watch.take() else {
            return;
        };
        watch.remote.stop();
        let served = watch.serving.join();
        assert!(served.is_ok() || thread::panicking(), "the watch panicked");
    }
}

impl Bench {
    /// Returns what was done, heard and journalled.
    fn whole_story(&self) -> String {
        let mut text = String::new();
        let story = self.story.lock().unwrap_or_else(PoisonError::into_inner);
        for line in &story.lines {
            let _ = writeln!(text, "{line}");
        }
        for event in self.journal() {
            let actions = &event["event"]["action"];
            let _ = match tree::is_about_file(&event) {
                true => writeln!(
                    text,
                    "{actions} {} {:?} before {} {:?}",
                    tree::path_of(&event),
                    tree::said(&event["file"]),
                    event["waxseal"]["before"]["path"],
                    tree::said(&event["waxseal"]["before"]),
                ),
                false => writeln!(text, "{actions} {}", event["message"]),
            };
        }
        text
    }
}

/// Compiles monitors that count no links: of further names of a file the kernel tells nothing.
fn compiled(mut monitors: Vec<MonitorSpec>) -> Arc<Policy> {
    for monitor in &mut monitors {
        monitor.attributes = vec!["default".to_owned(), "-links".to_owned()];
    }
    Arc::new(Policy::compile(&PolicySpec { monitors }).unwrap())
}

/// Adds a line to a story.
fn tell(story: &Mutex<Story>, line: impl FnOnce() -> String) {
    let mut story = story.lock().unwrap_or_else(PoisonError::into_inner);
    let start = *story.start.get_or_insert_with(Instant::now);
    let line = format!("{:>6} {}", start.elapsed().as_millis(), line());
    story.lines.push(line);
}

/// Says on standard error that a test cannot run as this user.
fn is_root() -> bool {
    let is_root = host::is_privileged();
    if !is_root {
        eprintln!("skipped: needs root");
    }
    is_root
}

/// Returns the directory that two paths share.
fn common(one: &Path, other: &Path) -> PathBuf {
    let both = one.components().zip(other.components());
    let same = both.take_while(|(one, other)| one == other);
    same.map(|(component, _)| component).collect()
}
