//! The patterns of `exclude_files` and `include_files`: one compiled [`PatternSet`] per list.
//!
//! Patterns are matched against the raw bytes of a whole absolute path, so that every name the
//! OS allows can be matched. A set answers for one path; that an excluded directory takes all
//! below it along is the business of `Policy`, which asks for each ancestor.
//!
//! - `*.swp`: without a slash, the file name, anywhere.
//! - `/etc/mtab`, `/home/*/.cache`: from the root. `*` and `?` stay inside one name, `**` does
//!   not; `?` is one byte, so `é` in UTF-8 is `??`.
//! - `build/out`: with a slash inside, that run of names anywhere, as `**/build/out`.
//! - `re:~$`: a regular expression, found anywhere in the whole path.

use std::path::{Path, is_separator};

use globset::{Candidate, Glob, GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use regex::bytes::{RegexSet, RegexSetBuilder};
use waxseal_platform::place;

/// What makes a text a regular expression instead of a glob.
const REGEX_PREFIX: &str = "re:";

/// A compiled list of patterns that can say which of them matched.
#[derive(Debug)]
pub(super) struct PatternSet {
    texts: Vec<String>,
    globs: GlobSet,
    /// The place in `texts` of each glob.
    glob_places: Vec<usize>,
    regexes: RegexSet,
    /// The place in `texts` of each regular expression.
    regex_places: Vec<usize>,
}

impl PatternSet {
    /// Compiles the list; an error names the pattern.
    pub fn compile(texts: &[String]) -> Result<PatternSet, PatternError> {
        let mut globs = GlobSetBuilder::new();
        let mut glob_places = Vec::new();
        let mut regexes = Vec::new();
        let mut regex_places = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            match parse(text)? {
                Parsed::Glob(glob) => {
                    globs.add(glob);
                    glob_places.push(place);
                }
                Parsed::Regex(source) => {
                    regexes.push(source);
                    regex_places.push(place);
                }
            }
        }
        let globs = globs.build().map_err(|source| too_big(texts, &source))?;
        let regexes = RegexSetBuilder::new(regexes).build();
        let regexes = regexes.map_err(|source| too_big(texts, &source))?;
        Ok(PatternSet {
            texts: texts.to_vec(),
            globs,
            glob_places,
            regexes,
            regex_places,
        })
    }

    /// Tells whether the list has no pattern.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Returns the first pattern of the list, as written, that matches the path.
    pub fn first_match(&self, path: &[u8]) -> Option<&str> {
        let candidate = Candidate::from_bytes(path);
        let by_glob = !self.globs.is_empty() && self.globs.is_match_candidate(&candidate);
        let by_regex = !self.regexes.is_empty() && self.regexes.is_match(path);
        if !by_glob && !by_regex {
            return None;
        }
        // Rare: only a match pays for finding out which pattern it was.
        let globs = self.globs.matches_candidate(&candidate);
        let globs = globs.iter().filter_map(|at| self.glob_places.get(*at));
        let regexes = self.regexes.matches(path);
        let regexes = regexes.iter().filter_map(|at| self.regex_places.get(at));
        globs
            .chain(regexes)
            .min()
            .and_then(|place| self.texts.get(*place))
            .map(String::as_str)
    }
}

/// Checks one pattern of `exclude_files` or `include_files` on its own.
pub fn check_pattern(text: &str) -> Result<(), PatternError> {
    parse(text).map(|_| ())
}

/// A pattern told apart.
enum Parsed {
    Glob(Glob),
    Regex(String),
}

fn parse(text: &str) -> Result<Parsed, PatternError> {
    if text.is_empty() {
        return Err(PatternError::Empty);
    }
    if let Some(source) = text.strip_prefix(REGEX_PREFIX) {
        // A set reports no position, a single expression does: compile it once for the message.
        regex::bytes::Regex::new(source).map_err(|error| bad_regex(text, &error))?;
        return Ok(Parsed::Regex(source.to_owned()));
    }
    if is_home(text) {
        return Err(PatternError::Home {
            pattern: text.to_owned(),
        });
    }
    if text.ends_with(is_separator) {
        return Err(PatternError::TrailingSlash {
            pattern: text.to_owned(),
        });
    }
    let from_root = Path::new(text).has_root() || text == "**" || text.starts_with("**/");
    let whole = if from_root {
        text.to_owned()
    } else {
        format!("**/{text}")
    };
    build_glob(&whole, text).map(Parsed::Glob)
}

/// Tells whether a shell would replace the start of this text by a home directory.
pub(super) fn is_home(text: &str) -> bool {
    text == "~" || text.starts_with("~/") || text.starts_with("~\\")
}

