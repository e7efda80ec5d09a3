//! Records become signals. Pure: what only the file system and the caller know comes as [`Facts`].

use std::collections::HashMap;
use std::ffi::OsStr;
use std::mem;
use std::path::{MAIN_SEPARATOR_STR, Path, PathBuf, is_separator};
use std::time::{Duration, Instant};

use super::places::{Id, Places, Reach};
use super::record::{Action, Record};
use crate::watch::{Changes, LostReason, Signal};

/// How long the second half of a rename is waited for. The system tells both at once, but the
/// first may have completed a read for which the second came too late.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);

/// What is to be known of a name that appears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Whether a directory has the name now; `None` when nothing has.
    pub(super) is_directory: Option<bool>,
    /// Whether a directory of this name is to be covered.
    pub(super) is_wanted: bool,
}

/// Directories of our own, of which nobody is told.
#[derive(Clone, Debug, Default)]
pub(super) struct Own {
    /// The directory of the canaries, with all that is in it.
    pub(super) canary_dir: PathBuf,
    /// The directory with files that we write all the time, not what is in directories below.
    pub(super) quiet_dir: Option<PathBuf>,
}

/// A name that left, until the next record tells where to.
#[derive(Debug)]
struct Departed {
    /// `None` is a place that is not covered.
    path: Option<PathBuf>,
    is_directory: bool,
    due: Instant,
}

/// Everything that the meaning of the next record depends on.
#[derive(Debug, Default)]
pub(super) struct Translator {
    pub(super) places: Places,
    own: Own,
    /// Of each watch at most one: the system tells both halves in a row.
    departed: HashMap<Id, Departed>,
    needless: Vec<Id>,
    pub(super) own_dropped: u64,
    pub(super) foreign_dropped: u64,
}

impl Translator {
    /// Returns one that covers nothing.
    pub(super) fn new(own: Own) -> Translator {
        Translator {
            own,
            ..Translator::default()
        }
    }

    /// Returns the path for which [`Facts`] are wanted, if the record needs them.
    pub(super) fn in_question(&self, id: Id, record: &Record) -> Option<PathBuf> {
        let appears = matches!(record.action, Action::Added | Action::RenamedTo);
        let path = self.path_of(id, &record.name).filter(|_| appears)?;
        (self.places.covers_parent(&path) && !self.is_own(&path, record.action)).then_some(path)
    }

    /// Takes one record of a watch and adds what it means to `told`.
    pub(super) fn take(
        &mut self,
        id: Id,
        record: &Record,
        facts: Facts,
        now: Instant,
        told: &mut Vec<Signal>,
    ) {
        if record.action != Action::RenamedTo {
            self.give_up_one(id, told);
        }
        let Some(path) = self.path_of(id, &record.name) else {
            return;
        };
        if self.is_own(&path, record.action) {
            self.own_dropped += 1;
            return;
        }
        let is_covered = self.places.covers_parent(&path);
        match record.action {
            Action::RenamedFrom => self.depart(id, Some(path).filter(|_| is_covered), now),
            Action::RenamedTo => self.arrive(id, Some(path).filter(|_| is_covered), facts, told),
            _ if !is_covered => self.foreign_dropped += 1,
            Action::Added => told.push(self.appear(path, facts)),
            Action::Removed => told.push(self.vanish(path)),
            Action::Stream => told.push(self.change(path, Changes::ATTRIBUTES)),
            Action::Modified | Action::Other(_) => {
                told.push(self.change(path, Changes::WRITTEN | Changes::ATTRIBUTES));
            }
        }
    }

    /// Takes note that something is gone of which only a name is known that nothing has.
    pub(super) fn lose_short(&mut self, id: Id, record: &Record, told: &mut Vec<Signal>) {
        let path = self.path_of(id, &record.name);
        let parent = path.as_deref().and_then(Path::parent);
        if let Some(parent) = parent.filter(|parent| self.places.covers(parent)) {
            let reason = "something was deleted or renamed by a short name".to_owned();
            told.push(Signal::Lost {
                below: Some(parent.to_owned()),
                reason: LostReason::Error(reason),
            });
        }
    }

    /// Takes note that nobody knows what happened where a watch tells, which goes on.
    pub(super) fn overflow(&mut self, id: Id, reason: LostReason, told: &mut Vec<Signal>) {
        self.give_up_one(id, told);
        let Some(path) = self.places.path_of(id).map(Path::to_path_buf) else {
            return;
        };
        // Directories may have come and gone. Each is covered anew before it is listed again.
        let needless = self.places.forget_below(&path);
        self.needless.extend(needless);
        let below = Some(path);
        told.push(Signal::Lost { below, reason });
    }

    /// Takes note that a watch has ended; the reason is `None` when it was to end.
    pub(super) fn end(&mut self, id: Id, reason: Option<LostReason>, told: &mut Vec<Signal>) {
        self.give_up_one(id, told);
        let below = self.places.end(id);
        if let (Some(_), Some(reason)) = (&below, reason) {
            told.push(Signal::Lost { below, reason });
        }
    }

    /// Adds what it means that names that left did not arrive in time.
    pub(super) fn give_up(&mut self, now: Instant, told: &mut Vec<Signal>) {
        let due = self.departed.iter().filter(|(_, left)| left.due <= now);
        let due: Vec<Id> = due.map(|(id, _)| *id).collect();
        for id in due {
            self.give_up_one(id, told);
        }
    }

