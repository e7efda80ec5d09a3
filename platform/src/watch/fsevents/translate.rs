//! Records become signals. Pure but for a look at a path, which the caller gives.

use std::path::{Path, PathBuf};

use super::decode::Told;
use super::roots::Roots;
use crate::stat::{Kind, Stat};
use crate::watch::covered::{Covered, Identity};
use crate::watch::{BackendKind, Changes, LostReason, Signal};

/// What a record means.
#[derive(Debug)]
pub(super) enum Meaning {
    /// Somebody is to be told.
    Signal(Signal),
    /// It is about the canary's directory.
    Own,
    /// It is about what nobody covers: a stream tells of whole trees.
    Foreign,
    /// It says nothing.
    Nothing,
}

/// Everything that the meaning of the next record depends on.
#[derive(Debug)]
pub(super) struct Translator {
    canary: PathBuf,
    pub(super) covered: Covered,
    pub(super) roots: Roots,
}

impl Translator {
    /// Returns one that covers nothing, for a canary in a directory of our own.
    pub(super) fn new(canary: PathBuf) -> Translator {
        Translator {
            canary,
            covered: Covered::default(),
            roots: Roots::default(),
        }
    }

    /// Returns what a record means; `look` tells what is at a path now, following no link.
    pub(super) fn translate(
        &mut self,
        told: Told,
        look: impl Fn(&Path) -> Option<Stat>,
    ) -> Meaning {
        match told {
            Told::Touched { path, .. } | Told::Renamed { path } if self.is_ours(&path) => {
                match path == self.canary {
                    true => Meaning::Signal(Signal::Alive {
                        backend: BackendKind::FsEvents,
                    }),
                    false => Meaning::Own,
                }
            }
            Told::Touched { path, .. } | Told::Renamed { path } if !self.is_covered(&path) => {
                Meaning::Foreign
            }
            Told::Touched {
                path,
                changes,
                is_directory,
            } => Meaning::Signal(self.touched(path, changes, is_directory, look)),
            Told::Renamed { path } => {
                let either = Changes::CREATED.union(Changes::DELETED);
                Meaning::Signal(self.touched(path, either, None, look))
            }
            Told::RootChanged { path } => self.replaced(path, LostReason::Renamed),
            Told::Mounted { path } => self.replaced(path, LostReason::Mounted),
            Told::Unmounted { path } => self.replaced(path, LostReason::Unmounted),
            Told::Lost { below, reason } => self.lost_below(below, reason),
            Told::Nothing => Meaning::Nothing,
        }
    }

    fn touched(
        &mut self,
        path: PathBuf,
        changes: Changes,
        is_directory: Option<bool>,
        look: impl Fn(&Path) -> Option<Stat>,
    ) -> Signal {
        let comes_or_goes =
            changes.contains(Changes::CREATED) || changes.contains(Changes::DELETED);
        // Most events are about files that are known to be some; they cost no look.
        if !comes_or_goes || is_directory == Some(false) {
            return Signal::Touched {
                is_directory: is_directory.unwrap_or_else(|| self.covered.contains(&path)),
                path,
                changes,
                actor: None,
            };
        }
        // The event may be of a coming and a going, in either order.
        let found = look(&path);
        let was_directory = self.covered.contains(&path);
        // A directory that is covered no longer, also when another has its name by now.
        if self.covered.at(&path) != found.as_ref().map(Identity::from) {
            self.covered.remove(&path);
        }
        let seen = match &found {
            Some(_) => Changes::CREATED,
            None => Changes::DELETED,
        };
        let is_now = found.is_some_and(|found| found.kind == Kind::Directory);
        Signal::Touched {
            path,
            changes: changes.union(seen),
            is_directory: is_now || was_directory || is_directory == Some(true),
            actor: None,
        }
    }

    fn lost_below(&self, below: Option<PathBuf>, reason: LostReason) -> Meaning {
        match below {
            Some(path) => self.lost(path, reason),
            None => Meaning::Signal(Signal::Lost {
                below: None,
                reason,
            }),
        }
    }

    /// Other directories may be at and below a path: they are to be covered anew.
    fn replaced(&mut self, path: PathBuf, reason: LostReason) -> Meaning {
        let meaning = self.lost(path.clone(), reason);
        self.roots.doubt(&path);
        self.covered.remove(&path);
        meaning
    }

    /// What is in doubt at and below a path counts if something is covered there.
    fn lost(&self, path: PathBuf, reason: LostReason) -> Meaning {
        if !self.covered.is_near(&path) && !self.covered.contains(&path) {
            return Meaning::Foreign;
        }
        Meaning::Signal(Signal::Lost {
            below: Some(path),
            reason,
        })
    }

    /// Says whether a path is that of a covered directory, or in one.
    fn is_covered(&self, path: &Path) -> bool {
        let parent = path.parent();
        self.covered.contains(path) || parent.is_some_and(|parent| self.covered.contains(parent))
    }

    fn is_ours(&self, path: &Path) -> bool {
        let home = self.canary.parent();
        home.is_some_and(|home| path.starts_with(home))
    }
}

#[cfg(test)]
mod tests;
