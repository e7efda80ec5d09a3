//! What scan, check, accept and log print: documents to lines, and the summary at the end.
//!
//! The last step of the flow: it reads the documents that `event` writes and the [`Summary`] that
//! `scan` counts, and knows neither store nor policy. Three forms are printed as they come, none
//! is collected first: text for people, one JSON document a line, or one JSON object. Text is
//! escaped on its way: no byte of a file name reaches a terminal as anything but itself.
//!
//! [`Summary`]: crate::scan::Summary

mod document;
mod fields;
mod output;
mod style;
mod summary;
mod text;
mod units;
mod who;

pub use document::{earlier_path, moment, parsed, path};
pub use output::Output;
pub use style::{Color, Style};
pub use summary::{Run, lines as summary_lines, object as summary_object};
pub use text::{describe, is_passing, journal_line, line};
pub use units::{bytes, count, seconds};

use std::io;

use serde_json::Value;

/// The forms in which reports are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines for people.
    Text,
    /// One JSON object for everything.
    Json,
    /// One JSON document a line.
    Ndjson,
}

/// Prints documents as they come, and one object at the end.
pub struct Reporter {
    format: Format,
    style: Style,
    output: Output,
    documents: u64,
}

impl Reporter {
    /// Returns a reporter that prints in this form.
    pub fn new(format: Format, style: Style, output: Output) -> Reporter {
        Reporter {
            format,
            style,
            output,
            documents: 0,
        }
    }

    /// Prints one document, given as its text.
    pub fn document(&mut self, document: &str) {
        match self.format {
            Format::Text => {
                let line = line(&parsed(document), self.style);
                self.output.line(&line);
            }
            Format::Ndjson => self.output.line(document),
            Format::Json => {
                let lead = if self.documents == 0 {
                    "{\"events\":[\n"
                } else {
                    ",\n"
                };
                self.output.write(lead.as_bytes());
                self.output.write(document.as_bytes());
            }
        }
        self.documents += 1;
    }

    /// Prints a line for people; nothing in the other forms.
    pub fn say(&mut self, line: &str) {
        if self.format == Format::Text {
            self.output.line(line);
        }
    }

    /// Hands on what is buffered, and says whether anybody still reads.
    pub fn flush(&mut self) -> bool {
        self.output.flush();
        !self.output.is_closed()
    }

    /// Ends the report with its summary, an object; nothing of it shows in text.
    pub fn finish(mut self, summary: Option<Value>) -> io::Result<()> {
        match self.format {
            Format::Text => {}
            Format::Ndjson => {
                if let Some(summary) = summary {
                    let own = serde_json::json!({ "waxseal": { "summary": summary } });
                    self.output.line(&own.to_string());
                }
            }
            Format::Json => {
                if self.documents == 0 {
                    self.output.write(b"{\"events\":[");
                }
                match summary {
                    Some(summary) => self.output.line(&format!("\n],\"summary\":{summary}}}")),
                    None => self.output.line("\n]}"),
                }
            }
        }
        self.output.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn printed(format: Format, documents: &[Value]) -> String {
        let (output, copy) = Output::to_memory();
        let mut reporter = Reporter::new(format, Style::PLAIN, output);
        documents
            .iter()
            .for_each(|document| reporter.document(&document.to_string()));
        reporter.say("a word for people");
        reporter.finish(Some(json!({ "open": 1 }))).unwrap();
        copy.text()
    }

    fn document(path: &str) -> Value {
        json!({ "event": { "dataset": "file", "action": ["created"] }, "file": { "path": path } })
    }

    #[test]
    fn json_is_one_object_however_many_documents_there_are() {
        for count in [0, 1, 3] {
            let documents: Vec<Value> = (0..count).map(|_| document("/a")).collect();
            let object: Value = serde_json::from_str(&printed(Format::Json, &documents)).unwrap();
            assert_eq!(object["events"].as_array().unwrap().len(), count);
            assert_eq!(object["summary"]["open"], 1);
        }
    }

    #[test]
    fn ndjson_is_one_document_a_line_and_the_summary() {
        let text = printed(Format::Ndjson, &[document("/a\nb")]);
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["file"]["path"], "/a\nb");
        assert_eq!(lines[1]["waxseal"]["summary"]["open"], 1);
    }

    #[test]
    fn text_has_words_for_people_and_no_summary_object() {
        assert_eq!(
            printed(Format::Text, &[document("/a")]),
            "created   /a\na word for people\n"
        );
    }
}