/// Compiles one name of a path that has a wildcard.
pub(super) fn name_matcher(name: &str, pattern: &str) -> Result<GlobMatcher, PatternError> {
    build_glob(name, pattern).map(|glob| glob.compile_matcher())
}

/// Compiles `whole`; errors name the pattern as it was written.
fn build_glob(whole: &str, pattern: &str) -> Result<Glob, PatternError> {
    let bad = |reason: String| PatternError::Glob {
        pattern: pattern.to_owned(),
        reason,
    };
    let inside = keep_classes_inside_names(whole).map_err(|reason| bad(reason.to_owned()))?;
    let mut builder = GlobBuilder::new(&inside);
    // Without `empty_alternates`, `x{,.bak}` silently would not match `x`.
    builder.literal_separator(true).empty_alternates(true);
    builder.case_insensitive(place::IGNORES_CASE);
    builder
        .build()
        .map_err(|error| bad(error.kind().to_string()))
}

/// Rewrites `[!x]` so that it cannot match a slash, and refuses classes globset would misread.
///
/// globset matches bytes: in a class, a letter of several bytes would match any one of them.
fn keep_classes_inside_names(text: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(text.len() + 1);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        out.push(char);
        if char == '\\' && !is_separator('\\') {
            out.extend(chars.next());
        }
        if char != '[' {
            continue;
        }
        if let Some(not) = chars.next_if(|next| matches!(next, '!' | '^')) {
            out.push(not);
            if chars.peek() == Some(&']') {
                return Err("`]` cannot be the first of a negated class: use a regex, `re:`");
            }
            out.push('/');
        }
        out.extend(chars.next_if_eq(&']'));
        copy_class(&mut chars, &mut out)?;
    }
    Ok(out)
}

/// Copies a class up to its closing bracket.
fn copy_class(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) -> Result<(), &'static str> {
    let mut before = None;
    while let Some(char) = chars.next() {
        out.push(char);
        if char == ']' {
            return Ok(());
        }
        if !char.is_ascii() {
            return Err("only ASCII letters can be in `[..]`: use `{ä,ö}` instead");
        }
        let end = if char == '-' {
            chars.peek().copied()
        } else {
            None
        };
        let spans_slash = before.is_some_and(|start| start <= '/') && end >= Some('/');
        if char == '/' || (spans_slash && end != Some(']')) {
            return Err("a class in `[..]` cannot match a slash: write the slash outside");
        }
        before = Some(char);
    }
    Ok(())
}

/// Says in one line what is wrong with a regular expression.
fn bad_regex(text: &str, error: &regex::Error) -> PatternError {
    let shown = error.to_string();
    let last = shown.lines().last().unwrap_or_default();
    let reason = last.trim().trim_start_matches("error: ").to_owned();
    PatternError::Regex {
        pattern: text.to_owned(),
        reason,
    }
}

/// Each pattern compiled alone, so together they are only too large.
fn too_big(texts: &[String], source: &dyn std::error::Error) -> PatternError {
    PatternError::TooBig {
        count: texts.len(),
        reason: source.to_string(),
    }
}

