//! Approving what was seen: [`approve`], the run behind `waxseal accept`.
//!
//! What is approved is the state that was recorded and shown, never what happens to be on disk at
//! this moment: whoever swaps a file after it was reviewed leaves a difference that the next scan
//! reports. Each approved path is journalled with its fields, and the approval as a whole with who
//! gave it and why, all in one transaction.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use waxseal_platform::bytes::bytes_to_path;
use waxseal_platform::host;

use crate::baseline::{Baseline, BaselineError, Batch, Reader, Row, StoredEvent, split_path};
use crate::change::{Field, diff};
use crate::event::{Notice, NoticeAction, Writer};
use crate::policy::Attributes;
use crate::scan::{Report, ScanError, report_since};
use crate::state::escape;

/// What to approve.
#[derive(Clone, Debug)]
pub enum Selection {
    /// Every open difference.
    All,
    /// The open differences at and below these absolute paths.
    Paths(Vec<PathBuf>),
    /// The difference that one event reported, by its id.
    Event(String),
}

/// What an approval came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Approved {
    /// How many paths were approved.
    pub paths: u64,
}

/// Why nothing was approved.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// The store could not be read or written.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// The report could not be written; the approval stands.
    #[error("approved, but not wholly reported: {0}")]
    Report(#[from] ScanError),
    /// The journal has no such event.
    #[error("the journal has no event {0}; `waxseal log --format ndjson` shows the ids")]
    UnknownEvent(String),
    /// The event does not report a change of a file.
    #[error("event {0} reports no change of a file; `waxseal check` shows what is open")]
    NotAChange(String),
    /// The path has changed again since the event.
    #[error(
        "{path} has changed again since event {id}: event {later} is the latest; review that one"
    )]
    Superseded {
        /// The path, escaped.
        path: String,
        /// The event that was to be approved.
        id: String,
        /// The latest event of the path.
        later: String,
    },
    /// There is no open difference at or below a path.
    #[error(
        "nothing is open at or below {0}; `waxseal check` shows what is, `waxseal scan` looks again"
    )]
    NothingOpen(String),
}

/// Approves the selected differences, for a reason, and reports each path.
pub fn approve(
    baseline: &mut Baseline,
    writer: &Writer,
    selection: &Selection,
    reason: &str,
    report: &mut Report<'_>,
) -> Result<Approved, ApprovalError> {
    let reader = baseline.reader()?;
    let last_event = reader.last_events(1)?.last().map_or(0, |event| event.seq);
    let approval = Approval {
        writer,
        reason,
        user: approver(),
    };
    let approved = match selection {
        Selection::All => approval.give(baseline, &reader, &Asked::Below(&[]))?,
        Selection::Paths(paths) => approval.give(baseline, &reader, &Asked::Below(paths))?,
        Selection::Event(id) => {
            let (path, from) = paths_of_event(&reader, id)?;
            approval.give(baseline, &reader, &Asked::Exactly { path, from })?
        }
    };
    report_since(&reader, last_event, report)?;
    Ok(approved)
}

/// What one approval is about, resolved.
enum Asked<'a> {
    /// What is open at and below these paths; everywhere when there are none.
    Below(&'a [PathBuf]),
    /// What is open at one path and, if it moved there, at the path it came from.
    Exactly {
        path: PathBuf,
        from: Option<PathBuf>,
    },
}

impl Asked<'_> {
    /// Returns the paths asked for; none for everything.
    fn paths(&self) -> Vec<PathBuf> {
        match self {
            Asked::Below(paths) => paths.to_vec(),
            Asked::Exactly { path, from } => std::iter::once(path).chain(from).cloned().collect(),
        }
    }

    /// Says whether an open difference at or below one of the paths is meant.
    fn includes(&self, found: &Path) -> bool {
        match self {
            Asked::Below(_) => true,
            Asked::Exactly { path, from } => found == path || from.as_deref() == Some(found),
        }
    }

    /// Returns the first path that should be open and is not.
    ///
    /// The old path of a move need not be: what moved may never have been approved there.
    fn first_missed(&self, is_open: &[bool]) -> Option<PathBuf> {
        let required = match self {
            Asked::Below(paths) => paths.len(),
            Asked::Exactly { .. } => 1,
        };
        let paths = self.paths().into_iter().take(required);
        paths
            .zip(is_open)
            .find(|(_, is_open)| !**is_open)
            .map(|(path, _)| path)
    }
}

/// One approval under way.
struct Approval<'a> {
    writer: &'a Writer,
    reason: &'a str,
    user: Value,
}

