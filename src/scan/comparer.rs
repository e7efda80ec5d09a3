//! The consumer of a check: [`Comparer`] compares what is found with what was approved, and writes
//! nothing.
//!
//! It shares the survey with a scan; only the reference differs. Differences wait in [`Pairing`]
//! too, so that a moved file is one line in a check as well.

use std::path::PathBuf;
use std::time::Instant;

use waxseal_platform::stat::Kind;

use super::findings::{Finding, Report, complete, describe, put};
use super::judge::is_open;
use super::{Batch, BlindSpot, Cause, Look, Plan, ScanError, Summary};
use crate::baseline::{Pairing, Reader, Row};
use crate::event::Writer;
use crate::inspect::{Observation, Progress};

/// Collects what differs from the approved baseline.
pub struct Comparer<'a, 'p> {
    plan: &'a Plan<'p>,
    writer: &'a Writer,
    started: Instant,
    pairing: Pairing,
    blind: Vec<BlindSpot>,
    /// Paths at and below which nothing was seen.
    unseen: Vec<PathBuf>,
    summary: Summary,
}

impl<'a, 'p> Comparer<'a, 'p> {
    /// Starts to compare.
    pub fn new(plan: &'a Plan<'p>, writer: &'a Writer) -> Result<Comparer<'a, 'p>, ScanError> {
        Ok(Comparer {
            plan,
            writer,
            started: Instant::now(),
            pairing: Pairing::new()?,
            blind: Vec::new(),
            unseen: Vec::new(),
            summary: Summary::default(),
        })
    }

    /// Takes the looks at one directory.
    pub fn take(&mut self, batch: Batch<'p>) -> Result<(), ScanError> {
        let Batch {
            dir, looks, blind, ..
        } = batch;
        blind.into_iter().for_each(|spot| self.unseen(spot));
        looks.into_iter().try_for_each(|look| {
            let path = dir.join(&look.name);
            self.look(path, look)
        })
    }

    fn look(&mut self, path: PathBuf, look: Look<'p>) -> Result<(), ScanError> {
        let now = match look.observed {
            Observation::Absent => None,
            Observation::Present(present) => {
                let (state, spot) = complete(present, look.row.as_deref(), || path.clone());
                spot.into_iter().for_each(|spot| self.blind(spot));
                Some(state)
            }
            Observation::Unreadable(error) => {
                self.unseen(BlindSpot {
                    path,
                    cause: Cause::Unreadable(error.to_string()),
                });
                return Ok(());
            }
            Observation::Unstable => {
                self.unseen(BlindSpot {
                    path,
                    cause: Cause::Unstable,
                });
                return Ok(());
            }
        };
        let trusted = look.row.as_deref().and_then(|row| row.trusted.as_ref());
        if look.row.is_none() && now.is_some() && !look.covered {
            self.summary.joined += 1;
            return Ok(());
        }
        let known = look.row.as_deref().and_then(|row| row.seen.as_ref());
        if is_open(trusted, known, now.as_ref(), look.rule.attributes) {
            put(&mut self.pairing, &path, trusted, now.as_ref())?;
        }
        Ok(())
    }

    fn blind(&mut self, spot: BlindSpot) {
        self.summary.count_blind(&spot);
        self.blind.push(spot);
    }

    fn unseen(&mut self, spot: BlindSpot) {
        self.unseen.push(spot.path.clone());
        self.blind(spot);
    }

    /// Adds what earlier scans saw differ where this check did not look: below what it could not
    /// read, and outside the policy.
    fn add_open_elsewhere(&mut self, reader: &Reader) -> Result<(), ScanError> {
        let Comparer {
            plan,
            pairing,
            unseen,
            ..
        } = self;
        let mut add = |path: PathBuf, row: Row| {
            let (trusted, seen) = (row.trusted.as_ref(), row.last());
            put(pairing, &path, trusted, seen).map_err(ScanError::from)
        };
        if !unseen.is_empty() {
            reader.drifting(unseen, &mut add)?;
        }
        reader.drifting(&plan.scopes, |path, row| {
            let kind = row.kind().unwrap_or(Kind::File);
            match plan.policy.decide(&path, kind).watched() {
                Some(_) => Ok(()),
                None => add(path, row),
            }
        })
    }

    /// Takes the totals of the walk into the summary.
    pub fn totals(&mut self, progress: &Progress) {
        self.summary.take_totals(progress);
    }

    /// Reports every difference in the order of the paths.
    pub fn finish(
        mut self,
        reader: &Reader,
        report: &mut Report<'_>,
    ) -> Result<(Summary, Vec<BlindSpot>), ScanError> {
        self.add_open_elsewhere(reader)?;
        let (plan, writer, summary) = (self.plan, self.writer, &mut self.summary);
        self.pairing.finish(|paired| {
            let finding = Finding::from(paired);
            let event = describe(plan.policy, &finding, true);
            summary.count(event.actions.first());
            // Nothing is at the approved path of what moved away, and that is open by itself.
            summary.open += 1 + u64::from(finding.vacated);
            report(&writer.event(&event, None)).map_err(ScanError::Report)
        })?;
        self.summary.elapsed = self.started.elapsed();
        Ok((self.summary, self.blind))
    }
}
