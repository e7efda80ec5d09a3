//! What an observation means: pure functions from remembered and found states to a [`Verdict`] and
//! to what should be remembered next.
//!
//! `trusted` is what was approved, `seen` what was last observed where it differs. A verdict says
//! what is new since the last look; [`settle`] says what the store should hold afterwards.

use std::borrow::Cow;
use std::collections::BTreeSet;

use waxseal_platform::stat::{Kind, Timestamp};
use waxseal_platform::xattr::Xattrs;

use crate::baseline::{Row, Seen};
use crate::change::{diff, has_same_content};
use crate::policy::{Accept, Attributes, Rule};
use crate::state::FileState;

/// What one look amounts to, compared with the last look.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Nothing that counts changed.
    Unchanged,
    /// The path joined the policy and has no state yet: it becomes trusted as found.
    Joined,
    /// Newly configured digests were computed of a file whose content is as approved.
    Extended,
    /// The path is new, gone, or differs in a way that counts.
    Differs,
}

/// What is to be written of a path so that the store holds what was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settled {
    /// What becomes of the approved state.
    pub trusted: Update<FileState>,
    /// What becomes of the observed state beside it.
    pub seen: Update<Seen>,
}

/// What becomes of one stored value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Update<T> {
    /// It stays as it is, or absent.
    Keep,
    /// It is removed.
    Remove,
    /// It is written.
    Put(T),
}

impl Settled {
    /// Returns the first baseline of a path.
    pub(super) fn approved(state: FileState) -> Settled {
        Settled {
            trusted: Update::Put(state),
            seen: Update::Keep,
        }
    }

    /// Returns the removal of everything remembered of a path.
    pub(super) fn forgotten() -> Settled {
        Settled {
            trusted: Update::Remove,
            seen: Update::Remove,
        }
    }

    /// Says whether there is nothing to write.
    pub(super) fn is_nothing(&self) -> bool {
        self.trusted == Update::Keep && self.seen == Update::Keep
    }
}

/// Compares the state found with the last one; `now` is `None` when the path is absent.
pub(crate) fn judge(
    row: Option<&Row>,
    now: Option<&FileState>,
    covered: bool,
    counted: Attributes,
) -> Verdict {
    match (reference(row, now, counted), now) {
        (None, None) => Verdict::Unchanged,
        (None, Some(_)) if row.is_none() && !covered => Verdict::Joined,
        (None, Some(_)) | (Some(_), None) => Verdict::Differs,
        (Some(last), Some(now)) if !diff(&last, now, counted).is_empty() => Verdict::Differs,
        (Some(_), Some(now)) if is_closed_by(row, now, counted) => Verdict::Differs,
        (Some(_), Some(now)) if has_new_digests(row, now, counted) => Verdict::Extended,
        (Some(_), Some(_)) => Verdict::Unchanged,
    }
}

/// Returns the state to compare with and to tell as the one before: that of the last look, with the
/// approved digests where its content was not read, or is as approved by other digests, and the
/// approved streams where they were not read.
///
/// Where a difference that was not compared then is compared now, it is the approved state: nobody
/// was told of the difference, and the policy alone makes it one.
pub(crate) fn reference<'r>(
    row: Option<&'r Row>,
    now: Option<&FileState>,
    counted: Attributes,
) -> Option<Cow<'r, FileState>> {
    let row = row?;
    let last = row.last()?;
    let (Some(trusted), Some(_)) = (&row.trusted, &row.seen) else {
        return Some(Cow::Borrowed(last));
    };
    let was_unread = last.stat.kind == Kind::File && last.digests.is_empty();
    let was_partly = was_unread || last.has_unread_streams();
    // That the content was unknown is then all there is to tell.
    let is_closed = was_partly && now.is_some_and(|now| is_closed_by(Some(row), now, counted));
    let last = if is_closed || !(was_partly || has_same_content(trusted, last)) {
        Cow::Borrowed(last)
    } else {
        let mut known = last.clone();
        if was_unread || has_same_content(trusted, last) {
            known.digests = trusted.digests.clone();
            known.digests.merge(&last.digests);
        }
        known.take_streams(trusted);
        Cow::Owned(known)
    };
    let is_untold = now.is_some() && !row.is_drifting();
    if is_untold && !diff(trusted, &last, counted).is_empty() {
        return Some(Cow::Borrowed(trusted));
    }
    Some(last)
}

/// Says whether a path found in state `now` differs from its approved state in a way that waits
/// for somebody's approval.
///
/// Beside what differs in a counted field this is what was open already and could not be looked
/// into, because to read nothing closes nothing; and what was open already by fields that count no
/// more, because not to compare is not to approve.
pub(super) fn is_open(
    trusted: Option<&FileState>,
    known: Option<&Seen>,
    now: Option<&FileState>,
    counted: Attributes,
) -> bool {
    let (Some(trusted), Some(now)) = (trusted, now) else {
        return trusted.is_some() || now.is_some();
    };
    if !diff(trusted, now, counted).is_empty() {
        return true;
    }
    let Some(open) = known.filter(|seen| seen.drift) else {
        return false;
    };
    let last = open.state.as_ref();
    if is_unread(trusted, now) && !last.is_some_and(|last| has_same_content(trusted, last)) {
        return true;
    }
    if counted.contains(Attributes::XATTR) && may_hide_a_stream(trusted, last, now) {
        return true;
    }
    last.is_some_and(|last| outlives_policy(trusted, last, counted))
        && differs_at_all(trusted, now, counted)
}

