//! The configuration file: TOML to [`Config`], with every mistake at its line.
//!
//! The flow is `content → tables with their places → Section → MonitorSpec and Settings`. All
//! mistakes of a file are collected before it is refused. Nothing is printed here, and what the
//! paths and patterns mean is the business of `policy`, which checks them one by one.
//!
//! Files `*.toml` in the directory beside a configuration file that is named like it (for
//! `waxseal.toml` that is `waxseal.d`) are read after it, in the order of their names. They hold
//! monitors only, so that a package can bring its own without editing the file of the
//! administrator.

mod backends;
mod monitor;
mod output;
mod problem;
mod schedule;
mod section;
mod settings;
mod show;
mod size;
mod span;

#[cfg(test)]
mod tests;

pub use backends::Backend;
pub use monitor::NOT_TAMPER_EVIDENT;
pub use output::{FileOutput, StdoutForm};
pub use problem::{ConfigError, Problem};
pub use schedule::{BadSchedule, Schedule};
pub use settings::Settings;
pub use size::{BadSize, parse_size, show_size};
pub use span::{BadSpan, parse_span, show_span};

use std::fs;
use std::io::{self, Read as _};
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use toml::de::DeTable;
use waxseal_platform::place;
use waxseal_platform::stat::Kind;

use crate::policy::{Attributes, MonitorSpec, Policy, PolicySpec, real_parent};
use crate::state::escape;
use monitor::Names;
use problem::ESCAPES;
use section::{Section, Source};

/// The bytes that a configuration file may have.
const MAX_FILE: u64 = 16 << 20;

/// What is never the same again after something was appended to a file.
const MOVED_BY_WRITING: Attributes = Attributes::SIZE
    .union(Attributes::BLOCKS)
    .union(Attributes::MTIME)
    .union(Attributes::CTIME)
    .union(Attributes::HASH);

/// Everything a configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The monitors as written; [`PolicySpec::resolved`] tells where their paths really are.
    pub policy: PolicySpec,
    /// Everything else.
    pub settings: Settings,
    /// What is allowed and probably not meant.
    pub warnings: Vec<Problem>,
}

impl Config {
    /// Reads a configuration file and the files in its drop-in directory.
    ///
    /// The state directory is where this run keeps its store: no output may be in it.
    pub fn load(path: &Path, state_dir: &Path) -> Result<Config, ConfigError> {
        let mut reading = Reading::default();
        let name = escape::path(path);
        reading.read(&name, &read_text(path)?, true);
        for drop_in in drop_ins(path)? {
            reading.read(&escape::path(&drop_in), &read_text(&drop_in)?, false);
        }
        reading.refuse_output_in(state_dir);
        reading.finish(&name)
    }

    /// Reads the content of one configuration file; `name` is what messages call it.
    pub fn parse(content: &str, name: &str) -> Result<Config, ConfigError> {
        let mut reading = Reading::default();
        reading.read(name, content, true);
        reading.finish(name)
    }
}

/// Returns the commented configuration that `waxseal init` writes on this OS.
pub fn default_toml(os_name: &str) -> &'static str {
    match os_name {
        "windows" => include_str!("defaults/windows.toml"),
        "macos" => include_str!("defaults/macos.toml"),
        _ => include_str!("defaults/linux.toml"),
    }
}

