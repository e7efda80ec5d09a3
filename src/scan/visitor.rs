//! One thread of a survey: joins each listed directory with its rows and inspects what is doubtful.
//!
//! Both lists are sorted by the bytes of the names, so one pass finds what is new, gone or
//! changed. What a listing shows untouched costs nothing further. The rest is queued as tasks, in
//! pieces small enough that another thread can take over part of a large directory.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use waxseal_platform::bytes::os_to_bytes;
use waxseal_platform::dir::{Dir, Entry, is_absence};
use waxseal_platform::place;
use waxseal_platform::stat::{Kind, Stat};
use waxseal_platform::walk::{Listing, Next, Refusal, Visitor, WalkOp};

use super::doubt::{Doubt, Task, Weighed, asked, weigh};
use super::joining::{Joining, gone, was_directory};
use super::known::Known;
use super::survey::Shared;
use super::{Batch, BlindSpot, Cause, Look, ScanError};
use crate::baseline::{BaselineError, Reader, Row, split_path};
use crate::inspect::{Inspector, Observation, Request};
use crate::policy::Decision;

/// Why a directory is not walked that is the state directory by another path.
const MOUNTED_STORE: &str =
    "the state directory under another name, and scans change it: unmount it here, or exclude it";

/// Why nothing is told of a directory that did not stay where it was.
const RENAMED: &str = "renamed while it was looked at, scan it again";

/// Why what is mounted below a root may not be walked.
const OTHER_SYSTEM: &str = "another file system is mounted here, and one_file_system is set";

/// One thread of a survey.
pub(super) struct Surveyor<'p, 's> {
    shared: &'s Shared<'p>,
    reader: Reader,
    inspector: Inspector<'s>,
}

impl<'p, 's> Surveyor<'p, 's> {
    pub(super) fn new(
        shared: &'s Shared<'p>,
        reader: Reader,
        inspector: Inspector<'s>,
    ) -> Surveyor<'p, 's> {
        Surveyor {
            shared,
            reader,
            inspector,
        }
    }

    /// Looks at one root itself, which no listing shows, and returns whether it can be walked.
    pub(super) fn root(&mut self, root: &Path) -> Result<bool, BaselineError> {
        self.enter_above(root);
        let row = self.reader.row(root)?.map(Box::new);
        let (parent, name) = split_path(root);
        let name = name.to_owned();
        let plan = self.shared.plan;
        if !self.shared.is_nested_root(root) && plan.is_in_scope(parent) {
            // No listing leads to it, and nothing in it is watched but roots.
            let number = self.reader.directory_number(parent)?;
            self.shared.accounts().listed(number);
        }
        let is_top = is_top(root);
        let mut batch = Batch::of(Arc::from(parent));
        let (dir, listed) = match look_at_root(root) {
            Ok(opened) => opened,
            Err(error) => {
                self.unseen_root(root, name, row, error, batch)?;
                return Ok(false);
            }
        };
        let device = dir.stat().map_or(listed.device, |dir| dir.device);
        let is_in_store = !is_top && plan.is_store(&dir.stat().unwrap_or(listed));
        let is_store = is_in_store || plan.is_store(&listed);
        if let Decision::Watched(rule) = plan.policy.decide(root, listed.kind) {
            let covered = self.shared.coverage.covers(root, listed.kind);
            match weigh(self.shared, name, &listed, row, rule, covered) {
                _ if is_store => {
                    let cause = Cause::Unreadable(MOUNTED_STORE.to_owned());
                    let path = root.to_owned();
                    batch.blind.push(BlindSpot { path, cause });
                }
                Weighed::Untouched => {}
                Weighed::StillDiffers(look) => batch.looks.push(look),
                Weighed::Doubtful(doubt) if plan.only_names => batch.doubtful.push(doubt.name),
                Weighed::Doubtful(doubt) if is_top => {
                    let limit = doubt.request().wanted.max_file_size;
                    let observed = self.inspector.look_at_top(&dir, limit);
                    batch.looks.push(doubt.into_look(observed));
                }
                Weighed::Doubtful(doubt) => {
                    batch.looks.extend(self.inspect(&dir, vec![doubt]));
                }
            }
        }
        let rule = plan.policy.decide(root, listed.kind).watched();
        // What is looked at for a hint is no root of the policy, and may have been mounted since.
        let is_other_system = listed.device != device
            && rule.is_some_and(|rule| rule.one_file_system)
            && !plan.policy.is_configured(root);
        if is_other_system && self.reader.has_rows_below(root)? {
            let cause = Cause::Unreadable(OTHER_SYSTEM.to_owned());
            let path = root.to_owned();
            batch.blind.push(BlindSpot { path, cause });
        }
        self.shared.send(batch);
        if listed.kind != Kind::Directory {
            self.vanish_below(root)?;
        }
        Ok(listed.kind == Kind::Directory && !is_store && !is_other_system)
    }

