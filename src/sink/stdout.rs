//! The standard output: the lines of `waxseal log`, or one document a line.
//!
//! Delivered means handed to the system. What a pipe's reader does with it, and whether a terminal
//! shows it, is not known here. Writing waits for a reader that is slow.

use std::io::{self, Write};

use serde_json::Value;

use super::{Sink, SinkError};
use crate::baseline::StoredEvent;
use crate::config::StdoutForm;
use crate::report::{Style, is_passing, journal_line};

/// Writes events to the standard output.
pub struct StdoutSink {
    form: StdoutForm,
    style: Style,
    output: Box<dyn Write + Send>,
    /// Whether the last line may lack its end, after a failure.
    is_torn: bool,
}

impl StdoutSink {
    /// The name its cursor is kept under.
    pub const NAME: &'static str = "stdout";

    /// Returns a sink that writes in this form; the style is for text.
    pub fn new(form: StdoutForm, style: Style) -> StdoutSink {
        StdoutSink::to(Box::new(io::stdout()), form, style)
    }

    pub(super) fn to(output: Box<dyn Write + Send>, form: StdoutForm, style: Style) -> StdoutSink {
        StdoutSink {
            form,
            style,
            output,
            is_torn: false,
        }
    }

    fn push(&self, text: &mut String, event: &StoredEvent) {
        match self.form {
            StdoutForm::Ndjson => text.push_str(&event.body),
            StdoutForm::Text => {
                // The store has checked that the body is what was written.
                let document: Value = serde_json::from_str(&event.body).unwrap_or_default();
                if self.style.is_quiet && is_passing(&document) {
                    return;
                }
                text.push_str(&journal_line(&document, self.style));
            }
        }
        text.push('\n');
    }
}

impl Sink for StdoutSink {
    fn name(&self) -> &str {
        StdoutSink::NAME
    }

    fn deliver(&mut self, events: &[StoredEvent]) -> Result<(), SinkError> {
        let mut text = String::new();
        if self.is_torn {
            text.push('\n');
        }
        events.iter().for_each(|event| self.push(&mut text, event));
        self.is_torn = true;
        self.output
            .write_all(text.as_bytes())
            .and_then(|()| self.output.flush())
            .map_err(SinkError::Stdout)?;
        self.is_torn = false;
        Ok(())
    }
}
