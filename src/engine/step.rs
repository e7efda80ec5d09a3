//! What the looks of one step mean, by what is remembered now: [`Step`].

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use waxseal_platform::stat::Kind;

use super::round::{Reason, Sighting, Wish};
use crate::baseline::{Reader, Row};
use crate::event::{Notice, NoticeAction};
use crate::inspect::Observation;
use crate::policy::{Policy, Rule};
use crate::scan::{BlindSpot, Cause, ScanError, Verdict, complete, judge, reference};
use crate::state::{FileState, escape};

/// How long to wait until it is heard how something went that is gone. Signals of one queue come in
/// order, so it is the time that the reading thread may lag behind.
const PATIENCE: Duration = Duration::from_secs(1);

/// The looks of one step, judged.
#[derive(Default)]
pub(super) struct Step<'p> {
    /// What was wished for, looked at or not.
    pub(super) wishes: Vec<Wish>,
    /// What was found of watched paths.
    pub(super) judged: Vec<Judged<'p>>,
    /// Those of the wishes that came and went unseen between two looks.
    pub(super) brief: Vec<usize>,
    /// Those of the wishes that are gone, though nothing was heard of their going yet.
    pub(super) unfinished: Vec<usize>,
    /// Paths that could not be looked at.
    pub(super) blind: Vec<BlindSpot>,
    /// Directories that are gone while something is remembered below.
    pub(super) vanished: Vec<PathBuf>,
    /// Configured paths that came or went.
    pub(super) roots: Vec<Root>,
    /// Whether a configured path became a link, or leads elsewhere now.
    pub(super) has_turned: bool,
}

/// A configured path that came or went.
pub(super) struct Root {
    pub(super) path: PathBuf,
    pub(super) is_there: bool,
    /// Whether the store remembered it.
    pub(super) was_known: bool,
}

/// One watched path.
pub(super) struct Judged<'p> {
    /// Which of the wishes it is.
    pub(super) index: usize,
    pub(super) row: Option<Row>,
    /// What is there; `None` is nothing.
    pub(super) now: Option<FileState>,
    pub(super) rule: &'p Rule,
    /// Whether that is news.
    pub(super) differs: bool,
}

