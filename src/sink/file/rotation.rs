//! When a file of events makes way for a new one, and what becomes of the old ones.
//!
//! `events.ndjson` becomes `events.ndjson.1`, that one `.2`, and so on; the oldest is replaced.
//! These are the names of logrotate, so that `events.ndjson*` catches them all and a reader that
//! follows a file by its inode goes on undisturbed. Rejected: time stamps in the names, which
//! repeat and change their order when the clock is set, and do not bound the number of files.
//! No file is removed but by being replaced: lowering `keep` leaves the files above it alone.

use std::ffi::OsString;
use std::time::SystemTime;

use waxseal_platform::append::{AppendError, Place};

use crate::config::FileOutput;

/// Says whether a file of this size makes way before a line of this length; an empty one never
/// does. The times are when it was made, and now.
pub(super) fn is_due(
    output: &FileOutput,
    size: u64,
    line: u64,
    (made_at, now): (SystemTime, SystemTime),
) -> bool {
    // A clock that was set back makes a file young, not old.
    let age = now.duration_since(made_at).unwrap_or_default();
    let is_old = output.rotate_age.is_some_and(|limit| age >= limit);
    size > 0 && (is_old || line > room(output, size))
}

/// Returns how many bytes a file of this size still takes.
pub(super) fn room(output: &FileOutput, size: u64) -> u64 {
    match output.rotate_size {
        0 => u64::MAX,
        limit => limit.saturating_sub(size),
    }
}

/// Renames the file out of its way and those before it, as far as there are any.
///
/// After a crash half-way a number is missing. The next rotation fills that gap and renames
/// nothing beyond it.
pub(super) fn rotate(place: &Place, output: &FileOutput) -> Result<(), AppendError> {
    let base = output.path.file_name().unwrap_or_default();
    let numbered = |number: u32| {
        let mut name = OsString::from(base);
        if number > 0 {
            name.push(format!(".{number}"));
        }
        name
    };
    let mut free = 1;
    while free < output.keep && place.has(&numbered(free))? {
        free += 1;
    }
    for number in (0..free).rev() {
        place.rename(&numbered(number), &numbered(number + 1))?;
    }
    place.sync()
}
