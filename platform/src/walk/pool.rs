//! A work-stealing pool of jobs: who does which job next, who sleeps, and when all is done.
//!
//! Every thread of a walk holds one [`Member`]. Jobs that come of a job go to the thread's own
//! queue and are taken back from its newest end, so one thread goes depth first; a thread that
//! runs dry takes the oldest job of another, which near a tree's root is the largest part of it.
//! The first jobs lie in the injector and are taken in the order given.
//!
//! Two invariants carry the rest:
//!
//! - *The end.* `unfinished` counts jobs that are queued or being done. A job's children are
//!   counted in the same step in which the job itself is counted out and before any of them can be
//!   taken, so the count reaches zero exactly once: when nothing is left and nothing can come.
//! - *No lost wake-up.* A thread that finds nothing counts itself among the `sleepers`, makes a
//!   fence, and looks at every queue once more before it waits. A thread that queues jobs makes a
//!   fence and then reads `sleepers`. Of the two fences one comes first: either the sleeper sees
//!   the jobs or the other sees the sleeper. In the second case it takes `gate` before it
//!   notifies, and the sleeper lets go of `gate` only by waiting, so the notice finds it asleep.
//!   The end of the walk is announced under `gate` too, after what the sleeper checks was set.
//!
//! The pool knows nothing of directories, and it never drops a job but when the walk is stopped.

use std::iter;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crossbeam_deque::{Injector, Steal, Stealer, Worker};

/// What the threads of one walk share.
pub(super) struct Pool<J> {
    /// The first jobs.
    injector: Injector<J>,
    /// The far ends of all members' queues.
    stealers: Vec<Stealer<J>>,
    /// Jobs queued or being done.
    unfinished: AtomicUsize,
    /// Whether the rest of the jobs is to be left undone.
    stopped: AtomicBool,
    /// Members that wait, or are about to.
    sleepers: AtomicUsize,
    /// Held from the last look for work until the wait begins, and to notify.
    gate: Mutex<()>,
    /// Where members without work wait.
    wake: Condvar,
}

/// One thread's place in the pool.
///
/// When its thread panics the pool is stopped, so that no other waits for a job that will never
/// be finished.
pub(super) struct Member<'p, J> {
    pool: &'p Pool<J>,
    own: Worker<J>,
    index: usize,
}

impl<J> Pool<J> {
    /// Makes a pool with these first jobs, and the queues of its `threads` members.
    pub(super) fn new(
        threads: usize,
        first: impl IntoIterator<Item = J>,
    ) -> (Self, Vec<Worker<J>>) {
        let queues: Vec<Worker<J>> = iter::repeat_with(Worker::new_lifo).take(threads).collect();
        let injector = Injector::new();
        let mut unfinished = 0;
        for job in first {
            injector.push(job);
            unfinished += 1;
        }
        let pool = Pool {
            injector,
            stealers: queues.iter().map(Worker::stealer).collect(),
            unfinished: AtomicUsize::new(unfinished),
            stopped: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            gate: Mutex::new(()),
            wake: Condvar::new(),
        };
        (pool, queues)
    }