impl<'p> Step<'p> {
    /// Judges looks by the rows as they are now.
    pub(super) fn judge(
        sightings: Vec<Sighting<'p>>,
        reader: &Reader,
        policy: &'p Policy,
    ) -> Result<Step<'p>, ScanError> {
        let mut step = Step::default();
        for sighting in sightings {
            step.add(sighting, reader, policy)?;
        }
        Ok(step)
    }

    fn add(
        &mut self,
        sighting: Sighting<'p>,
        reader: &Reader,
        policy: &'p Policy,
    ) -> Result<(), ScanError> {
        let Sighting {
            wish,
            observed,
            rule,
        } = sighting;
        let index = self.wishes.len();
        let row = reader.row(&wish.path)?;
        let seen = self.see(&wish, observed, row.as_ref());
        self.wishes.push(wish);
        let (Some(now), Some(wish)) = (seen, self.wishes.last()) else {
            return Ok(());
        };
        let was = row.as_ref().and_then(Row::kind);
        let is = now.as_ref().map(|now| now.stat.kind);
        let was_directory = was == Some(Kind::Directory) && is != Some(Kind::Directory);
        if was_directory && reader.has_rows_below(&wish.path)? {
            self.vanished.push(wish.path.clone());
        }
        if let Some(hint) = wish.hint()
            && is.is_none()
        {
            let is_late =
                matches!(wish.reason, Reason::Confirmed(..)) || hint.first.elapsed() > PATIENCE;
            if hint.is_unfinished() && !is_late && (was.is_some() || hint.was_written_anew()) {
                // It went: how will be heard, and only then is it known what that was.
                self.unfinished.push(index);
                return Ok(());
            }
            let is_brief = hint.is_short_lived() || hint.was_written_anew();
            if was.is_none() && is_brief {
                self.brief.push(index);
            }
        }
        let path = wish.path.clone();
        self.note_root(&path, row.as_ref(), now.as_ref(), policy);
        let remembered = || policy.decide(&path, was?).watched();
        if let Some(rule) = rule.or_else(remembered) {
            let verdict = judge(row.as_ref(), now.as_ref(), true, rule.attributes);
            self.judged.push(Judged {
                index,
                row,
                now,
                rule,
                differs: matches!(verdict, Verdict::Differs),
            });
        }
        Ok(())
    }

    /// Takes note of a configured path that came, went, or leads elsewhere now.
    fn note_root(
        &mut self,
        path: &Path,
        row: Option<&Row>,
        now: Option<&FileState>,
        policy: &Policy,
    ) {
        let last = row.and_then(Row::last);
        let has_changed = last.is_some() != now.is_some();
        let target = |state: Option<&FileState>| state.and_then(|state| state.target.clone());
        let is_link = now.is_some_and(|now| now.stat.kind == Kind::Symlink);
        let is_turned = is_link && target(last) != target(now);
        if !(is_turned || has_changed) || !policy.is_configured(path) {
            return;
        }
        self.has_turned |= is_turned;
        if has_changed {
            self.roots.push(Root {
                path: path.to_owned(),
                is_there: now.is_some(),
                was_known: row.is_some(),
            });
        }
    }

    /// Returns what is at a path; outer `None` when nothing could be learned.
    fn see(
        &mut self,
        wish: &Wish,
        observed: Observation,
        row: Option<&Row>,
    ) -> Option<Option<FileState>> {
        let cause = match observed {
            Observation::Absent => return Some(None),
            Observation::Present(present) => {
                let (state, spot) = complete(present, row, || wish.path.clone());
                self.blind.extend(spot);
                return Some(Some(state));
            }
            Observation::Unreadable(error) => Cause::Unreadable(error.to_string()),
            Observation::Unstable => Cause::Unstable,
        };
        self.blind.push(BlindSpot {
            path: wish.path.clone(),
            cause,
        });
        None
    }

    /// Returns the wishes that are to be looked at once more is heard.
    pub(super) fn unfinished(&self) -> Vec<Wish> {
        let unfinished = self.unfinished.iter();
        unfinished
            .filter_map(|index| self.wishes.get(*index).cloned())
            .collect()
    }

    /// Returns when those were first heard of that differ.
    pub(super) fn firsts(&self) -> Vec<Instant> {
        let differing = self.judged.iter().filter(|judged| judged.differs);
        let wishes = differing.filter_map(|judged| self.wishes.get(judged.index));
        wishes.filter_map(Wish::first_heard).collect()
    }

    /// Says whether something that went may be something that came.
    pub(super) fn may_have_moves(&self) -> bool {
        let differing = || self.judged.iter().filter(|judged| judged.differs);
        let identity = |state: &FileState| (state.stat.device, state.stat.inode);
        let arrived: HashSet<(u64, u64)> = differing()
            .filter_map(|judged| judged.now.as_ref().map(identity))
            .collect();
        !arrived.is_empty()
            && differing().any(|judged| {
                let now = judged.now.as_ref();
                let last = reference(judged.row.as_ref(), now, judged.rule.attributes);
                let is_elsewhere = |last: &FileState| {
                    let stays = judged.now.as_ref().map(identity) == Some(identity(last));
                    !stays && arrived.contains(&identity(last))
                };
                last.is_some_and(|last| is_elsewhere(&last))
            })
    }
}

impl Root {
    /// Returns what is to be told of it.
    pub(super) fn notice(&self) -> Notice {
        let shown = escape::path(&self.path);
        let (action, message) = match self.is_there {
            true => (NoticeAction::RootBack, format!("{shown} is there again")),
            false => (
                NoticeAction::RootGone,
                format!(
                    "{shown}, which the configuration names or a wildcard in it found, is gone"
                ),
            ),
        };
        Notice::now(action, message).about(&self.path)
    }
}
