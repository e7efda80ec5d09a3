//! Where `watch` sends events: the tables `[output.stdout]` and `[output.file]`.
//!
//! Only what is written is checked here. Whether the file can be written, and safely, is found
//! out by `sink`, again and again.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use waxseal_platform::place;

use super::problem::Problem;
use super::section::{Section, Source, Span};

const ROTATE_SIZE: u64 = 100 << 20;
const KEEP: u32 = 10;

/// The form of events on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StdoutForm {
    /// A line for people.
    #[default]
    Text,
    /// One JSON document a line.
    Ndjson,
}

impl StdoutForm {
    const ALL: [StdoutForm; 2] = [StdoutForm::Text, StdoutForm::Ndjson];

    /// Returns the name it has in configuration.
    pub fn name(self) -> &'static str {
        match self {
            StdoutForm::Text => "text",
            StdoutForm::Ndjson => "ndjson",
        }
    }
}

/// A file that events are appended to, one JSON document a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOutput {
    /// Where it is, from the root.
    pub path: PathBuf,
    /// How many bytes it has at most before it is rotated; 0 is unlimited.
    pub rotate_size: u64,
    /// How old it becomes before it is rotated.
    pub rotate_age: Option<Duration>,
    /// How many rotated files there are at most; at least one.
    pub keep: u32,
}

impl FileOutput {
    /// Returns an output to this file with every other setting at its default.
    pub fn new(path: PathBuf) -> FileOutput {
        FileOutput {
            path,
            rotate_size: ROTATE_SIZE,
            rotate_age: None,
            keep: KEEP,
        }
    }
}

/// Reads `[output.stdout]`.
pub(super) fn read_stdout(stdout: &Section<'_>, source: &mut Source<'_>) -> StdoutForm {
    stdout.allow_only(&["format"], source);
    let Some((text, span)) = stdout.text("format", source) else {
        return StdoutForm::default();
    };
    let known = StdoutForm::ALL.into_iter().find(|form| form.name() == text);
    known.unwrap_or_else(|| {
        let next = "use \"text\" (a line for people) or \"ndjson\" (a JSON document a line)";
        source.error(span, format!("unknown format {text:?}: {next}"));
        StdoutForm::default()
    })
}

/// Reads `[output.file]`; beside it comes the place of its path, without a message.
pub(super) fn read_file(
    file: &Section<'_>,
    source: &mut Source<'_>,
) -> Option<(FileOutput, Problem)> {
    file.allow_only(&["path", "rotate_size", "rotate_age", "keep"], source);
    let path = read_path(file, source);
    // Without a path the other keys are read all the same, for their mistakes.
    let mut output = FileOutput::new(PathBuf::new());
    if let Some(size) = file.size("rotate_size", source) {
        output.rotate_size = size;
    }
    output.rotate_age = file
        .duration("rotate_age", source)
        .filter(|age| !age.is_zero());
    if let Some(keep) = file.number("keep", 1..=1000, source) {
        output.keep = keep;
    }
    let (path, span) = path?;
    output.path = path;
    let place = Problem::at(source.name, source.content, span, String::new());
    Some((output, place))
}

fn read_path(file: &Section<'_>, source: &mut Source<'_>) -> Option<(PathBuf, Span)> {
    let next = format!("such as path = \"{}\"", place::EXAMPLE_LOG);
    let Some((text, span)) = file.text("path", source) else {
        if file.value("path").is_none() {
            source.error(
                file.span.clone(),
                format!("[output.file] without a path: add one, {next}"),
            );
        }
        return None;
    };
    let path = Path::new(text);
    let names_a_directory = path.file_name().is_none() || text.ends_with(std::path::is_separator);
    let goes_up = path.components().any(|part| part == Component::ParentDir);
    let mistake = if !path.is_absolute() {
        "is a relative path: write it from the root"
    } else if goes_up {
        "contains `..`: write the directory it means"
    } else if names_a_directory {
        "is a directory: name a file in it"
    } else {
        return Some((path.to_owned(), span));
    };
    source.error(span, format!("{text:?} {mistake}, {next}"));
    None
}