impl Approval<'_> {
    /// Approves what is asked for; all of it or, when some of it is not open, nothing.
    fn give(
        &self,
        baseline: &mut Baseline,
        reader: &Reader,
        asked: &Asked<'_>,
    ) -> Result<Approved, ApprovalError> {
        let mut approved = Approved::default();
        let mut batch = baseline.batch()?;
        let mut is_open = vec![false; asked.paths().len()];
        reader.drifting(&asked.paths(), |path, row| {
            if !asked.includes(&path) {
                return Ok(());
            }
            for (is_open, asked) in is_open.iter_mut().zip(asked.paths()) {
                *is_open |= path.starts_with(asked);
            }
            approved.paths += 1;
            self.approve_row(&mut batch, &path, &row)
        })?;
        if let Some(missed) = asked.first_missed(&is_open) {
            return Err(ApprovalError::NothingOpen(
                escape::path(&missed).into_owned(),
            ));
        }
        if approved.paths > 0 {
            let noun = if approved.paths == 1 { "path" } else { "paths" };
            let message = format!("{} {noun} approved: {}", approved.paths, self.reason);
            let own = json!({ "approval": { "reason": self.reason, "paths": approved.paths } });
            let notice = Notice::now(NoticeAction::Approved, message)
                .with("waxseal", own)
                .with("user", self.user.clone());
            batch.append_event(notice.at, |id| self.writer.notice(&notice, id))?;
            batch.commit()?;
        }
        Ok(approved)
    }

    /// Makes the observed state of one path its approved one.
    fn approve_row(
        &self,
        batch: &mut Batch<'_>,
        path: &Path,
        row: &Row,
    ) -> Result<(), BaselineError> {
        let (dir, name) = split_path(path);
        let dir = batch.dir(dir)?;
        match row.last() {
            Some(state) => batch.put_trusted(dir, name, state)?,
            None => batch.remove_trusted(dir, name)?,
        }
        batch.clear_seen(dir, name)?;
        let own = json!({ "approval": { "reason": self.reason }, "changed": changed(row) });
        let message = format!("{} approved: {}", escape::path(path), self.reason);
        let notice = Notice::now(NoticeAction::PathApproved, message)
            .about(path)
            .with("waxseal", own)
            .with("user", self.user.clone());
        batch.append_event(notice.at, |id| self.writer.notice(&notice, id))?;
        Ok(())
    }
}

/// Returns what an approval changes of a path's approved state: field names, or what became of it.
fn changed(row: &Row) -> Vec<String> {
    match (&row.trusted, row.last()) {
        (Some(trusted), Some(now)) => diff(trusted, now, Attributes::ALL)
            .iter()
            .map(Field::to_string)
            .collect(),
        (None, Some(_)) => vec!["created".to_owned()],
        (_, None) => vec!["deleted".to_owned()],
    }
}

/// Returns ECS `user` for whoever runs this program, with the login behind sudo where known.
fn approver() -> Value {
    let shown = |user: host::User| json!({ "id": user.id, "name": user.name });
    let mut user = shown(host::current_user());
    if let (Some(login), Some(object)) = (host::login_user(), user.as_object_mut()) {
        object.insert("audit".to_owned(), shown(login));
    }
    user
}

/// Returns the path whose present difference an event reported, and the one it moved from.
fn paths_of_event(reader: &Reader, id: &str) -> Result<(PathBuf, Option<PathBuf>), ApprovalError> {
    let unknown = || ApprovalError::UnknownEvent(id.to_owned());
    let seq: u64 = id
        .rsplit('-')
        .next()
        .and_then(|seq| seq.parse().ok())
        .ok_or_else(unknown)?;
    let before = seq.checked_sub(1).ok_or_else(unknown)?;
    let found = reader
        .events(before, 1)?
        .into_iter()
        .find(|event| event.id == id);
    let document = document(&found.ok_or_else(unknown)?);
    let not_a_change = || ApprovalError::NotAChange(id.to_owned());
    if document.pointer("/event/dataset") != Some(&json!("file")) {
        return Err(not_a_change());
    }
    let path = path_in(&document, "").ok_or_else(not_a_change)?;
    superseded(reader, seq, id, &path)?;
    let from = path_in(&document, "/waxseal/before").filter(|from| *from != path);
    Ok((path, from))
}

/// Fails when a later event is about the path.
fn superseded(reader: &Reader, after: u64, id: &str, path: &Path) -> Result<(), ApprovalError> {
    reader.each_event(after, |event| {
        if path_of(event).as_deref() != Some(path) {
            return Ok(());
        }
        Err(ApprovalError::Superseded {
            path: escape::path(path).into_owned(),
            id: id.to_owned(),
            later: event.id.clone(),
        })
    })
}

/// Returns the path that a stored event tells a change of.
pub(crate) fn path_of(event: &StoredEvent) -> Option<PathBuf> {
    let document = document(event);
    let is_change = document.pointer("/event/dataset") == Some(&json!("file"));
    path_in(&document, "").filter(|_| is_change)
}

/// Returns the path in a document, or in its `file`-like object below `prefix`.
fn path_in(document: &Value, prefix: &str) -> Option<PathBuf> {
    let (encoded, text) = match prefix {
        "" => (
            document.pointer("/waxseal/path_bytes"),
            document.pointer("/file/path"),
        ),
        below => (
            document.pointer(&format!("{below}/path_bytes")),
            document.pointer(&format!("{below}/path")),
        ),
    };
    match encoded.and_then(Value::as_str) {
        Some(encoded) => bytes_to_path(&BASE64_STANDARD.decode(encoded).ok()?).ok(),
        None => text.and_then(Value::as_str).map(PathBuf::from),
    }
}

/// Returns the document of a stored event; the store has checked that it is what was written.
fn document(event: &StoredEvent) -> Value {
    serde_json::from_str(&event.body).unwrap_or(Value::Null)
}
