//! A last line without its end: found, and made whole.

use std::io;

use super::{OpenFile, append_all};
use crate::baseline::StoredEvent;

impl OpenFile {
    /// Ends the last line where it has no end, as the event it is the beginning of; returns the
    /// number of the first of these events if it was that one, which then is delivered.
    pub(super) fn end_last_line(&mut self, events: &[StoredEvent]) -> io::Result<Option<u64>> {
        if !self.is_torn {
            return Ok(None);
        }
        let longest = events.iter().map(|event| event.body.len()).max();
        let Some(begun) = self.unfinished(longest.unwrap_or(0))? else {
            self.is_torn = false;
            return Ok(None);
        };
        // Beginnings may be alike, so one that is not the first event's says nothing about those
        // before it: they are all written again.
        let rest_of =
            |event: &StoredEvent| event.body.as_bytes().strip_prefix(&*begun).map(Vec::from);
        let is_first = events.first().is_some_and(|event| rest_of(event).is_some());
        let mut bytes = events.iter().find_map(rest_of).unwrap_or_default();
        bytes.push(b'\n');
        append_all(&mut self.file, &bytes).1?;
        self.file.sync()?;
        self.is_torn = false;
        let completed = events.first().filter(|_| is_first);
        Ok(completed.map(|event| event.seq))
    }

    /// Returns what follows the last line break, if anything does; of more than `longest` bytes
    /// only the last, which are too many to be the beginning of an event.
    fn unfinished(&mut self, longest: usize) -> io::Result<Option<Vec<u8>>> {
        let size = self.file.size()?;
        let wanted = size.min(longest as u64 + 1);
        let mut tail = vec![0; usize::try_from(wanted).unwrap_or(usize::MAX)];
        let mut filled = 0;
        while let Some(rest) = tail.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(size - wanted + filled as u64, rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        tail.truncate(filled);
        let line_start = tail.iter().rposition(|byte| *byte == b'\n');
        tail.drain(..line_start.map_or(0, |at| at + 1));
        Ok(Some(tail).filter(|tail| !tail.is_empty()))
    }
}
