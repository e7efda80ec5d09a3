//! What no listing leads to: [`tell_orphans`] looks for remembered directories that a survey has
//! neither listed nor told of, and tells what is gone with them.
//!
//! A directory that is gone is missed by its own row. Some have none: it was never approved itself
//! and nothing is left of it, or its deletion was approved and that of a file in it was not, or it
//! left the policy while something in it stayed. Or a file took its place, and the row is of that
//! file. What was approved in it is still approved, and its loss must be told.
//!
//! Keeping a mark at the place of each such directory was rejected: the rows of a path come and go
//! in many ways, and each of them would have to think of it. Instead each survey keeps an account
//! of the directories it has met, by their numbers in the store. At its end it counts those of the
//! store, 1.4 ms for 53 000, and where there are more than it has met it asks for the others.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use waxseal_platform::dir::{Dir, is_absence};
use waxseal_platform::place;
use waxseal_platform::stat::Kind;

use super::joining::gone;
use super::known::Known;
use super::{Batch, Plan, ScanError};
use crate::baseline::Reader;

/// Which directories a survey has met.
#[derive(Debug, Default)]
pub(super) struct Accounts(Mutex<Met>);

#[derive(Debug, Default)]
struct Met {
    /// The numbers of the directories that were listed.
    listed: Vec<i64>,
    /// Directories of which everything is said, also of what is below: gone, or not to be seen.
    told: HashSet<PathBuf>,
}

impl Accounts {
    /// Takes note of a directory that was joined with its rows.
    pub(super) fn listed(&self, number: Option<i64>) {
        self.met().listed.extend(number);
    }

    /// Takes note of a path at and below which everything is told.
    pub(super) fn told(&self, path: &Path) {
        self.met().told.insert(path.to_owned());
    }

    fn met(&self) -> MutexGuard<'_, Met> {
        // Whoever panics while holding it ends the survey anyway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands over the rows in directories that are gone without anything having led to them.
pub(super) fn tell_orphans<'p>(
    plan: &Plan<'p>,
    accounts: &Accounts,
    reader: &Reader,
    take: &mut dyn FnMut(Batch<'p>) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    let mut met = std::mem::take(&mut *accounts.met());
    met.listed.sort_unstable();
    met.listed.dedup();
    // All that was met is in scope, so where the scope holds no more, nothing was missed.
    if let [scope] = plan.scopes.as_slice()
        && reader.count_directories(scope)? == met.listed.len()
    {
        return Ok(());
    }
    let roots = plan.nested_roots();
    for scope in &plan.scopes {
        for number in reader.directory_numbers(scope)? {
            if met.listed.binary_search(&number).is_ok() {
                continue;
            }
            let Some(dir) = reader.directory(number)? else {
                continue;
            };
            if !is_told(&met, &roots, &dir) && is_gone(&dir) {
                tell_gone(plan, &roots, reader, &dir, take)?;
            }
        }
    }
    Ok(())
}

/// Says whether everything is told of a directory with one above it.
fn is_told(met: &Met, nested_roots: &HashSet<&Path>, dir: &Path) -> bool {
    for at in dir.ancestors() {
        if met.told.contains(at) {
            return true;
        }
        // A root inside another one answers for itself.
        if nested_roots.contains(at) {
            return false;
        }
    }
    false
}

/// Says whether no directory has this path any more; where nobody may know, that is no loss.
fn is_gone(dir: &Path) -> bool {
    let is_link = |at: &Path| place::kind(at).is_ok_and(|kind| kind == Kind::Symlink);
    match Dir::open_real(dir) {
        Ok(_) => false,
        // What a link on the way leads to is another place.
        Err(error) => is_absence(&error) || dir.ancestors().any(is_link),
    }
}

/// Hands over everything watched in a directory as gone.
fn tell_gone<'p>(
    plan: &Plan<'p>,
    nested_roots: &HashSet<&Path>,
    reader: &Reader,
    dir: &Path,
    take: &mut dyn FnMut(Batch<'p>) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    let scope = plan.policy.enter(dir);
    let mut batch = Batch::of(Arc::from(dir));
    let mut known = Known::of(reader, dir)?;
    while let Some(row) = known.next_before(None)? {
        let Some(kind) = row.kind() else { continue };
        if nested_roots.contains(&*dir.join(&row.name)) {
            continue;
        }
        if let Some(rule) = scope.decide(&row.name, kind).watched() {
            batch
                .looks
                .push(gone(row.name.clone(), Box::new(row), rule));
        }
        if batch.is_full() {
            let empty = Batch::of(batch.dir.clone());
            take(std::mem::replace(&mut batch, empty))?;
        }
    }
    take(batch)
}
