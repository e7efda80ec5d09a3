//! The paths a monitor names: [`PathPattern`], kept losslessly from the command line to the store.
//!
//! A path in a configuration file may be a glob; a path given on the command line never is, and
//! may be any bytes. Both end up in the stored policy, so the written form says which it is:
//! a plain string is what a configuration file would say, `{"literal": ".."}` is a path that only
//! looks like a glob, and `{"bytes": "hex"}` a path that is not UTF-8. Nothing here reads the
//! file system.

use std::fmt;
use std::path::{Component, Path, PathBuf, is_separator};

use globset::GlobMatcher;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use waxseal_platform::bytes::{bytes_to_path, path_to_bytes};
use waxseal_platform::place;

use super::pattern::{PatternError, is_home, name_matcher};

/// One entry of a monitor's `paths`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathPattern {
    /// Exactly this path, whatever characters it has.
    Literal(PathBuf),
    /// Every path that matches this glob.
    Glob(String),
}

/// One step of a path from the root.
#[derive(Clone, Debug)]
pub(super) enum Segment {
    /// Exactly this name.
    Name(Box<[u8]>),
    /// Every name that matches; the text tells equal segments.
    Wild(String, GlobMatcher),
    /// Any number of names, also none: `**`.
    AnyDepth,
}

impl PathPattern {
    /// Reads an entry as a configuration file has it: a path, or a glob when it has a wildcard.
    pub fn parse(text: &str) -> Result<PathPattern, PatternError> {
        let path = text.to_owned();
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.starts_with("re:") {
            return Err(PatternError::RegexPath { path });
        }
        if is_home(text) {
            return Err(PatternError::Home { pattern: path });
        }
        let Some(text) = place::unprefixed(text) else {
            return Err(PatternError::Device { path });
        };
        if let Some(name) = place::bad_name(Path::new(&*text)) {
            let name = name.to_string_lossy().into_owned();
            return Err(PatternError::BadName { path, name });
        }
        let text = &*text;
        let pattern = match has_wildcard(text) {
            false => PathPattern::literal(Path::new(text)),
            true => PathPattern::Glob(text.to_owned()),
        };
        pattern.segments()?;
        Ok(pattern)
    }

    /// Returns the pattern for exactly this path, even if it looks like a glob.
    pub fn literal(path: &Path) -> PathPattern {
        // Collecting the components drops doubled and trailing slashes and `.`.
        PathPattern::Literal(path.components().collect())
    }

    /// Splits the pattern into its steps from the root, or says why it cannot be used.
    pub(super) fn segments(&self) -> Result<Vec<Segment>, PatternError> {
        match self {
            PathPattern::Literal(path) => literal_segments(path),
            PathPattern::Glob(text) => glob_segments(text),
        }
    }

    /// Returns the directory above the first wildcard, as written; the path itself if literal.
    pub(super) fn fixed_part(&self) -> PathBuf {
        let text = match self {
            PathPattern::Literal(path) => return path.clone(),
            PathPattern::Glob(text) => text,
        };
        let mut fixed = PathBuf::new();
        let parts = Path::new(text).components();
        for part in parts {
            let wild = part.as_os_str().to_str().is_none_or(has_wildcard);
            if wild {
                break;
            }
            fixed.push(part);
        }
        fixed
    }
}

impl fmt::Display for PathPattern {
    /// Writes the pattern for people; a path that is not UTF-8 is not shown exactly.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathPattern::Literal(path) => path.display().fmt(f),
            PathPattern::Glob(text) => f.write_str(text),
        }
    }
}

/// Tells whether the text means more than itself as a glob.
pub(super) fn has_wildcard(text: &str) -> bool {
    let escapes = text.contains('\\') && !is_separator('\\');
    escapes || text.contains(['*', '?', '[', '{'])
}

fn literal_segments(path: &Path) -> Result<Vec<Segment>, PatternError> {
    let shown = || path.display().to_string();
    if !path.is_absolute() {
        return Err(PatternError::Relative { path: shown() });
    }
    if path.components().any(|part| part == Component::ParentDir) {
        return Err(PatternError::GoesUp { path: shown() });
    }
    Ok(names(path).map(|name| Segment::Name(name.into())).collect())
}

fn glob_segments(text: &str) -> Result<Vec<Segment>, PatternError> {
    let path = || text.to_owned();
    if !Path::new(text).is_absolute() {
        return Err(PatternError::Relative { path: path() });
    }
    let mut segments = Vec::new();
    let mut is_fixed = true;
    for part in Path::new(text).components() {
        let part = match part {
            Component::RootDir | Component::CurDir => continue,
            Component::ParentDir => return Err(PatternError::GoesUp { path: path() }),
            // A part of a text is one.
            part => part.as_os_str().to_str().unwrap_or_default(),
        };
        match part {
            "**" if matches!(segments.last(), Some(Segment::AnyDepth)) => {}
            "**" => {
                is_fixed = false;
                segments.push(Segment::AnyDepth);
            }
            _ if has_wildcard(part) => {
                is_fixed = false;
                segments.push(wild_segment(part, part, text)?);
            }
            // Names before the first wildcard are spelled as the system has them; these may be there
            // in any case.
            _ if place::IGNORES_CASE && !is_fixed => {
                segments.push(wild_segment(part, &globset::escape(part), text)?);
            }
            _ => segments.push(Segment::Name(part.as_bytes().into())),
        }
    }
    match segments.last() {
        Some(Segment::AnyDepth) => Err(PatternError::EndsInAnyDepth { path: path() }),
        _ => Ok(segments),
    }
}

