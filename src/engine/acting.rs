//! From the process that the kernel named to the actor of an event: [`Agent`], [`Agents`].

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use waxseal_platform::process::{Location, ParentProcess, Process};

use crate::event::{Account, Actor, ActorParent, Confidence, Source};

/// Processes that are remembered: those that work at the same time.
const REMEMBERED: usize = 64;

/// One look at a process that acts.
///
/// Two are equal if they are of one process that runs one program, though it may have changed its
/// directory or user in between.
#[derive(Clone, Debug)]
pub(super) struct Agent(Arc<Actor>);

impl Agent {
    /// Returns what was learnt of it.
    pub(super) fn actor(&self) -> &Actor {
        &self.0
    }
}

impl PartialEq for Agent {
    fn eq(&self, other: &Agent) -> bool {
        let identity = |agent: &Agent| (agent.0.pid, agent.0.start);
        identity(self) == identity(other) && self.0.executable == other.0.executable
    }
}

/// Turns processes into agents. What is told of a process that is about to end is less than what was
/// told before, which is told of it then.
#[derive(Default)]
pub(super) struct Agents {
    recent: Mutex<VecDeque<(Arc<Process>, Agent)>>,
}

impl Agents {
    /// Returns the agent that a process is.
    pub(super) fn of(&self, process: Option<Arc<Process>>) -> Option<Agent> {
        let process = process?;
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let known = recent.iter().find(|(known, _)| {
            let is_one = known.pid == process.pid && known.start_ticks == process.start_ticks;
            is_one && (process.executable.is_none() || *known == process)
        });
        if let Some((_, agent)) = known {
            return Some(agent.clone());
        }
        let agent = Agent(Arc::new(actor(&process)));
        recent.retain(|(known, _)| known.pid != process.pid);
        recent.push_front((process, agent.clone()));
        recent.truncate(REMEMBERED);
        Some(agent)
    }
}

fn actor(process: &Process) -> Actor {
    let path = |location: &Option<Location>| location.as_ref().map(|at| at.path.clone());
    Actor {
        start: Some(process.started),
        name: Some(process.name.clone()),
        executable: path(&process.executable),
        args: process.args.clone(),
        args_truncated: process.are_args_cut,
        working_directory: path(&process.working_directory),
        parent: process.parent.as_deref().map(parent),
        account: Some(Account {
            uid: process.uid,
            euid: process.euid,
            gid: process.gid,
            egid: process.egid,
        }),
        login_uid: process.login_uid,
        session: process.session_id,
        // The kernel takes an ending process out of its group before it is gone.
        cgroup: process
            .cgroup
            .clone()
            .filter(|_| process.executable.is_some() || process.is_kernel_thread)
            .map(Into::into),
        ..Actor::new(process.pid, Source::Proc, Confidence::Verified)
    }
}

fn parent(parent: &ParentProcess) -> ActorParent {
    ActorParent {
        pid: parent.pid,
        name: Some(parent.name.clone()),
        executable: parent.executable.as_ref().map(|at| at.path.clone()),
        start: Some(parent.started),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_platform::stat::Timestamp;

    fn process() -> Process {
        let location = |path: &str| {
            Some(Location {
                path: path.into(),
                is_deleted: false,
            })
        };
        Process {
            pid: 7,
            start_ticks: 1,
            started: Timestamp::new(1, 0),
            executable: location("/bin/sh"),
            name: "sh".into(),
            args: vec!["sh".into()],
            are_args_cut: false,
            working_directory: location("/srv"),
            parent: None,
            uid: 0,
            gid: 0,
            euid: 0,
            egid: 0,
            login_uid: None,
            session_id: None,
            cgroup: None,
            is_kernel_thread: false,
        }
    }

    #[test]
    fn a_process_is_told_as_it_is_at_each_look_and_stays_the_same() {
        let agents = Agents::default();
        let of = |process| agents.of(Some(Arc::new(process))).unwrap();
        let first = of(process());
        let moved = Location {
            path: "/etc".into(),
            is_deleted: false,
        };
        let later = of(Process {
            working_directory: Some(moved),
            euid: 33,
            ..process()
        });
        assert_eq!(first, later);
        let place = |agent: &Agent| agent.actor().working_directory.clone();
        let account = |agent: &Agent| agent.actor().account.map(|account| account.euid);
        assert_eq!(
            (place(&first), account(&first)),
            (Some("/srv".into()), Some(0))
        );
        assert_eq!(
            (place(&later), account(&later)),
            (Some("/etc".into()), Some(33))
        );
        let ending = of(Process {
            executable: None,
            working_directory: None,
            args: Vec::new(),
            ..process()
        });
        assert_eq!(
            (place(&ending), account(&ending)),
            (place(&later), account(&later))
        );
    }
}
