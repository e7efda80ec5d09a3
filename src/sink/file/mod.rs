//! A file of events, one document a line, private, rotated.
//!
//! The file is only ever appended to, so it may carry the append-only flag, and whoever reads it
//! along (`tail -F`, a log shipper) never sees a byte change. Each delivery is on the disk
//! (`fdatasync`, and `fsync` of the directory for new names) before it counts as made.
//!
//! Before each delivery the directory is opened and judged again (`platform::append`), and the
//! name is compared with the open file: after a rotation by others, or a removal, a new file is
//! made. No signal is needed.
//!
//! Every line is whole. A write that ends in the middle of a line, by a full disk or a crash,
//! leaves the beginning of an event that comes again: the next delivery appends the rest of that
//! line. Rejected: cutting the file back, which would destroy what others appended and fails on
//! append-only files. Only a line that is no beginning of an event, as a power failure can leave
//! it, is ended as it is; the next event then stands on a line of its own.

mod last_line;
mod rotation;

use std::io;
use std::time::SystemTime;

use waxseal_platform::append::{AppendFile, Place};

use super::{Sink, SinkError};
use crate::baseline::StoredEvent;
use crate::config::FileOutput;

/// Appends events to a file.
pub struct FileSink {
    output: FileOutput,
    clock: Box<dyn Fn() -> SystemTime + Send>,
    open: Option<OpenFile>,
    /// The last event that is whole and on the disk, also by a delivery that failed later on.
    done: u64,
}

struct OpenFile {
    file: AppendFile,
    made_at: SystemTime,
    /// Whether the last line may lack its end.
    is_torn: bool,
}

impl FileSink {
    /// The name its cursor is kept under. It is the same for every path: events go on where they
    /// ended, in the new file.
    pub const NAME: &'static str = "file";

    /// Returns a sink that appends to this file, which is opened with the first event.
    pub fn new(output: FileOutput) -> FileSink {
        FileSink::with_clock(output, Box::new(SystemTime::now))
    }

    pub(super) fn with_clock(
        output: FileOutput,
        clock: Box<dyn Fn() -> SystemTime + Send>,
    ) -> FileSink {
        FileSink {
            output,
            clock,
            open: None,
            done: 0,
        }
    }

    /// Does one step towards writing these events, of which there is at least one: makes the last
    /// line whole, rotates, or appends as many as fit.
    fn advance(&mut self, place: &Place, events: &[StoredEvent]) -> Result<(), SinkError> {
        let path = &self.output.path;
        let failed = |op| move |error| SinkError::file(op, path, error);
        let now = (self.clock)();
        let open = match &mut self.open {
            Some(open) => open,
            none => {
                let opened = OpenFile::new(place.open_file()?, now).map_err(failed("look at"))?;
                none.insert(opened)
            }
        };
        let completed = open
            .end_last_line(events)
            .map_err(failed("complete the last line of"))?;
        if let Some(seq) = completed {
            self.done = seq;
            return Ok(());
        }
        let size = open.file.size().map_err(failed("look at"))?;
        let next = events.first().map_or(0, line_length);
        if rotation::is_due(&self.output, size, next, (open.made_at, now)) {
            self.open = None;
            return Ok(rotation::rotate(place, &self.output)?);
        }
        let room = rotation::room(&self.output, size);
        let fitting = events.get(..count_within(events, room).max(1));
        let (on_disk, result) = open.append(fitting.unwrap_or(events));
        if let Some(last) = on_disk.and_then(|count| events.get(..count)?.last()) {
            self.done = last.seq;
        }
        result.map_err(failed("write"))
    }
}

impl Sink for FileSink {
    fn name(&self) -> &str {
        FileSink::NAME
    }

    fn deliver(&mut self, events: &[StoredEvent]) -> Result<(), SinkError> {
        let place = Place::open(&self.output.path)?;
        if let Some(open) = &self.open
            && !place.holds(&open.file)?
        {
            self.open = None;
        }
        loop {
            let rest = events.partition_point(|event| event.seq <= self.done);
            match events.get(rest..) {
                None | Some([]) => return Ok(()),
                Some(rest) => self.advance(&place, rest)?,
            }
        }
    }
}

impl OpenFile {
    fn new(file: AppendFile, now: SystemTime) -> io::Result<OpenFile> {
        Ok(OpenFile {
            // Without birth times a file counts as new whenever the program starts.
            made_at: file.made_at().unwrap_or(now),
            is_torn: file.size()? > 0,
            file,
        })
    }

    /// Appends a line for each event; says how many of them are whole and on the disk.
    fn append(&mut self, events: &[StoredEvent]) -> (Option<usize>, io::Result<()>) {
        let mut lines = Vec::new();
        for event in events {
            lines.extend_from_slice(event.body.as_bytes());
            lines.push(b'\n');
        }
        let (written, result) = append_all(&mut self.file, &lines);
        self.is_torn = result.is_err();
        match self.file.sync() {
            Ok(()) => (Some(count_within(events, written as u64)), result),
            Err(error) => {
                // The system may have dropped any part of it.
                self.is_torn = true;
                (None, Err(error))
            }
        }
    }
}

/// Appends everything, or says how much it was until the failure.
fn append_all(file: &mut AppendFile, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match file.append(rest) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}

/// Returns how many bytes the line of an event has.
fn line_length(event: &StoredEvent) -> u64 {
    event.body.len() as u64 + 1
}

/// Returns how many of these events have their whole lines within so many bytes.
fn count_within(events: &[StoredEvent], bytes: u64) -> usize {
    let mut end = 0;
    let is_within = |event: &&StoredEvent| {
        end += line_length(event);
        end <= bytes
    };
    events.iter().take_while(is_within).count()
}