/// Why a pattern or a path cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing is written.
    #[error(
        "the pattern is empty: write a path such as {} or a name such as *.swp",
        place::EXAMPLE
    )]
    Empty,
    /// The glob does not follow the syntax.
    #[error(
        "bad glob {pattern:?}: {reason} (one of * ? [ {{ that is part of a name is written in brackets, as in [*])"
    )]
    Glob {
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The regular expression does not follow the syntax.
    #[error("bad regex {pattern:?}: {reason}")]
    Regex {
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// All patterns of a list together are too large.
    #[error("the {count} patterns of the list are too large together: {reason}")]
    TooBig {
        /// How many patterns the list has.
        count: usize,
        /// What the compiler of the patterns says.
        reason: String,
    },
    /// The pattern starts with a home directory in the shell's notation.
    #[error(
        "{pattern:?} starts with ~, which has no meaning for a service: \
         write the directory, such as /root/.ssh, or all of them, as in /home/*/.ssh"
    )]
    Home {
        /// The pattern as written.
        pattern: String,
    },
    /// A pattern of a list ends in a slash.
    #[error(
        "{pattern:?} ends in a slash: leave it out, \
         a pattern that matches a directory holds for all below it"
    )]
    TrailingSlash {
        /// The pattern as written.
        pattern: String,
    },
    /// A monitored path does not start at the root.
    #[error(
        "{path:?} is a relative path: write it from the root, such as {}",
        place::EXAMPLE
    )]
    Relative {
        /// The path as written.
        path: String,
    },
    /// A monitored path has a name that nothing can have.
    #[error(
        "{path:?} cannot be: no file can be called {name:?}; streams are looked at with their file"
    )]
    BadName {
        /// The path as written.
        path: String,
        /// The name.
        name: String,
    },
    /// A monitored path begins like that of a device.
    #[error(
        "{path:?} names a device: write the path as it begins otherwise, such as {}",
        place::EXAMPLE
    )]
    Device {
        /// The path as written.
        path: String,
    },
    /// A monitored path goes up.
    #[error("{path:?} contains `..`: write the directory it means")]
    GoesUp {
        /// The path as written.
        path: String,
    },
    /// A regular expression where a path belongs.
    #[error("{path:?} is a regex: name a directory here and use the regex in include_files")]
    RegexPath {
        /// The path as written.
        path: String,
    },
    /// A monitored path that ends in `**`.
    #[error("{path:?} ends in `**`: name the directory and set recursive = true")]
    EndsInAnyDepth {
        /// The path as written.
        path: String,
    },
    /// Braces around a slash in a monitored path.
    #[error("{path:?} has a slash inside braces: write each path on its own")]
    SlashInBraces {
        /// The path as written.
        path: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &[u8]) -> bool {
        let set = PatternSet::compile(&[pattern.to_owned()]).unwrap();
        set.first_match(path) == Some(pattern)
    }

    #[test]
    fn patterns_match_bytes() {
        // Where a backslash stands between names it takes the meaning from nothing.
        let escapes = !is_separator('\\');
        let table: [(&str, &[u8], bool); 34] = [
            ("*.swp", b"/a/b.swp", true),
            ("*.swp", b"/a/.b.swp", true),
            ("*.swp", b"/a/b.swpx", false),
            ("*.swp", b"/a.swp/b", false),
            ("*.swp", b"/a/\xff\xfe.swp", true),
            ("*~", b"/a/b~", true),
            ("__pycache__", b"/usr/lib/__pycache__", true),
            ("**/*.swp", b"/b.swp", true),
            ("**/*.swp", b"/a/b/c.swp", true),
            ("/etc/mtab", b"/etc/mtab", true),
            ("/etc/mtab", b"/x/etc/mtab", false),
            ("/etc/*", b"/etc/a", true),
            ("/etc/*", b"/etc/a/b", false),
            ("/etc/**", b"/etc/a/b", true),
            ("/home/*/.ssh", b"/home/\xff/.ssh", true),
            ("/home/*/.ssh", b"/home/a/b/.ssh", false),
            ("/a/**/z", b"/a/z", true),
            ("/a/**/z", b"/a/b/c/z", true),
            ("build/out", b"/x/build/out", true),
            ("build/out", b"/x/build/y/out", false),
            ("x{,.bak}", b"/a/x", true),
            ("x{,.bak}", b"/a/x.bak", true),
            ("[ab]?", b"/z/bq", true),
            ("[ab]?", b"/z/b", false),
            ("/a[!b]c", b"/a/c", false),
            ("/a[!b]c", b"/axc", true),
            ("a?b", b"/a/b", false),
            ("\\*", b"/z/*", escapes),
            ("\\*", b"/z/y", false),
            ("re:~$", b"/a/b~", true),
            ("re:^/etc/.*[.]d(/|$)", b"/etc/cron.d/x", true),
            ("re:(?i)\\.SW[NOP]$", b"/a/b.swo", true),
            ("re:(?-u)\\xff", b"/a/\xff", true),
            ("*", b"/a/new\nline", true),
        ];
        for (pattern, path, expected) in table {
            let shown = String::from_utf8_lossy(path);
            assert_eq!(matches(pattern, path), expected, "{pattern} on {shown}");
        }
    }

    #[test]
    fn the_first_of_several_matching_patterns_is_named() {
        let texts = ["re:b$", "*.c", "/a/*"].map(String::from);
        let set = PatternSet::compile(&texts).unwrap();
        assert_eq!(set.first_match(b"/a/x.c"), Some("*.c"));
        assert_eq!(set.first_match(b"/a/b"), Some("re:b$"));
        assert_eq!(set.first_match(b"/a/q"), Some("/a/*"));
        assert_eq!(set.first_match(b"/q/q"), None);
    }

    #[test]
    fn wrong_patterns_are_refused_with_the_next_step() {
        let table = [
            ("", "empty"),
            ("a[", "unclosed"),
            ("{a,b", "bad glob"),
            ("[z-a]", "bad glob"),
            ("[ä]", "{ä,ö}"),
            ("[+-9]", "slash"),
            ("[!]a]", "re:"),
            ("re:(", "unclosed group"),
            ("re:[z-a]", "bad regex"),
            ("~/x", "/home/*/.ssh"),
            ("cache/", "leave it out"),
        ];
        for (pattern, expected) in table {
            let message = check_pattern(pattern).unwrap_err().to_string();
            assert!(message.contains(expected), "{pattern}: {message}");
        }
    }
}
