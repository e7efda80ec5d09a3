//! Random actions on a real tree, with crashes, stops, reloads and approvals in between: the
//! journal, replayed, gives exactly the tree.
//!
//! `WAXSEAL_WATCH_SEEDS=1000` runs so many sequences instead of a few.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use super::Watch;
use super::tree::{actual, replay};
use super::vandal::Vandal;
use crate::random::{OnFailure, Random};
use crate::util::Sandbox;

/// Sequences that are run unless the environment says otherwise.
const SEEDS: u64 = 4;
/// Bursts of one sequence.
const BURSTS: usize = 12;

fn run(seed: u64) {
    let _seed = OnFailure(format!("seed {seed}"));
    let sandbox = Sandbox::with(&[("a", "1"), ("d/a", "2"), ("d/e/a", "3"), ("e/", "")]);
    sandbox.baseline();
    let baseline = actual(&sandbox.tree());
    let mut vandal = Vandal {
        random: Random::new(seed),
        top: sandbox.tree(),
        makes_links: false,
    };
    let mut watch = Watch::start(&sandbox);
    for _ in 0..BURSTS {
        let burst = 1 + vandal.random.below(40);
        let event = vandal.random.below(8);
        if event == 0 {
            watch.hold();
        }
        (0..burst).for_each(|_| drop(vandal.act()));
        match event {
            0 => watch.release(),
            1 => {
                watch.kill();
                (0..burst / 4).for_each(|_| drop(vandal.act()));
                watch = Watch::start(&sandbox);
            }
            2 => watch.signal(Signal::HUP),
            3 => {
                let accepted = sandbox.waxseal(&["accept", "--all", "--reason", "why not"]);
                assert!([0, 1].contains(&accepted.code), "{}", accepted.stderr);
            }
            4 => {
                let scan = sandbox.ndjson("scan", &[]);
                // What changes while it is looked at is for the watch to find.
                assert!([0, 1, 3].contains(&scan.code), "{}", scan.stderr);
            }
            5 => {
                watch.settle();
            }
            _ => {}
        }
    }
    watch.settle();
    let told = journal(&sandbox);
    if let Some(dump) = std::env::var_os("WAXSEAL_DUMP") {
        let lines: Vec<String> = told.iter().map(|event| event.to_string()).collect();
        fs::write(dump, lines.join("\n")).unwrap();
    }
    let tree = actual(&sandbox.tree());
    assert_eq!(
        replay(baseline, &told),
        tree,
        "the journal explains the tree"
    );
    let scan = sandbox.ndjson("scan", &[]);
    assert_eq!(scan.changes(), [], "a fresh scan finds nothing new");
    watch.stop().exits(0);
    sandbox.waxseal(&["log", "--verify"]).exits(0);
}

fn journal(sandbox: &Sandbox) -> Vec<Value> {
    let log = sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
    log.documents()
}

#[test]
fn the_journal_explains_every_step_of_random_sequences() {
    let wanted = std::env::var("WAXSEAL_WATCH_SEEDS").ok();
    let seeds = wanted.map_or(SEEDS, |seeds| seeds.parse().unwrap());
    let from: u64 = std::env::var("WAXSEAL_WATCH_FROM").map_or(0, |from| from.parse().unwrap());
    (from..from + seeds).for_each(run);
}
