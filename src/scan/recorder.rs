//! The consumer of a scan: [`Recorder`] writes what was found to the store and the journal.
//!
//! First baselines and refreshed rows are written as they come, in batches. Differences wait in
//! [`Pairing`] until the walk is done, because only then is it known that a path that went and one
//! that came are one that moved; then all are journalled together with the states they lead to, in
//! one transaction, in the order of the paths. A scan that is killed before has reported nothing
//! and lost nothing: the next one finds the same differences.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use waxseal_platform::stat::{Kind, Timestamp};

use super::coverage::covered;
use super::findings::{Finding, Report, complete, put, report_since};
use super::judge::{Settled, Update, Verdict, is_open_by_earlier_policy, judge, reference, settle};
use super::ledger::{Circumstances, Context, append, apply, initial};
use super::{Batch, BlindSpot, Cause, Coverage, Look, Plan, ScanError, Summary};
use crate::baseline::{Baseline, Pairing, Reader, Row, ScanEnd, ScanId, ScanStart, split_path};
use crate::event::{Notice, NoticeAction, Writer};
use crate::inspect::{Observation, Progress};
use crate::state::escape;

/// Rows written in one transaction while the walk goes on: enough that its fsync does not matter, few enough
/// that they take little memory.
const TRANSACTION: usize = 4096;

/// Writes the findings of one scan.
pub struct Recorder<'a, 'p> {
    baseline: &'a mut Baseline,
    /// Sees what is committed.
    reader: Reader,
    plan: &'a Plan<'p>,
    coverage: &'a Coverage,
    writer: &'a Writer,
    scan: ScanId,
    started: Instant,
    emit_initial: bool,
    /// The last event of the journal before this scan.
    last_event: u64,
    pairing: Pairing,
    writes: Vec<Write>,
    summary: Summary,
}

/// One thing to write.
#[expect(
    clippy::large_enum_variant,
    reason = "short-lived and mostly the large variant; a box would be an allocation for each file"
)]
enum Write {
    /// What a path should hold, and whether its first sight is to be journalled.
    Row {
        dir: Arc<Path>,
        name: OsString,
        settled: Settled,
        emit: bool,
    },
    Blind(BlindSpot),
    Notice(Notice),
}

impl<'a, 'p> Recorder<'a, 'p> {
    /// Starts to record a scan; with `emit_initial` every path of a first baseline is journalled.
    pub fn new(
        baseline: &'a mut Baseline,
        plan: &'a Plan<'p>,
        coverage: &'a Coverage,
        writer: &'a Writer,
        emit_initial: bool,
    ) -> Result<Recorder<'a, 'p>, ScanError> {
        let reader = baseline.reader()?;
        let last_event = reader.last_events(1)?.last().map_or(0, |event| event.seq);
        let mut batch = baseline.batch()?;
        let scan = batch.begin_scan(&ScanStart {
            at: Timestamp::now(),
            full: plan.full,
            policy: plan.policy.digest(),
            paths: plan.scopes.clone(),
        })?;
        batch.commit()?;
        let summary = Summary {
            baseline_created: coverage.is_empty(),
            ..Summary::default()
        };
        Ok(Recorder {
            baseline,
            reader,
            plan,
            coverage,
            writer,
            scan,
            started: Instant::now(),
            emit_initial,
            last_event,
            pairing: Pairing::new()?,
            writes: Vec::new(),
            summary,
        })
    }

    /// Takes the looks at one directory.
    pub fn take(&mut self, batch: Batch<'p>) -> Result<(), ScanError> {
        let Batch {
            dir, looks, blind, ..
        } = batch;
        blind.into_iter().for_each(|spot| self.blind(spot));
        for look in looks {
            self.look(&dir, look)?;
        }
        if self.writes.len() >= TRANSACTION {
            self.flush()?;
        }
        Ok(())
    }

