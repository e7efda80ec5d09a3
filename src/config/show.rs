//! The effective configuration written out with every default: [`Config::to_toml`].
//!
//! Reading the text back gives the same configuration. The one exception are paths that are not
//! UTF-8, which only the command line can give: they stand in a comment.

use std::fmt::Write as _;

use waxseal_hashers::HashType;

use super::Config;
use super::backends::Backend;
use super::output::FileOutput;
use super::schedule::Schedule;
use super::settings::OFF;
use super::size::show_size;
use super::span::show_span;
use crate::policy::{MonitorSpec, PathPattern};
use crate::state::escape;

impl Config {
    /// Writes the configuration as TOML with every setting filled in.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let settings = &self.settings;
        line(&mut text, "scan_at_start", settings.scan_at_start);
        line(
            &mut text,
            "scan_rate_per_sec",
            quoted(&show_size(settings.scan_rate_per_sec)),
        );
        for (key, schedule) in [
            ("schedule", &settings.schedule),
            ("full_schedule", &settings.full_schedule),
        ] {
            let shown = schedule.as_ref().map(Schedule::to_string);
            line(&mut text, key, quoted(shown.as_deref().unwrap_or(OFF)));
        }
        for (key, span) in [
            ("schedule_max_delay", settings.schedule_max_delay),
            ("poll_interval", settings.poll_interval),
        ] {
            line(&mut text, key, quoted(&show_span(span)));
        }
        let backends = settings
            .backends
            .iter()
            .map(|backend| Backend::name(*backend));
        line(&mut text, "backends", list(backends));
        for monitor in &self.policy.monitors {
            push_monitor(&mut text, monitor);
        }
        if let Some(form) = settings.stdout {
            text.push_str("\n[output.stdout]\n");
            line(&mut text, "format", quoted(form.name()));
        }
        if let Some(file) = &settings.file {
            push_file(&mut text, file);
        }
        text
    }
}

fn push_file(text: &mut String, file: &FileOutput) {
    text.push_str("\n[output.file]\n");
    // Configured as text, so it is UTF-8.
    line(text, "path", quoted(&file.path.to_string_lossy()));
    line(text, "rotate_size", quoted(&show_size(file.rotate_size)));
    let age = show_span(file.rotate_age.unwrap_or_default());
    line(text, "rotate_age", quoted(&age));
    line(text, "keep", file.keep);
}

fn push_monitor(text: &mut String, monitor: &MonitorSpec) {
    text.push_str("\n[[monitor]]\n");
    line(text, "name", quoted(&monitor.name));
    text.push_str("paths = [\n");
    for path in &monitor.paths {
        push_path(text, path);
    }
    text.push_str("]\n");
    line(text, "recursive", monitor.recursive);
    line(text, "exclude_files", list(&monitor.exclude_files));
    line(text, "include_files", list(&monitor.include_files));
    line(
        text,
        "hash_types",
        list(monitor.hash_types.iter().map(HashType::name)),
    );
    line(text, "attributes", list(&monitor.attributes));
    line(text, "accept", quoted(monitor.accept.name()));
    line(text, "realtime", monitor.realtime);
    line(text, "tags", list(&monitor.tags));
    line(text, "one_file_system", monitor.one_file_system);
    line(
        text,
        "max_file_size",
        quoted(&show_size(monitor.max_file_size.unwrap_or(0))),
    );
}

fn push_path(text: &mut String, path: &PathPattern) {
    let written = match path {
        PathPattern::Glob(glob) => Some(glob.clone()),
        PathPattern::Literal(literal) => literal.to_str().map(|plain| {
            let reads_back = PathPattern::parse(plain).as_ref() == Ok(path);
            if reads_back {
                plain.to_owned()
            } else {
                globset::escape(plain)
            }
        }),
    };
    match (written, path) {
        (Some(written), _) => {
            let _ = writeln!(text, "    {},", quoted(&written));
        }
        (None, PathPattern::Literal(literal)) => {
            let _ = writeln!(text, "    # not UTF-8: {}", escape::path(literal));
        }
        (None, PathPattern::Glob(_)) => {}
    }
}

fn line(text: &mut String, key: &str, value: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{key} = {value}");
}

fn list<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    let items: Vec<String> = items
        .into_iter()
        .map(|item| quoted(item.as_ref()))
        .collect();
    format!("[{}]", items.join(", "))
}

/// Writes a text as TOML does.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
