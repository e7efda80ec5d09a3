//! The inspecting threads: [`Lookers`], who are handed the groups of a round and answer in any order.
//!
//! A thread may wait for ever, in the kernel, for a file system that does not answer. So none is
//! waited for without end: after [`HUNG`] without a byte read its group is answered for, another
//! thread takes its place, and what it says one day is not heard.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::EngineError;
use super::inbox::Inbox;
use super::inspecting::{Group, Look, Looker};
use super::large::Readings;
use crate::baseline::Reader;
use crate::inspect::{Halt, Inspector, Observation, Progress, Throttle};
use crate::policy::Policy;

/// How long a look may go without getting on.
const HUNG: Duration = Duration::from_secs(30);

/// Threads that are replaced; with more of them waiting for the kernel, something else is wrong.
const REPLACED: usize = 8;

/// How long a thread may take to notice that the watch is over.
const FAREWELL: Duration = Duration::from_secs(1);

/// A thread that may have to be left behind.
pub(super) struct Worker(Option<JoinHandle<()>>);

impl Worker {
    /// Starts a thread.
    pub(super) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<Worker> {
        let builder = thread::Builder::new().name(format!("waxseal-{name}"));
        Ok(Worker(Some(builder.spawn(work)?)))
    }

    pub(super) fn is_finished(&self) -> bool {
        self.0.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for a thread that was told to end, but not for one that the kernel keeps.
    pub(super) fn leave(&mut self) {
        let until = Instant::now() + FAREWELL;
        while !self.is_finished() && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
        if self.is_finished()
            && let Some(handle) = self.0.take()
        {
            // A panic was told when its answer was missed.
            let _ = handle.join();
        }
    }
}

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
    replaced: usize,
}

/// One group to look at.
struct Task {
    round: u64,
    index: usize,
    group: Arc<Group>,
}

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
    post: Arc<Post>,
    /// When it was last seen to get on, and how many bytes it had read by then.
    moved: Instant,
    bytes: u64,
    task: Option<(u64, usize)>,
}

/// What a thread is at.
#[derive(Default)]
struct Post {
    progress: Progress,
    task: Mutex<Option<(u64, usize)>>,
}

impl Post {
    fn task(&self) -> MutexGuard<'_, Option<(u64, usize)>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
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
            replaced: 0,
        };
        for _ in 0..lookers.tools.threads {
            lookers.enlist()?;
        }
        Ok(lookers)
    }

    /// Has the groups of a round looked at.
    pub(super) fn look(&self, round: u64, groups: &[Arc<Group>]) {
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

    /// Gives up the groups of a round that the kernel does not let go of; returns which they are.
    pub(super) fn give_up(&mut self, round: u64, now: Instant) -> Result<Vec<usize>, EngineError> {
        let mut given_up = Vec::new();
        for member in &mut self.crew {
            let task = *member.post.task();
            let bytes = member.post.progress.bytes_read.load(Ordering::Relaxed);
            if task != member.task || bytes != member.bytes {
                (member.task, member.bytes, member.moved) = (task, bytes, now);
            }
            let is_hung = now.saturating_duration_since(member.moved) >= HUNG;
            if let Some((at, index)) = task
                && at == round
                && is_hung
            {
                given_up.push(index);
            }
        }
        let is_lost = |member: &Member| {
            member
                .task
                .is_some_and(|(at, index)| at == round && given_up.contains(&index))
        };
        // Dropped unjoined: it ends when the kernel lets it.
        self.crew.retain(|member| !is_lost(member));
        for _ in &given_up {
            if self.replaced < REPLACED {
                self.replaced += 1;
                self.enlist()?;
            }
        }
        Ok(given_up)
    }

    fn enlist(&mut self) -> Result<(), EngineError> {
        let looker = Looker {
            policy: Arc::clone(&self.tools.policy),
            reader: self.tools.reader.another()?,
            readings: Some(Arc::clone(&self.tools.readings)),
        };
        let post = Arc::new(Post::default());
        let (tasks, at) = (self.wanted.clone(), Arc::clone(&post));
        let report = Report {
            answers: self.answer.clone(),
            inbox: Arc::clone(&self.tools.inbox),
            post: Arc::clone(&post),
        };
        let (halt, threads) = (self.tools.halt.clone(), self.tools.threads);
        let name = format!("look-{}", self.crew.len() + self.replaced);
        let worker = Worker::start(&name, move || {
            let throttle = Throttle::new(0);
            let mut inspector = Inspector::new(threads, &at.progress, &throttle).heed(&halt);
            work(&looker, &tasks, &report, &mut inspector);
        })?;
        self.crew.push(Member {
            worker,
            post,
            moved: Instant::now(),
            bytes: 0,
            task: None,
        });
        Ok(())
    }
}

impl Drop for Lookers {
    fn drop(&mut self) {
        self.tools.halt.call();
        self.tasks = None;
        self.crew
            .iter_mut()
            .for_each(|member| member.worker.leave());
    }
}

/// Says what a path comes to whose file system does not answer.
pub(super) fn hung() -> Look {
    Look::Seen {
        observed: Observation::Unreadable(io::Error::new(
            io::ErrorKind::TimedOut,
            "the file system does not answer",
        )),
        kind: None,
    }
}

/// Where a thread answers; says so when it panics, or nobody would know what to wait for.
struct Report {
    answers: Sender<Answer>,
    inbox: Arc<Inbox>,
    post: Arc<Post>,
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
        let task = *self.post.task();
        if let Some((round, index)) = task.filter(|_| thread::panicking()) {
            let looks = Err(EngineError::Thread("look at files"));
            self.answer(Answer {
                round,
                index,
                looks,
            });
        }
    }
}

fn work(looker: &Looker, tasks: &Receiver<Task>, report: &Report, inspector: &mut Inspector<'_>) {
    for Task {
        round,
        index,
        group,
    } in tasks
    {
        *report.post.task() = Some((round, index));
        let looks = looker.look(&group, inspector).map_err(EngineError::from);
        // Before the answer: whoever takes it wants the group for itself.
        drop(group);
        *report.post.task() = None;
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