    /// Covers the directories above a root, from the top down: the walk comes to them later, and
    /// leaves the root alone. What is missing now is heard of when it comes.
    fn enter_above(&mut self, root: &Path) {
        if self.shared.plan.enter.is_none() {
            return;
        }
        let above: Vec<&Path> = root.ancestors().skip(1).collect();
        for path in above.into_iter().rev() {
            let opened = Dir::open_real(path);
            self.tell_entered(path, opened.as_ref());
            if opened.is_err() {
                return;
            }
        }
    }

    /// Tells of a directory that it is about to be listed, or is there and cannot be.
    fn tell_entered(&self, path: &Path, opened: Result<&Dir, &io::Error>) {
        let Some(enter) = self.shared.plan.enter else {
            return;
        };
        if !opened.is_err_and(is_absence) {
            enter(path, opened);
        }
    }

    /// Takes note of a root that is not there or cannot be looked at.
    fn unseen_root(
        &mut self,
        root: &Path,
        name: OsString,
        row: Option<Box<Row>>,
        error: io::Error,
        mut batch: Batch<'p>,
    ) -> Result<(), BaselineError> {
        let is_gone = is_absence(&error);
        if !is_gone {
            let cause = Cause::Unreadable(error.to_string());
            batch.blind.push(BlindSpot {
                path: root.to_owned(),
                cause,
            });
        } else if let Some(row) = row {
            let kind = row.kind().unwrap_or(Kind::Directory);
            if let Decision::Watched(rule) = self.shared.plan.policy.decide(root, kind) {
                batch.looks.push(gone(name, row, rule));
            }
        }
        self.shared.send(batch);
        if is_gone {
            self.vanish_below(root)?;
        }
        Ok(())
    }

    /// Inspects what is doubtful in one directory.
    fn inspect(&mut self, dir: &Dir, doubts: Vec<Doubt<'p>>) -> Vec<Look<'p>> {
        let requests: Vec<Request<'_>> = doubts.iter().map(Doubt::request).collect();
        let observed = self.inspector.look_all(dir, &requests);
        doubts
            .into_iter()
            .zip(observed)
            .map(|(doubt, seen)| doubt.into_look(seen))
            .collect()
    }

    /// Reports everything remembered below a directory that is no more.
    fn vanish_below(&mut self, top: &Path) -> Result<(), BaselineError> {
        let shared = self.shared;
        let policy = shared.plan.policy;
        shared.accounts().told(top);
        let mut batch: Option<Batch<'p>> = None;
        self.reader.below(top, |path, row| {
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                return Ok(());
            };
            // A root inside is looked at by itself: it may be a mount that is still there.
            if shared.is_nested_root(&path) || shared.is_below_nested_root(&path, top) {
                return Ok(());
            }
            let kind = row.kind().unwrap_or(Kind::File);
            let Decision::Watched(rule) = policy.decide(&path, kind) else {
                return Ok(());
            };
            if batch
                .as_ref()
                .is_some_and(|batch| *batch.dir != *parent || batch.is_full())
            {
                batch.take().into_iter().for_each(|done| shared.send(done));
            }
            let looks = &mut batch
                .get_or_insert_with(|| Batch::of(Arc::from(parent)))
                .looks;
            looks.push(gone(name.to_owned(), Box::new(row), rule));
            Ok::<(), BaselineError>(())
        })?;
        batch.into_iter().for_each(|rest| shared.send(rest));
        Ok(())
    }

    /// Takes back what was seen in a directory that is elsewhere by now, or nowhere: it may never
    /// have been at these paths. A watch hears of that and looks again.
    fn displaced(&self, batch: &mut Batch<'p>) {
        if self.shared.plan.enter.is_some() {
            batch.looks.clear();
            return;
        }
        let seen = batch.looks.len();
        batch
            .looks
            .retain(|look| matches!(look.observed, Observation::Absent));
        if batch.looks.len() < seen {
            batch.blind.push(BlindSpot {
                path: batch.dir.to_path_buf(),
                cause: Cause::Unreadable(RENAMED.to_owned()),
            });
        }
    }

    /// Joins one listing with its rows.
    fn join(
        &mut self,
        listing: Listing,
        next: &mut Next<'_, Task<'p>>,
    ) -> Result<(), BaselineError> {
        let shared = self.shared;
        let mut joining = Joining::new(shared, &listing);
        let mut known = Known::of(&self.reader, &listing.path)?;
        shared.accounts().listed(known.number());
        for entry in &listing.entries {
            let name = os_to_bytes(&entry.name);
            while let Some(row) = known.next_before(Some(name))? {
                joining.gone(shared, Box::new(row));
            }
            let row = known.next_named(name)?.map(Box::new);
            self.entry(&mut joining, entry, row, listing.device, next)?;
        }
        while let Some(row) = known.next_before(None)? {
            joining.gone(shared, Box::new(row));
        }
        joining.queue(next);
        shared.send(joining.batch);
        joining
            .vanished
            .iter()
            .try_for_each(|path| self.vanish_below(path))
    }

