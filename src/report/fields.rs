//! What differs, in words: each field of `waxseal.changed` with its value before and after.

use serde_json::Value;

use super::style::Style;
use crate::state::escape;

/// Digits of a digest that are shown unless all are asked for.
const DIGITS: usize = 4;

/// Characters of any other value that are shown unless all are asked for.
const VALUE: usize = 40;

/// Returns every changed field of a document with both values.
pub(super) fn changes(document: &Value, style: Style) -> String {
    let before = document.pointer("/waxseal/before").unwrap_or(&Value::Null);
    let after = document.get("file").unwrap_or(&Value::Null);
    let names = document
        .pointer("/waxseal/changed")
        .and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    let changes: Vec<String> = names
        .map(|name| change(name, before, after, style))
        .collect();
    changes.join(", ")
}

/// Returns a value as printable text.
pub(super) fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::String(text)) => escape::bytes(text.as_bytes()).into_owned(),
        Some(Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(|item| shown(Some(item))).collect();
            items.join(" ")
        }
        Some(other) => escape::bytes(other.to_string().as_bytes()).into_owned(),
    }
}

fn change(name: &str, before: &Value, after: &Value, style: Style) -> String {
    if let Some(hash_type) = name.strip_prefix("hash.") {
        let digest = |file: &Value| short(&shown(at(file, "hash", hash_type)), DIGITS, style);
        return pair(hash_type, &digest(before), &digest(after));
    }
    if let Some(attribute) = name.strip_prefix("extended_attributes.") {
        let value = |file: &Value| {
            short(
                &shown(at(file, "extended_attributes", attribute)),
                VALUE,
                style,
            )
        };
        let label = format!("xattr {}", escape::bytes(attribute.as_bytes()));
        // The name in the document is escaped already, and so it is plain.
        return pair(&label, &value(before), &value(after));
    }
    let values = (before.get(name), after.get(name));
    match name {
        "uid" => owner("owner", "uid", before, after),
        "gid" => owner("group", "gid", before, after),
        "mtime" | "ctime" | "created" | "accessed" => times(name, values),
        "attributes" => list("flags", values),
        "posix_acl_access" => list("acl", values),
        "posix_acl_default" => list("default acl", values),
        "acl" => list("acl", values),
        "origin" => list("origin", values),
        "security_descriptor" => pair("security", &shown(values.0), &shown(values.1)),
        "target_path" => pair("target", &shown(values.0), &shown(values.1)),
        _ => {
            let value = |value| short(&shown(value), VALUE, style);
            pair(
                &escape::bytes(name.as_bytes()),
                &value(values.0),
                &value(values.1),
            )
        }
    }
}

fn at<'v>(file: &'v Value, object: &str, key: &str) -> Option<&'v Value> {
    file.get(object).and_then(|object| object.get(key))
}

fn pair(label: &str, before: &str, after: &str) -> String {
    format!("{label} {before}→{after}")
}

/// Returns the first characters of a value that is too long to show.
fn short(text: &str, limit: usize, style: Style) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) if !style.is_verbose && text != "none" => {
            format!("{}…", text.get(..end).unwrap_or(text))
        }
        _ => text.to_owned(),
    }
}

/// Prefers names over numbers, unless the names are the same.
fn owner(named: &str, numbered: &str, before: &Value, after: &Value) -> String {
    let name = |file: &Value| shown(file.get(named).or_else(|| file.get(numbered)));
    let (old, new) = (name(before), name(after));
    if old == new {
        return pair(
            numbered,
            &shown(before.get(numbered)),
            &shown(after.get(numbered)),
        );
    }
    pair(named, &old, &new)
}

/// Leaves out what two times have in common, and parts of a second unless they alone differ.
fn times(label: &str, (before, after): (Option<&Value>, Option<&Value>)) -> String {
    let (old, new) = (shown(before), shown(after));
    let (Some((old_day, old_time)), Some((new_day, new_time))) =
        (old.split_once('T'), new.split_once('T'))
    else {
        return pair(label, &old, &new);
    };
    let (old_second, new_second) = (whole_seconds(old_time), whole_seconds(new_time));
    let (old_time, new_time) = if (old_day, old_second) == (new_day, new_second) {
        (
            old_time.trim_end_matches('Z'),
            new_time.trim_end_matches('Z'),
        )
    } else {
        (old_second, new_second)
    };
    let new_day = if old_day == new_day {
        String::new()
    } else {
        format!("{new_day} ")
    };
    format!("{label} {old_day} {old_time}→{new_day}{new_time}Z")
}

