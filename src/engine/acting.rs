//! From the process that the kernel named to the actor of an event.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use waxseal_platform::process::{Location, ParentProcess, Process};

use crate::event::{Account, Actor, ActorParent, Confidence, Source};

/// Processes that are remembered: those that work at the same time.
const REMEMBERED: usize = 64;

/// Turns processes into actors: one for each process and program, however often and whenever it is
/// looked at. What is told of a process that is about to end is less than what was told before.
#[derive(Default)]
pub(super) struct Actors {
    recent: Mutex<VecDeque<(Arc<Process>, Arc<Actor>)>>,
}

impl Actors {
    /// Returns the actor that a process is.
    pub(super) fn of(&self, process: Option<Arc<Process>>) -> Option<Arc<Actor>> {
        let process = process?;
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let known = recent
            .iter()
            .find(|(known, _)| is_same_program(known, &process));
        if let Some((_, actor)) = known {
            return Some(Arc::clone(actor));
        }
        let actor = Arc::new(actor(&process));
        recent.retain(|(known, _)| known.pid != process.pid);
        recent.push_front((process, Arc::clone(&actor)));
        recent.truncate(REMEMBERED);
        Some(actor)
    }
}

/// Says whether two looks are at one process that runs one program, or has run it and is ending.
fn is_same_program(known: &Process, now: &Process) -> bool {
    let is_one = known.pid == now.pid && known.start_ticks == now.start_ticks;
    is_one && (now.executable.is_none() || known.executable == now.executable)
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
