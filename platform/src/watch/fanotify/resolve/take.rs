//! [`Take`]: one record, from what it names to what is told of it.

use std::cmp::Reverse;
use std::path::PathBuf;

use super::{Resolver, World, has, is_there, path};
use crate::watch::fanotify::record::{Entry, Record, mask};
use crate::watch::fanotify::table::{Place, Spot};
use crate::watch::{Changes, LostReason, Signal};

/// What happens to a directory that can make the paths of anchors wrong.
const MOVES: u64 = mask::RENAME | mask::MOVED_FROM | mask::MOVE_SELF;
const DELETIONS: u64 = mask::DELETE | mask::DELETE_SELF;

/// One record being taken.
pub(super) struct Take<'t, 'b> {
    pub(super) resolver: &'t Resolver,
    pub(super) record: &'t Record<'b>,
    pub(super) world: &'t dyn World,
}

impl Take<'_, '_> {
    /// Tells what there is to tell; `false` when that is nothing.
    pub(super) fn tell(&self) -> bool {
        let record = self.record;
        let entries = [record.entry, record.old, record.new];
        if entries.into_iter().flatten().any(is_nameless) {
            // Said of everything, because it could be anywhere.
            let message = "the kernel could not name the directory of a change".to_owned();
            self.resolver.lost(None, LostReason::Error(message));
            return true;
        }
        let mut told = false;
        if has(record, mask::RENAME) {
            told |= self.renamed(record.old, record.new);
        }
        if has(record, mask::MOVED_FROM) {
            told |= self.renamed(record.entry, None);
        }
        if has(record, mask::MOVED_TO) {
            told |= self.renamed(None, record.entry);
        }
        let changes = changes(record.mask);
        if let Some(entry) = record.entry.filter(|_| !changes.is_empty()) {
            told |= self.touched(entry, changes);
        }
        if self.is_directory() && has(record, MOVES | DELETIONS) {
            told |= self.check_anchors();
        }
        told
    }

    fn touched(&self, entry: Entry<'_>, changes: Changes) -> bool {
        let ends = self.ends(Some(entry));
        for end in &ends {
            if self.is_directory() && changes.contains(Changes::DELETED) {
                let mut table = self.resolver.table();
                table.remove(end.spot(), self.record.object);
            } else if self.is_directory() && changes.contains(Changes::CREATED) {
                self.register(end);
            }
            self.tell_touched(end.path.clone(), changes);
        }
        !ends.is_empty()
    }

    fn renamed(&self, old: Option<Entry<'_>>, new: Option<Entry<'_>>) -> bool {
        let is_known = |from: &End<'_>| {
            let table = self.resolver.table();
            self.is_directory() && table.holds(from.spot(), self.record.object)
        };
        let pairs = pairs(self.ends(old), self.ends(new), is_known);
        let elsewhere = pairs.iter().find_map(|(_, to)| to.as_ref());
        for (from, to) in &pairs {
            if self.is_directory() {
                self.moved_directory(from.as_ref(), to.as_ref(), elsewhere);
            } else {
                self.tell_moved(from.as_ref(), to.as_ref());
            }
        }
        !pairs.is_empty()
    }

    /// Follows a directory from one of its old paths; `elsewhere` is any of its new ones.
    fn moved_directory(
        &self,
        from: Option<&End<'_>>,
        to: Option<&End<'_>>,
        elsewhere: Option<&End<'_>>,
    ) {
        let object = self.record.object;
        let is_wanted = |to: &&End<'_>| (self.resolver.wants)(&to.path);
        let wanted = to.filter(is_wanted);
        let is_followed = match (from, wanted) {
            (Some(from), Some(to)) => {
                let mut table = self.resolver.table();
                table.relocate(from.spot(), to.spot(), object)
            }
            (Some(from), None) => {
                let elsewhere = elsewhere.filter(is_wanted);
                let mut table = self.resolver.table();
                if let Some(to) = elsewhere {
                    // What is known below it under this path only is not forgotten.
                    table.relocate(from.spot(), to.spot(), object);
                } else {
                    table.remove(from.spot(), object);
                }
                true
            }
            (None, _) => false,
        };
        if let Some(to) = wanted.filter(|_| !is_followed) {
            self.register(to);
        }
        if is_followed || from.is_none() {
            return self.tell_moved(from, to);
        }
        // It was not covered where it came from. Said as two moves, because what is below it must
        // be covered now as if it had come from elsewhere.
        self.tell_moved(from, None);
        self.tell_moved(None, to);
    }

    /// Covers a directory that appeared, so that what happens in it is heard from now on.
    fn register(&self, end: &End<'_>) {
        let Some(object) = self.record.object else {
            return;
        };
        if (self.resolver.wants)(&end.path) {
            let mut table = self.resolver.table();
            // Where each directory has a mark of its own, covering means marking.
            if !table.needs_marks(end.entry.dir) {
                table.register(end.spot(), object);
            }
        }
    }

    /// Checks whether the anchors that this record concerns are still where they were.
    fn check_anchors(&self) -> bool {
        let itself = self.record.entry.filter(|entry| is_itself(*entry));
        let Some(handle) = self.record.object.or(itself.map(|entry| entry.dir)) else {
            return false;
        };
        let (own, below) = {
            let table = self.resolver.table();
            (table.anchors_at(handle), table.anchors_below(handle))
        };
        let is_gone = has(self.record, DELETIONS);
        let mut told = false;
        for place in own {
            let Some(path) = self.uproot(&place) else {
                continue;
            };
            told = true;
            if is_gone {
                self.tell_touched(path, Changes::DELETED);
            } else {
                self.tell_rename(Some(path.clone()), None);
                self.resolver.lost(Some(path), LostReason::Renamed);
            }
        }
        for place in below {
            if let Some(path) = self.uproot(&place) {
                told = true;
                self.resolver.lost(Some(path), LostReason::Renamed);
            }
        }
        told
    }

    /// Removes an anchor that is not at its path any more and returns the path.
    fn uproot(&self, place: &Place) -> Option<PathBuf> {
        if is_there(place, self.world) {
            return None;
        }
        self.resolver.table().uproot(place);
        path(place.path.clone())
    }

    fn tell_touched(&self, path: PathBuf, changes: Changes) {
        self.resolver.tell(Signal::Touched {
            path,
            changes,
            is_directory: self.is_directory(),
            actor: self.world.actor(),
        });
    }

    fn tell_moved(&self, from: Option<&End<'_>>, to: Option<&End<'_>>) {
        let path = |end: &End<'_>| end.path.clone();
        self.tell_rename(from.map(path), to.map(path));
    }

    fn tell_rename(&self, from: Option<PathBuf>, to: Option<PathBuf>) {
        self.resolver.tell(Signal::Moved {
            from,
            to,
            is_directory: self.is_directory(),
            actor: self.world.actor(),
        });
    }

    /// Returns what an entry names, once for each path of its directory; nothing when that is not
    /// covered.
    fn ends<'e>(&self, entry: Option<Entry<'e>>) -> Vec<End<'e>> {
        let Some(entry) = entry else {
            return Vec::new();
        };
        let places = self.resolver.table().places(entry.dir);
        let end = |place: Place| End::new(entry, place.path);
        places.into_iter().filter_map(end).collect()
    }

    fn is_directory(&self) -> bool {
        has(self.record, mask::ONDIR)
    }
}

