//! Everything in a configuration file that is not a monitor: [`Settings`].

use std::path::{Path, PathBuf};

use super::schedule::Schedule;
use super::section::{Section, Source};

/// The keys at the top of a file.
pub(super) const KEYS: [&str; 5] = [
    "scan_at_start",
    "scan_rate_per_sec",
    "schedule",
    "monitor",
    "output",
];

/// How and when to scan, and where events go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether `watch` begins with a scan.
    pub scan_at_start: bool,
    /// How many bytes a second scans read at most; 0 is unlimited.
    pub scan_rate_per_sec: u64,
    /// When scans start by themselves; never unless set.
    pub schedule: Option<Schedule>,
    /// Whether events go to standard output; they do when no output is configured.
    pub stdout: bool,
    /// The file that events are appended to.
    pub file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            scan_at_start: true,
            scan_rate_per_sec: 0,
            schedule: None,
            stdout: true,
            file: None,
        }
    }
}

impl Settings {
    pub(super) fn read(top: &Section<'_>, source: &mut Source<'_>) -> Settings {
        let mut settings = Settings::default();
        if let Some(switch) = top.switch("scan_at_start", source) {
            settings.scan_at_start = switch;
        }
        if let Some(rate) = top.size("scan_rate_per_sec", source) {
            settings.scan_rate_per_sec = rate;
        }
        if let Some((text, span)) = top.text("schedule", source) {
            settings.schedule = text.parse().map_err(|error| source.error(span, error)).ok();
        }
        if let Some(output) = top.table("output", "[output.stdout] or [output.file]", source) {
            settings.read_outputs(&output, source);
        }
        settings
    }

    fn read_outputs(&mut self, output: &Section<'_>, source: &mut Source<'_>) {
        output.allow_only(&["stdout", "file"], source);
        let stdout = output.table("stdout", "[output.stdout]", source);
        if let Some(stdout) = &stdout {
            stdout.allow_only(&[], source);
        }
        let file = output.table("file", "[output.file]", source);
        if let Some(file) = &file {
            file.allow_only(&["path"], source);
            self.file = read_file_path(file, source);
        }
        self.stdout = stdout.is_some() || file.is_none();
    }
}

fn read_file_path(file: &Section<'_>, source: &mut Source<'_>) -> Option<PathBuf> {
    const NEXT: &str = "such as path = \"/var/log/waxseal/events.ndjson\"";
    match file.text("path", source) {
        Some((path, _)) if Path::new(path).has_root() => Some(PathBuf::from(path)),
        Some((path, span)) => {
            let message = format!("{path:?} is a relative path: write it from the root, {NEXT}");
            source.error(span, message);
            None
        }
        None if file.value("path").is_none() => {
            source.error(
                file.span.clone(),
                format!("[output.file] without a path: add one, {NEXT}"),
            );
            None
        }
        None => None,
    }
}
