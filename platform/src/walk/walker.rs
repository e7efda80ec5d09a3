//! One thread of a walk: takes jobs, opens and lists directories, calls its visitor.

use std::ffi::OsString;
use std::io;
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::node::{Identity, Node, Place};
use super::open_dirs::Keeper;
use super::pool::Member;
use super::{Listing, Next, Visitor, WalkOp, firmlinks, limits};
use crate::dir::{Dir, Entry};

/// How often an opening for which there was no descriptor is tried again, each time after closing
/// everything that only waits: the other threads may take what was closed.
const TRIES: usize = 16;

/// What threads do and steal.
pub(super) enum Job<T> {
    /// List a directory and show it to the visitor.
    Directory(Place),
    /// Have the visitor do a task of its own.
    Task(T),
}

/// One thread of a walk.
pub(super) struct Walker<'w, V: Visitor> {
    member: Member<'w, Job<V::Task>>,
    keeper: Keeper<'w>,
    one_file_system: bool,
    visitor: V,
    /// The visitor's wishes for the directory it is looking at; kept to save allocations.
    wishes: Wishes<V::Task>,
    /// Where paths are put together.
    path: PathBuf,
    /// The node made last with its path, when that is too long to be kept in the node: a chain of
    /// directories would cost time quadratic in its depth otherwise.
    newest: Option<(Arc<Node>, Arc<Path>)>,
}

/// What a visitor asked for while it looked at one directory.
pub(super) struct Wishes<T> {
    pub(super) subdirectories: Vec<(OsString, Identity)>,
    pub(super) tasks: Vec<T>,
    pub(super) stop: bool,
}

/// A directory that was opened and listed.
struct Found {
    dir: Arc<Dir>,
    identity: Identity,
    entries: Vec<Entry>,
}

impl<'w, V: Visitor> Walker<'w, V> {
    pub(super) fn new(
        member: Member<'w, Job<V::Task>>,
        keeper: Keeper<'w>,
        one_file_system: bool,
        visitor: V,
    ) -> Self {
        Walker {
            member,
            keeper,
            one_file_system,
            visitor,
            wishes: Wishes {
                subdirectories: Vec::new(),
                tasks: Vec::new(),
                stop: false,
            },
            path: PathBuf::new(),
            newest: None,
        }
    }

    /// Works until the walk is over; returns the visitor.
    pub(super) fn run(mut self) -> V {
        while let Some(job) = self.member.take() {
            match job {
                Job::Task(task) => {
                    self.visitor.task(task);
                    self.member.done(0, iter::empty());
                }
                Job::Directory(place) => self.visit(place),
            }
        }
        self.visitor
    }

    fn visit(&mut self, place: Place) {
        let path = self.path_of(&place);
        match self.look(&place, &path) {
            Ok(found) => self.show(place, path, found),
            Err((op, error)) => {
                self.visitor.failed(path.to_path_buf(), op, error);
                self.member.done(0, iter::empty());
            }
        }
    }

    fn look(&mut self, place: &Place, path: &Path) -> Result<Found, (WalkOp, io::Error)> {
        let opened = self.open(place);
        if let Some(parent) = &place.parent {
            // Before the listing, so that the parent's descriptor is free that much sooner.
            parent.child_opened();
        }
        let dir = opened.map_err(|error| (WalkOp::Open, error))?;
        let stat = dir.stat().map_err(|error| (WalkOp::Stat, error))?;
        let identity = Identity::from(&stat);
        place
            .admit(identity)
            .map_err(|refusal| (WalkOp::Open, refusal.into()))?;
        self.visitor.enter(path, &dir);
        let entries = dir.list().map_err(|error| (WalkOp::List, error))?;
        Ok(Found {
            dir: Arc::new(dir),
            identity,
            entries,
        })
    }

    fn open(&self, place: &Place) -> io::Result<Dir> {
        let mut opened = place.open(&self.keeper);
        for _ in 0..TRIES {
            match opened {
                Err(error) if limits::is_exhausted(&error) && self.keeper.give_way() => {
                    opened = place.open(&self.keeper);
                }
                other => return other,
            }
        }
        opened
    }

    fn show(&mut self, place: Place, path: Arc<Path>, found: Found) {
        let Found {
            dir,
            identity,
            entries,
        } = found;
        let listing = Listing {
            path: Arc::clone(&path),
            dir: Arc::clone(&dir),
            device: identity.device,
            entries,
            depth: place.depth(),
        };
        let within = self.one_file_system.then_some(identity.device);
        let firmlinks =
            firmlinks::system().and_then(|all| all.view(Path::new(place.root()), &path));
        let mut next = Next {
            wishes: &mut self.wishes,
            within,
            firmlinks,
        };
        self.visitor.directory(listing, &mut next);
        if self.wishes.stop {
            self.member.stop();
            return;
        }
        let wishes = &mut self.wishes;
        let waiting = wishes.subdirectories.len();
        let node = (waiting > 0).then(|| Node::new(place, identity, &path, dir, waiting));
        if let Some(node) = &node {
            self.keeper.keep(node);
            self.newest = (!node.keeps_path()).then(|| (Arc::clone(node), path));
        }
        let count = wishes.tasks.len() + waiting;
        let subdirectories = wishes.subdirectories.drain(..).map(|(name, identity)| {
            let expected = Some(identity);
            Job::Directory(Place {
                parent: node.clone(),
                name,
                expected,
            })
        });
        let tasks = wishes.tasks.drain(..).map(Job::Task);
        self.member.done(count, tasks.chain(subdirectories));
    }

    fn path_of(&mut self, place: &Place) -> Arc<Path> {
        match (&place.parent, &self.newest) {
            (None, _) => self.path.clear(),
            (Some(parent), Some((newest, path))) if Arc::ptr_eq(parent, newest) => {
                self.path.clear();
                self.path.push(path);
            }
            (Some(parent), _) => parent.write_path(&mut self.path),
        }
        self.path.push(&place.name);
        Arc::from(self.path.as_path())
    }
}