/// What has been read so far, from all files.
#[derive(Default)]
struct Reading {
    monitors: Vec<MonitorSpec>,
    names: Names,
    settings: Settings,
    /// Where the path of the output file is, without a message.
    file_place: Option<Problem>,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Reading {
    /// Reads one file; only the main one may hold settings.
    fn read(&mut self, name: &str, content: &str, is_main: bool) {
        let mut source = Source {
            name,
            content,
            errors: Vec::new(),
            warnings: Vec::new(),
        };
        let (table, syntax_errors) = DeTable::parse_recoverable(content);
        for error in &syntax_errors {
            let mut message = error.message().trim_end_matches('.').replace('\n', ", ");
            if ["escape", "unicode"]
                .iter()
                .any(|word| message.contains(word))
            {
                message = format!("{message}; {ESCAPES}");
            }
            source.error(error.span().unwrap_or(0..0), format!("not TOML: {message}"));
        }
        // What is left of a broken file would only add mistakes that are none.
        if syntax_errors.is_empty() {
            let title = if is_main {
                "the file"
            } else {
                "a drop-in file"
            };
            let top = Section {
                title,
                table: table.get_ref(),
                span: 0..0,
            };
            self.read_top(&top, is_main, &mut source);
        }
        source
            .errors
            .sort_by_key(|problem| (problem.line, problem.column));
        source
            .warnings
            .sort_by_key(|problem| (problem.line, problem.column));
        self.errors.append(&mut source.errors);
        self.warnings.append(&mut source.warnings);
    }

    fn read_top(&mut self, top: &Section<'_>, is_main: bool, source: &mut Source<'_>) {
        if is_main {
            top.allow_only(&settings::KEYS, source);
            (self.settings, self.file_place) = Settings::read(top, source);
        } else {
            top.allow_only(&["monitor"], source);
        }
        for section in top.tables("monitor", "[[monitor]]", source) {
            self.monitors
                .push(monitor::read(&section, &mut self.names, source));
        }
    }

    fn finish(mut self, name: &str) -> Result<Config, ConfigError> {
        let policy = PolicySpec {
            monitors: std::mem::take(&mut self.monitors),
        };
        if self.errors.is_empty() && policy.monitors.is_empty() {
            let message = "nothing is monitored: add a [[monitor]] with name and paths".to_owned();
            self.errors.push(Problem::at(name, "", 0..0, message));
        }
        if self.errors.is_empty() {
            match Policy::compile(&policy.resolved()) {
                Ok(policy) => self.refuse_watched_output(&policy),
                // Each entry was checked at its line; only all together can still be too large.
                Err(error) => self
                    .errors
                    .push(Problem::at(name, "", 0..0, error.to_string())),
            }
        }
        if self.errors.is_empty() {
            Ok(Config {
                policy,
                settings: self.settings,
                warnings: self.warnings,
            })
        } else {
            Err(ConfigError::Invalid {
                problems: self.errors,
            })
        }
    }

    /// Notes an output file that could be one of the store: what is appended to that destroys it.
    fn refuse_output_in(&mut self, state_dir: &Path) {
        let (Some(file), Some(place)) = (&self.settings.file, &self.file_place) else {
            return;
        };
        let state_dir = place::real(state_dir).unwrap_or_else(|_| real_parent(state_dir));
        if real_parent(&file.path).starts_with(&state_dir) {
            let shown = escape::path(&state_dir);
            self.errors.push(Problem {
                message: format!("this file is in the state directory {shown}: write elsewhere"),
                ..place.clone()
            });
        }
    }

    /// Notes an output file whose growth is an event itself, which would be written to it, and so
    /// on without end.
    fn refuse_watched_output(&mut self, policy: &Policy) {
        let (Some(file), Some(place)) = (&self.settings.file, &self.file_place) else {
            return;
        };
        let path = real_parent(&file.path);
        let Some(rule) = policy.decide(&path, Kind::File).watched() else {
            return;
        };
        let moved = rule.compared(Kind::File).intersection(MOVED_BY_WRITING);
        if !moved.is_empty() {
            // With slashes, which need no care in quotes.
            let shown = path.to_string_lossy().replace(MAIN_SEPARATOR, "/");
            let pattern = format!("{}*", globset::escape(&shown));
            let message = format!(
                "monitor {:?} watches this file, so each event would lead to another: add \
                 {pattern:?} to its exclude_files, or write elsewhere",
                rule.name
            );
            self.errors.push(Problem {
                message,
                ..place.clone()
            });
        }
    }
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let path = || path.to_owned();
    bounded_text(&path()).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ConfigError::Missing { path: path() },
        _ => ConfigError::Unreadable {
            path: path(),
            source,
        },
    })
}

/// Reads a text file that is not absurdly large, such as a device without end.
fn bounded_text(path: &Path) -> io::Result<String> {
    // A pipe would be waited for.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut content = Vec::new();
    fs::File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut content)?;
    if content.len() as u64 > MAX_FILE {
        return Err(io::Error::other("it is too large for a configuration"));
    }
    if is_utf16(&content) {
        return Err(io::Error::other("this is UTF-16: save it as UTF-8"));
    }
    String::from_utf8(content).map_err(|error| {
        let good = error
            .as_bytes()
            .iter()
            .take(error.utf8_error().valid_up_to());
        let line = good.filter(|byte| **byte == b'\n').count() + 1;
        io::Error::other(format!("line {line} is not UTF-8 text"))
    })
}

/// Says whether a text is UTF-16, as some programs of Windows write it: by its mark, or because every
/// second byte of what begins a configuration is zero then.
fn is_utf16(content: &[u8]) -> bool {
    match content {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => true,
        // Two of them are no text at all, such as what a power failure leaves.
        [first, second, ..] => (*first == 0) != (*second == 0),
        _ => false,
    }
}

/// Lists the drop-in files of a configuration file, sorted by name.
fn drop_ins(path: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let dir = path.with_extension("d");
    if dir == path {
        return Ok(Vec::new());
    }
    let unreadable = |source| ConfigError::Unreadable {
        path: dir.clone(),
        source,
    };
    let listing = match fs::read_dir(&dir) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let entries: io::Result<Vec<PathBuf>> = listing
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let mut files = entries.map_err(unreadable)?;
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "toml")
    });
    files.sort();
    Ok(files)
}