    /// Says until when the first name is waited for.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.departed.values().map(|left| left.due).min()
    }

    /// Says until when the last name is waited for.
    pub(super) fn last_due(&self) -> Option<Instant> {
        self.departed.values().map(|left| left.due).max()
    }

    /// Drops everything at and below a path.
    pub(super) fn forget(&mut self, path: &Path) {
        let needless = self.places.forget(path);
        self.needless.extend(needless);
    }

    /// Returns the watches that are to end, and counts on it.
    pub(super) fn take_needless(&mut self) -> Vec<Id> {
        mem::take(&mut self.needless)
    }

    fn path_of(&self, id: Id, name: &OsStr) -> Option<PathBuf> {
        self.places.path_of(id).map(|root| below(root, name))
    }

    fn is_own(&self, path: &Path, action: Action) -> bool {
        let is_quiet = matches!(action, Action::Modified | Action::Stream)
            && self.own.quiet_dir.is_some()
            && path.parent() == self.own.quiet_dir.as_deref();
        is_quiet || path.starts_with(&self.own.canary_dir)
    }

    fn change(&self, path: PathBuf, changes: Changes) -> Signal {
        let is_directory = self.places.covers(&path);
        let changes = match is_directory {
            // It has no content but names, which are told themselves.
            true => Changes::ATTRIBUTES,
            false => changes,
        };
        touched(path, changes, is_directory)
    }

    fn appear(&mut self, path: PathBuf, facts: Facts) -> Signal {
        self.settle(&path, facts);
        let is_directory = facts.is_directory == Some(true);
        touched(path, Changes::CREATED, is_directory)
    }

    /// Makes what is covered true for a name that appeared. Whoever walks may have covered it
    /// already.
    fn settle(&mut self, path: &Path, facts: Facts) {
        match facts.is_directory {
            Some(false) => self.forget(path),
            // What is below it is not covered yet, and so not told: it is to be walked.
            Some(true) if facts.is_wanted && self.places.is_in_tree(path) => {
                self.places.cover(path);
            }
            // Another record will tell where it went.
            Some(true) | None => {}
        }
    }

    fn vanish(&mut self, path: PathBuf) -> Signal {
        let is_directory = self.places.covers(&path);
        self.forget(&path);
        touched(path, Changes::DELETED, is_directory)
    }

    fn depart(&mut self, id: Id, path: Option<PathBuf>, now: Instant) {
        let is_directory = path.as_ref().is_some_and(|path| self.places.covers(path));
        let left = Departed {
            path,
            is_directory,
            due: now + PATIENCE,
        };
        self.departed.insert(id, left);
    }

    fn arrive(&mut self, id: Id, to: Option<PathBuf>, facts: Facts, told: &mut Vec<Signal>) {
        let left = self.departed.remove(&id);
        let was_covered = left.as_ref().is_some_and(|left| left.is_directory);
        let from = left.and_then(|left| left.path);
        let is_directory = was_covered || facts.is_directory == Some(true);
        match (from, to) {
            (None, None) => self.foreign_dropped += 1,
            (Some(from), Some(to)) if was_covered => {
                self.places.rename(&from, &to);
                if !facts.is_wanted || !self.is_reached(&to) {
                    self.forget(&to);
                }
                told.push(moved(Some(from), Some(to), true));
            }
            // Nobody has walked it by its first name, so whoever hears of it must walk it now.
            (Some(from), Some(to)) if is_directory => {
                self.settle(&to, facts);
                told.push(moved(Some(from), None, true));
                told.push(moved(None, Some(to), true));
            }
            (from, to) => {
                if let Some(from) = &from {
                    self.forget(from);
                }
                if let Some(to) = &to {
                    self.settle(to, facts);
                }
                told.push(moved(from, to, is_directory));
            }
        }
    }

    /// Says whether a watch tells of the names in a directory.
    fn is_reached(&self, path: &Path) -> bool {
        self.places.is_in_tree(path) || self.places.reach_at(path) == Some(Reach::Level)
    }

    fn give_up_one(&mut self, id: Id, told: &mut Vec<Signal>) {
        let Some(left) = self.departed.remove(&id) else {
            return;
        };
        match left.path {
            None => self.foreign_dropped += 1,
            Some(path) => {
                self.forget(&path);
                told.push(moved(Some(path), None, left.is_directory));
            }
        }
    }
}

/// Adds a relative path to that of a watched directory. `join` would take a name such as `C:` for
/// another drive.
fn below(root: &Path, name: &OsStr) -> PathBuf {
    let mut path = root.as_os_str().to_owned();
    let end = path.as_encoded_bytes().last().copied();
    if !end.is_some_and(|end| is_separator(end.into())) {
        path.push(MAIN_SEPARATOR_STR);
    }
    path.push(name);
    PathBuf::from(path)
}

fn touched(path: PathBuf, changes: Changes, is_directory: bool) -> Signal {
    Signal::Touched {
        path,
        changes,
        is_directory,
        actor: None,
    }
}

fn moved(from: Option<PathBuf>, to: Option<PathBuf>, is_directory: bool) -> Signal {
    Signal::Moved {
        from,
        to,
        is_directory,
        actor: None,
    }
}

#[cfg(test)]
mod tests;
