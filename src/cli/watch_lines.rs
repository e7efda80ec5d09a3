//! What `waxseal status` says of a running watch: one line for each thing.

use std::time::Duration;

use serde_json::{Value, json};

use super::status::{shown, titled};
use crate::report::{bytes, count, moment, seconds};

/// Returns the lines about a watch, by what it answered.
pub(super) fn of(watch: &Result<Option<Value>, String>) -> Vec<String> {
    let state = match watch {
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
    let mut lines = vec![titled("watch", &running(state))];
    lines.extend(each(state, "roots").map(|root| titled("root", &root_line(root))));
    lines.extend(each(state, "backends").flat_map(backend_lines));
    lines.extend(texts(state, "reading"));
    if let Some(trouble) = state["store"].as_str() {
        let text = format!("cannot be written for now: {}", shown(trouble));
        lines.push(titled("trouble", &text));
    }
    let canary = state["canary"].as_str();
    lines.extend(canary.map(|trouble| titled("canary", &shown(trouble))));
    lines.extend(texts(state, "polled"));
    lines.extend(each(state, "outputs").map(|output| titled("output", &output_line(output))));
    lines.extend(next_lines(state));
    let collapsed = state.pointer("/heard/collapsed").and_then(Value::as_u64);
    if let Some(collapsed) = collapsed.filter(|collapsed| *collapsed > 0) {
        let directories = count_of(collapsed, "directory", "directories");
        let text = format!("{directories} were looked at as a whole in storms");
        lines.push(titled("collapsed", &text));
    }
    lines
}

/// Returns the values of a list.
fn each<'s>(state: &'s Value, key: &str) -> impl Iterator<Item = &'s Value> {
    state
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Returns a line for each text of a list.
fn texts(state: &Value, key: &str) -> Vec<String> {
    let line = |text: &Value| titled(key, &shown(text.as_str().unwrap_or("?")));
    each(state, key).map(line).collect()
}

fn backend_lines(backend: &Value) -> Vec<String> {
    let name = backend["name"].as_str().unwrap_or("?");
    let directories = number_of(backend, "directories");
    let text = match backend["unusable"].as_str() {
        Some(reason) => format!("{name}: not used: {}", shown(reason)),
        None => format!(
            "{name}: {}, {} heard",
            count_of(directories, "directory", "directories"),
            count(number_of(backend, "signals"), "signal")
        ),
    };
    let mut lines = vec![titled("backend", &text)];
    let overflows = number_of(backend, "overflows");
    if overflows > 0 {
        let text = format!("{name}: its queue ran over {}", count(overflows, "time"));
        lines.push(titled("overflow", &text));
    }
    // What one that covers nothing cannot do does not matter.
    let limits = each(backend, "limits").filter(|_| directories > 0);
    let line = |limit: &Value| {
        let text = format!("{name}: {}", shown(limit.as_str().unwrap_or("?")));
        titled("limit", &text)
    };
    lines.extend(limits.map(line));
    lines
}

/// Says when the next scans start by themselves.
fn next_lines(state: &Value) -> Vec<String> {
    let kinds = [
        ("scan", "scan"),
        ("full_scan", "scan that reads everything"),
    ];
    let line = |(key, what): (&str, &str)| {
        let pointer = format!("/schedule/{key}/next");
        let next = state.pointer(&pointer).filter(|next| next.is_string())?;
        let next = moment(&json!({ "@timestamp": next }));
        Some(titled("next", &format!("{what}: {next}")))
    };
    kinds.into_iter().filter_map(line).collect()
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
