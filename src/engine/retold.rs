//! Files that came and went, of which somebody else has told already: [`retold`].
//!
//! Between the signals of such a file and the round that looks for it, another process may scan, or
//! this one may start over with a scan. What a scan has told of the file is not told again.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use waxseal_platform::stat::Timestamp;

use super::step::Step;
use crate::approval::path_of;
use crate::baseline::{BaselineError, Reader};

/// Events read at once.
const PAGE: usize = 1000;

/// Returns which of the brief wishes of a step are told of in the journal since they were first
/// heard of; looks at those only that waited when others wrote last.
pub(super) fn retold(
    step: &Step<'_>,
    reader: &Reader,
    others_wrote: Instant,
) -> Result<HashSet<usize>, BaselineError> {
    let mut waited: HashMap<PathBuf, (usize, Timestamp)> = HashMap::new();
    for &index in &step.brief {
        let Some(wish) = step.wishes.get(index) else {
            continue;
        };
        if let Some(first) = wish.first_heard().filter(|first| *first <= others_wrote) {
            waited.insert(wish.path.clone(), (index, time_of(first)));
        }
    }
    let mut told = HashSet::new();
    let Some(since) = waited.values().map(|(_, first)| *first).min() else {
        return Ok(told);
    };
    let mut after = 0;
    loop {
        let events = reader.events_since(since, after, PAGE)?;
        for event in &events {
            let known = path_of(event).and_then(|path| waited.get(&path));
            told.extend(
                known
                    .filter(|(_, first)| event.at >= *first)
                    .map(|(index, _)| *index),
            );
        }
        match events.last() {
            Some(last) if events.len() == PAGE => after = last.seq,
            _ => return Ok(told),
        }
    }
}

/// Returns when a moment was by the clock of the journal.
fn time_of(moment: Instant) -> Timestamp {
    let now = SystemTime::now();
    now.checked_sub(moment.elapsed()).unwrap_or(now).into()
}
