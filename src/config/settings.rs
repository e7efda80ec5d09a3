//! Everything in a configuration file that is not a monitor: [`Settings`].

use std::time::Duration;

use super::backends::{Backend, read_backends};
use super::output::{FileOutput, StdoutForm, read_file, read_stdout};
use super::problem::Problem;
use super::schedule::Schedule;
use super::section::{Section, Source};

/// The keys at the top of a file.
pub(super) const KEYS: [&str; 9] = [
    "scan_at_start",
    "scan_rate_per_sec",
    "schedule",
    "full_schedule",
    "schedule_max_delay",
    "poll_interval",
    "backends",
    "monitor",
    "output",
];

/// What stands for no schedule.
pub(super) const OFF: &str = "off";

/// When everything is read again unless the configuration says otherwise: at the time of the
/// default configuration's daily scan, which it then replaces, and not on a Sunday, when clocks
/// are changed at that hour.
const WEEKLY: &str = "30 2 * * 6";

const POLL_INTERVAL: Duration = Duration::from_secs(60);

/// How and when to scan, and where events go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether `watch` begins with a scan.
    pub scan_at_start: bool,
    /// How many bytes a second scans read at most; 0 is unlimited.
    pub scan_rate_per_sec: u64,
    /// When scans start by themselves; never unless set.
    pub schedule: Option<Schedule>,
    /// When scans that read every file start by themselves.
    pub full_schedule: Option<Schedule>,
    /// How long a start by schedule may be put off, by chance; zero is not at all.
    pub schedule_max_delay: Duration,
    /// How often is looked at what tells of no changes by itself.
    pub poll_interval: Duration,
    /// The ways to be told of changes, in the order in which they are tried for each directory.
    pub backends: Vec<Backend>,
    /// How events go to standard output; they do when no output is configured.
    pub stdout: Option<StdoutForm>,
    /// The file that events are appended to.
    pub file: Option<FileOutput>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            scan_at_start: true,
            scan_rate_per_sec: 0,
            schedule: None,
            full_schedule: WEEKLY.parse().ok(),
            schedule_max_delay: Duration::ZERO,
            poll_interval: POLL_INTERVAL,
            backends: Backend::native(),
            stdout: Some(StdoutForm::Text),
            file: None,
        }
    }
}

impl Settings {
    /// Reads the settings; beside them comes the place of the output file's path, for what only
    /// the monitors can tell about it.
    pub(super) fn read(top: &Section<'_>, source: &mut Source<'_>) -> (Settings, Option<Problem>) {
        let mut settings = Settings::default();
        if let Some(switch) = top.switch("scan_at_start", source) {
            settings.scan_at_start = switch;
        }
        if let Some(rate) = top.size("scan_rate_per_sec", source) {
            settings.scan_rate_per_sec = rate;
        }
        for (key, field) in [
            ("schedule", &mut settings.schedule),
            ("full_schedule", &mut settings.full_schedule),
        ] {
            if let Some((text, span)) = top.text(key, source) {
                *field = match text {
                    OFF => None,
                    text => text.parse().map_err(|error| source.error(span, error)).ok(),
                };
            }
        }
        if let Some(delay) = top.duration("schedule_max_delay", source) {
            settings.schedule_max_delay = delay;
        }
        settings.poll_interval = read_poll_interval(top, source);
        settings.backends = read_backends(top, source);
        let mut file_place = None;
        if let Some(output) = top.table("output", "[output.stdout] or [output.file]", source) {
            file_place = settings.read_outputs(&output, source);
        }
        (settings, file_place)
    }

    fn read_outputs(&mut self, output: &Section<'_>, source: &mut Source<'_>) -> Option<Problem> {
        output.allow_only(&["stdout", "file"], source);
        let stdout = output.table("stdout", "[output.stdout]", source);
        let file = output.table("file", "[output.file]", source);
        self.stdout = match &stdout {
            Some(stdout) => Some(read_stdout(stdout, source)),
            None => file.is_none().then_some(StdoutForm::Text),
        };
        let (file, place) = read_file(&file?, source)?;
        self.file = Some(file);
        Some(place)
    }
}

fn read_poll_interval(top: &Section<'_>, source: &mut Source<'_>) -> Duration {
    const KEY: &str = "poll_interval";
    let Some(interval) = top.duration(KEY, source) else {
        return POLL_INTERVAL;
    };
    if let Some(value) = top.value(KEY).filter(|_| interval.is_zero()) {
        let next = "write at least \"1s\"; a monitor with realtime = false is never polled";
        source.error(value.span(), format!("{KEY} is zero: {next}"));
    }
    interval
}
