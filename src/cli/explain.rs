//! `waxseal explain`: why a path is watched or not, and what is remembered of it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use waxseal_platform::stat::{Kind, Timestamp};

use super::exit_code::ExitCode;
use super::paths;
use super::settings::{Settings, warn_of};
use super::watched::{Watched, shown_pattern};
use crate::baseline::{BaselineError, Reader, Row, Seen};
use crate::event::{Writer, path_text, time};
use crate::policy::{Decision, Explanation, Rule};
use crate::report::{Style, describe};
use crate::state::{FileState, escape};

/// Arguments of `waxseal explain`.
#[derive(Args, Debug)]
#[command(after_help = "\
Of all configured paths that reach PATH, the deepest decides; its monitor's patterns alone count.

Examples:
  waxseal explain /etc/shadow
  waxseal explain --format json /usr/bin/sudo")]
pub(super) struct ExplainArgs {
    /// The path in question; it need not exist
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
}

/// Runs `waxseal explain`.
pub(super) fn run(args: &ExplainArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let path = paths::absolute(&args.path)?;
    let reader = match Reader::open(&settings.state_dir()?) {
        Ok(reader) => {
            warn_of(reader.warning());
            Some(reader)
        }
        Err(BaselineError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let watched = Watched::load(settings, reader.as_ref())?;
    let row = reader
        .as_ref()
        .map(|reader| reader.row(&path))
        .transpose()?
        .flatten();
    let remembered = row.as_ref().and_then(Row::last).map(|last| last.stat.kind);
    let kind = paths::kind(&path).or(remembered).unwrap_or(Kind::File);
    let explanation = watched.policy.explain(&path, kind);
    let memory = Memory::of(&path, row.as_ref());
    let mut lines = policy_lines(&explanation);
    lines.extend(memory.lines(settings.style));
    let object = json!({ "policy": policy_object(&explanation), "remembered": memory.object() });
    settings.print(&lines, &object)?;
    Ok(ExitCode::Clean)
}

fn policy_lines(explanation: &Explanation<'_>) -> Vec<String> {
    let place = escape::path(&explanation.path);
    let mut lines = vec![format!("{place}: {}", explanation.kind)];
    match explanation.decision {
        Decision::Watched(rule) => {
            lines.push(format!("watched by monitor {}", shown(&rule.name)));
            lines.extend(rule_lines(explanation, rule));
        }
        Decision::Excluded { rule, by } => {
            lines.push(format!(
                "not watched: monitor {} leaves it out: {}",
                shown(&rule.name),
                shown(by)
            ));
        }
        Decision::Uncovered => {
            lines.push("not watched: no monitor names it or a directory above it".to_owned())
        }
    }
    let is_decided = !matches!(explanation.decision, Decision::Uncovered);
    for (position, candidate) in explanation.candidates.iter().enumerate() {
        let is_winner = is_decided && position == 0;
        lines.push(format!(
            "  {} {} of monitor {}, {} deep: {}",
            if is_winner { "*" } else { "-" },
            shown_pattern(candidate.pattern),
            shown(&candidate.rule.name),
            candidate.depth,
            candidate.why(is_winner)
        ));
    }
    lines
}

fn rule_lines(explanation: &Explanation<'_>, rule: &Rule) -> Vec<String> {
    let list = |items: Vec<String>| {
        if items.is_empty() {
            "none".to_owned()
        } else {
            items.join(", ")
        }
    };
    let names = explanation
        .attributes
        .names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let types = explanation
        .hash_types
        .iter()
        .map(|one| one.name().to_owned())
        .collect();
    let tags = explanation.tags.iter().map(|tag| shown(tag)).collect();
    let mut lines = vec![
        format!("  attributes  {}", list(names)),
        format!("  hash types  {}", list(types)),
        format!("  tags        {}", list(tags)),
        format!("  accept      {}", rule.accept.name()),
    ];
    if let Some(limit) = rule.max_file_size {
        lines.push(format!(
            "  content     not read above {}",
            crate::report::bytes(limit)
        ));
    }
    lines
}

fn policy_object(explanation: &Explanation<'_>) -> Value {
    let (decision, rule, by) = match explanation.decision {
        Decision::Watched(rule) => ("watched", Some(rule), None),
        Decision::Excluded { rule, by } => ("excluded", Some(rule), Some(by)),
        Decision::Uncovered => ("uncovered", None, None),
    };
    let candidates: Vec<Value> = explanation
        .candidates
        .iter()
        .enumerate()
        .map(|(position, candidate)| {
            let is_winner = position == 0 && rule.is_some();
            json!({
                "monitor": candidate.rule.name,
                "pattern": candidate.pattern,
                "root": path_text(&candidate.root),
                "depth": candidate.depth,
                "why": candidate.why(is_winner),
            })
        })
        .collect();
    json!({
        "path": path_text(&explanation.path),
        "kind": explanation.kind.name(),
        "decision": decision,
        "monitor": rule.map(|rule| rule.name.as_str()),
        "excluded_by": by,
        "attributes": explanation.attributes.names(),
        "hash_types": explanation.hash_types.iter().map(|one| one.name()).collect::<Vec<_>>(),
        "tags": explanation.tags,
        "candidates": candidates,
    })
}

/// What is remembered of a path, as `file` objects.
struct Memory {
    trusted: Option<Value>,
    seen: Option<Option<Value>>,
    since: Option<Timestamp>,
    drifts: bool,
}

impl Memory {
    fn of(path: &Path, row: Option<&Row>) -> Memory {
        let writer = Writer::new();
        let file = |state: &FileState| writer.file(path, state);
        let seen: Option<&Seen> = row.and_then(|row| row.seen.as_ref());
        Memory {
            trusted: row.and_then(|row| row.trusted.as_ref()).map(file),
            seen: seen.map(|seen| seen.state.as_ref().map(file)),
            since: seen.map(|seen| seen.since),
            drifts: row.is_some_and(Row::is_drifting),
        }
    }

    fn lines(&self, style: Style) -> Vec<String> {
        let trusted = match &self.trusted {
            Some(file) => describe(file, style),
            None => "nothing".to_owned(),
        };
        let seen = match (&self.seen, self.drifts) {
            (None, _) if self.trusted.is_none() => "nothing".to_owned(),
            (None, _) => "as approved".to_owned(),
            (Some(None), _) => "absent".to_owned(),
            (Some(Some(file)), true) => describe(file, style),
            (Some(Some(_)), false) => "as approved, in everything that counts".to_owned(),
        };
        vec![format!("approved: {trusted}"), format!("last seen: {seen}")]
    }

    fn object(&self) -> Value {
        json!({
            "trusted": self.trusted,
            "seen": self.seen.as_ref().map(|seen| {
                json!({ "absent": seen.is_none(), "file": seen, "since": self.since.map(time) })
            }),
            "open": self.drifts,
        })
    }
}

fn shown(text: &str) -> String {
    escape::bytes(text.as_bytes()).into_owned()
}
