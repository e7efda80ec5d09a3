//! The `waxseal` object of a document about a file: what ECS has no name for.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use waxseal_platform::names::Names;

use super::Event;
use super::file::File;
use super::text::{Shown, exact};
use super::who::Who;
use crate::change::Field;

/// What is said of an event beside ECS.
pub(super) struct WaxsealObject<'w> {
    pub(super) names: &'w Names,
    pub(super) event: &'w Event<'w>,
    pub(super) who: Option<Who<'w>>,
}

impl Serialize for WaxsealObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let WaxsealObject { names, event, who } = self;
        let mut map = serializer.serialize_map(None)?;
        if !event.changed.is_empty() {
            map.serialize_entry("changed", &Fields(&event.changed))?;
        }
        map.serialize_entry("drift", &event.drift)?;
        map.serialize_entry("found_by", event.found_by.name())?;
        if let Some(backend) = event.backend {
            map.serialize_entry("backend", backend)?;
        }
        if let Some(rule) = event.rule {
            map.serialize_entry("rule", &rule.name)?;
        }
        if let Some(who) = who {
            map.serialize_entry("who", who)?;
        }
        if let Some(bytes) = exact(event.path.as_os_str()) {
            map.serialize_entry("path_bytes", &Shown(bytes))?;
        }
        if let (Some(before), Some(_)) = (event.before, event.after) {
            let path = event.moved_from.unwrap_or(event.path);
            let earlier = File {
                with_bytes: true,
                ..File::of(names, path, before)
            };
            map.serialize_entry("before", &earlier)?;
        }
        if let Some(replaced) = event.replaced {
            map.serialize_entry("replaced", &File::of(names, event.path, replaced))?;
        }
        map.end()
    }
}

/// The fields that differ, by name.
struct Fields<'f>(&'f [Field]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Shown))
    }
}
