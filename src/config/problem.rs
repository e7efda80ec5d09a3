//! What is wrong in a configuration file, and where: [`Problem`] and [`ConfigError`].
//!
//! A problem is complete when it is printed: file, line, column, the line itself with a mark, and
//! in its message what to write instead.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use crate::state::escape;

/// What to say of a backslash that was probably not meant to begin an escape.
pub(super) const ESCAPES: &str =
    "in double quotes a backslash begins an escape: use single quotes, or / in a path";

/// One mistake, or one warning, at a place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's name as it was given.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// The line itself.
    pub text: String,
    /// How many characters of the line are meant.
    pub width: usize,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl Problem {
    /// Finds the line of a byte range of the file's content.
    pub(super) fn at(file: &str, content: &str, span: Range<usize>, message: String) -> Problem {
        let start = floor_char_boundary(content, span.start);
        let before = content.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = content.get(line_start..).unwrap_or_default();
        let text = rest.lines().next().unwrap_or_default();

        let line_end = line_start + text.len();
        let end = floor_char_boundary(content, span.end.clamp(start, line_end.max(start)));
        let marked = content.get(start..end).unwrap_or_default();
        let ahead = content.get(line_start..start).unwrap_or_default();
        Problem {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: ahead.chars().count() + 1,
            text: text.to_owned(),
            width: marked.chars().count().max(1),
            message,
        }
    }
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem {
            file,
            line,
            column,
            text,
            width,
            message,
        } = self;
        writeln!(f, "{file}:{line}:{column}: {message}")?;
        // Control characters would move the mark away, or worse.
        let shown: String = text
            .chars()
            .map(|char| if char.is_control() { ' ' } else { char })
            .collect();
        writeln!(f, "{line:5} | {shown}")?;
        write!(
            f,
            "      | {}{}",
            " ".repeat(column.saturating_sub(1)),
            "^".repeat(*width)
        )
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no such file.
    #[error(
        "no configuration file {}: `waxseal init` writes one, `--config FILE` names another",
        escape::path(path)
    )]
    Missing {
        /// The file looked for.
        path: PathBuf,
    },
    /// The file or its drop-in directory cannot be read.
    #[error("cannot read {}: {source}", escape::path(path))]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file has mistakes, all of which are listed.
    #[error("{}", listed(problems))]
    Invalid {
        /// At least one, in the order of the file.
        problems: Vec<Problem>,
    },
}

fn listed(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(Problem::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_shows_its_line() {
        let content = "a = 1\n  b\u{e4} = \"x\"\n";
        let start = content.find("\"x\"").unwrap();
        let problem = Problem::at("f.toml", content, start..start + 3, "wrong".to_owned());
        assert_eq!(
            problem.to_string(),
            "f.toml:2:8: wrong\n    2 |   b\u{e4} = \"x\"\n      |        ^^^"
        );
    }

    #[test]
    fn any_span_is_shown_somehow() {
        let content = "a\u{e4}\nb";
        for start in 0..8 {
            for end in 0..8 {
                let problem = Problem::at("f", content, start..end, String::new());
                assert!(
                    problem.line <= 2 && problem.width <= 2,
                    "{start}..{end}: {problem:?}"
                );
            }
        }
    }
}
