//! Random actions on a real tree, random faults between the kernel and the engine, and reloads,
//! restarts, crashes, approvals and scans in between: the journal, replayed, gives exactly the
//! tree, and tells nothing that was not so.
//!
//! `WAXSEAL_WATCH_SEEDS=1000` runs so many cases instead of a few, `WAXSEAL_WATCH_FROM` says from
//! which on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use waxseal_platform::watch::BackendKind;

use super::Bench;
use super::history::History;
use super::random::{OnFailure, Random};
use super::tap::Faults;
use super::tree::{State, replay};
use super::vandal::Vandal;
use crate::baseline::Baseline;

/// Cases that are run unless the environment says otherwise.
const SEEDS: u64 = 48;
/// Cases at a time: they mostly wait for paths to settle.
const AT_ONCE: usize = 16;
/// Bursts of one case.
const BURSTS: usize = 8;

/// What is watched by what.
fn backends(random: &mut Random) -> Vec<BackendKind> {
    match random.below(8) {
        0..=3 => vec![BackendKind::Fanotify],
        4..=5 => vec![BackendKind::Inotify],
        6 => BackendKind::native().to_vec(),
        _ => Vec::new(),
    }
}

fn faults(random: &mut Random) -> Faults {
    let mut share = |among: usize| match random.below(3) {
        0 => 1 + random.below(among),
        _ => 0,
    };
    Faults {
        drops: share(8),
        repeats: share(4),
        delays: share(4),
        panics: 0,
        is_deaf: false,
    }
}

/// One case in progress.
struct Case {
    bench: Bench,
    vandal: Vandal,
    history: History,
    /// The tree as it was approved at first.
    baseline: State,
    /// Whether somebody may ask the watch.
    answers: bool,
    /// Whether signals were held back longer than a queue does.
    is_late: bool,
}

impl Case {
    fn new(seed: u64) -> Case {
        let mut random = Random::new(seed);
        let mut bench = Bench::new(&backends(&mut random));
        let policies = [
            Bench::whole,
            Bench::whole,
            Bench::with_gaps,
            Bench::of_roots,
            Bench::of_globs,
        ];
        bench.watch_by(random.pick(&policies));
        bench.meddler.seed(seed);
        bench.answer = Duration::from_secs(1);
        bench.start();
        bench.sync();
        let history = History::new(bench.look());
        Case {
            baseline: history.now().clone(),
            answers: true,
            is_late: false,
            history,
            vandal: Vandal {
                random,
                top: bench.tree.clone(),
                makes_links: true,
            },
            bench,
        }
    }

    fn random(&mut self) -> &mut Random {
        &mut self.vandal.random
    }

    fn act(&mut self, times: usize) {
        for _ in 0..times {
            let done = self.vandal.act();
            self.bench.tell(&done);
            self.history.go_on(self.bench.look());
            if self.answers && self.random().one_in(16) {
                // To let it hear and look in the middle of things.
                self.bench.ask();
            }
        }
    }

    /// Does some things before the watch is started again.
    fn pause(&mut self, count: usize) {
        self.answers = false;
        self.act(count);
        self.answers = true;
        self.bench.start();
    }

    /// Does some things, and something to the watch after or beneath them.
    fn burst(&mut self) {
        let faults = faults(self.random());
        self.bench.meddler.meddle(faults);
        self.is_late |= faults.delays > 0;
        let count = 1 + self.random().below(40);
        match self.random().below(16) {
            0 | 1 => {
                self.act(count);
                self.bench.crash();
                self.pause(count / 4);
            }
            2 => {
                self.act(count);
                self.bench.stop();
                self.pause(count / 4);
            }
            3 => {
                self.act(count / 2);
                self.bench.reload();
                self.act(count / 2);
            }
            4 => {
                self.act(count);
                self.bench.accept();
            }
            5 => {
                self.act(count);
                self.bench.scan();
            }
            6 => self.lose_a_reader(count),
            7 => self.go_deaf(count),
            8 | 9 => {
                self.act(count);
                self.bench.sync();
            }
            10 => {
                // Nothing can be written meanwhile. A reload waits for it, and answers nobody.
                let other = Baseline::open(&self.bench.state_dir).unwrap();
                self.answers = false;
                self.act(count);
                self.answers = true;
                other.close().unwrap();
            }
            _ => self.act(count),
        }
    }

    fn lose_a_reader(&mut self, count: usize) {
        let before = self.bench.restarts();
        self.bench.meddler.meddle(Faults {
            panics: 8,
            ..Faults::default()
        });
        self.act(count);
        if self.bench.meddler.has_panicked() {
            self.bench.wait_for_restart(before);
        }
        self.bench.meddler.meddle(Faults::default());
    }

    fn go_deaf(&mut self, count: usize) {
        if self.bench.backends.is_empty() {
            return self.act(count);
        }
        self.bench.meddler.meddle(Faults {
            is_deaf: true,
            ..Faults::default()
        });
        self.act(count);
        // It is answered once the canary was not heard.
        self.bench.ask();
        self.bench.meddler.meddle(Faults::default());
    }

    fn check(&mut self) {
        self.bench.meddler.meddle(Faults::default());
        self.bench.sync();
        let told = self.bench.journal();
        assert_eq!(
            replay(self.baseline.clone(), &told),
            *self.history.now(),
            "the journal explains the tree"
        );
        self.history.explains(&told, self.is_late);
        if self.random().one_in(2) {
            self.bench.stop();
            self.bench.has_delivered();
        }
        self.bench.is_whole();
    }
}

fn run(seed: u64) {
    let _seed = OnFailure(format!("seed {seed}"));
    let mut case = Case::new(seed);
    (0..BURSTS).for_each(|_| case.burst());
    case.check();
}

#[test]
fn the_journal_explains_every_step_whatever_gets_lost_on_the_way() {
    let number = |name: &str, usual| {
        let wanted = std::env::var(name).ok();
        wanted.map_or(usual, |wanted| wanted.parse().unwrap())
    };
    let from = number("WAXSEAL_WATCH_FROM", 0);
    let end = from + number("WAXSEAL_WATCH_SEEDS", SEEDS);
    let next = AtomicU64::new(from);
    let failed = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    if std::panic::catch_unwind(|| run(seed)).is_err() {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(
        failed.into_inner(),
        0,
        "cases failed; see their seeds above"
    );
}
