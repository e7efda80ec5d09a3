//! One script of actions, run with every backend, and the events that each action gives.
//!
//! The expectation is the same for all of them. Where a backend cannot see an action, the table
//! `UNSEEN` says so with the reason, and a scan finds it.
//!
//! Each step has a directory of its own, so that polling may look at one phase of all steps at
//! once: a look costs a second.

mod portable;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as os;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as os;

use std::any::Any;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::Watch;
use crate::util::Sandbox;

/// What a file holds before anything happens to it.
const BEFORE: &str = "what was there before";

/// How long mounts may take to be told of: no canary follows them.
const PATIENCE: Duration = Duration::from_secs(30);

/// An action and a path in the directory of the step.
type Told = (&'static str, &'static str);

const UPDATED: [Told; 2] = [("attributes_modified", "f"), ("updated", "f")];

/// What happens in one go, and what is to be told of it.
struct Phase {
    act: fn(&mut Place),
    told: Vec<Told>,
}

/// Phases that build on each other.
struct Step {
    name: &'static str,
    /// Files that are there before; a name that ends in `/` is a directory.
    files: &'static [&'static str],
    phases: Vec<Phase>,
    /// Whether mounts are told of, which no canary follows.
    has_mounts: bool,
}

/// Where a step happens, and what it must keep.
struct Place {
    dir: PathBuf,
    /// A directory of which nobody watches anything.
    outside: PathBuf,
    /// What lives until the step is over, or a phase ends it.
    #[cfg_attr(windows, allow(dead_code, reason = "no step there needs it"))]
    kept: Vec<Box<dyn Any>>,
}

