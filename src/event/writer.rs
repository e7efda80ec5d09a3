//! [`Writer`]: events and notices as the text of JSON documents.
//!
//! A document is written in one go from borrowed values, in a fixed order of its keys; no tree of
//! it is ever built. What is the same in every document of a host is made into text once.

use std::path::Path;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use waxseal_platform::host;
use waxseal_platform::names::Names;

use super::file::File;
use super::text::{Shown, Time};
use super::waxseal::WaxsealObject;
use super::who::{Container, Named, Objects, ProcessObject, UserObject};
use super::{ECS_VERSION, Event, Notice};
use crate::change::Actions;
use crate::policy::Rule;
use crate::state::FileState;

/// Room for most documents: an update, both states with one digest, and a process.
const ROOM: usize = 3072;

/// Turns events and notices into documents; knows this host and its users.
#[derive(Debug)]
pub struct Writer {
    host: Box<RawValue>,
    agent: Box<RawValue>,
    ecs: Box<RawValue>,
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
        let agent = json!({ "type": "waxseal", "version": env!("CARGO_PKG_VERSION") });
        Writer {
            host: fixed(&host),
            agent: fixed(&agent),
            ecs: fixed(&json!({ "version": ECS_VERSION })),
            names: Names::new(),
        }
    }

    /// Returns the names of users and groups, cached.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Returns the document of an event; it has an id when it is journalled.
    pub fn event(&self, event: &Event<'_>, id: Option<&str>) -> String {
        let names = &self.names;
        let Objects {
            process,
            user,
            group,
            container,
            who,
        } = Objects::of(names, event.actors);
        let kind = event.after.or(event.before).map(|state| state.stat.kind);
        written(&Document {
            at: Shown(Time(event.at)),
            event: EventObject {
                id,
                kind: "event",
                category: ["file"],
                module: "file_integrity",
                dataset: "file",
                action: event.actions.iter().map(|action| action.name()).collect(),
                types: event_types(&event.actions),
            },
            file: File {
                names,
                path: event.path,
                kind: kind.or(event.kind),
                state: event.after.or(event.before),
                with_bytes: false,
            },
            process,
            user,
            group,
            container,
            waxseal: WaxsealObject { names, event, who },
            tags: tags(event.rule, event.tags),
            service: Service {
                name: "file_integrity",
            },
            host: &self.host,
            agent: &self.agent,
            ecs: &self.ecs,
        })
    }

    /// Returns the document of a notice.
    pub fn notice(&self, notice: &Notice, id: &str) -> String {
        written(&NoticeDocument {
            at: Shown(Time(notice.at)),
            event: EventObject {
                id: Some(id),
                kind: "event",
                category: ["configuration"],
                module: "waxseal",
                dataset: "waxseal.notice",
                action: notice.action.name(),
                types: vec!["info"],
            },
            message: &notice.message,
            fields: &notice.fields,
            host: &self.host,
            agent: &self.agent,
            ecs: &self.ecs,
        })
    }

    /// Returns the `file` object of one state.
    pub fn file(&self, path: &Path, state: &FileState) -> Value {
        serde_json::to_value(File::of(&self.names, path, state)).expect("every key is text")
    }
}

impl Default for Writer {
    fn default() -> Writer {
        Writer::new()
    }
}

/// The document of an event, in the order in which it is written.
#[derive(Serialize)]
struct Document<'d> {
    #[serde(rename = "@timestamp")]
    at: Shown<Time>,
    event: EventObject<'d, Vec<&'d str>>,
    file: File<'d>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<ProcessObject<'d>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserObject<'d>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<Container<'d>>,
    waxseal: WaxsealObject<'d>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'d str>,
    service: Service,
    host: &'d RawValue,
    agent: &'d RawValue,
    ecs: &'d RawValue,
}

/// The document of a notice, in the order in which it is written.
#[derive(Serialize)]
struct NoticeDocument<'d> {
    #[serde(rename = "@timestamp")]
    at: Shown<Time>,
    event: EventObject<'d, &'d str>,
    message: &'d str,
    #[serde(flatten)]
    fields: &'d Map<String, Value>,
    host: &'d RawValue,
    agent: &'d RawValue,
    ecs: &'d RawValue,
}

/// The object `event`; a notice has one action, an event a list of them.
#[derive(Serialize)]
struct EventObject<'d, A> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'d str>,
    kind: &'d str,
    category: [&'d str; 1],
    module: &'d str,
    dataset: &'d str,
    action: A,
    #[serde(rename = "type")]
    types: Vec<&'d str>,
}

#[derive(Serialize)]
struct Service {
    #[serde(rename = "type")]
    name: &'static str,
}

/// Returns the tags of the rule and those of the event, each once.
fn tags<'t>(rule: Option<&'t Rule>, own: &'t [&'t str]) -> Vec<&'t str> {
    let given = rule.map_or(&[][..], |rule| &rule.tags);
    let mut tags: Vec<&str> = given.iter().map(String::as_str).collect();
    for tag in own {
        if !tags.contains(tag) {
            tags.push(tag);
        }
    }
    tags
}

/// Returns the sorted, unique `event.type` values of some actions.
fn event_types(actions: &Actions) -> Vec<&'static str> {
    let mut types: Vec<&str> = actions.iter().map(|action| action.event_type()).collect();
    types.sort_unstable();
    types.dedup();
    types
}

fn written(document: &impl Serialize) -> String {
    let mut text = Vec::with_capacity(ROOM);
    serde_json::to_writer(&mut text, document).expect("every key is text and memory takes it all");
    String::from_utf8(text).expect("JSON is UTF-8")
}

fn fixed(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("a value is always JSON")
}
