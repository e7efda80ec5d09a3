//! From signals to hints: [`Lookout`] asks the policy of the moment whether a path matters.
//!
//! Called on the threads that read the kernel's queues: no I/O, no waiting.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use waxseal_platform::place;
use waxseal_platform::process::Process;
use waxseal_platform::stat::Kind;
use waxseal_platform::watch::{BackendKind, Changes, LostReason, Signal};

use super::acting::{Agent, Agents};
use super::inbox::Inbox;
use super::waiting::Waiting;
use crate::event::{Notice, NoticeAction};
use crate::hint::{Origin, Reason};
use crate::policy::Policy;

/// Decides what of the kernel's records is a hint.
pub(super) struct Lookout {
    inbox: Arc<Inbox>,
    /// Nothing is watched before there is a policy.
    policy: RwLock<Option<Arc<Policy>>>,
    agents: Agents,
}

impl Lookout {
    pub(super) fn new(inbox: Arc<Inbox>) -> Lookout {
        Lookout {
            inbox,
            policy: RwLock::new(None),
            agents: Agents::default(),
        }
    }

    /// Judges by this policy from now on.
    pub(super) fn follow(&self, policy: Arc<Policy>) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = Some(policy);
    }

    fn policy(&self) -> Option<Arc<Policy>> {
        let policy = self.policy.read().unwrap_or_else(PoisonError::into_inner);
        policy.clone()
    }

    /// Says whether anything in a directory that appears at a path may be watched.
    pub(super) fn wants(&self, path: &Path) -> bool {
        self.policy().is_some_and(|policy| leads_on(&policy, path))
    }

    /// Takes one signal, and which backend tells.
    pub(super) fn hear(&self, backend: Option<BackendKind>, signal: Signal) {
        match signal {
            Signal::Touched {
                path,
                changes,
                is_directory,
                actor,
            } => {
                let Some(policy) = self.policy() else { return };
                let by = By {
                    backend,
                    process: actor,
                };
                self.touched(&policy, path, changes, is_directory, by);
            }
            Signal::Moved {
                from,
                to,
                is_directory,
                actor,
            } => {
                let Some(policy) = self.policy() else { return };
                let by = By {
                    backend,
                    process: actor,
                };
                self.moved(&policy, from, to, is_directory, by);
            }
            Signal::Lost { below, reason } => self.lost(below, &reason),
            Signal::Alive { backend } => self.inbox.put(|waiting| waiting.alive.push(backend)),
        }
    }

    fn touched(
        &self,
        policy: &Policy,
        path: PathBuf,
        changes: Changes,
        is_directory: bool,
        by: By,
    ) {
        let relevance = Relevance::of(policy, &path, is_directory);
        if relevance.is_none() {
            return;
        }
        let origin = self.origin(by);
        let is_entry_change =
            changes.contains(Changes::CREATED) || changes.contains(Changes::DELETED);
        let parent = is_entry_change
            .then(|| watched_parent(policy, &path))
            .flatten();
        let now = Instant::now();
        self.inbox.put(|waiting| {
            if is_directory && is_entry_change && relevance.leads_on {
                waiting.appeared(path.clone(), now);
            }
            entries_changed(waiting, parent, origin.clone(), now);
            if relevance.is_watched {
                waiting.hints.add(&path, changes, is_directory, origin, now);
            }
        });
    }

    fn moved(
        &self,
        policy: &Policy,
        from: Option<PathBuf>,
        to: Option<PathBuf>,
        is_directory: bool,
        by: By,
    ) {
        let relevant = |path: Option<PathBuf>| {
            path.map(|path| {
                let relevance = Relevance::of(policy, &path, is_directory);
                (path, relevance)
            })
            .filter(|(_, relevance)| !relevance.is_none())
        };
        let (from, to) = (relevant(from), relevant(to));
        if from.is_none() && to.is_none() {
            return;
        }
        let origin = self.origin(by);
        let ends = [&from, &to];
        let parents = ends.map(|end| {
            end.as_ref()
                .and_then(|(path, _)| watched_parent(policy, path))
        });
        let now = Instant::now();
        self.inbox.put(|waiting| {
            for parent in parents {
                entries_changed(waiting, parent, origin.clone(), now);
            }
            if is_directory {
                // Everything below has another path now: both places are looked at in one survey,
                // which recognises each object.
                match (&from, &to) {
                    (Some((from, _)), Some((to, _))) => waiting.hints.relocate(from, to, now),
                    (Some((from, _)), None) => waiting.hints.depart(from),
                    (None, _) => {}
                }
                for (path, _) in from.into_iter().chain(to) {
                    waiting.relocated(path, now);
                }
                return;
            }
            let watched = |end: Option<(PathBuf, Relevance)>| {
                end.filter(|(_, relevance)| relevance.is_watched)
                    .map(|(path, _)| path)
            };
            let (from, to) = (watched(from), watched(to));
            waiting
                .hints
                .moved(from.as_deref(), to.as_deref(), false, origin, now);
        });
    }

    fn origin(&self, by: By) -> Origin<Agent> {
        Origin {
            actor: self.agents.of(by.process),
            backend: by.backend,
        }
    }

    fn lost(&self, below: Option<PathBuf>, reason: &LostReason) {
        let place = below.unwrap_or_else(|| place::top().to_owned());
        let is_relevant = self.policy().is_none_or(|policy| {
            let relevance = Relevance::of(&policy, &place, true);
            !relevance.is_none() || place.parent().is_none()
        });
        if !is_relevant {
            // A file system that came or went where nothing is watched.
            return;
        }
        let shown = crate::state::escape::path(&place);
        let message = match reason {
            LostReason::Mounted | LostReason::Unmounted | LostReason::Renamed => {
                format!("{reason}: {shown} is looked at again")
            }
            LostReason::Overflow | LostReason::Error(_) => {
                format!("{reason}: everything at and below {shown} is looked at again")
            }
        };
        let notice = Notice::now(NoticeAction::LostSync, message).about(&place);
        let now = Instant::now();
        self.inbox.put(|waiting| {
            waiting.tell(notice);
            waiting.hints.subtree(&place, Reason::LostSync, now);
        });
    }
}

