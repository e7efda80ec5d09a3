//! One document as one line for people.
//!
//! The action stands in a column of its own, then the path, then what matters: both values of each
//! field that differs, or the state of what came or went.

use std::path::Path;

use serde_json::Value;

use super::document::{earlier_path, moment, path, text};
use super::fields::{self, shown};
use super::style::{Color, Style};
use super::{units, who};
use crate::state::escape;

/// The width of the column of actions.
const ACTION: usize = 10;

/// Returns the line of one document, of an event or of a notice.
pub fn line(document: &Value, style: Style) -> String {
    let is_event = text(document, "/event/dataset") == Some("file");
    let (word, color, rest) = if is_event {
        event(document, style)
    } else {
        notice(document)
    };
    let column = format!("{word:<ACTION$}");
    let mut line = format!("{}{rest}", style.paint(color, &column));
    let id = text(document, "/event/id").unwrap_or_default();
    if style.is_verbose && !id.is_empty() {
        line.push_str("  ");
        line.push_str(&style.paint(Color::Dim, &escape::bytes(id.as_bytes())));
    }
    line
}

/// Returns the line of one document of the journal: when it was recorded, and [`line()`].
pub fn journal_line(document: &Value, style: Style) -> String {
    format!("{}  {}", moment(document), line(document, style))
}

/// Returns what is known of an object in a few words, from its `file` object.
pub fn describe(file: &Value, style: Style) -> String {
    let kind = file.get("type").and_then(Value::as_str).unwrap_or_default();
    let mut words = Vec::new();
    if !kind.is_empty() {
        words.push(shown(file.get("type")));
    }
    if let Some(size) = file.get("size").and_then(Value::as_u64) {
        words.push(units::bytes(size));
    }
    if let Some(target) = file.get("target_path") {
        words.push(format!("→ {}", shown(Some(target))));
    }
    if let Some(rdev) = file.get("rdev") {
        words.push(shown(Some(rdev)));
    }
    // Every link has the same mode; it says nothing.
    if let Some(mode) = file.get("mode").filter(|_| kind != "symlink") {
        words.push(format!("mode {}", shown(Some(mode))));
    }
    let name = |name: &str, number: &str| file.get(name).or_else(|| file.get(number));
    if let (Some(owner), Some(group)) = (name("owner", "uid"), name("group", "gid")) {
        words.push(format!("{}:{}", shown(Some(owner)), shown(Some(group))));
    }
    if let Some(digests) = file
        .get("hash")
        .and_then(Value::as_object)
        .filter(|_| style.is_verbose)
    {
        words.extend(
            digests
                .iter()
                .map(|(name, hex)| format!("{name} {}", shown(Some(hex)))),
        );
    }
    words.join(" ")
}

/// Returns word, colour and the rest of the line of an event.
fn event(document: &Value, style: Style) -> (String, Color, String) {
    let action = document
        .pointer("/event/action/0")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let place = printed(path(document).as_deref());
    let file = document.get("file").unwrap_or(&Value::Null);
    let (word, color) = match action {
        "created" => ("created", Color::Green),
        "moved" => ("moved", Color::Cyan),
        "updated" => ("updated", Color::Yellow),
        "attributes_modified" => ("modified", Color::Blue),
        "deleted" => ("deleted", Color::Red),
        "initial_scan" => ("initial", Color::Dim),
        "config_change" => ("config", Color::Dim),
        other => (other, Color::Dim),
    };
    let place = match earlier_path(document) {
        Some(earlier) if action == "moved" => format!("{} → {place}", printed(Some(&earlier))),
        _ => place,
    };
    let details = match action {
        "created" if is_short_lived(document) => "and deleted again".to_owned(),
        "created" | "deleted" | "initial_scan" => describe(file, style),
        _ => fields::changes(document, style),
    };
    let details = match document.pointer("/waxseal/replaced") {
        Some(replaced) if details.is_empty() => format!("replaced {}", describe(replaced, style)),
        Some(replaced) => format!("{details}; replaced {}", describe(replaced, style)),
        None => details,
    };
    let rest: Vec<String> = [place, details]
        .into_iter()
        .chain(who::by(document, style))
        .filter(|words| !words.is_empty())
        .collect();
    let word = escape::bytes(word.as_bytes()).into_owned();
    (word, color, rest.join("  "))
}

/// Says whether the path came and went between two looks, so that nothing else is known of it.
fn is_short_lived(document: &Value) -> bool {
    let then = document.pointer("/event/action/1");
    then.and_then(Value::as_str) == Some("deleted")
}

/// Returns word, colour and the rest of the line of a notice.
fn notice(document: &Value) -> (String, Color, String) {
    let action = text(document, "/event/action").unwrap_or_default();
    if action != "path_approved" {
        let message = text(document, "/message").unwrap_or_default();
        let (word, color) = match is_warning(action) {
            true => ("warning", Color::Red),
            false => ("notice", Color::Dim),
        };
        let message = escape::bytes(message.as_bytes()).into_owned();
        return (word.to_owned(), color, message);
    }
    let what = document
        .pointer("/waxseal/changed")
        .and_then(Value::as_array);
    let what: Vec<String> = what
        .into_iter()
        .flatten()
        .map(|name| shown(Some(name)))
        .collect();
    let place = printed(path(document).as_deref());
    let gap = if what.is_empty() { "" } else { "  " };
    (
        "approved".to_owned(),
        Color::Green,
        format!("{place}{gap}{}", what.join(", ")),
    )
}