impl Place {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn outside(&self, name: &str) -> PathBuf {
        self.outside.join(name)
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    #[cfg_attr(windows, allow(dead_code, reason = "no step there needs it"))]
    fn keep(&mut self, thing: impl Any) {
        self.kept.push(Box::new(thing));
    }
}

/// A backend and the actions that it does not see.
struct Unseen {
    backend: &'static str,
    step: &'static str,
    phase: usize,
    /// What of the phase is not told.
    missing: &'static [Told],
    reason: &'static str,
}

fn phase(act: fn(&mut Place), told: &[Told]) -> Phase {
    Phase {
        act,
        told: told.to_vec(),
    }
}

fn step(name: &'static str, files: &'static [&'static str], phases: Vec<Phase>) -> Step {
    Step {
        name,
        files,
        phases,
        has_mounts: false,
    }
}

/// The script on its way with one backend.
struct Performance {
    backend: &'static str,
    steps: Vec<Step>,
    places: Vec<Place>,
    watch: Watch,
    sandbox: Sandbox,
}

impl Performance {
    fn begin(backend: &'static str) -> Performance {
        let sandbox = Sandbox::new();
        let mut steps = portable::steps();
        steps.extend(os::steps());
        let place = |step: &Step| Place {
            dir: sandbox.path(step.name),
            outside: sandbox.home(),
            kept: Vec::new(),
        };
        let places = steps.iter().map(place).collect();
        for step in &steps {
            sandbox.write(&format!("{}/", step.name), "");
            for file in step.files {
                // A content of its own: nothing moves by accident.
                let name = format!("{}/{file}", step.name);
                sandbox.write(&name, &format!("{BEFORE} in {name}"));
            }
        }
        let settings = format!("backends = [\"{backend}\"]\npoll_interval = \"1s\"");
        let mut watch = Watch::configured(&sandbox, &settings);
        watch.take();
        let state = watch.settle();
        let covers = |entry: &serde_json::Value| entry["directories"].as_u64() > Some(0);
        let backends = state["backends"].as_array().unwrap();
        let used: Vec<&str> = backends
            .iter()
            .filter(|entry| covers(entry))
            .map(|entry| entry["name"].as_str().unwrap())
            .collect();
        let expected: &[&str] = if backend == "poll" { &[] } else { &[backend] };
        assert_eq!(used, expected, "{state}");
        Performance {
            backend,
            steps,
            places,
            watch,
            sandbox,
        }
    }

    /// Does one phase of a step.
    fn act(&mut self, step: usize, phase: usize) {
        (self.steps[step].phases[phase].act)(&mut self.places[step]);
    }

    /// Returns what is to be told of a phase.
    fn told(&self, step: usize, phase: usize) -> Vec<(String, String)> {
        let step = &self.steps[step];
        let told = step.phases.get(phase).map_or(&[][..], |phase| &phase.told);
        let in_tree = |(action, path): &Told| {
            let path = format!("{}/{path}", step.name);
            ((*action).to_owned(), path)
        };
        told.iter().map(in_tree).collect()
    }

    /// Returns what this backend does not tell of a phase, and why.
    fn unseen(&self, step: usize, phase: usize) -> Option<&'static Unseen> {
        let step = self.steps[step].name;
        let is_it = |unseen: &&Unseen| {
            (unseen.backend, unseen.step, unseen.phase) == (self.backend, step, phase)
        };
        os::UNSEEN.iter().find(is_it)
    }

    /// Does one phase after the other and compares what is told of each.
    fn one_by_one(&mut self) {
        for step in 0..self.steps.len() {
            for phase in 0..self.steps[step].phases.len() {
                self.act(step, phase);
                let expected = self.told(step, phase);
                let title = format!("{}: {}, phase {phase}", self.backend, self.steps[step].name);
                if let Some(unseen) = self.unseen(step, phase) {
                    let is_missing = |(_, (action, path)): &(usize, &Told)| {
                        unseen.missing.contains(&(action, path))
                    };
                    let named = self.steps[step].phases[phase].told.iter().enumerate();
                    let missing: Vec<usize> = named.filter(is_missing).map(|(n, _)| n).collect();
                    let pick = |wanted: bool| {
                        let all = expected.iter().enumerate();
                        let picked = all.filter(|(n, _)| missing.contains(n) == wanted);
                        picked.map(|(_, told)| told.clone()).collect::<Vec<_>>()
                    };
                    let told = self.watch.news(&self.sandbox);
                    assert_eq!(told, pick(false), "{title}: {}", unseen.reason);
                    self.is_found_by_a_scan(&pick(true));
                } else if self.steps[step].has_mounts {
                    self.is_told_in_time(&expected, &title);
                } else {
                    assert_eq!(self.watch.news(&self.sandbox), expected, "{title}");
                }
            }
        }
    }

    /// Does the first phase of all steps and waits for one look, then the second of all, and so on.
    fn together(&mut self) {
        let phases = self.steps.iter().map(|step| step.phases.len()).max();
        for phase in 0..phases.unwrap() {
            let mut expected = Vec::new();
            for step in 0..self.steps.len() {
                if phase < self.steps[step].phases.len() {
                    self.act(step, phase);
                    expected.extend(self.told(step, phase));
                }
            }
            expected.sort();
            // Mounts have places looked at beside the polling.
            self.is_told_in_time(&expected, &format!("polling, phase {phase}"));
            self.watch.polled();
            assert_eq!(self.watch.news(&self.sandbox), [], "phase {phase}, later");
        }
    }

    /// Waits for what is told of mounts, and for nothing more.
    fn is_told_in_time(&mut self, expected: &[(String, String)], title: &str) {
        let until = Instant::now() + PATIENCE;
        let mut told = Vec::new();
        while told.len() < expected.len() && Instant::now() < until {
            told.extend(self.watch.news(&self.sandbox));
        }
        told.extend(self.watch.news(&self.sandbox));
        told.sort();
        assert_eq!(told, expected, "{title}");
    }

    /// Proves that a scan finds what the backend does not tell of.
    fn is_found_by_a_scan(&mut self, expected: &[(String, String)]) {
        let config = self.sandbox.home().join("config.toml");
        let options = [
            "scan",
            "--format=ndjson",
            "--config",
            config.to_str().unwrap(),
        ];
        let scan = self.sandbox.waxseal(&options).exits(1);
        let mut found: Vec<(String, String)> = Vec::new();
        for document in scan.documents() {
            let path = crate::util::file_path(&document);
            let path = self.sandbox.name(&path).unwrap();
            let actions = document["event"]["action"].as_array().unwrap();
            let action = |action: &serde_json::Value| action.as_str().unwrap().to_owned();
            found.extend(actions.iter().map(|one| (action(one), path.clone())));
        }
        found.sort();
        assert_eq!(found, expected);
        // It is journalled, so the watch delivers it as well.
        assert_eq!(self.watch.news(&self.sandbox), expected);
    }

    /// Compares the store with the tree once everything is over.
    fn end(self) {
        self.watch.stop().exits(0);
        let config = self.sandbox.home().join("config.toml");
        let config = format!("--config={}", config.display());
        let scan = self.sandbox.ndjson("scan", &[&config]);
        assert_eq!(scan.changes(), [], "a fresh scan finds nothing new");
        let full = self.sandbox.ndjson("scan", &["--full", &config]);
        assert_eq!(full.changes(), [], "nor does one that reads everything");
        let status = self.sandbox.waxseal(&["status", "--format=json"]).exits(0);
        let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
        let check = self.sandbox.ndjson("check", &[&config]).exits(1);
        // What moved is one difference of two paths.
        let mut paths = BTreeSet::new();
        for document in check.documents() {
            paths.insert(crate::util::file_path(&document));
            let before = document["waxseal"]["before"]["path"].as_str();
            paths.extend(before.map(str::to_owned));
        }
        assert_eq!(status["open"], paths.len(), "check and store agree");
        self.sandbox.waxseal(&["log", "--verify"]).exits(0);
        let log = self.sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
        let documents = log.documents();
        let named = documents
            .iter()
            .filter_map(|document| document["waxseal"]["backend"].as_str());
        let named: BTreeSet<&str> = named.collect();
        let expected = Some(self.backend).filter(|backend| *backend != "poll");
        assert!(named.into_iter().eq(expected), "who told is named");
    }
}
