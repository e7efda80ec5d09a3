//! `waxseal status`: what there is, and how the last scan went.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use waxseal_platform::stat::Timestamp;

use super::exit_code::ExitCode;
use super::look::SPOTS_LISTED;
use super::settings::Settings;
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
            watch: engine::ask(reader.state_dir()).map_err(|error| error.to_string()),
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
        lines.extend(self.watch_lines());
        if let Some(error) = &self.policy_error {
            lines.push(titled("policy", &format!("unknown: {error}")));
        }
        lines.extend(self.monitors.iter().map(monitor_line));
        lines.extend(self.blind_lines(is_verbose));
        lines
    }

    fn watch_lines(&self) -> Vec<String> {
        let state = match &self.watch {
            Ok(Some(state)) => state,
            Ok(None) => return vec![titled("watch", "not running")],
            Err(error) => {
                let text = format!("runs, but does not answer: {error}");
                return vec![titled("watch", &shown(&text))];
            }
        };
        if let Some(start) = state.get("starting") {
            return vec![titled("watch", &starting(state, start))];
        }
        let number = |pointer: &str| state.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
        let mut lines = vec![titled("watch", &running(state))];
        for root in state["roots"].as_array().into_iter().flatten() {
            lines.push(titled("root", &root_line(root)));
        }
        let backends = state["backends"].as_array();
        for backend in backends.into_iter().flatten() {
            let name = backend["name"].as_str().unwrap_or("?");
            let text = match backend["unusable"].as_str() {
                Some(reason) => format!("{name}: not used: {}", shown(reason)),
                None => format!(
                    "{name}: {}, {} heard",
                    count_of(
                        number_of(backend, "directories"),
                        "directory",
                        "directories"
                    ),
                    count(number_of(backend, "signals"), "signal")
                ),
            };
            lines.push(titled("backend", &text));
            let overflows = number_of(backend, "overflows");
            if overflows > 0 {
                let text = format!("{name}: its queue ran over {}", count(overflows, "time"));
                lines.push(titled("overflow", &text));
            }
            let is_used = number_of(backend, "directories") > 0;
            let limits = backend["limits"].as_array().filter(|_| is_used);
            for limit in limits.into_iter().flatten() {
                let text = format!("{name}: {}", shown(limit.as_str().unwrap_or("?")));
                lines.push(titled("limit", &text));
            }
        }
        for path in state["reading"].as_array().into_iter().flatten() {
            lines.push(titled("reading", &shown(path.as_str().unwrap_or("?"))));
        }
        if let Some(trouble) = state["store"].as_str() {
            let text = format!("cannot be written for now: {}", shown(trouble));
            lines.push(titled("trouble", &text));
        }
        if let Some(trouble) = state["canary"].as_str() {
            lines.push(titled("canary", &shown(trouble)));
        }
        for polled in state["polled"].as_array().into_iter().flatten() {
            let path = polled.as_str().unwrap_or("?");
            lines.push(titled("polled", &shown(path)));
        }
        for output in state["outputs"].as_array().into_iter().flatten() {
            lines.push(titled("output", &output_line(output)));
        }
        for (key, what) in [
            ("scan", "scan"),
            ("full_scan", "scan that reads everything"),
        ] {
            let pointer = format!("/schedule/{key}/next");
            if let Some(next) = state.pointer(&pointer).filter(|next| next.is_string()) {
                let next = crate::report::moment(&json!({ "@timestamp": next }));
                lines.push(titled("next", &format!("{what}: {next}")));
            }
        }
        let collapsed = number("/heard/collapsed");
        if collapsed > 0 {
            let text = format!(
                "{} were looked at as a whole in storms",
                count_of(collapsed, "directory", "directories")
            );
            lines.push(titled("collapsed", &text));
        }
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
        })
    }
}

fn number_of(object: &Value, key: &str) -> u64 {
    object[key].as_u64().unwrap_or(0)
}

fn count_of(number: u64, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

/// Returns one line about a running watch.
fn running(state: &Value) -> String {
    let totals = &state["totals"];
    let pending = number_of(&state["pending"], "paths") + number_of(&state["pending"], "subtrees");
    let doing = match state["idle"].as_bool() {
        Some(true) => "idle".to_owned(),
        _ => format!("busy, {} to look at", count(pending, "path")),
    };
    let latency = &totals["latency_ms"];
    let delay = match (latency["p50"].as_f64(), latency["p99"].as_f64()) {
        (Some(half), Some(most)) => {
            format!(", half of them within {half} ms, 99 of 100 within {most} ms")
        }
        _ => String::new(),
    };
    format!(
        "process {}, {doing}, {} journalled{delay}, {}, {} of memory",
        number_of(state, "pid"),
        count(number_of(totals, "events"), "event"),
        count(number_of(totals, "notices"), "notice"),
        bytes(number_of(state, "memory")),
    )
}

/// Returns one line about a watch whose start scan is under way.
fn starting(state: &Value, start: &Value) -> String {
    let took = Duration::from_secs(number_of(start, "seconds"));
    if start["waiting"].as_bool() == Some(true) {
        let pid = number_of(state, "pid");
        return format!(
            "process {pid}, waiting for an output, or another waxseal that writes, {}",
            seconds(took)
        );
    }
    format!(
        "process {}, scanning before it watches: {}, {} read in {}",
        number_of(state, "pid"),
        count(number_of(start, "paths"), "path"),
        bytes(number_of(start, "bytes_read")),
        seconds(took),
    )
}

/// Returns one line about a configured place.
fn root_line(root: &Value) -> String {
    let path = root["path"].as_str().unwrap_or("?");
    let (covered, backend) = (root["covered"].as_str(), root["backend"].as_str());
    match (covered, backend) {
        (Some(covered), Some(backend)) if covered == path => {
            format!("{}: by {backend}", shown(path))
        }
        (Some(covered), Some(backend)) => {
            format!("{}: by {backend} of {}", shown(path), shown(covered))
        }
        _ => format!("{}: nothing tells of it", shown(path)),
    }
}

fn output_line(output: &Value) -> String {
    let name = output["name"].as_str().unwrap_or("?");
    let behind = count(number_of(output, "behind"), "event");
    match output["error"].as_str() {
        Some(error) => format!("{name}: fails, {behind} behind: {}", shown(error)),
        None => format!("{name}: {behind} behind"),
    }
}

fn titled(title: &str, text: &str) -> String {
    format!("{title:<15}  {text}")
}

fn shown(text: &str) -> String {
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