/// Who is behind a signal.
struct By {
    backend: Option<BackendKind>,
    process: Option<Arc<Process>>,
}

/// What a path means to the policy.
#[derive(Clone, Copy)]
struct Relevance {
    /// It is watched itself, and not by scans only.
    is_watched: bool,
    /// It is a directory in which something may be watched.
    leads_on: bool,
}

impl Relevance {
    fn of(policy: &Policy, path: &Path, is_directory: bool) -> Relevance {
        let kind = if is_directory {
            Kind::Directory
        } else {
            Kind::File
        };
        Relevance {
            is_watched: policy
                .decide(path, kind)
                .watched()
                .is_some_and(|rule| rule.realtime),
            leads_on: is_directory && leads_on(policy, path),
        }
    }

    fn is_none(self) -> bool {
        !self.is_watched && !self.leads_on
    }
}

/// Says whether anything in a directory may be watched.
pub(super) fn leads_on(policy: &Policy, directory: &Path) -> bool {
    match (directory.parent(), directory.file_name()) {
        (Some(parent), Some(name)) => policy.enter(parent).descend(name),
        _ => true,
    }
}

fn watched_parent(policy: &Policy, path: &Path) -> Option<PathBuf> {
    let parent = path.parent()?;
    let relevance = Relevance::of(policy, parent, true);
    relevance.is_watched.then(|| parent.to_owned())
}

/// A name that came or went moved the times of its directory.
fn entries_changed(
    waiting: &mut Waiting,
    directory: Option<PathBuf>,
    origin: Origin<Agent>,
    now: Instant,
) {
    if let Some(directory) = directory {
        let changes = Changes::ATTRIBUTES;
        waiting.hints.add(&directory, changes, true, origin, now);
    }
}