/// Says whether what is open at a path is no difference under its present rule.
pub(super) fn is_open_by_earlier_policy(row: &Row, rule: &Rule) -> bool {
    let states = row.trusted.as_ref().zip(row.last());
    row.is_drifting()
        && states.is_some_and(|(trusted, last)| outlives_policy(trusted, last, rule.attributes))
}

/// Says whether two states differ, and in no field that counts: an earlier policy compared more.
fn outlives_policy(trusted: &FileState, last: &FileState, counted: Attributes) -> bool {
    !is_unread(trusted, last)
        && diff(trusted, last, counted).is_empty()
        && differs_at_all(trusted, last, counted)
}

/// Says whether two states differ in what counts or would by default.
fn differs_at_all(trusted: &FileState, now: &FileState, counted: Attributes) -> bool {
    !diff(trusted, now, counted.union(Attributes::DEFAULT)).is_empty()
}

/// Says whether approved content was not read.
fn is_unread(trusted: &FileState, now: &FileState) -> bool {
    let are_files = trusted.stat.kind == Kind::File && now.stat.kind == Kind::File;
    are_files && now.digests.is_empty() && !trusted.digests.is_empty()
}

/// Says whether a stream could not be read that was not as approved at the last look.
fn may_hide_a_stream(trusted: &FileState, last: Option<&FileState>, now: &FileState) -> bool {
    let unread: BTreeSet<&[u8]> = now.unread_streams().collect();
    let nothing = Xattrs::new();
    let known = last.map_or(&nothing, |last| &last.xattrs);
    let mut both = trusted.xattrs.beside(known);
    both.any(|(name, approved, known)| known != approved && unread.contains(name))
}

/// Says whether what was open at a path that is still there is open no longer.
fn is_closed_by(row: Option<&Row>, now: &FileState, counted: Attributes) -> bool {
    row.is_some_and(|row| {
        let (trusted, known) = (row.trusted.as_ref(), row.seen.as_ref());
        row.is_drifting() && !is_open(trusted, known, Some(now), counted)
    })
}

/// Says whether an approved path, found as approved, has digests that are not remembered yet.
fn has_new_digests(row: Option<&Row>, now: &FileState, counted: Attributes) -> bool {
    row.is_some_and(|row| {
        let (trusted, known) = (row.trusted.as_ref(), row.seen.as_ref());
        !is_open(trusted, known, Some(now), counted)
            && trusted.is_some_and(|trusted| extend(trusted, now).is_some())
    })
}

/// Returns what to write of a path found in state `now` under a rule.
pub(super) fn settle(row: Option<&Row>, now: Option<&FileState>, rule: &Rule) -> Settled {
    let trusted = row.and_then(|row| row.trusted.as_ref());
    let known = row.and_then(|row| row.seen.as_ref());
    let unless_known = |seen: Seen| {
        if known == Some(&seen) {
            Update::Keep
        } else {
            Update::Put(seen)
        }
    };
    let no_longer = || {
        if known.is_some() {
            Update::Remove
        } else {
            Update::Keep
        }
    };
    // What was open before its monitor became automatic waits for somebody's approval still.
    let was_open = known.is_some_and(|seen| seen.drift);
    match (trusted, now) {
        _ if rule.accept == Accept::Auto && !was_open => {
            let trusted = match now {
                Some(now) if trusted == Some(now) => Update::Keep,
                Some(now) => Update::Put(now.clone()),
                None if trusted.is_none() => Update::Keep,
                None => Update::Remove,
            };
            Settled {
                trusted,
                seen: no_longer(),
            }
        }
        (None, None) => Settled {
            trusted: Update::Keep,
            seen: no_longer(),
        },
        (Some(trusted), Some(now)) => {
            let drift = is_open(Some(trusted), known, Some(now), rule.attributes);
            let extended = (!drift).then(|| extend(trusted, now)).flatten();
            let is_as_approved = extended.as_ref().unwrap_or(trusted) == now;
            Settled {
                trusted: extended.map_or(Update::Keep, Update::Put),
                seen: match is_as_approved {
                    true => no_longer(),
                    false => unless_known(observed(known, Some(now.clone()), drift)),
                },
            }
        }
        (None, Some(_)) | (Some(_), None) => Settled {
            trusted: Update::Keep,
            seen: unless_known(observed(known, now.cloned(), true)),
        },
    }
}

/// Adds the digests and streams that the approved state lacks; `None` when it lacks none, or when
/// nothing proves that they are of the approved content.
///
/// A digest that both have proves it. Where nothing was read when the state was approved, it is
/// proven only by metadata that shows the file untouched since.
fn extend(trusted: &FileState, now: &FileState) -> Option<FileState> {
    let (has, found) = (trusted.digests.types(), now.digests.types());
    let is_proven = match has.is_empty() {
        true => trusted.is_untouched(&now.stat),
        false => has_same_content(trusted, now),
    };
    let has_more = is_proven && !found.difference(has).is_empty();
    let has_read = trusted.has_unread_streams() && trusted.is_untouched(&now.stat);
    if !has_more && !has_read {
        return None;
    }
    let mut extended = trusted.clone();
    if has_more {
        extended.digests.merge(&now.digests);
    }
    if has_read {
        extended.take_streams(now);
    }
    (extended != *trusted).then_some(extended)
}

/// Returns the observed state to remember; a difference that was already open keeps its date.
fn observed(known: Option<&Seen>, state: Option<FileState>, drift: bool) -> Seen {
    let earlier = known.filter(|seen| seen.drift == drift);
    let since = earlier.map_or_else(Timestamp::now, |seen| seen.since);
    Seen {
        state,
        drift,
        since,
    }
}
