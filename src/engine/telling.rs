//! What the coordinator tells of the watch: one function for each notice.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::event::{Notice, NoticeAction};
use crate::hint::{Reason, Subtree};
use crate::report::count;
use crate::state::escape;

/// Places that one notice names.
const PLACES_NAMED: usize = 8;

/// Tells which directories are looked at as a whole, because too much happened in them.
pub(super) fn collapsed(subtrees: &[Subtree]) -> Vec<Notice> {
    let collapsed = subtrees
        .iter()
        .filter(|subtree| subtree.reason == Reason::Collapsed);
    let notice = |subtree: &Subtree| {
        let shown = escape::path(&subtree.path);
        let message = format!(
            "too much happened at once below {shown}: it is looked at as a whole, and who made {} \
             is not known",
            count(subtree.absorbed, "change")
        );
        Notice::now(NoticeAction::Collapsed, message).about(&subtree.path)
    };
    collapsed.map(notice).collect()
}

/// Tells that the places are known again of which something was lost.
pub(super) fn resynced(places: &[PathBuf]) -> Notice {
    let message = format!("looked again at {}", some(places));
    Notice::now(NoticeAction::Resynced, message)
}

/// Tells that looking through these places does not get on.
pub(super) fn hung(places: &[PathBuf]) -> Notice {
    let message = format!(
        "looking through {} does not get on: a file system there does not answer, and is looked at \
         when it does; other places do not wait",
        some(places)
    );
    Notice::now(NoticeAction::Degraded, message)
}

/// Names the first of some places, and says how many more there are.
fn some(places: &[PathBuf]) -> String {
    let named = places.iter().take(PLACES_NAMED);
    let named: Vec<_> = named.map(|path| shown(path)).collect();
    let more = match places.len().saturating_sub(PLACES_NAMED) {
        0 => String::new(),
        more => format!(" and {}", count(more as u64, "other place")),
    };
    format!("{}{more}", named.join(", "))
}

/// Returns a place in words: where each drive is a tree of its own, nothing is above all of them.
fn shown(place: &Path) -> Cow<'_, str> {
    match place.as_os_str().is_empty() {
        true => Cow::Borrowed("all drives"),
        false => escape::path(place),
    }
}

/// Tells that a thread that reads a queue was started anew, and why.
pub(super) fn restarted(reason: &str) -> Notice {
    let message = format!("{reason}: listening anew, everything is looked at again");
    Notice::now(NoticeAction::WatchThreadRestarted, message)
}

/// Tells that nothing tells of changes below a place.
pub(super) fn polled(path: &Path, reason: &str) -> Notice {
    let shown = escape::path(path);
    let message = format!("nothing tells of changes below {shown}, so it is polled: {reason}");
    Notice::now(NoticeAction::Degraded, message).about(path)
}

/// Tells that this is so for more places than are named.
pub(super) fn more_polled(places: usize) -> Notice {
    let message = format!("{places} more places are polled: `waxseal status` lists them");
    Notice::now(NoticeAction::Degraded, message)
}

/// Tells that nothing proves any more that changes are heard of.
pub(super) fn unproven(reason: &str) -> Notice {
    let message =
        format!("nothing proves that changes are heard of until this is mended: {reason}");
    Notice::now(NoticeAction::Degraded, message)
}

/// Tells that it can be found out again.
pub(super) fn canary_back() -> Notice {
    let message = "the canary can be touched again";
    Notice::now(NoticeAction::Recovered, message.to_owned())
}

/// Tells that a look takes so long that it should be known.
pub(super) fn slow(dir: &Path) -> Notice {
    let message = format!(
        "looking at what changed in {} takes very long: other changes wait",
        escape::path(dir)
    );
    Notice::now(NoticeAction::Degraded, message).about(dir)
}

/// Tells that the watch stood still for so long.
pub(super) fn stood_still(still: Duration) -> Notice {
    let message = format!(
        "the watch stood still for {} s, stopped or without a processor: what happened meanwhile is \
         looked at now, and processes that ended since are not known",
        still.as_secs()
    );
    Notice::now(NoticeAction::Recovered, message)
}

/// Tells that the watch ends after so many events, and how many paths it leaves to the next start.
pub(super) fn stopped(events: u64, left: Option<usize>) -> Notice {
    let events = count(events, "event");
    let message = match left {
        None => format!("stopped after {events}"),
        Some(left) => {
            format!("stopped after {events}; {left} paths are left to the next start's scan")
        }
    };
    Notice::now(NoticeAction::Stopped, message)
}
