//! The end of a report: what a run came to, in words and as an object.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::units::{bytes, count, seconds};
use crate::change::Action;
use crate::event::path_text;
use crate::scan::Summary;
use crate::state::escape;

/// Which run is summed up, and what its summary does not know.
#[derive(Clone, Debug)]
pub struct Run {
    /// Whether the run recorded what it found, as a scan does and a check does not.
    pub is_recorded: bool,
    /// Paths of the command line that are watched from now on.
    pub added: Vec<PathBuf>,
}

/// Returns the object of the summary: the value of `waxseal.summary`.
pub fn object(summary: &Summary, run: &Run) -> Value {
    let actions: Map<String, Value> = Action::ALL
        .iter()
        .map(|action| (action.name().to_owned(), json!(reported(summary, *action))))
        .collect();
    let added: Vec<String> = run.added.iter().map(|path| path_text(path)).collect();
    json!({
        "actions": actions,
        "objects": summary.objects,
        "files": summary.files_read,
        "bytes": summary.bytes_read,
        "seconds": summary.elapsed.as_secs_f64(),
        "unreadable": summary.blind.saturating_sub(summary.unstable),
        "unstable": summary.unstable,
        "too_large": summary.too_large,
        "baseline_created": summary.baseline_created,
        "joined": summary.joined,
        "left": summary.left,
        "extended": summary.extended,
        "open": summary.open,
        "added_paths": added,
    })
}

/// Returns what stands below the differences: the policy's changes, what is open, and one line of
/// counts.
pub fn lines(summary: &Summary, run: &Run) -> Vec<String> {
    let mut lines = Vec::new();
    if run.is_recorded && !summary.baseline_created {
        let added = run.added.iter();
        lines.extend(added.map(|path| format!("{} joined the baseline", escape::path(path))));
    }
    lines.extend(policy(summary, run));
    if run.is_recorded && summary.open > 0 {
        let (verb, them) = if summary.open == 1 {
            ("is", "it")
        } else {
            ("are", "them")
        };
        lines.push(format!(
            "{} {verb} open: `waxseal check` shows {them}, `waxseal accept` approves {them}",
            count(summary.open, "path")
        ));
    }
    lines.push(format!("{}; {}", outcome(summary, run), effort(summary)));
    lines
}

/// Says how the policy changed since the last run.
fn policy(summary: &Summary, run: &Run) -> Option<String> {
    let Summary {
        joined,
        left,
        extended,
        baseline_created,
        ..
    } = *summary;
    if baseline_created || joined + left + extended == 0 {
        return None;
    }
    if !run.is_recorded {
        let have = if joined == 1 { "has" } else { "have" };
        return Some(format!(
            "{} joined the policy since the last scan and {have} no baseline yet",
            count(joined, "path")
        ));
    }
    Some(format!(
        "{} left the policy, {joined} joined, {extended} got new digests",
        count(left, "path")
    ))
}

fn outcome(summary: &Summary, run: &Run) -> String {
    let blind = match summary.blind {
        0 => String::new(),
        blind => format!(", {} could not be looked at", count(blind, "path")),
    };
    if summary.baseline_created && run.is_recorded {
        return format!(
            "first baseline taken of {}{blind}",
            count(summary.joined, "path")
        );
    }
    let counts: Vec<String> = Action::ALL
        .iter()
        .filter_map(|action| match reported(summary, *action) {
            0 => None,
            number => Some(format!("{number} {}", word(*action))),
        })
        .collect();
    let new = if run.is_recorded { "new " } else { "" };
    match summary.reported() {
        0 => format!("no {new}differences{blind}"),
        total => format!(
            "{}{blind}: {}",
            count(total, &format!("{new}difference")),
            counts.join(", ")
        ),
    }
}

fn effort(summary: &Summary) -> String {
    let time = seconds(summary.elapsed);
    let looked = count(summary.objects, "path");
    if summary.files_read == 0 {
        return format!("{looked} looked at in {time}");
    }
    let rate = summary.bytes_read as f64 / summary.elapsed.as_secs_f64().max(0.001);
    format!(
        "{looked} looked at, {} with {} read in {time} ({}/s)",
        count(summary.files_read, "file"),
        bytes(summary.bytes_read),
        bytes(rate as u64)
    )
}

fn word(action: Action) -> &'static str {
    match action {
        Action::AttributesModified => "modified",
        other => other.name(),
    }
}

fn reported(summary: &Summary, action: Action) -> u64 {
    summary.actions.get(&action).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn scan() -> Run {
        Run {
            is_recorded: true,
            added: Vec::new(),
        }
    }

    #[test]
    fn the_first_baseline_is_said_to_be_one() {
        let summary = Summary {
            baseline_created: true,
            joined: 3,
            objects: 3,
            files_read: 2,
            bytes_read: 4096,
            elapsed: Duration::from_secs(2),
            ..Summary::default()
        };
        assert_eq!(
            lines(&summary, &scan()),
            [
                "first baseline taken of 3 paths; 3 paths looked at, 2 files with 4.0 KiB read in 2.0 s (2.0 KiB/s)"
            ]
        );
    }

    #[test]
    fn differences_are_counted_by_action_and_open_ones_named() {
        let actions = [(Action::Created, 1), (Action::AttributesModified, 2)];
        let summary = Summary {
            actions: actions.into_iter().collect(),
            objects: 10,
            open: 4,
            left: 1,
            joined: 5,
            ..Summary::default()
        };
        let lines = lines(
            &summary,
            &Run {
                added: vec![PathBuf::from("/srv/x")],
                ..scan()
            },
        );
        assert_eq!(
            lines,
            [
                "/srv/x joined the baseline",
                "1 path left the policy, 5 joined, 0 got new digests",
                "4 paths are open: `waxseal check` shows them, `waxseal accept` approves them",
                "3 new differences: 1 created, 2 modified; 10 paths looked at in 0.00 s",
            ]
        );
    }

    #[test]
    fn one_path_has_and_two_have_no_baseline_yet() {
        let check = Run {
            is_recorded: false,
            added: Vec::new(),
        };
        let told = |joined| {
            let summary = Summary {
                joined,
                ..Summary::default()
            };
            lines(&summary, &check).swap_remove(0)
        };
        let rest = "no baseline yet";
        let since = "joined the policy since the last scan and";
        assert_eq!(told(1), format!("1 path {since} has {rest}"));
        assert_eq!(told(2), format!("2 paths {since} have {rest}"));
    }

    #[test]
    fn the_object_counts_every_action() {
        let summary = Summary {
            blind: 3,
            unstable: 1,
            ..Summary::default()
        };
        let object = object(&summary, &scan());
        assert_eq!(
            object["actions"].as_object().unwrap().len(),
            Action::ALL.len()
        );
        assert_eq!(
            (&object["unreadable"], &object["unstable"]),
            (&json!(2), &json!(1))
        );
    }
}
