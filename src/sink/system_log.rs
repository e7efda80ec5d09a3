//! The log of the operating system, where what a service prints goes nowhere: notices only.
//!
//! Whoever looks there wants to know how the service is. What was changed, and what was approved,
//! is for the other outputs: there may be thousands, and the log is everybody's.

use serde_json::Value;
use waxseal_platform::system_log::{Level, SystemLog};

use super::{Sink, SinkError};
use crate::baseline::StoredEvent;
use crate::report::{Style, is_passing, line};

/// Writes notices to the system's log.
pub struct SystemLogSink(SystemLog);

impl SystemLogSink {
    /// The name its cursor is kept under.
    pub const NAME: &'static str = "system_log";

    /// Returns a sink that writes to this log.
    pub fn new(log: SystemLog) -> SystemLogSink {
        SystemLogSink(log)
    }
}

impl Sink for SystemLogSink {
    fn name(&self) -> &str {
        SystemLogSink::NAME
    }

    fn deliver(&mut self, events: &[StoredEvent]) -> Result<(), SinkError> {
        for event in events {
            // The store has checked that the body is what was written.
            let document: Value = serde_json::from_str(&event.body).unwrap_or_default();
            if let Some((level, text)) = entry(&document) {
                let written = self.0.write(level, &text);
                written.map_err(SinkError::SystemLog)?;
            }
        }
        Ok(())
    }
}

/// Returns what is written of a document, if anything.
fn entry(document: &Value) -> Option<(Level, String)> {
    let text = |pointer| document.pointer(pointer).and_then(Value::as_str);
    let is_change = text("/event/dataset") == Some("file");
    if is_change || text("/event/action") == Some("path_approved") {
        return None;
    }
    let level = match is_passing(document) {
        true => Level::Information,
        false => Level::Warning,
    };
    Some((level, line(document, Style::PLAIN)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_notices_are_written_and_some_warn() {
        let of = |dataset: &str, action: &str| {
            let event = json!({ "dataset": dataset, "action": action });
            let document = json!({ "event": event, "message": "words" });
            entry(&document).map(|(level, text)| (level, text.contains("words")))
        };
        assert_eq!(of("file", "updated"), None);
        assert_eq!(of("waxseal.notice", "path_approved"), None);
        assert_eq!(
            of("waxseal.notice", "watch_started"),
            Some((Level::Information, true))
        );
        assert_eq!(
            of("waxseal.notice", "lost_sync"),
            Some((Level::Warning, true))
        );
    }
}