/// Says whether a document tells of nothing that somebody changed and of nothing wrong.
pub fn is_passing(document: &Value) -> bool {
    let action = text(document, "/event/action").unwrap_or_default();
    text(document, "/event/dataset") != Some("file")
        && action != "path_approved"
        && !is_warning(action)
}

/// Says whether a notice tells of something wrong.
fn is_warning(action: &str) -> bool {
    matches!(
        action,
        "lost_sync"
            | "blind_spots"
            | "root_gone"
            | "degraded"
            | "collapsed"
            | "sink_failed"
            | "reload_failed"
            | "watch_thread_restarted"
    )
}

fn printed(path: Option<&Path>) -> String {
    path.map_or_else(|| "?".to_owned(), |path| escape::path(path).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain(document: Value) -> String {
        line(&document, Style::PLAIN)
    }

    fn event(action: &[&str], rest: Value) -> Value {
        let mut document = json!({ "event": { "dataset": "file", "action": action } });
        for (key, value) in rest.as_object().unwrap() {
            document[key] = value.clone();
        }
        document
    }

    #[test]
    fn what_came_is_described() {
        let file = json!({ "path": "/a", "type": "file", "size": 12, "mode": "0755",
                           "uid": "0", "owner": "root", "gid": "7" });
        assert_eq!(
            plain(event(&["created"], json!({ "file": file }))),
            "created   /a  file 12 B mode 0755 root:7"
        );
        let link =
            json!({ "path": "/l", "type": "symlink", "target_path": "to\u{1b}", "mode": "0777" });
        assert_eq!(
            plain(event(&["deleted"], json!({ "file": link }))),
            "deleted   /l  symlink → to\\x1b"
        );
    }

    #[test]
    fn a_change_shows_both_values() {
        let document = event(
            &["updated", "attributes_modified"],
            json!({
                "file": { "path": "/usr/bin/foo", "size": 12, "hash": { "sha256": "cd34ef" } },
                "waxseal": { "changed": ["size", "hash.sha256"],
                             "before": { "path": "/usr/bin/foo", "size": 10,
                                         "hash": { "sha256": "ab12cd" } } },
            }),
        );
        assert_eq!(
            plain(document.clone()),
            "updated   /usr/bin/foo  size 10→12, sha256 ab12…→cd34…"
        );
        let verbose = line(
            &document,
            Style {
                is_verbose: true,
                is_quiet: false,
                is_colored: false,
            },
        );
        assert!(verbose.contains("sha256 ab12cd→cd34ef"), "{verbose}");
    }

    #[test]
    fn a_move_shows_both_paths_and_names_stay_on_their_line() {
        let document = event(
            &["moved"],
            json!({ "file": { "path": "/new\nline" }, "waxseal": { "before": { "path": "/old" } } }),
        );
        assert_eq!(plain(document), "moved     /old → /new\\nline");
        let over = event(
            &["moved", "updated"],
            json!({ "file": { "path": "/b" },
                    "waxseal": { "before": { "path": "/a" },
                                 "replaced": { "path": "/b", "type": "file", "size": 3 } } }),
        );
        assert_eq!(plain(over), "moved     /a → /b  replaced file 3 B");
    }

    #[test]
    fn who_made_it_stands_at_the_end() {
        let document = event(
            &["deleted"],
            json!({ "file": { "path": "/a", "type": "dir" },
                    "process": { "pid": 7, "name": "rm" }, "user": { "id": "0" } }),
        );
        assert_eq!(plain(document), "deleted   /a  dir  by rm (pid 7, user 0)");
        let brief = event(
            &["created", "deleted"],
            json!({ "file": { "path": "/a" }, "process": { "pid": 7 } }),
        );
        assert_eq!(
            plain(brief),
            "created   /a  and deleted again  by a process (pid 7)"
        );
        let moved = event(&["moved"], json!({ "file": { "path": "/a" } }));
        assert_eq!(plain(moved), "moved     /a");
    }

    #[test]
    fn notices_are_lines_too() {
        let notice = json!({ "event": { "dataset": "waxseal.notice", "action": "baseline_taken" },
                             "message": "first baseline taken" });
        assert_eq!(plain(notice), "notice    first baseline taken");
        let lost = json!({ "event": { "dataset": "waxseal.notice", "action": "lost_sync" },
                           "message": "the queue ran over" });
        assert_eq!(plain(lost), "warning   the queue ran over");
        let approved = json!({ "event": { "dataset": "waxseal.notice", "action": "path_approved" },
                               "file": { "path": "/a" }, "waxseal": { "changed": ["mode"] } });
        assert_eq!(plain(approved), "approved  /a  mode");
    }
}
