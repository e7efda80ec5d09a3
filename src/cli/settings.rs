//! What the global options mean here: [`Settings`].
//!
//! Cheap things are resolved at once. The configuration is read when a subcommand asks for it, so
//! that a broken one does not keep anybody from `hash`, `log` or `status`.

use std::env;
use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Context as _;
use waxseal_platform::host;
use waxseal_platform::system_log::{Level, SystemLog};

use super::args::{Form, Globals, When};
use super::exit_code::usage;
use crate::baseline::{Baseline, Reader};
use crate::config::{self, Config};
use crate::report::{Format, Output, Reporter, Style};
use crate::schedule::Timetable;
use crate::state::escape;

/// Resolved global options.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// The form of reports.
    pub format: Format,
    /// How text looks.
    pub style: Style,
    /// Whether to leave out everything but differences and errors.
    pub is_quiet: bool,
    /// How many threads to use.
    pub threads: usize,
    config: Option<PathBuf>,
    state_dir: Option<PathBuf>,
}

/// A configuration and the file it came from.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub config: Config,
}

impl Settings {
    /// Resolves what was typed.
    pub(super) fn resolve(globals: Globals) -> anyhow::Result<Settings> {
        let absolute = |path: PathBuf| {
            std::path::absolute(&path)
                .map_err(|error| usage(format!("cannot use the path {path:?}: {error}")))
        };
        let format = match globals.format {
            Form::Text => Format::Text,
            Form::Json => Format::Json,
            Form::Ndjson => Format::Ndjson,
        };
        let is_colored = match globals.color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                let is_forbidden = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                !is_forbidden && std::io::stdout().is_terminal()
            }
        };
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        Ok(Settings {
            format,
            style: Style {
                is_colored,
                is_verbose: globals.verbose,
                is_quiet: globals.quiet,
            },
            is_quiet: globals.quiet,
            threads: globals.threads.map_or_else(cores, usize::from),
            config: globals.config.map(absolute).transpose()?,
            // Without a slash at the end, behind which a link would be followed.
            state_dir: globals
                .state_dir
                .map(absolute)
                .transpose()?
                .map(|path| path.components().collect()),
        })
    }

    /// Refuses a configuration and a state directory that the command line names.
    pub(super) fn refuse_own_places(&self, why: &str) -> anyhow::Result<()> {
        match self.config.is_some() || self.state_dir.is_some() {
            true => Err(usage(format!(
                "--config and --state-dir do not go with this: {why}"
            ))),
            false => Ok(()),
        }
    }

    /// Returns the state directory.
    pub(super) fn state_dir(&self) -> anyhow::Result<PathBuf> {
        self.state_dir.clone().or_else(host::default_state_dir).ok_or_else(|| {
            usage("you have no home directory to keep a baseline in: name a directory with --state-dir")
        })
    }

    /// Opens the store for writing, and makes it when there is none.
    pub(super) fn open_baseline(&self) -> anyhow::Result<Baseline> {
        let state_dir = self.state_dir()?;
        // A directory that was named must be there but for its last name, or a file system that
        // is not mounted would go unnoticed. In a new home nothing is there yet.
        if let (None, Some(parent)) = (&self.state_dir, state_dir.parent()) {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot create {}", escape::path(parent)))?;
        }
        let baseline = Baseline::open(&state_dir)?;
        warn_of(baseline.warning());
        Ok(baseline)
    }

    /// Opens the store for reading.
    pub(super) fn open_reader(&self) -> anyhow::Result<Reader> {
        let reader = Reader::open(&self.state_dir()?)?;
        warn_of(reader.warning());
        Ok(reader)
    }

    /// Says whether a store may exist, without looking into it.
    pub(super) fn has_state_dir(&self) -> anyhow::Result<bool> {
        Ok(self.state_dir()?.symlink_metadata().is_ok())
    }

    /// Returns where the configuration is or would be.
    pub(super) fn config_path(&self) -> anyhow::Result<PathBuf> {
        self.config.clone().or_else(host::default_config_file).ok_or_else(|| {
            usage("you have no home directory to keep a configuration in: name a file with --config")
        })
    }

    /// Says whether a configuration was named or exists, without reading it.
    pub(super) fn has_config(&self) -> bool {
        self.config_in_use().is_some()
    }

    /// Reads the configuration; there is none when the default file does not exist.
    pub(super) fn config(&self) -> anyhow::Result<Option<Loaded>> {
        let path = self.config_in_use();
        path.map(|path| self.load(&path)).transpose()
    }

    /// Refuses a configuration with mistakes; its warnings are for [`Settings::config`].
    pub(super) fn verify_config(&self) -> anyhow::Result<()> {
        let path = self.config_in_use();
        path.map_or(Ok(()), |path| {
            Ok(Config::load(&path, &self.state_dir()?).map(drop)?)
        })
    }

    fn config_in_use(&self) -> Option<PathBuf> {
        let named = self.config.clone();
        // A default file that is a dangling link is there, and reading it says what is wrong.
        let default = || host::default_config_file().filter(|path| path.symlink_metadata().is_ok());
        named.or_else(default)
    }

    /// Reads a configuration file and prints its warnings.
    pub(super) fn load(&self, path: &Path) -> anyhow::Result<Loaded> {
        let config = Config::load(path, &self.state_dir()?)?;
        verify_schedules(path, &config.settings)?;
        if !self.is_quiet {
            config
                .warnings
                .iter()
                .for_each(|warning| warn(&warning.to_string()));
        }
        Ok(Loaded {
            path: path.to_owned(),
            config,
        })
    }

    /// Returns the reporter of the standard output.
    pub(super) fn reporter(&self) -> Reporter {
        Reporter::new(self.format, self.style, Output::stdout())
    }

    /// Prints one value: lines for people, or the object.
    pub(super) fn print(&self, lines: &[String], object: &serde_json::Value) -> anyhow::Result<()> {
        let mut output = Output::stdout();
        match self.format {
            Format::Text => lines.iter().for_each(|line| output.line(line)),
            Format::Json => output.line(&format!("{object:#}")),
            Format::Ndjson => output.line(&object.to_string()),
        }
        output.finish().context("cannot write the report")
    }
}

/// Warns of what the store has to say of itself.
pub(super) fn warn_of(warning: Option<&str>) {
    if let Some(warning) = warning {
        warn(&format!("warning: {warning}"));
    }
}

/// Prints a line on standard error, and in the log that a service writes to.
pub(super) fn warn(line: &str) {
    say(Level::Warning, line);
}

/// Prints why a run failed in the same places.
pub(super) fn complain(reason: &str) {
    say(Level::Error, &format!("error: {reason}"));
}

fn say(level: Level, line: &str) {
    use std::io::Write as _;
    // Where nobody listens there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "waxseal: {line}");
    if let Some(log) = SystemLog::find() {
        let _ = log.write(level, line);
    }
}

/// Refuses schedules that never come, which only a calendar can tell.
fn verify_schedules(path: &Path, settings: &config::Settings) -> anyhow::Result<()> {
    let schedules = [
        ("schedule", &settings.schedule),
        ("full_schedule", &settings.full_schedule),
    ];
    for (key, schedule) in schedules {
        if let Some(error) = schedule.as_ref().and_then(|one| Timetable::new(one).err()) {
            let shown = escape::path(path);
            return Err(usage(format!("{shown}: {key}: {error}")));
        }
    }
    Ok(())
}