fn whole_seconds(time: &str) -> &str {
    time.get(..8).unwrap_or(time)
}

/// Shows what went and what came.
fn list(label: &str, (before, after): (Option<&Value>, Option<&Value>)) -> String {
    let (Some(old), Some(new)) = (items(before), items(after)) else {
        return pair(label, &shown(before), &shown(after));
    };
    let went = old
        .iter()
        .filter(|item| !new.contains(item))
        .map(|item| format!(" -{item}"));
    let came = new
        .iter()
        .filter(|item| !old.contains(item))
        .map(|item| format!(" +{item}"));
    let words: String = went.chain(came).collect();
    format!("{label}{words}")
}

/// Returns the items of a list, none for nothing; `None` for a value that is no list.
fn items(value: Option<&Value>) -> Option<Vec<String>> {
    match value {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(items)) => Some(items.iter().map(|item| shown(Some(item))).collect()),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(changed: &str, before: Value, after: Value) -> String {
        let document =
            json!({ "file": after, "waxseal": { "changed": [changed], "before": before } });
        changes(&document, Style::PLAIN)
    }

    #[test]
    fn each_field_has_its_own_words() {
        let table = [
            (
                "mode",
                json!({"mode": "0644"}),
                json!({"mode": "4755"}),
                "mode 0644→4755",
            ),
            (
                "target_path",
                json!({"target_path": "a"}),
                json!({}),
                "target a→none",
            ),
            (
                "uid",
                json!({"uid": "0", "owner": "root"}),
                json!({"uid": "1000", "owner": "bob"}),
                "owner root→bob",
            ),
            (
                "gid",
                json!({"gid": "0", "group": "x"}),
                json!({"gid": "7", "group": "x"}),
                "gid 0→7",
            ),
            (
                "uid",
                json!({"uid": "0", "owner": "root"}),
                json!({"uid": "4242"}),
                "owner root→4242",
            ),
            (
                "extended_attributes.user.note",
                json!({}),
                json!({"extended_attributes": {"user.note": "hi"}}),
                "xattr user.note none→hi",
            ),
            (
                "attributes",
                json!({}),
                json!({"attributes": ["immutable"]}),
                "flags +immutable",
            ),
            (
                "posix_acl_access",
                json!({"posix_acl_access": ["user::rw-", "user:bob:r--"]}),
                json!({"posix_acl_access": ["user::rw-", "user:eve:rw-"]}),
                "acl -user:bob:r-- +user:eve:rw-",
            ),
        ];
        for (changed, before, after, text) in table {
            assert_eq!(told(changed, before, after), text);
        }
    }

    #[test]
    fn times_show_what_differs() {
        let mtime = |before: &str, after: &str| {
            told(
                "mtime",
                json!({ "mtime": before }),
                json!({ "mtime": after }),
            )
        };
        assert_eq!(
            mtime("2026-11-22T10:00:00.5Z", "2026-11-23T08:00:01Z"),
            "mtime 2026-11-22 10:00:00→2026-11-23 08:00:01Z"
        );
        assert_eq!(
            mtime("2026-11-23T08:00:00Z", "2026-11-23T08:00:01.25Z"),
            "mtime 2026-11-23 08:00:00→08:00:01Z"
        );
        assert_eq!(
            mtime("2026-11-23T08:00:00.1Z", "2026-11-23T08:00:00.2Z"),
            "mtime 2026-11-23 08:00:00.1→08:00:00.2Z"
        );
        assert_eq!(
            mtime("@99999999999999.0", "2026-11-23T08:00:00Z"),
            "mtime @99999999999999.0→2026-11-23T08:00:00Z"
        );
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let long = "ä".repeat(50);
        let text = told(
            "selinux",
            json!({ "selinux": "x" }),
            json!({ "selinux": long }),
        );
        assert_eq!(text, format!("selinux x→{}…", "ä".repeat(40)));
    }
}