/// One path of an entry.
struct End<'b> {
    entry: Entry<'b>,
    dir_path: Vec<u8>,
    path: PathBuf,
}

impl<'b> End<'b> {
    fn new(entry: Entry<'b>, dir_path: Vec<u8>) -> Option<End<'b>> {
        let mut end = End {
            entry,
            dir_path,
            path: PathBuf::new(),
        };
        end.path = path(end.spot().path())?;
        Some(end)
    }

    fn spot(&self) -> Spot<'_> {
        Spot {
            dir: self.entry.dir,
            dir_path: &self.dir_path,
            name: self.entry.name,
        }
    }
}

/// Pairs the old and the new paths of one rename: what is covered under several paths has several
/// of both, and those that have most in common belong together.
///
/// The directory of an entry may be known where it will be as well, before the record of that is
/// taken. So a new path goes first to an old one where the entry is known, which has what is below.
fn pairs<'b>(
    from: Vec<End<'b>>,
    to: Vec<End<'b>>,
    is_known: impl Fn(&End<'b>) -> bool,
) -> Vec<(Option<End<'b>>, Option<End<'b>>)> {
    let is_contested = to.len() < from.len();
    let mut ranks = Vec::with_capacity(from.len() * to.len());
    for (i, from) in from.iter().enumerate() {
        let is_known = is_contested && is_known(from);
        for (j, to) in to.iter().enumerate() {
            let both = from.path.components().zip(to.path.components());
            let common = both.take_while(|(from, to)| from == to).count();
            ranks.push(((is_known, common), i, j));
        }
    }
    ranks.sort_by_key(|(rank, ..)| Reverse(*rank));
    let mut from: Vec<_> = from.into_iter().map(Some).collect();
    let mut to: Vec<_> = to.into_iter().map(Some).collect();
    let mut pairs = Vec::with_capacity(from.len().max(to.len()));
    for (_, i, j) in ranks {
        if let (Some(from), Some(to)) = (from.get_mut(i), to.get_mut(j))
            && from.is_some()
            && to.is_some()
        {
            pairs.push((from.take(), to.take()));
        }
    }
    pairs.extend(from.into_iter().flatten().map(|from| (Some(from), None)));
    pairs.extend(to.into_iter().flatten().map(|to| (None, Some(to))));
    // A path inside another one is not right any more when that has been followed.
    pairs.sort_by_key(|(from, _)| Reverse(from.as_ref().map(|from| from.dir_path.len())));
    pairs
}

fn changes(mask: u64) -> Changes {
    [
        (mask::CREATE, Changes::CREATED),
        (mask::MODIFY, Changes::WRITTEN),
        (mask::CLOSE_WRITE, Changes::CLOSED),
        (mask::ATTRIB, Changes::ATTRIBUTES),
        (mask::DELETE, Changes::DELETED),
    ]
    .into_iter()
    .filter(|(bit, _)| mask & bit != 0)
    .fold(Changes::NONE, |all, (_, change)| all.union(change))
}

fn is_itself(entry: Entry<'_>) -> bool {
    matches!(entry.name, b"" | b".")
}

/// Says whether the kernel had no memory for a handle.
fn is_nameless(entry: Entry<'_>) -> bool {
    entry.dir.bytes.is_empty()
}
