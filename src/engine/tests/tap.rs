//! Faults between the queues and the lookout: [`Meddler`].

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use waxseal_platform::watch::{LostReason, Signal};

use super::random::Random;
use super::{Story, common, tell};

/// Drops, repeats, delays and reorders signals, or panics on the thread that brings them.
///
/// Whatever it withholds it makes up for before the canary is heard, as a queue would: what it
/// delayed comes, and what it dropped is said to be lost.
pub(super) struct Meddler {
    state: Mutex<State>,
    released: Condvar,
    /// Below this it meddles.
    tree: PathBuf,
    story: Arc<Mutex<Story>>,
}

struct State {
    random: Random,
    /// What it does now.
    faults: Faults,
    /// Signals that come later, in an order in which no two about one path change places.
    delayed: VecDeque<Signal>,
    /// The directories of what it has dropped.
    dropped: Vec<PathBuf>,
    /// Whether each reading thread stands still.
    is_held: bool,
    /// How many threads stand still.
    standing: usize,
}

/// One in so many signals meets each of these; zero is none.
#[derive(Clone, Copy, Default)]
pub(super) struct Faults {
    /// Is not heard.
    pub(super) drops: usize,
    /// Is heard twice.
    pub(super) repeats: usize,
    /// Comes later.
    pub(super) delays: usize,
    /// Panics on the thread that brings it. It does so once.
    pub(super) panics: usize,
    /// Whether nothing is heard, nor the canary.
    pub(super) is_deaf: bool,
}

impl Meddler {
    /// Returns one that does nothing yet.
    pub(super) fn new(tree: PathBuf, story: Arc<Mutex<Story>>) -> Meddler {
        Meddler {
            state: Mutex::new(State {
                random: Random::new(0),
                faults: Faults::default(),
                delayed: VecDeque::new(),
                dropped: Vec::new(),
                is_held: false,
                standing: 0,
            }),
            released: Condvar::new(),
            tree,
            story,
        }
    }

    /// Meddles in this way from now on.
    pub(super) fn meddle(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Decides by this seed from now on.
    pub(super) fn seed(&self, seed: u64) {
        self.state().random = Random::new(seed);
    }

    /// Lets every reading thread stand still at its next signal, until it is released.
    pub(super) fn hold(&self) {
        self.state().is_held = true;
    }

    /// Waits until a thread stands still.
    pub(super) fn wait_until_held(&self) {
        let mut state = self.state();
        while state.standing == 0 {
            state = self
                .released
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets every thread go on.
    pub(super) fn release(&self) {
        self.state().is_held = false;
        self.released.notify_all();
    }

    /// Says whether the panic that was asked for has happened.
    pub(super) fn has_panicked(&self) -> bool {
        self.state().faults.panics == 0
    }

    /// Takes one signal and hands on what is to be heard.
    pub(super) fn take(&self, signal: Signal, hear: &mut dyn FnMut(Signal)) {
        if self.is_elsewhere(&signal) {
            return hear(signal);
        }
        let mut state = self.state();
        self.tell(&signal);
        if state.is_held {
            state.standing += 1;
            self.released.notify_all();
            while state.is_held {
                state = self
                    .released
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            state.standing -= 1;
        }
        match signal {
            _ if state.faults.is_deaf => {
                state.forget();
            }
            Signal::Alive { .. } => {
                state.make_up(hear);
                hear(signal);
            }
            Signal::Lost { .. } => hear(signal),
            _ if state.one_in(|faults| faults.panics) => {
                tell(&self.story, || "    panic".to_owned());
                state.faults.panics = 0;
                state.forget();
                drop(state);
                // Without the message of a panic that nobody wanted.
                std::panic::resume_unwind(Box::new("a panic that was wanted"));
            }
            _ if state.one_in(|faults| faults.drops) => {
                tell(&self.story, || "    dropped".to_owned());
                // What happens to a name happens to its directory, too.
                let around = paths(&signal).into_iter();
                let around = around.map(|path| path.parent().unwrap_or(&path).to_owned());
                state.dropped.extend(around);
            }
            signal => state.pass(signal, hear, &self.story),
        }
    }

    /// The directories above the tree are covered, too, and others are at work there.
    fn is_elsewhere(&self, signal: &Signal) -> bool {
        let paths = paths(signal);
        !paths.is_empty() && !paths.iter().any(|path| path.starts_with(&self.tree))
    }

    fn tell(&self, signal: &Signal) {
        let line = match signal {
            Signal::Touched { path, changes, .. } => format!("  told {path:?} {changes:?}"),
            Signal::Moved { from, to, .. } => format!("  told {from:?} -> {to:?}"),
            Signal::Lost { below, reason } => format!("  told {reason} {below:?}"),
            // It comes whenever somebody asks.
            Signal::Alive { .. } => return,
        };
        tell(&self.story, || line);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn one_in(&mut self, times: impl Fn(&Faults) -> usize) -> bool {
        let times = times(&self.faults);
        times > 0 && self.random.one_in(times)
    }

    /// After a panic or in a deaf queue: everything is looked at again.
    fn forget(&mut self) {
        self.delayed.clear();
        self.dropped.clear();
    }

    fn pass(&mut self, signal: Signal, hear: &mut dyn FnMut(Signal), story: &Mutex<Story>) {
        let is_behind = |delayed: &Signal| {
            let (one, other) = (paths(delayed), paths(&signal));
            one.iter().any(|path| other.contains(path))
        };
        if self.one_in(|faults| faults.delays) || self.delayed.iter().any(is_behind) {
            tell(story, || "    delayed".to_owned());
            self.delayed.push_back(signal);
        } else {
            if self.one_in(|faults| faults.repeats) {
                tell(story, || "    repeated".to_owned());
                hear(signal.clone());
            }
            hear(signal);
        }
        if self.random.one_in(8)
            && let Some(late) = self.delayed.pop_front()
        {
            hear(late);
        }
    }

    fn make_up(&mut self, hear: &mut dyn FnMut(Signal)) {
        self.delayed.drain(..).for_each(&mut *hear);
        let dropped = std::mem::take(&mut self.dropped);
        let below = dropped
            .into_iter()
            .reduce(|one, other| common(&one, &other));
        let Some(below) = below else { return };
        let is_everything = self.random.one_in(4);
        hear(Signal::Lost {
            below: Some(below).filter(|_| !is_everything),
            reason: LostReason::Overflow,
        });
    }
}

fn paths(signal: &Signal) -> Vec<PathBuf> {
    match signal {
        Signal::Touched { path, .. } => vec![path.clone()],
        Signal::Moved { from, to, .. } => [from, to].into_iter().flatten().cloned().collect(),
        Signal::Lost { .. } | Signal::Alive { .. } => Vec::new(),
    }
}
