//! What is reported is what was done: random mutations of random trees, against a model that
//! knows every one of them, and beside AIDE.
//!
//! A failure names its seed; `WAXSEAL_TEST_SEED=<seed>` runs that one alone.

mod aide;
mod disk;
mod histories;
mod model;
mod mutations;
mod report;
mod world;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde_json::Value;

use self::model::{Model, Told, told};
use self::mutations::MUTATIONS;
use self::world::{Manner, World};
use crate::random::{OnFailure, Random};
use crate::util::{Run, Sandbox, is_root};

/// How many random trees are tried.
const SEEDS: u64 = 24;

#[test]
fn the_reported_set_is_the_mutated_set_field_by_field() {
    is_root();
    let done = Mutex::new(BTreeMap::new());
    each_seed(SEEDS.max(only_seed().map_or(0, |seed| seed + 1)), |seed| {
        let counts = one_tree(seed);
        let mut done = done.lock().unwrap();
        for (name, times) in counts {
            *done.entry(name).or_insert(0) += times;
        }
    });
    let done = done.into_inner().unwrap();
    eprintln!("mutations: {done:?}");
    if only_seed().is_none() && !done.is_empty() {
        let is_root = rustix::process::geteuid().is_root();
        for (name, needs_root, _) in MUTATIONS {
            let is_done = done.contains_key(name) || (needs_root && !is_root);
            assert!(is_done, "never done: {name}");
        }
    }
}

/// Runs a test for many seeds on several threads.
fn each_seed(number: u64, test: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= number {
            return;
        }
        if only_seed().is_none_or(|only| only == seed) {
            let _name = OnFailure(format!("seed {seed}"));
            test(seed);
        }
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
}

fn only_seed() -> Option<u64> {
    std::env::var("WAXSEAL_TEST_SEED").ok()?.parse().ok()
}

/// Plays one tree through: two rounds of mutations, then all undone or all accepted.
fn one_tree(seed: u64) -> BTreeMap<&'static str, usize> {
    let sandbox = Sandbox::new();
    let manner = Manner {
        keeps: seed.is_multiple_of(2),
        plain: false,
    };
    let Some(mut world) = World::grow(&sandbox, Random::new(seed), manner) else {
        return BTreeMap::new();
    };
    world.verify();
    sandbox.baseline();
    let mut watch = Watch {
        sandbox: &sandbox,
        base: world.model.clone(),
        earlier: world.model.clone(),
        journal: Vec::new(),
    };
    for _ in 0..2 {
        let number = 1 + world.random.below(30);
        world.mutate(number);
        world.verify();
        watch.look(&world.model);
    }
    if manner.keeps {
        world.undo_all(&watch.base);
        world.verify();
        watch.look(&world.model);
    } else {
        let open = world.model.differing(&watch.base);
        let run = sandbox
            .waxseal(&["accept", "--all", "--reason", "test", "--format=ndjson"])
            .exits(0);
        assert_eq!(run.summary()["approved"], open);
        watch.base = world.model.clone();
    }
    watch.look_at_closed(&world.model);
    world.done.clone()
}

/// The program on one tree, with what it must know.
struct Watch<'s> {
    sandbox: &'s Sandbox,
    /// The tree that was approved.
    base: Model,
    /// The tree at the last scan.
    earlier: Model,
    /// Everything that was told, in order.
    journal: Vec<Told>,
}

impl Watch<'_> {
    /// Checks, scans and scans again, and compares every answer with the model.
    fn look(&mut self, now: &Model) {
        let code = i32::from(now.differing(&self.base) > 0);
        let differing = told(&self.base, &self.base, now);
        let new = told(&self.base, &self.earlier, now);

        let store = report::store(self.sandbox);
        let check = self.sandbox.ndjson("check", &[]).exits(code);
        self.compare("check", &check, &differing);
        assert_eq!(check.summary()["open"], now.differing(&self.base));
        assert_eq!(store, report::store(self.sandbox), "a check writes nothing");

        let scan = self.sandbox.ndjson("scan", &[]).exits(code);
        self.compare("scan", &scan, &new);
        let summary = scan.summary();
        assert_eq!(summary["open"], now.differing(&self.base));
        assert_eq!(summary["objects"], now.paths.len() + 1, "with the top");
        self.journal.extend(new);
        self.earlier = now.clone();

        for verb in ["scan", "check"] {
            let again = self.sandbox.ndjson(verb, &[]).exits(code);
            let expected: &[Told] = if verb == "scan" { &[] } else { &differing };
            self.compare(&format!("{verb} again"), &again, expected);
        }
    }

    /// Expects that nothing is open, also when every file is read again, and the journal whole.
    fn look_at_closed(&self, now: &Model) {
        for verb in ["check", "scan"] {
            let run = self.sandbox.ndjson(verb, &["--full"]).exits(0);
            self.compare(&format!("{verb} --full"), &run, &[]);
            let files = now
                .paths
                .values()
                .filter(|id| now.objects[id].kind == "file");
            assert_eq!(run.summary()["files"], files.count(), "every name is read");
        }
        self.sandbox.waxseal(&["log", "--verify"]).exits(0);
        let log = self.sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
        let documents = log
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let events = documents.filter(|document: &Value| document["event"]["dataset"] == "file");
        let events: Vec<Told> = events
            .map(|event| report::read(&self.sandbox.tree(), &event))
            .collect();
        report::assert_same("the journal", &events, &self.journal);
    }

    fn compare(&self, what: &str, run: &Run, expected: &[Told]) {
        let documents = run.documents();
        let found: Vec<Told> = documents
            .iter()
            .map(|document| report::read(&self.sandbox.tree(), document))
            .collect();
        report::assert_same(what, &found, expected);
        let summary = run.summary();
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for event in expected {
            *counts.entry(&event.actions[0]).or_default() += 1;
        }
        for (action, number) in summary["actions"].as_object().unwrap() {
            let expected = counts.get(action.as_str()).copied().unwrap_or(0);
            assert_eq!(number, expected, "{what}: {action}");
        }
        for nothing in ["unreadable", "unstable", "joined", "left"] {
            assert_eq!(summary[nothing], 0, "{what}: {nothing}");
        }
    }
}
