//! What the journal and every sink carry: [`Event`]s about files and [`Notice`]s about the monitor
//! itself, as JSON documents in ECS 8 names.
//!
//! An event is a view on states that someone else owns; [`Writer`] turns it into a document. File
//! documents are a superset of those of Auditbeat's file_integrity module, so its dashboards and
//! detection rules work on them unchanged. Storing, chaining and delivering are not done here.

mod file;
mod notice;

#[cfg(test)]
mod tests;

pub use notice::{Notice, NoticeAction};

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use waxseal_platform::bytes::path_to_bytes;
use waxseal_platform::host;
use waxseal_platform::names::Names;
use waxseal_platform::stat::Timestamp;

use crate::change::{Actions, Field};
use crate::policy::Rule;
use crate::state::{FileState, escape};

/// The version of the Elastic Common Schema whose names are used.
pub const ECS_VERSION: &str = "8.17.0";

/// How a change was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// A scan compared what is there with what was remembered.
    Scan,
}

impl FoundBy {
    /// Returns the value of `waxseal.found_by`.
    pub fn name(self) -> &'static str {
        match self {
            FoundBy::Scan => "scan",
        }
    }
}

/// One change of one path, with the states it lies between.
#[derive(Clone, Debug)]
pub struct Event<'e> {
    /// What happened.
    pub actions: Actions,
    /// When it was noticed.
    pub at: Timestamp,
    /// The path it happened to; the new one of a move.
    pub path: &'e Path,
    /// The path before a move.
    pub moved_from: Option<&'e Path>,
    /// What was at the path, when a move put an end to it.
    pub replaced: Option<&'e FileState>,
    /// The state before, if there was one.
    pub before: Option<&'e FileState>,
    /// The state after, if there is one.
    pub after: Option<&'e FileState>,
    /// The fields that differ between the two.
    pub changed: Vec<Field>,
    /// Whether the path now differs from its approved state.
    pub drift: bool,
    /// How it was noticed.
    pub found_by: FoundBy,
    /// The rule under which the path is watched.
    pub rule: Option<&'e Rule>,
}

/// Turns events and notices into documents; knows this host and its users.
#[derive(Debug)]
pub struct Writer {
    host: Value,
    names: Names,
}

impl Writer {
    /// Returns a writer for documents of this host.
    pub fn new() -> Writer {
        let mut host = json!({
            "name": host::hostname(),
            "architecture": host::architecture(),
            "os": { "type": host::os_name(), "kernel": host::kernel_release() },
        });
        if let (Some(id), Some(object)) = (host::machine_id(), host.as_object_mut()) {
            object.insert("id".to_owned(), Value::String(id));
        }
        Writer {
            host,
            names: Names::new(),
        }
    }

    /// Returns the names of users and groups, cached.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Returns the document of an event; it has an id when it is journalled.
    pub fn event(&self, event: &Event<'_>, id: Option<&str>) -> Value {
        let mut document = self.envelope(event.at);
        let mut own = json!({
            "kind": "event",
            "category": ["file"],
            "module": "file_integrity",
            "dataset": "file",
            "action": event.actions.iter().map(|action| action.name()).collect::<Vec<_>>(),
            "type": event_types(&event.actions),
        });
        if let (Some(id), Some(object)) = (id, own.as_object_mut()) {
            object.insert("id".to_owned(), json!(id));
        }
        document.insert("event".to_owned(), own);
        document.insert("service".to_owned(), json!({ "type": "file_integrity" }));
        if let Some(state) = event.after.or(event.before) {
            document.insert("file".to_owned(), self.file(event.path, state));
        }
        document.insert("waxseal".to_owned(), self.waxseal(event));
        if let Some(rule) = event.rule.filter(|rule| !rule.tags.is_empty()) {
            document.insert("tags".to_owned(), json!(rule.tags));
        }
        Value::Object(document)
    }

    /// Returns the document of a notice.
    pub fn notice(&self, notice: &Notice, id: &str) -> Value {
        let mut document = self.envelope(notice.at);
        document.insert(
            "event".to_owned(),
            json!({
                "id": id,
                "kind": "event",
                "category": ["configuration"],
                "type": ["info"],
                "module": "waxseal",
                "dataset": "waxseal.notice",
                "action": notice.action.name(),
            }),
        );
        document.insert("message".to_owned(), Value::String(notice.message.clone()));
        for (key, value) in &notice.fields {
            document.insert(key.clone(), value.clone());
        }
        Value::Object(document)
    }

    /// Returns the `file` object of one state.
    pub fn file(&self, path: &Path, state: &FileState) -> Value {
        Value::Object(file::object(&self.names, path, state))
    }

    fn envelope(&self, at: Timestamp) -> Map<String, Value> {
        let mut document = Map::new();
        document.insert("@timestamp".to_owned(), time(at));
        document.insert("ecs".to_owned(), json!({ "version": ECS_VERSION }));
        document.insert("host".to_owned(), self.host.clone());
        document.insert(
            "agent".to_owned(),
            json!({ "type": "waxseal", "version": env!("CARGO_PKG_VERSION") }),
        );
        document
    }

    fn waxseal(&self, event: &Event<'_>) -> Value {
        let mut own = Map::new();
        own.insert("drift".to_owned(), Value::Bool(event.drift));
        own.insert("found_by".to_owned(), json!(event.found_by.name()));
        if let Some(rule) = event.rule {
            own.insert("rule".to_owned(), json!(rule.name));
        }
        if !event.changed.is_empty() {
            let names: Vec<String> = event.changed.iter().map(Field::to_string).collect();
            own.insert("changed".to_owned(), json!(names));
        }
        if let Some(encoded) = path_bytes(event.path) {
            own.insert("path_bytes".to_owned(), encoded);
        }
        if let (Some(before), Some(_)) = (event.before, event.after) {
            let path = event.moved_from.unwrap_or(event.path);
            let mut earlier = file::object(&self.names, path, before);
            if let Some(encoded) = path_bytes(path) {
                earlier.insert("path_bytes".to_owned(), encoded);
            }
            own.insert("before".to_owned(), Value::Object(earlier));
        }
        if let Some(replaced) = event.replaced {
            own.insert("replaced".to_owned(), self.file(event.path, replaced));
        }
        Value::Object(own)
    }
}

impl Default for Writer {
    fn default() -> Writer {
        Writer::new()
    }
}

/// Returns the sorted, unique `event.type` values of some actions.
fn event_types(actions: &Actions) -> Vec<&'static str> {
    let mut types: Vec<&str> = actions.iter().map(|action| action.event_type()).collect();
    types.sort_unstable();
    types.dedup();
    types
}

/// Returns a path as JSON text: itself when it is UTF-8, else its escaped form.
pub fn path_text(path: &Path) -> String {
    match path.to_str() {
        Some(text) => text.to_owned(),
        None => escape::path(path).into_owned(),
    }
}

/// Returns the bytes of a path in base64 when its text form does not determine them.
pub fn path_bytes(path: &Path) -> Option<Value> {
    path.to_str()
        .is_none()
        .then(|| Value::String(BASE64_STANDARD.encode(path_to_bytes(path))))
}

/// Returns a time as RFC 3339 text in UTC, or as bare seconds beyond the year 9999.
pub fn time(at: Timestamp) -> Value {
    let nanos = i32::try_from(at.nanos()).unwrap_or(0);
    match jiff::Timestamp::new(at.secs(), nanos) {
        Ok(instant) => Value::String(instant.to_string()),
        Err(_) => Value::String(format!("@{}.{:09}", at.secs(), at.nanos())),
    }
}
