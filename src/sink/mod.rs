//! Where the journal goes while `watch` runs: standard output, a file, and the system's log.
//!
//! The last step of the flow: events are in the journal, durable, before any sink sees them. A
//! [`Sink`] only writes; a [`Delivery`] reads the journal behind the sink's cursor, hands over
//! page by page, and waits longer and longer while the sink fails. Neither has a thread of its
//! own, and neither writes the store: the new cursor is returned, and whoever owns the writer
//! commits it.
//!
//! Invariants:
//! - In order, at least once. The cursor moves only behind what the sink has safely put away, so
//!   after a crash between both the last page comes again. Event ids never change: whoever reads
//!   the output drops what it knows.
//! - A sink that fails keeps nobody waiting and loses nothing: its events stay in the journal.
//! - The journal's documents go out byte by byte as they are stored, unless text is asked for.

mod delivery;
mod error;
mod file;
mod stdout;
mod system_log;

#[cfg(test)]
mod tests;

pub use delivery::{Delivery, DeliveryError, Failing, Health, Step};
pub use error::SinkError;
pub use file::FileSink;
pub use stdout::StdoutSink;
pub use system_log::SystemLogSink;

use waxseal_platform::system_log::SystemLog;

use crate::baseline::{BaselineError, Reader, StoredEvent};
use crate::config::Settings;
use crate::report::Style;

/// Delivers the journal, in order, at least once.
pub trait Sink: Send {
    /// Returns the name its cursor is kept under.
    fn name(&self) -> &str;

    /// Puts events away safely: all of them, or it is an error.
    ///
    /// Called with events in the order of the journal. After an error the same events come again,
    /// possibly with more behind them; a sink may leave out those that it knows to be put away.
    fn deliver(&mut self, events: &[StoredEvent]) -> Result<(), SinkError>;
}

/// Returns the configured sinks, and that of the log that a service writes to; none of them looks at anything before its first delivery.
pub fn configured(settings: &Settings, style: Style) -> Vec<Box<dyn Sink>> {
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    if let Some(form) = settings.stdout {
        sinks.push(Box::new(StdoutSink::new(form, style)));
    }
    if let Some(output) = &settings.file {
        sinks.push(Box::new(FileSink::new(output.clone())));
    }
    if let Some(log) = SystemLog::find() {
        sinks.push(Box::new(SystemLogSink::new(log)));
    }
    sinks
}

/// Where a sink goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The number of the last event it has, or need not have.
    pub cursor: u64,
    /// Whether no cursor is stored for it yet.
    pub is_new: bool,
}

impl Start {
    /// Returns where the sink of this name goes on: at its cursor or, when it is new, at the end
    /// of the journal.
    ///
    /// The cursor of a new one must be stored before anything else is journalled: from then on it
    /// gets every event, also those that are recorded while it cannot be reached or nothing runs.
    pub fn of(sink: &str, reader: &Reader) -> Result<Start, BaselineError> {
        Ok(match reader.cursor(sink)? {
            Some(cursor) => Start {
                cursor,
                is_new: false,
            },
            None => Start {
                cursor: reader.journal_end()?,
                is_new: true,
            },
        })
    }
}
