//! What scan and check share in telling a difference: completing what was found, and the event.

use std::path::{Path, PathBuf};

use waxseal_hashers::Digests;
use waxseal_platform::stat::Kind;

use super::judge::{Verdict, judge, settle};
use super::{BlindSpot, Cause, Look, ScanError};
use crate::baseline::{BaselineError, Paired, Pairing, Reader, Row};
use crate::change::{Action, Actions, Field, diff, diff_to_tell};
use crate::event::{Event, FoundBy, SILENT_CHANGE};
use crate::inspect::{Observation, Present, Unread};
use crate::policy::{Attributes, Policy};
use crate::state::FileState;

/// Is handed the text of each document of a run, in the order of the paths.
pub type Report<'r> = dyn FnMut(&str) -> std::io::Result<()> + 'r;

const TOO_LARGE: &str = "larger than max_file_size, content not read";

/// Says what stays unknown of an object, and adds what is known of it from the last look.
///
/// The last digests are those of content that could not be read now only while the file is
/// untouched. Otherwise it has none: nobody approves a digest that was not computed, and every
/// later run tries again. The same goes for each stream.
pub(crate) fn complete(
    present: Present,
    row: Option<&Row>,
    path: impl Fn() -> PathBuf,
) -> (FileState, Option<BlindSpot>) {
    if present.is_whole() {
        return (present.state, None);
    }
    let Present {
        mut state,
        unread,
        unread_streams,
    } = present;
    let last = row.and_then(Row::last);
    let untouched = last.filter(|last| last.is_untouched(&state.stat));
    if unread.is_some() {
        state.digests = untouched.map_or_else(Digests::new, |last| last.digests.clone());
    }
    if let Some(last) = untouched {
        state.take_streams(last);
    }
    let (refused, too_large) = match unread {
        Some(Unread::Refused(error)) => (Some(error.to_string()), None),
        Some(Unread::TooLarge) => (None, Some(TOO_LARGE.to_owned())),
        None => (None, None),
    };
    let told = |content: Option<String>, streams: Option<String>| {
        let both: Vec<String> = content.into_iter().chain(streams).collect();
        both.join("; ")
    };
    let refused = told(refused, unread_streams.refused());
    let cause = match refused.is_empty() {
        true => Cause::TooLarge(told(too_large, unread_streams.too_large())),
        false => Cause::Unreadable(refused),
    };
    let path = path();
    (state, Some(BlindSpot { path, cause }))
}

/// One difference, as it will be told.
#[derive(Debug)]
pub(crate) struct Finding {
    /// The path; the new one of a move.
    pub path: PathBuf,
    /// The path before a move.
    pub moved_from: Option<PathBuf>,
    /// Whether nothing took the place of what moved away.
    pub vacated: bool,
    /// What was at the path, when a move put an end to it.
    pub replaced: Option<FileState>,
    /// The state before, if there was one.
    pub before: Option<FileState>,
    /// The state now, if there is one.
    pub after: Option<FileState>,
}

impl From<Paired> for Finding {
    fn from(paired: Paired) -> Finding {
        match paired {
            Paired::Arrived {
                path,
                replaced,
                state,
            } => Finding {
                path,
                moved_from: None,
                vacated: false,
                replaced: None,
                before: replaced.map(|state| *state),
                after: Some(*state),
            },
            Paired::Departed { path, last } => Finding {
                path,
                moved_from: None,
                vacated: false,
                replaced: None,
                before: Some(*last),
                after: None,
            },
            Paired::Moved(moved) => Finding {
                path: moved.to,
                moved_from: Some(moved.from),
                vacated: moved.vacated,
                replaced: moved.replaced,
                before: Some(moved.before),
                after: Some(moved.after),
            },
        }
    }
}

/// Tells the pairing of a path that is new, gone or another than before.
pub(crate) fn put(
    pairing: &mut Pairing,
    path: &Path,
    before: Option<&FileState>,
    now: Option<&FileState>,
) -> Result<(), BaselineError> {
    match (before, now) {
        (before, Some(now)) => pairing.arrive(path, before, now),
        (Some(last), None) => pairing.depart(path, last),
        (None, None) => Ok(()),
    }
}

/// Reports every document journalled after an event, oldest first.
pub(crate) fn report_since(
    reader: &Reader,
    after: u64,
    report: &mut Report<'_>,
) -> Result<(), ScanError> {
    reader.each_event(after, |event| Ok(report(&event.body)?))
}

/// Returns the event of one difference.
pub(super) fn describe<'e>(policy: &'e Policy, finding: &'e Finding, drift: bool) -> Event<'e> {
    let Finding {
        path,
        moved_from,
        replaced,
        before,
        after,
        ..
    } = finding;
    let state = after.as_ref().or(before.as_ref());
    let kind = state.map_or(Kind::File, |state| state.stat.kind);
    let rule = policy.decide(path, kind).watched();
    // A path that left the policy with an open difference is told by the default attributes.
    let counted = rule.map_or(Attributes::DEFAULT, |rule| rule.attributes);
    let mut event = compare(path, before.as_ref(), after.as_ref(), counted);
    if moved_from.is_some() {
        let differing = |before: &Option<FileState>| match (before, after) {
            (Some(before), Some(after)) => diff(before, after, counted),
            _ => Vec::new(),
        };
        event.changed = differing(before);
        let over = differing(replaced);
        // Whoever watches the path itself must learn that its content is another one.
        event.actions = Actions::moved(&[&*event.changed, &over].concat());
    }
    Event {
        moved_from: moved_from.as_deref(),
        replaced: replaced.as_ref(),
        drift,
        rule,
        ..event
    }
}

/// Returns the event of a path that was in one state and is in another.
pub(super) fn compare<'e>(
    path: &'e Path,
    before: Option<&'e FileState>,
    after: Option<&'e FileState>,
    counted: Attributes,
) -> Event<'e> {
    let changed = match (before, after) {
        (Some(before), Some(after)) => diff_to_tell(before, after, counted),
        _ => Vec::new(),
    };
    let actions = match (before, after) {
        (_, None) => Actions::just(Action::Deleted),
        (None, Some(_)) => Actions::just(Action::Created),
        _ => Actions::of(&changed).unwrap_or_else(|| Actions::just(Action::AttributesModified)),
    };
    let is_silent = before.zip(after).is_some_and(|(before, after)| {
        !changed.is_empty() && changed.iter().all(|field| {
            let is_known = |state: &FileState, kind| state.digests.types().contains(kind);
            matches!(field, Field::Hash(kind) if is_known(before, *kind) && is_known(after, *kind))
        }) && before.is_untouched(&after.stat)
    });
    Event {
        before,
        after,
        changed,
        tags: if is_silent { &[SILENT_CHANGE] } else { &[] },
        ..Event::new(path, actions, FoundBy::Scan)
    }
}

/// Says whether a look has anything to write.
pub(crate) fn is_news(look: &Look<'_>) -> bool {
    let row = look.row.as_deref();
    let now = match &look.observed {
        Observation::Absent => None,
        // What is to be remembered of it is more than was seen.
        Observation::Present(present) if !present.is_whole() => return true,
        Observation::Present(present) => Some(&present.state),
        Observation::Unreadable(_) | Observation::Unstable => return true,
    };
    let verdict = judge(row, now, look.covered, look.rule.attributes);
    !matches!(verdict, Verdict::Unchanged) || !settle(row, now, look.rule).is_nothing()
}
