//! How long a path is left to settle before it is looked at: [`QUIET`], [`LONGEST`], [`Clock`].

use std::ffi::OsStr;
use std::time::{Duration, Instant};

use super::Changes;
use super::life::Life;
use super::provisional::is_provisional;

/// How long nothing must have been heard of a path that may still be in use.
///
/// Long enough for what belongs together: a name is unlinked and created again, a file is written
/// in pieces, a chain of renames. Short enough that a person does not notice it.
pub const QUIET: Duration = Duration::from_millis(250);

/// How long a new file that its writer has closed may wait for its name.
///
/// Who saves by writing a new file renames it over the old one next. Seen together, that is a change
/// of the old one; looked at in between it would be two events about a name that nobody knows.
pub const NAMING: Duration = Duration::from_millis(5);

/// After this time a path is looked at even if it never comes to rest, counted from the first that
/// was heard of it. A log that is always written must not escape for ever.
pub const LONGEST: Duration = Duration::from_secs(2);

/// A moment, in nanoseconds since the first moment that a [`Clock`] was shown.
///
/// Half the size of an `Instant`, and there are four in each pending hint.
pub(super) type Tick = u64;

const fn ticks(span: Duration) -> Tick {
    // Of the constants above only.
    span.as_nanos() as Tick
}

/// Turns moments into [`Tick`]s and back. It has no time of its own.
#[derive(Debug, Default)]
pub(super) struct Clock {
    start: Option<Instant>,
}

impl Clock {
    /// Returns a moment as a tick; 0 for all before the first that was ever shown.
    pub fn tick(&mut self, at: Instant) -> Tick {
        let start = *self.start.get_or_insert(at);
        let since = at.saturating_duration_since(start);
        Tick::try_from(since.as_nanos()).unwrap_or(Tick::MAX)
    }

    /// Returns the moment of a tick; `None` before any moment was shown.
    pub fn instant(&self, tick: Tick) -> Option<Instant> {
        self.start?.checked_add(Duration::from_nanos(tick))
    }
}

/// Returns by when something first heard of now is looked at in any case.
pub(super) fn deadline(now: Tick) -> Tick {
    now.saturating_add(ticks(LONGEST))
}

/// Returns when something that was heard of now is due if it then stays quiet.
pub(super) fn after_quiet(now: Tick, deadline: Tick) -> Tick {
    now.saturating_add(ticks(QUIET)).min(deadline)
}

/// Returns when a path is due after these changes, and what became of its name by them.
///
/// At once if a writer has closed it, or nearly so if it is new by then, or if it is a new directory,
/// which fills while nobody looks. A name that is gone waits: it often comes back. So does a new
/// file with a name that it will not keep.
pub(super) fn due(
    changes: Changes,
    is_directory: bool,
    life: Life,
    name: Option<&OsStr>,
    now: Tick,
    deadline: Tick,
) -> Tick {
    let is_closed = changes.contains(Changes::CLOSED);
    let is_new_directory = is_directory && changes.contains(Changes::CREATED);
    let is_new = matches!(life, Life::Created { .. });
    if is_new && !is_directory && name.is_some_and(is_provisional) {
        deadline
    } else if is_closed && is_new {
        now.saturating_add(ticks(NAMING)).min(deadline)
    } else if (is_closed || is_new_directory) && !life.is_gone() {
        now
    } else {
        after_quiet(now, deadline)
    }
}
