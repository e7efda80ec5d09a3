//! What truly happened to each path, step by step: [`History`]. Nothing may be journalled that
//! never was, nor in another order.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::tree::{Object, State, digest, is, is_about_file, path_of, said};

/// All that was ever at each path, in order; `None` is nothing.
pub(super) struct History {
    now: State,
    past: BTreeMap<String, Vec<Option<Object>>>,
}

impl History {
    /// Begins with the tree as it is.
    pub(super) fn new(now: State) -> History {
        let past = now.iter();
        let past = past.map(|(path, object)| (path.clone(), vec![Some(object.clone())]));
        History {
            past: past.collect(),
            now,
        }
    }

    /// Returns the tree as it was last seen.
    pub(super) fn now(&self) -> &State {
        &self.now
    }

    /// Takes note of what one action led to.
    pub(super) fn go_on(&mut self, next: State) {
        let gone = self.now.keys().filter(|path| !next.contains_key(*path));
        for path in gone {
            self.past.entry(path.clone()).or_default().push(None);
        }
        for (path, object) in &next {
            let before = self.now.get(path);
            if before == Some(object) {
                continue;
            }
            let past = self.past.entry(path.clone()).or_default();
            if before.is_none() && past.is_empty() {
                past.push(None);
            }
            if object.kind == "file" {
                // Who writes a file anew empties it first, and somebody may look in between.
                past.push(Some(Object {
                    value: digest(b""),
                    ..object.clone()
                }));
            }
            past.push(Some(object.clone()));
        }
        self.now = next;
    }

    /// Says whether an object was so in another directory: who looks into one while it is renamed sees
    /// what becomes of it there.
    fn was_elsewhere(&self, path: &str, told: &Object) -> bool {
        let name = Path::new(path).file_name();
        let mut alike = self.past.iter();
        alike.any(|(other, past)| {
            let is_named_so = Path::new(other).file_name() == name;
            is_named_so && past.iter().flatten().any(|object| object == told)
        })
    }

    /// Checks that everything that is told of a path was so, in this order. Where signals came late, a
    /// look may have told already of a file that came and went, and the signals tell it once more.
    pub(super) fn explains(&self, events: &[Value], is_late: bool) {
        let mut reached: BTreeMap<String, usize> = BTreeMap::new();
        for event in events.iter().filter(|event| is_about_file(event)) {
            let path = path_of(event);
            let told = said(&event["file"]);
            let is_it = |truth: &Option<Object>| match truth {
                None => is(event, "deleted"),
                Some(_) if is(event, "deleted") => false,
                // Of what came and went nobody knows more.
                Some(object) if told.inode.is_empty() => object.kind == told.kind,
                Some(object) => *object == told,
            };
            if is_late && told.inode.is_empty() {
                continue;
            }
            let past = self.past.get(&path).map_or(&[][..], Vec::as_slice);
            let from = reached.entry(path.clone()).or_default();
            let rest = past.get(*from..).unwrap_or_default();
            let found = rest.iter().position(is_it);
            if found.is_none() && !is(event, "deleted") && self.was_elsewhere(&path, &told) {
                continue;
            }
            let Some(found) = found else {
                panic!("{event}\nis not in what is left of the truth: {rest:#?}\nof {past:#?}");
            };
            *from += found;
        }
    }
}
