//! `waxseal status`: what there is, and how the last scan went.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use waxseal_platform::stat::Timestamp;

use super::exit_code::ExitCode;
use super::look::SPOTS_LISTED;
use super::settings::Settings;
use super::watch_lines;
use super::watched::{Watched, shown_pattern};
use crate::baseline::{BlindSpot, Counts, Reader, ScanRun};
use crate::engine;
use crate::event::{path_text, time};
use crate::policy::MonitorSpec;
use crate::report::{bytes, count, seconds};
use crate::state::escape;

/// Runs `waxseal status`.
pub(super) fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let reader = settings.open_reader()?;
    let status = Status::read(&reader, settings)?;
    settings.print(&status.lines(settings.style.is_verbose), &status.object())?;
    Ok(ExitCode::Clean)
}

/// Everything there is to say.
struct Status {
    reader_dir: String,
    store_id: String,
    created: Timestamp,
    size: u64,
    counts: Counts,
    last: Option<ScanRun>,
    blind: Vec<BlindSpot>,
    config: Option<String>,
    monitors: Vec<MonitorSpec>,
    /// Why the policy is not known.
    policy_error: Option<String>,
    /// How the running watch is doing, or why it does not say.
    watch: Result<Option<Value>, String>,
}

impl Status {
    fn read(reader: &Reader, settings: &Settings) -> anyhow::Result<Status> {
        let last = reader.last_scan()?;
        let blind = match &last {
            Some(run) => reader.blind_spots(run.id)?,
            None => Vec::new(),
        };
        // A broken configuration is worth a line here, not a refusal to say the rest.
        let (config, monitors, policy_error) = match Watched::load(settings, Some(reader)) {
            Ok(watched) => {
                let path = watched
                    .loaded
                    .as_ref()
                    .map(|loaded| path_text(&loaded.path));
                (path, watched.policy.spec().monitors.clone(), None)
            }
            Err(error) => (None, Vec::new(), Some(super::chain(&error))),
        };
        Ok(Status {
            reader_dir: path_text(reader.state_dir()),
            store_id: reader.store_id().to_owned(),
            created: reader.created_at()?,
            size: size_of(reader.state_dir()),
            counts: reader.counts()?,
            last,
            blind,
            config,
            monitors,
            policy_error,
            watch: ask(reader)?,
        })
    }

    fn lines(&self, is_verbose: bool) -> Vec<String> {
        let open = match self.counts.drifting {
            0 => "nothing".to_owned(),
            1 => "1 path: `waxseal check` shows it".to_owned(),
            number => format!("{number} paths: `waxseal check` shows them"),
        };
        let made = moment(self.created);
        let store = format!("{}, id {}, made {made}", bytes(self.size), self.store_id);
        let config = self.config.as_deref().unwrap_or("none");
        let last = self.last.as_ref().map(scan_line);
        let mut lines = vec![
            titled("state directory", &shown(&self.reader_dir)),
            titled("store", &store),
            titled("configuration", &shown(config)),
            titled("approved", &count(self.counts.trusted, "path")),
            titled("open", &open),
            titled("journal", &count(self.counts.events, "event")),
            titled("last scan", last.as_deref().unwrap_or("never")),
        ];
        lines.extend(watch_lines::of(&self.watch));
        if let Some(error) = &self.policy_error {
            lines.push(titled("policy", &format!("unknown: {error}")));
        }
        lines.extend(self.monitors.iter().map(monitor_line));
        lines.extend(self.blind_lines(is_verbose));
        lines
    }

    fn blind_lines(&self, is_verbose: bool) -> Vec<String> {
        let limit = if is_verbose { usize::MAX } else { SPOTS_LISTED };
        let line = |spot: &BlindSpot| {
            let text = format!("{}: {}", escape::path(&spot.path), shown(&spot.cause));
            titled("not looked at", &text)
        };
        let mut lines: Vec<String> = self.blind.iter().take(limit).map(line).collect();
        if self.blind.len() > limit {
            let more = count((self.blind.len() - limit) as u64, "more path");
            lines.push(titled(
                "not looked at",
                &format!("{more}: --verbose lists them all"),
            ));
        }
        lines
    }

    fn object(&self) -> Value {
        let last = self.last.as_ref().map(|run| {
            json!({
                "started": time(run.start.at),
                "full": run.start.full,
                "finished": run.end.as_ref().map(|end| time(end.at)),
                "objects": run.end.as_ref().map(|end| end.entries),
                "bytes": run.end.as_ref().map(|end| end.bytes),
                "changes": run.end.as_ref().map(|end| end.changes),
                "not_looked_at": run.blind_spots,
            })
        });
        let spots: Vec<Value> = self
            .blind
            .iter()
            .take(SPOTS_LISTED)
            .map(|spot| json!({ "path": path_text(&spot.path), "cause": spot.cause }))
            .collect();
        json!({
            "state_dir": self.reader_dir,
            "store": { "id": self.store_id, "bytes": self.size, "created": time(self.created) },
            "config": self.config,
            "policy_error": self.policy_error,
            "approved": self.counts.trusted,
            "open": self.counts.drifting,
            "events": self.counts.events,
            "last_scan": last,
            "not_looked_at": spots,
            "monitors": self.monitors,
            "watch": self.watch.as_ref().ok(),
            "watch_error": self.watch.as_ref().err().map(ToString::to_string),
        })
    }
}

/// Asks the watch how it is; one that runs and cannot be asked is no missing one.
fn ask(reader: &Reader) -> anyhow::Result<Result<Option<Value>, String>> {
    Ok(match engine::ask(reader.state_dir()) {
        Ok(None) if reader.is_watched()? => Err(
            "its socket watch.sock in the state directory is gone, end it and start it again"
                .to_owned(),
        ),
        answered => answered.map_err(|error| error.to_string()),
    })
}

pub(super) fn titled(title: &str, text: &str) -> String {
    format!("{title:<15}  {text}")
}

pub(super) fn shown(text: &str) -> String {
    escape::bytes(text.as_bytes()).into_owned()
}

fn monitor_line(monitor: &MonitorSpec) -> String {
    let paths: Vec<String> = monitor.paths.iter().map(shown_pattern).collect();
    let (name, types) = (shown(&monitor.name), monitor.hash_types);
    titled(
        "monitor",
        &format!("{name}: {} ({types})", paths.join(", ")),
    )
}

fn scan_line(run: &ScanRun) -> String {
    let start = moment(run.start.at);
    let Some(end) = &run.end else {
        return format!("{start}, not finished: it is running, or was interrupted");
    };
    let blind = match run.blind_spots {
        0 => String::new(),
        number => format!(", {} not looked at", count(number, "path")),
    };
    format!(
        "{start}, {}, {}, {} read{blind}",
        seconds(between(run.start.at, end.at)),
        count(end.entries, "path"),
        bytes(end.bytes)
    )
}

/// Returns the time between two moments, none if the clock went back.
fn between(start: Timestamp, end: Timestamp) -> Duration {
    let nanos = |at: Timestamp| i128::from(at.secs()) * 1_000_000_000 + i128::from(at.nanos());
    let passed = nanos(end).saturating_sub(nanos(start));
    Duration::from_nanos(u64::try_from(passed).unwrap_or(0))
}

fn moment(at: Timestamp) -> String {
    crate::report::moment(&json!({ "@timestamp": time(at) }))
}

/// Returns how much space the store takes.
fn size_of(state_dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(state_dir) else {
        return 0;
    };
    let sizes = entries.flatten().filter_map(|entry| entry.metadata().ok());
    sizes
        .filter(|found| found.is_file())
        .map(|found| found.len())
        .sum()
}