    /// Makes the member that owns the queue of this index.
    pub(super) fn member(&self, index: usize, own: Worker<J>) -> Member<'_, J> {
        Member {
            pool: self,
            own,
            index,
        }
    }

    /// Ends the walk early: nobody gets another job.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.wake_all();
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    fn is_over(&self) -> bool {
        self.is_stopped() || self.unfinished.load(Ordering::SeqCst) == 0
    }

    fn has_jobs(&self) -> bool {
        !self.injector.is_empty() || self.stealers.iter().any(|queue| !queue.is_empty())
    }

    fn close_gate(&self) -> MutexGuard<'_, ()> {
        // The lock guards no value, so a thread that panicked while holding it broke nothing.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_all(&self) {
        let _gate = self.close_gate();
        self.wake.notify_all();
    }

    /// Wakes up to `count` sleepers for jobs that were just queued.
    fn wake(&self, count: usize) {
        fence(Ordering::SeqCst);
        let sleepers = self.sleepers.load(Ordering::SeqCst);
        if sleepers == 0 || count == 0 {
            return;
        }
        let _gate = self.close_gate();
        for _ in 0..count.min(sleepers) {
            self.wake.notify_one();
        }
    }

    /// Waits until there may be something to take, or the walk is over.
    fn sleep(&self) {
        let gate = self.close_gate();
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if !self.is_over() && !self.has_jobs() {
            // Waking for no reason is harmless: the caller looks for jobs and comes back.
            drop(self.wake.wait(gate).unwrap_or_else(PoisonError::into_inner));
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<J> Member<'_, J> {
    /// Returns the next job, waiting for one if need be; `None` when the walk is over.
    ///
    /// Every job taken is to be answered by one [`Member::done`].
    pub(super) fn take(&self) -> Option<J> {
        loop {
            if self.pool.is_over() {
                return None;
            }
            if let Some(job) = self.own.pop().or_else(|| self.steal()) {
                return Some(job);
            }
            self.pool.sleep();
        }
    }

    /// Counts the job taken last as finished and queues the `count` jobs that came of it.
    ///
    /// This member takes the first of `jobs` first.
    pub(super) fn done(&self, count: usize, jobs: impl DoubleEndedIterator<Item = J>) {
        let unfinished = &self.pool.unfinished;
        // In one step, so that the count is never zero in between.
        let left = match count.checked_sub(1) {
            Some(more) => unfinished.fetch_add(more, Ordering::SeqCst) + more,
            None => unfinished.fetch_sub(1, Ordering::SeqCst) - 1,
        };
        if left == 0 {
            self.pool.wake_all();
        }
        for job in jobs.rev() {
            self.own.push(job);
        }
        // One of them is for this member itself, which is awake.
        self.pool.wake(count.saturating_sub(1));
    }

    /// Ends the walk early.
    pub(super) fn stop(&self) {
        self.pool.stop();
    }

    fn steal(&self) -> Option<J> {
        iter::repeat_with(|| {
            self.pool
                .injector
                .steal()
                .or_else(|| self.steal_from_others())
        })
        .find(|steal| !steal.is_retry())
        .and_then(Steal::success)
    }

    fn steal_from_others(&self) -> Steal<J> {
        // Begin behind this member, so that not all thieves come to the same queue.
        let queues = &self.pool.stealers;
        let others = queues
            .iter()
            .cycle()
            .skip(self.index + 1)
            .take(queues.len() - 1);
        others.map(Stealer::steal).collect()
    }
}

impl<J> Drop for Member<'_, J> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.pool.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a tree of jobs, each the number of levels below it; returns how many each thread did.
    fn run(threads: usize, first: &[usize], width: usize) -> Vec<usize> {
        let (pool, queues) = Pool::new(threads, first.iter().copied());
        let pool = &pool;
        thread::scope(|scope| {
            let handles: Vec<_> = (queues.into_iter().enumerate())
                .map(|(index, own)| {
                    scope.spawn(move || {
                        let member = pool.member(index, own);
                        let mut did = 0;
                        while let Some(levels) = member.take() {
                            did += 1;
                            let count = if levels == 0 { 0 } else { width };
                            member.done(count, iter::repeat_n(levels.saturating_sub(1), count));
                        }
                        did
                    })
                })
                .collect();
            handles
                .into_iter()
                .map(|handle| handle.join().unwrap())
                .collect()
        })
    }

    #[test]
    fn every_job_is_done_once_and_all_threads_end() {
        for round in 0..3000 {
            let threads = 1 + round % 5;
            // 1 + 2 + 4 + 8, twice, and a single leaf.
            let did: usize = run(threads, &[3, 0, 3], 2).iter().sum();
            assert_eq!(did, 31);
        }
    }

    #[test]
    fn a_chain_of_single_children_ends() {
        for _ in 0..200 {
            assert_eq!(run(4, &[200], 1).iter().sum::<usize>(), 201);
        }
    }

    #[test]
    fn a_pool_without_jobs_is_over_at_once() {
        assert_eq!(run(4, &[], 1), [0; 4]);
    }

    #[test]
    fn own_jobs_run_in_order_and_before_older_ones() {
        let (pool, mut queues) = Pool::new(1, [0]);
        let member = pool.member(0, queues.pop().unwrap());
        let mut order = Vec::new();
        while let Some(job) = member.take() {
            order.push(job);
            let children: &[u32] = match job {
                0 => &[1, 2, 3],
                1 => &[10, 11],
                _ => &[],
            };
            member.done(children.len(), children.iter().copied());
        }
        assert_eq!(order, [0, 1, 10, 11, 2, 3]);
    }
}