    fn look(&mut self, dir: &Arc<Path>, look: Look<'p>) -> Result<(), ScanError> {
        let path = || dir.join(&look.name);
        let now = match look.observed {
            Observation::Absent => None,
            Observation::Present(present) => {
                let (state, spot) = complete(present, look.row.as_deref(), path);
                spot.into_iter().for_each(|spot| self.blind(spot));
                Some(state)
            }
            Observation::Unreadable(error) => {
                let cause = Cause::Unreadable(error.to_string());
                self.blind(BlindSpot {
                    path: path(),
                    cause,
                });
                return Ok(());
            }
            Observation::Unstable => {
                self.blind(BlindSpot {
                    path: path(),
                    cause: Cause::Unstable,
                });
                return Ok(());
            }
        };
        let row = look.row.as_deref();
        let settled = match judge(row, now.as_ref(), look.covered, look.rule.attributes) {
            Verdict::Differs => {
                let last = reference(row, now.as_ref(), look.rule.attributes);
                put(&mut self.pairing, &path(), last.as_deref(), now.as_ref())?;
                return Ok(());
            }
            Verdict::Joined => {
                self.summary.joined += 1;
                now.map_or_else(Settled::forgotten, Settled::approved)
            }
            Verdict::Extended => {
                self.summary.extended += 1;
                settle(row, now.as_ref(), look.rule)
            }
            Verdict::Unchanged => settle(row, now.as_ref(), look.rule),
        };
        let emit = self.emit_initial && row.is_none();
        if !settled.is_nothing() {
            self.writes.push(Write::Row {
                dir: dir.clone(),
                name: look.name,
                settled,
                emit,
            });
        }
        Ok(())
    }

    fn blind(&mut self, spot: BlindSpot) {
        self.summary.count_blind(&spot);
        self.writes.push(Write::Blind(spot));
    }

    /// Writes what has come together in one transaction.
    fn flush(&mut self) -> Result<(), ScanError> {
        let mut batch = self.baseline.batch()?;
        for write in self.writes.drain(..) {
            match write {
                Write::Notice(notice) => {
                    let write = |id: &str| self.writer.notice(&notice, id);
                    batch.append_event(notice.at, write)?;
                }
                Write::Blind(spot) => {
                    batch.blind_spot(self.scan, &spot.path, &spot.cause.to_string())?;
                }
                Write::Row {
                    dir,
                    name,
                    settled,
                    emit,
                } => {
                    if let (true, Update::Put(state)) = (emit, &settled.trusted) {
                        let path = dir.join(&name);
                        let event = initial(&path, state, self.plan);
                        append(&mut batch, self.writer, &event)?;
                    }
                    apply(&mut batch, &dir, &name, &settled)?;
                }
            }
        }
        batch.commit()?;
        Ok(())
    }

    /// Journals the differences, forgets what left the policy, and closes the scan.
    pub fn finish(mut self, report: &mut Report<'_>) -> Result<Summary, ScanError> {
        self.flush()?;
        self.journal()?;
        report_since(&self.reader, self.last_event, report)?;
        for scope in &self.plan.scopes {
            if self.coverage.is_outdated_for(scope) {
                self.forget_unwatched(scope)?;
            }
        }
        self.flush()?;
        if self.summary.baseline_created {
            // Also what an interrupted first scan had taken before.
            self.summary.joined = self.reader.counts()?.trusted;
        }
        self.close()?;
        let mut open = 0;
        self.reader.drifting(&self.plan.scopes, |_, _| {
            open += 1;
            Ok::<(), ScanError>(())
        })?;
        self.summary.open = open;
        self.summary.elapsed = self.started.elapsed();
        Ok(self.summary)
    }

    /// Commits all differences with their events, in the order of the paths.
    ///
    /// In one transaction, however many they are: a scan killed between two would leave half of a
    /// swap or of a chain of moves, and the next one could not know it for what it was.
    fn journal(&mut self) -> Result<(), ScanError> {
        let pairing = std::mem::replace(&mut self.pairing, Pairing::new()?);
        let context = Context {
            policy: self.plan.policy,
            reader: &self.reader,
            writer: self.writer,
        };
        let mut batch = self.baseline.batch()?;
        pairing.finish(|paired| {
            let action =
                context.record(&mut batch, &Finding::from(paired), &Circumstances::SCAN)?;
            self.summary.count(action);
            Ok::<(), ScanError>(())
        })?;
        batch.commit()?;
        Ok(())
    }

