//! The inspecting threads: [`Lookers`], who are handed the groups of a round and answer in any order.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::EngineError;
use super::inbox::Inbox;
use super::inspecting::{Group, Look, Looker};
use super::large::Readings;
use super::worker::{MOST_LOST, Patience, Post, Worker, hung};
use crate::baseline::Reader;
use crate::inspect::{Halt, Inspector, Throttle};
use crate::policy::Policy;

/// What every looker needs.
pub(super) struct Tools {
    pub(super) policy: Arc<Policy>,
    pub(super) reader: Reader,
    pub(super) readings: Arc<Readings>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) halt: Halt,
    pub(super) threads: usize,
}

/// The threads.
pub(super) struct Lookers {
    tools: Tools,
    tasks: Option<Sender<Task>>,
    wanted: Receiver<Task>,
    answer: Sender<Answer>,
    answers: Receiver<Answer>,
    crew: Vec<Member>,
    enlisted: usize,
    /// Threads that were given up and have not ended.
    lost: Arc<AtomicUsize>,
    shunned: Arc<Shunned>,
}

/// One group to look at.
struct Task {
    round: u64,
    index: usize,
    group: Arc<Group>,
}

/// Which group of which round.
type Number = (u64, usize);

/// What became of one group.
pub(super) struct Answer {
    /// Which round it belongs to.
    pub(super) round: u64,
    /// Which of its groups it is.
    pub(super) index: usize,
    pub(super) looks: Result<Vec<Look>, EngineError>,
}

struct Member {
    worker: Worker,
    post: Arc<Post<Number>>,
    patience: Patience<Number>,
}

/// Directories that do not answer: nobody goes there again in this round.
#[derive(Default)]
struct Shunned(Mutex<HashSet<PathBuf>>);

impl Shunned {
    fn all(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lookers {
    /// Starts the threads.
    pub(super) fn start(tools: Tools) -> Result<Lookers, EngineError> {
        let (tasks, wanted) = unbounded();
        let (answer, answers) = unbounded();
        let mut lookers = Lookers {
            tools,
            tasks: Some(tasks),
            wanted,
            answer,
            answers,
            crew: Vec::new(),
            enlisted: 0,
            lost: Arc::default(),
            shunned: Arc::default(),
        };
        lookers.fill_up()?;
        Ok(lookers)
    }

    /// Has the groups of a round looked at.
    pub(super) fn look(&self, round: u64, groups: &[Arc<Group>]) {
        self.shunned.all().clear();
        self.tools.readings.begin_round();
        for (index, group) in groups.iter().enumerate() {
            let group = Arc::clone(group);
            if let Some(tasks) = &self.tasks {
                // They end with this value only, which has one end of the channel.
                let _ = tasks.send(Task {
                    round,
                    index,
                    group,
                });
            }
        }
    }

    /// Takes the next answer, if there is one by now.
    pub(super) fn answer(&self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }

    /// Lets nobody go to a directory any more until the next round.
    pub(super) fn shun(&self, dir: &Path) {
        self.shunned.all().insert(dir.to_owned());
    }

    /// Gives up the groups of a round that the kernel does not let go of; returns which they are.
    /// Where no thread is left, these are all that nobody has begun with.
    pub(super) fn give_up(&mut self, round: u64, now: Instant) -> Result<Vec<usize>, EngineError> {
        let mut given_up = Vec::new();
        for member in &mut self.crew {
            if let Some(task @ (at, index)) = member.patience.hung(&member.post, now)
                && at == round
                && member.post.give_up(&task)
            {
                self.lost.fetch_add(1, Ordering::Relaxed);
                given_up.push(index);
            }
        }
        // Dropped unjoined: it ends when the kernel lets it.
        self.crew.retain(|member| !member.post.is_given_up());
        self.fill_up()?;
        if self.crew.is_empty() {
            let untaken = self.wanted.try_iter().filter(|task| task.round == round);
            given_up.extend(untaken.map(|task| task.index));
        }
        Ok(given_up)
    }

    /// Starts threads until there are enough, as long as not too many wait for the kernel.
    fn fill_up(&mut self) -> Result<(), EngineError> {
        while self.crew.len() < self.tools.threads && self.lost.load(Ordering::Relaxed) < MOST_LOST
        {
            self.enlist()?;
        }
        Ok(())
    }

    fn enlist(&mut self) -> Result<(), EngineError> {
        let looker = Looker {
            policy: Arc::clone(&self.tools.policy),
            reader: self.tools.reader.another()?,
            readings: Some(Arc::clone(&self.tools.readings)),
        };
        let post = Arc::new(Post::default());
        let (tasks, at) = (self.wanted.clone(), Arc::clone(&post));
        let (lost, shunned) = (Arc::clone(&self.lost), Arc::clone(&self.shunned));
        let report = Report {
            answers: self.answer.clone(),
            inbox: Arc::clone(&self.tools.inbox),
            post: Arc::clone(&post),
        };
        let (halt, threads) = (self.tools.halt.clone(), self.tools.threads);
        let name = format!("look-{}", self.enlisted);
        self.enlisted += 1;
        let worker = Worker::start(&name, move || {
            let throttle = Throttle::new(0);
            let mut inspector = Inspector::new(threads, &at.progress, &throttle).heed(&halt);
            work(&looker, &tasks, &report, &shunned, &mut inspector);
            if at.is_given_up() {
                lost.fetch_sub(1, Ordering::Relaxed);
            }
        })?;
        self.crew.push(Member {
            worker,
            post,
            patience: Patience::new(),
        });
        Ok(())
    }
}

impl Drop for Lookers {
    fn drop(&mut self) {
        self.tools.halt.call();
        self.tasks = None;
        let until = Worker::farewell();
        for member in &mut self.crew {
            member.worker.leave(until);
        }
    }
}

/// Where a thread answers; says so when it panics, or nobody would know what to wait for.
struct Report {
    answers: Sender<Answer>,
    inbox: Arc<Inbox>,
    post: Arc<Post<Number>>,
}

impl Report {
    /// Says whether anybody listens still.
    fn answer(&self, answer: Answer) -> bool {
        let is_heard = self.answers.send(answer).is_ok();
        self.inbox.nudge();
        is_heard
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        let task = self.post.task().filter(|_| thread::panicking());
        if let Some((round, index)) = task {
            let looks = Err(EngineError::Thread("look at files"));
            self.answer(Answer {
                round,
                index,
                looks,
            });
        }
    }
}

fn work(
    looker: &Looker,
    tasks: &Receiver<Task>,
    report: &Report,
    shunned: &Shunned,
    inspector: &mut Inspector<'_>,
) {
    for Task {
        round,
        index,
        group,
    } in tasks
    {
        report.post.show(Some((round, index)));
        let is_shunned = shunned.all().contains(&group.dir);
        let looks = match is_shunned {
            true => Ok(group.wishes.iter().map(|_| hung()).collect()),
            false => looker.look(&group, inspector).map_err(EngineError::from),
        };
        // Before the answer: whoever takes it wants the group for itself.
        drop(group);
        report.post.show(None);
        if report.post.is_given_up() {
            return;
        }
        let answer = Answer {
            round,
            index,
            looks,
        };
        if !report.answer(answer) {
            return;
        }
    }
}
