//! From the process that the kernel named to the actor of an event.

use std::sync::{Arc, Mutex, PoisonError};

use waxseal_platform::process::{Location, ParentProcess, Process};

use crate::event::{Account, Actor, ActorParent, Confidence, Source};

/// Turns processes into actors; a storm is mostly the work of one, so the last is remembered.
#[derive(Default)]
pub(super) struct Actors {
    last: Mutex<Option<(Arc<Process>, Arc<Actor>)>>,
}

impl Actors {
    /// Returns the actor that a process is.
    pub(super) fn of(&self, process: Option<Arc<Process>>) -> Option<Arc<Actor>> {
        let process = process?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, actor)) if Arc::ptr_eq(known, &process) => Some(Arc::clone(actor)),
            _ => {
                let actor = Arc::new(actor(&process));
                *last = Some((process, Arc::clone(&actor)));
                Some(actor)
            }
        }
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
        cgroup: process.cgroup.clone().map(Into::into),
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