fn wild_segment(part: &str, glob: &str, text: &str) -> Result<Segment, PatternError> {
    let matcher = name_matcher(glob, text).map_err(|error| {
        // The pattern was cut at its slashes, so a brace closed beyond one seems never closed.
        let cut_braces =
            part.contains('{') && text.matches('{').count() == text.matches('}').count();
        if cut_braces {
            PatternError::SlashInBraces {
                path: text.to_owned(),
            }
        } else {
            error
        }
    })?;
    Ok(Segment::Wild(part.to_owned(), matcher))
}

/// Returns the names of an absolute path from the root; on Windows the drive is the first.
pub(super) fn names(path: &Path) -> impl Iterator<Item = &[u8]> {
    path.components().filter_map(|part| match part {
        Component::RootDir | Component::CurDir => None,
        other => Some(other.as_os_str().as_encoded_bytes()),
    })
}

/// How a pattern is written in the stored policy.
#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Written {
    Text(String),
    Literal { literal: String },
    Bytes { bytes: String },
}

impl Serialize for PathPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match self {
            PathPattern::Glob(text) => Written::Text(text.clone()),
            PathPattern::Literal(path) => match path.to_str() {
                None => Written::Bytes {
                    bytes: to_hex(path_to_bytes(path)),
                },
                // Only a text that reads back as the same literal may be plain.
                Some(text) if PathPattern::parse(text).as_ref() == Ok(self) => {
                    Written::Text(text.to_owned())
                }
                Some(text) => Written::Literal {
                    literal: text.to_owned(),
                },
            },
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PathPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PathPattern, D::Error> {
        use serde::de::Error;
        match Written::deserialize(deserializer)? {
            Written::Text(text) => PathPattern::parse(&text).map_err(D::Error::custom),
            Written::Literal { literal } => Ok(PathPattern::literal(Path::new(&literal))),
            Written::Bytes { bytes } => {
                let raw = from_hex(&bytes)
                    .ok_or_else(|| D::Error::custom(format!("path {bytes:?} is not in hex")))?;
                bytes_to_path(&raw)
                    .map(PathPattern::Literal)
                    .map_err(D::Error::custom)
            }
        }
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|value| u8::try_from(value).ok())
        })
        .collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::sample;
    use serde_json::json;

    #[test]
    fn a_path_is_literal_unless_it_has_a_wildcard() {
        let literal = |text: &str| PathPattern::Literal(sample::path(text));
        let glob = |text: &str| PathPattern::Glob(sample::rooted(text));
        let backslash = match is_separator('\\') {
            true => literal("/a/b"),
            false => glob("/a\\b"),
        };
        let table = [
            ("/etc", literal("/etc")),
            ("/etc/", literal("/etc")),
            ("/etc//./ssh", literal("/etc/ssh")),
            ("/", literal("/")),
            ("/home/*/.ssh", glob("/home/*/.ssh")),
            ("/a[[]1]", glob("/a[[]1]")),
            ("/a\\b", backslash),
        ];
        for (text, expected) in table {
            let parsed = PathPattern::parse(&sample::rooted(text));
            assert_eq!(parsed, Ok(expected), "{text}");
        }
    }

    #[test]
    fn unusable_paths_are_refused_with_the_next_step() {
        let table = [
            ("", "empty"),
            ("etc", "relative"),
            ("*/etc", "relative"),
            ("~/.ssh", "/home/*/.ssh"),
            ("/etc/../x", "`..`"),
            ("/e*/../x", "`..`"),
            ("re:^/etc", "include_files"),
            ("/etc/**", "recursive = true"),
            ("/usr/{bin,local/bin}", "slash inside braces"),
            ("/usr/{bin", "bad glob"),
            ("/usr/[a", "bad glob"),
        ];
        for (text, expected) in table {
            let parsed = PathPattern::parse(&sample::rooted(text));
            let message = parsed.unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn the_written_form_says_what_kind_of_path_it_is() {
        let (plain, odd) = (sample::path("/etc"), sample::path("/a[1].txt"));
        let no_text = bytes_to_path(&[b"/a/", sample::NO_TEXT].concat()).unwrap();
        let glob = sample::rooted("/home/*");
        let table = [
            (PathPattern::literal(&plain), json!(plain)),
            (PathPattern::literal(&odd), json!({ "literal": odd })),
            (
                PathPattern::Literal(no_text),
                json!({ "bytes": "2f612feda080" }),
            ),
            (PathPattern::Glob(glob.clone()), json!(glob)),
        ];
        for (pattern, expected) in table {
            let json = serde_json::to_string(&pattern).unwrap();
            assert_eq!(json, expected.to_string());
            assert_eq!(serde_json::from_str::<PathPattern>(&json).unwrap(), pattern);
        }
        for wrong in [
            r#"{"bytes":"2"}"#,
            r#"{"bytes":"zz"}"#,
            r#""relative""#,
            "7",
        ] {
            assert!(
                serde_json::from_str::<PathPattern>(wrong).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn the_fixed_part_ends_before_the_first_wildcard() {
        for (text, expected) in [("/home/*/.ssh", "/home"), ("/*/x", "/"), ("/a/b", "/a/b")] {
            let pattern = PathPattern::parse(&sample::rooted(text)).unwrap();
            assert_eq!(pattern.fixed_part(), sample::path(expected), "{text}");
        }
    }
}