    /// Looks at one entry of a listing and at the row of the same name.
    fn entry(
        &self,
        joining: &mut Joining<'p, '_>,
        entry: &Entry,
        row: Option<Box<Row>>,
        device: u64,
        next: &mut Next<'_, Task<'p>>,
    ) -> Result<(), BaselineError> {
        let path_of = |joining: &Joining<'_, '_>| joining.batch.dir.join(&entry.name);
        if self.shared.has_nested_roots() && self.shared.is_nested_root(&path_of(joining)) {
            return Ok(());
        }
        let listed = match &entry.stat {
            Ok(listed) => listed,
            Err(error) => {
                match row {
                    Some(row) if is_absence(error) => joining.gone(self.shared, row),
                    None if is_absence(error) => {}
                    _ => joining.blind(&entry.name, error.to_string()),
                }
                return Ok(());
            }
        };
        let is_directory = listed.kind == Kind::Directory;
        if !is_directory && was_directory(row.as_deref()) {
            joining.vanished.push(path_of(joining));
        }
        let (mut may_be_walked, mut one_file_system) = (is_directory, false);
        match joining.scope.decide(&entry.name, listed.kind) {
            Decision::Watched(rule) => {
                one_file_system = rule.one_file_system;
                let covered = joining.covered.covers(&entry.name, listed.kind);
                let listed = &asked(&joining.dir, &entry.name, listed, row.as_deref());
                match weigh(self.shared, entry.name.clone(), listed, row, rule, covered) {
                    Weighed::Untouched => {}
                    Weighed::StillDiffers(look) => joining.tell(self.shared, look),
                    Weighed::Doubtful(doubt) if is_directory => {
                        may_be_walked =
                            joining.doubt_directory(self.shared, doubt, &self.inspector);
                    }
                    Weighed::Doubtful(doubt) => joining.doubt(self.shared, doubt, listed, next),
                }
            }
            // Watched as what it was, not as what it is now: gone as far as the policy goes.
            _ => row
                .into_iter()
                .for_each(|row| joining.gone(self.shared, row)),
        }
        if !may_be_walked || !joining.scope.descend(&entry.name) {
            return Ok(());
        }
        if self.shared.plan.is_store(listed) {
            joining.blind(&entry.name, MOUNTED_STORE.to_owned());
        } else if !one_file_system || listed.device == device {
            next.descend(entry);
        } else if self.reader.has_rows_below(&path_of(joining))? {
            joining.blind(&entry.name, OTHER_SYSTEM.to_owned());
        }
        Ok(())
    }
}

/// Says whether a root has no directory to be looked at from: `/`, or a drive.
fn is_top(root: &Path) -> bool {
    split_path(root).0.as_os_str().is_empty()
}

/// Opens the directory from which a root is looked at, and looks. What is written in other letters
/// now, where that makes no difference, is gone under this path.
fn look_at_root(root: &Path) -> io::Result<(Dir, Stat)> {
    let (parent, name) = split_path(root);
    let dir = Dir::open(if is_top(root) { root } else { parent })?;
    let listed = match is_top(root) {
        true => dir.stat()?,
        false => dir.stat_child(name)?,
    };
    match place::is_respelled(root) {
        true => Err(io::ErrorKind::NotFound.into()),
        false => Ok((dir, listed)),
    }
}

impl<'p> Visitor for Surveyor<'p, '_> {
    type Task = Task<'p>;

    fn enter(&mut self, path: &Path, dir: &Dir) {
        self.tell_entered(path, Ok(dir));
    }

    fn directory(&mut self, listing: Listing, next: &mut Next<'_, Task<'p>>) {
        if let Err(error) = self.join(listing, next) {
            self.shared.fail(ScanError::Baseline(error));
        }
        if self.shared.is_over() {
            next.stop();
        }
    }

    fn failed(&mut self, path: PathBuf, op: WalkOp, error: io::Error) {
        if op == WalkOp::Open && Refusal::of(&error).is_none() {
            self.tell_entered(&path, Err(&error));
        }
        // Gone since its parent was listed: its own task finds it absent, this finds what is below.
        if error.kind() == io::ErrorKind::NotFound {
            if let Err(error) = self.vanish_below(&path) {
                self.shared.fail(ScanError::Baseline(error));
            }
            return;
        }
        let mut batch = Batch::of(Arc::from(path.parent().unwrap_or(&path)));
        batch.blind.push(BlindSpot {
            path,
            cause: Cause::Unreadable(error.to_string()),
        });
        self.shared.send(batch);
    }

    fn task(&mut self, task: Task<'p>) {
        if self.shared.is_over() {
            return;
        }
        let mut batch = Batch::of(task.path);
        batch.looks = self.inspect(&task.dir, task.doubts);
        if !task.dir.is_at(&batch.dir) {
            self.displaced(&mut batch);
        }
        if !self.shared.is_over() {
            self.shared.send(batch);
        }
    }
}