    /// Removes rows that the policy does not watch any more, but for open differences: those are told
    /// and wait for approval, as do those that the policy does not compare any more.
    fn forget_unwatched(&mut self, scope: &Path) -> Result<(), ScanError> {
        let reader = self.reader.another()?;
        if let Some(row) = reader.row(scope)? {
            self.forget_if_unwatched(scope, &row)?;
        }
        reader.below(scope, |path, row| self.forget_if_unwatched(&path, &row))
    }

    fn forget_if_unwatched(&mut self, path: &Path, row: &Row) -> Result<(), ScanError> {
        let kind = row.kind().unwrap_or(Kind::File);
        let rule = self.plan.policy.decide(path, kind).watched();
        if row.is_drifting() {
            let news = match rule {
                None => "left the policy with a difference nobody approved",
                Some(rule) if is_open_by_earlier_policy(row, rule) => {
                    "has a difference nobody approved that the policy does not compare any more"
                }
                Some(_) => return Ok(()),
            };
            let message = format!("{} {news}", escape::path(path));
            let notice = Notice::now(NoticeAction::ConfigChange, message).about(path);
            self.writes.push(Write::Notice(notice));
            return Ok(());
        }
        if rule.is_some() {
            return Ok(());
        }
        self.summary.left += 1;
        let (dir, name) = split_path(path);
        self.writes.push(Write::Row {
            dir: Arc::from(dir),
            name: name.to_owned(),
            settled: Settled::forgotten(),
            emit: false,
        });
        if self.writes.len() >= TRANSACTION {
            self.flush()?;
        }
        Ok(())
    }

    /// Records that the scan is complete, and what it has to say of itself.
    fn close(&mut self) -> Result<(), ScanError> {
        let notices = self.notices();
        let mut batch = self.baseline.batch()?;
        for notice in &notices {
            batch.append_event(notice.at, |id| self.writer.notice(notice, id))?;
        }
        for scope in &self.plan.scopes {
            batch.put_scope(&covered(scope.clone(), self.plan.policy)?)?;
        }
        batch.finish_scan(
            self.scan,
            &ScanEnd {
                at: Timestamp::now(),
                entries: self.summary.objects,
                bytes: self.summary.bytes_read,
                changes: self.summary.reported(),
            },
        )?;
        batch.commit()?;
        Ok(())
    }

    /// Takes the totals of the walk into the summary.
    pub fn totals(&mut self, progress: &Progress) {
        self.summary.take_totals(progress);
    }

    fn notices(&self) -> Vec<Notice> {
        let Summary {
            joined,
            left,
            extended,
            blind,
            ..
        } = self.summary;
        let mut notices = Vec::new();
        if self.summary.baseline_created {
            let message = format!("first baseline taken of {}", paths(joined));
            notices.push(Notice::now(NoticeAction::BaselineTaken, message));
        } else if joined + left + extended > 0 {
            let message = format!(
                "the policy changed: {} joined, {left} left, {extended} got new digests",
                paths(joined)
            );
            notices.push(Notice::now(NoticeAction::ConfigChange, message));
        }
        if blind > 0 {
            let message = format!("{} could not be looked at", paths(blind));
            notices.push(Notice::now(NoticeAction::BlindSpots, message));
        }
        let counts =
            json!({ "joined": joined, "left": left, "extended": extended, "blind": blind });
        let with_counts = |notice: Notice| notice.with("waxseal", json!({ "counts": counts }));
        notices.into_iter().map(with_counts).collect()
    }
}

fn paths(number: u64) -> String {
    let noun = if number == 1 { "path" } else { "paths" };
    format!("{number} {noun}")
}
