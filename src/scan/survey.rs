//! The parallel part of a run: [`survey`] walks, joins and inspects on many threads, and hands
//! what it finds to one consumer on the caller's thread.
//!
//! The channel between them is bounded, so a slow store slows reading instead of filling memory.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use waxseal_platform::walk::Walk;

use super::orphans::{Accounts, tell_orphans};
use super::visitor::Surveyor;
use super::{Batch, Coverage, Plan, ScanError};
use crate::baseline::{BaselineError, Reader};
use crate::inspect::{Inspector, Progress, Throttle};

/// Batches under way from the threads to the consumer.
const CHANNEL: usize = 64;

/// How often the observer is called at least.
const TICK: Duration = Duration::from_millis(100);

/// Is told how far a run has come.
pub type Observer<'o> = dyn FnMut(&Progress) + 'o;

/// Everything a survey needs beside its consumer.
pub struct Survey<'p> {
    /// What to look at.
    pub plan: &'p Plan<'p>,
    /// What was looked at before.
    pub coverage: &'p Coverage,
    /// How far it has come.
    pub progress: &'p Progress,
}

/// What all threads of a survey share.
pub(super) struct Shared<'p> {
    pub(super) plan: &'p Plan<'p>,
    pub(super) coverage: &'p Coverage,
    pub(super) progress: &'p Progress,
    nested_roots: HashSet<&'p Path>,
    accounts: Arc<Accounts>,
    batches: Sender<Result<Batch<'p>, ScanError>>,
    /// Set when the consumer or the store failed: the rest of the walk is pointless.
    is_over: AtomicBool,
}

impl<'p> Shared<'p> {
    /// Hands a batch to the consumer, waiting while it is busy.
    pub(super) fn send(&self, batch: Batch<'p>) {
        let blind = batch.blind.iter().map(|spot| &spot.path);
        blind.for_each(|path| self.accounts.told(path));
        let is_empty =
            batch.looks.is_empty() && batch.blind.is_empty() && batch.doubtful.is_empty();
        if !is_empty && self.batches.send(Ok(batch)).is_err() {
            self.is_over.store(true, Ordering::Relaxed);
        }
    }

    /// Ends the survey with an error.
    pub(super) fn fail(&self, error: ScanError) {
        self.is_over.store(true, Ordering::Relaxed);
        // A consumer that is gone has failed by itself, and its error is the one to report.
        let _ = self.batches.send(Err(error));
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed) || self.plan.halt.is_called()
    }

    pub(super) fn has_nested_roots(&self) -> bool {
        !self.nested_roots.is_empty()
    }

    /// Says whether a path is a root inside another one, which has its own walk.
    pub(super) fn is_nested_root(&self, path: &Path) -> bool {
        self.nested_roots.contains(path)
    }

    /// Returns the account of what was looked at.
    pub(super) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Says whether a path lies below a nested root that itself lies below `top`.
    pub(super) fn is_below_nested_root(&self, path: &Path, top: &Path) -> bool {
        self.has_nested_roots()
            && path
                .ancestors()
                .take_while(|ancestor| *ancestor != top)
                .any(|ancestor| self.is_nested_root(ancestor))
    }
}

/// Runs a survey; `take` gets every batch on this thread, `observe` is called now and then.
pub fn survey<'p>(
    survey: &Survey<'p>,
    new_reader: &dyn Fn() -> Result<Reader, BaselineError>,
    take: &mut dyn FnMut(Batch<'p>) -> Result<(), ScanError>,
    observe: &mut Observer<'_>,
) -> Result<(), ScanError> {
    let plan = survey.plan;
    let readers = (0..plan.threads)
        .map(|_| new_reader())
        .collect::<Result<Vec<_>, _>>()?;
    let accounts = Arc::new(Accounts::default());
    let (sender, receiver) = bounded(CHANNEL);
    let shared = Shared {
        plan,
        coverage: survey.coverage,
        progress: survey.progress,
        nested_roots: plan.nested_roots(),
        accounts: Arc::clone(&accounts),
        batches: sender,
        is_over: AtomicBool::new(false),
    };
    thread::scope(|scope| {
        let builder = thread::Builder::new().name("waxseal-survey".to_owned());
        let walking = builder.spawn_scoped(scope, move || walk(shared, readers))?;
        // Consumed by value: an error drops the receiver, which ends the walk.
        let consumed = consume(receiver, survey, take, observe);
        match walking.join() {
            Ok(walked) => consumed.and(walked),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })?;
    if plan.halt.is_called() {
        return Err(ScanError::Halted);
    }
    // Only now, when the readers of the walk have given back their descriptors.
    tell_orphans(plan, &accounts, &new_reader()?, take)
}

/// Takes batches until the walk is done.
fn consume<'p>(
    batches: Receiver<Result<Batch<'p>, ScanError>>,
    survey: &Survey<'p>,
    take: &mut dyn FnMut(Batch<'p>) -> Result<(), ScanError>,
    observe: &mut Observer<'_>,
) -> Result<(), ScanError> {
    let mut observed = Instant::now();
    loop {
        if survey.plan.halt.is_called() {
            return Err(ScanError::Halted);
        }
        match batches.recv_timeout(TICK) {
            Ok(batch) => take(batch?)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        if observed.elapsed() >= TICK {
            observe(survey.progress);
            observed = Instant::now();
        }
    }
}

/// Looks at the roots, then walks below them; the channel closes when this returns.
fn walk(shared: Shared<'_>, readers: Vec<Reader>) -> Result<(), ScanError> {
    let plan = shared.plan;
    let throttle = Throttle::new(plan.rate);
    let inspector = || Inspector::new(plan.threads, shared.progress, &throttle).heed(&plan.halt);
    let mut surveyors: Vec<Surveyor<'_, '_>> = readers
        .into_iter()
        .map(|reader| Surveyor::new(&shared, reader, inspector()))
        .collect();
    let walks = look_at_roots(&mut surveyors, &plan.roots)?;
    let walk = Walk::new(walks).threads(surveyors.len());
    let mut surveyors = surveyors.into_iter();
    walk.run(|_| {
        surveyors
            .next()
            .expect("one surveyor was made for each thread")
    })?;
    Ok(())
}

/// Looks at the roots themselves, shared out among the threads; returns those to walk.
fn look_at_roots(
    surveyors: &mut [Surveyor<'_, '_>],
    roots: &[PathBuf],
) -> Result<Vec<PathBuf>, ScanError> {
    let next = AtomicUsize::new(0);
    let next = || roots.get(next.fetch_add(1, Ordering::Relaxed));
    let look = |surveyor: &mut Surveyor<'_, '_>| {
        let mut walks = Vec::new();
        while let Some(root) = next() {
            if surveyor.root(root)? {
                walks.push(root.clone());
            }
        }
        Ok::<_, BaselineError>(walks)
    };
    let found = thread::scope(|scope| {
        let look = &look;
        let looking = surveyors
            .iter_mut()
            .map(|surveyor| scope.spawn(move || look(surveyor)));
        let looking: Vec<_> = looking.collect();
        looking
            .into_iter()
            .map(join_or_panic)
            .collect::<Result<Vec<_>, _>>()
    })?;
    let mut walks = found.concat();
    walks.sort();
    Ok(walks)
}

fn join_or_panic<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
