//! `waxseal status`: what there is, and how the last scan went.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use waxseal_platform::stat::Timestamp;

use super::exit_code::ExitCode;
use super::look::SPOTS_LISTED;
use super::settings::Settings;
use super::watched::Watched;
use crate::baseline::{BlindSpot, Counts, Reader, ScanRun};
use crate::event::{path_text, time};
use crate::policy::MonitorSpec;
use crate::report::{bytes, count, seconds};
use crate::state::escape;

/// Runs `waxseal status`.
pub(super) fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let reader = Reader::open(&settings.state_dir()?)?;
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
        })
    }

    fn lines(&self, is_verbose: bool) -> Vec<String> {
        let Counts {
            trusted,
            drifting,
            events,
        } = self.counts;
        let shown = |text: &str| escape::bytes(text.as_bytes()).into_owned();
        let open = match drifting {
            0 => "nothing".to_owned(),
            number => format!(
                "{}: `waxseal check` shows them",
                count(number, "difference")
            ),
        };
        let config = self
            .config
            .as_deref()
            .map_or_else(|| "none".to_owned(), shown);
        let mut lines = vec![
            format!("state directory  {}", shown(&self.reader_dir)),
            format!(
                "store            {}, id {}, made {}",
                bytes(self.size),
                self.store_id,
                moment(self.created)
            ),
            format!("configuration    {config}"),
            format!("approved         {}", count(trusted, "path")),
            format!("open             {open}"),
            format!("journal          {}", count(events, "event")),
            format!(
                "last scan        {}",
                self.last
                    .as_ref()
                    .map_or_else(|| "never".to_owned(), scan_line)
            ),
        ];
        if let Some(error) = &self.policy_error {
            lines.push(format!("policy           unknown: {error}"));
        }
        for monitor in &self.monitors {
            let paths: Vec<String> = monitor
                .paths
                .iter()
                .map(|path| shown(&path.to_string()))
                .collect();
            let types = monitor.hash_types.to_string();
            lines.push(format!(
                "monitor          {}: {} ({types})",
                shown(&monitor.name),
                paths.join(", ")
            ));
        }
        let limit = if is_verbose { usize::MAX } else { SPOTS_LISTED };
        for spot in self.blind.iter().take(limit) {
            lines.push(format!(
                "not looked at    {}: {}",
                escape::path(&spot.path),
                shown(&spot.cause)
            ));
        }
        if self.blind.len() > limit {
            let more = count((self.blind.len() - limit) as u64, "more path");
            lines.push(format!("not looked at    {more}: --verbose lists them all"));
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
        })
    }
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
