//! The one who writes the store during a watch: [`Scribe`] turns rounds into states and events, one transaction each.
//!
//! Every row is read again here, after all earlier rounds: what a look means depends on what is
//! remembered at this moment, not on what was when it was taken. When another process has written
//! in between, or the store cannot be written, nothing is forced: what was wished for is handed
//! back, to be looked at again.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::round::{Round, Wish};
use super::step::Step;
use super::surveying::Done;
use waxseal_platform::stat::Kind;

use crate::baseline::{Baseline, BaselineError, Batch, Pairing, Reader};
use crate::change::{Action, Actions};
use crate::event::{Event, FoundBy, Notice, SHORT_LIVED, Writer};
use crate::policy::Policy;
use crate::scan::{
    BlindSpot, Circumstances, Context, Finding, ScanError, append, put, reference, refresh,
};

/// Writes rounds.
pub(super) struct Scribe<'e, 'p> {
    baseline: &'e mut Baseline,
    reader: Reader,
    policy: &'p Policy,
    writer: &'e Writer,
    /// A round of several steps: its differences wait until all are known.
    open: Option<OpenRound>,
}

struct OpenRound {
    pairing: Pairing,
    wishes: Vec<Wish>,
}

/// What came of a step.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Events journalled.
    pub(super) events: u64,
    /// Paths that could not be looked at.
    pub(super) blind: Vec<BlindSpot>,
    /// Directories that are gone while something is remembered below.
    pub(super) vanished: Vec<PathBuf>,
    /// What must be looked at again.
    pub(super) again: Vec<Wish>,
    /// What is gone though nothing was heard of its going yet.
    pub(super) unfinished: Vec<Wish>,
    /// When those were first heard of that became events.
    pub(super) firsts: Vec<Instant>,
    /// Why it could not be written.
    pub(super) trouble: Option<BaselineError>,
}

/// Why a step was not written.
enum Unwritten {
    /// Another process has written since it was looked at.
    Outdated,
    Failed(ScanError),
}

impl<E: Into<ScanError>> From<E> for Unwritten {
    fn from(error: E) -> Unwritten {
        Unwritten::Failed(error.into())
    }
}

impl<'e, 'p> Scribe<'e, 'p> {
    /// Returns the writer of one policy's rounds.
    pub(super) fn new(
        baseline: &'e mut Baseline,
        policy: &'p Policy,
        writer: &'e Writer,
    ) -> Result<Scribe<'e, 'p>, BaselineError> {
        Ok(Scribe {
            reader: baseline.reader()?,
            baseline,
            policy,
            writer,
            open: None,
        })
    }

    /// Writes one step of a round.
    ///
    /// An error is one after which the store cannot be believed; everything else is trouble that
    /// may pass.
    pub(super) fn write(&mut self, round: Round<'p>) -> Result<Outcome, ScanError> {
        let mut step = Step::judge(round.sightings, &self.reader, self.policy)?;
        let mut outcome = Outcome {
            blind: std::mem::take(&mut step.blind),
            vanished: std::mem::take(&mut step.vanished),
            unfinished: step.unfinished(),
            ..Outcome::default()
        };
        let firsts = step.firsts();
        let is_plain = self.open.is_none() && !round.goes_on && !step.may_have_moves();
        let written = if is_plain {
            self.write_plainly(&step)
        } else {
            self.write_paired(&mut step, round.goes_on)
        };
        match written {
            Ok(events) => {
                outcome.events = events;
                outcome.firsts = firsts;
            }
            Err(unwritten) => {
                let open = self.open.take();
                outcome.again = step.wishes;
                outcome
                    .again
                    .extend(open.into_iter().flat_map(|open| open.wishes));
                if let Unwritten::Failed(error) = unwritten {
                    outcome.trouble = Some(passing(error)?);
                }
            }
        }
        Ok(outcome)
    }

    /// Writes a step in which nothing has moved.
    fn write_plainly(&mut self, step: &Step<'p>) -> Result<u64, Unwritten> {
        let mut batch = fresh(self.baseline)?;
        let context = Context {
            policy: self.policy,
            reader: &self.reader,
            writer: self.writer,
        };
        let mut events = 0;
        for judged in &step.judged {
            let Some(wish) = step.wishes.get(judged.index) else {
                continue;
            };
            let (row, now) = (judged.row.as_ref(), judged.now.as_ref());
            if judged.differs {
                let actors = wish.actors();
                let circumstances = wish.circumstances(&actors);
                context.change(
                    &mut batch,
                    &wish.path,
                    row,
                    now,
                    judged.rule,
                    &circumstances,
                )?;
                events += 1;
            } else {
                refresh(&mut batch, &wish.path, row, now, judged.rule)?;
            }
        }
        events += tell_brief(&mut batch, self.writer, self.policy, step)?;
        batch.commit()?;
        Ok(events)
    }

    /// Writes a step of a round in which something may have moved.
    fn write_paired(&mut self, step: &mut Step<'p>, goes_on: bool) -> Result<u64, Unwritten> {
        let mut batch = fresh(self.baseline)?;
        let mut open = match self.open.take() {
            Some(open) => open,
            None => OpenRound {
                pairing: Pairing::new()?,
                wishes: Vec::new(),
            },
        };
        let context = Context {
            policy: self.policy,
            reader: &self.reader,
            writer: self.writer,
        };
        for judged in &step.judged {
            let Some(wish) = step.wishes.get(judged.index) else {
                continue;
            };
            let (row, now) = (judged.row.as_ref(), judged.now.as_ref());
            if judged.differs {
                put(
                    &mut open.pairing,
                    &wish.path,
                    reference(row, now, judged.rule.attributes).as_deref(),
                    now,
                )?;
            } else {
                refresh(&mut batch, &wish.path, row, now, judged.rule)?;
            }
        }
        let mut events = tell_brief(&mut batch, self.writer, self.policy, step)?;
        open.wishes.append(&mut step.wishes);
        if goes_on {
            self.open = Some(open);
            batch.commit()?;
            return Ok(events);
        }
        let OpenRound { pairing, wishes } = open;
        let by_path: HashMap<&Path, &Wish> = wishes
            .iter()
            .map(|wish| (wish.path.as_path(), wish))
            .collect();
        let recorded = pairing.finish(|paired| {
            let finding = Finding::from(paired);
            let wish = by_path.get(finding.path.as_path());
            let actors = wish.map(|wish| wish.actors()).unwrap_or_default();
            let circumstances =
                wish.map_or(Circumstances::SCAN, |wish| wish.circumstances(&actors));
            context.record(&mut batch, &finding, &circumstances)?;
            events += 1;
            Ok::<(), ScanError>(())
        });
        let committed = recorded.and_then(|()| Ok(batch.commit()?));
        if let Err(error) = committed {
            step.wishes = wishes;
            return Err(error.into());
        }
        Ok(events)
    }

    /// Journals notices.
    pub(super) fn tell(&mut self, notices: &[Notice]) -> Result<(), BaselineError> {
        let mut batch = self.baseline.batch()?;
        for notice in notices {
            batch.append_event(notice.at, |id| self.writer.notice(notice, id))?;
        }
        batch.commit()
    }

    /// Records a survey that is worth it.
    pub(super) fn surveyed(&mut self, done: &Done) -> Result<(), BaselineError> {
        let mut batch = self.baseline.batch()?;
        let scan = batch.begin_scan(&done.start)?;
        for spot in &done.blind {
            batch.blind_spot(scan, &spot.path, &spot.cause.to_string())?;
        }
        batch.finish_scan(scan, &done.end)?;
        batch.commit()
    }

    /// Remembers texts by key.
    pub(super) fn remember(
        &mut self,
        texts: &BTreeMap<&'static str, String>,
    ) -> Result<(), BaselineError> {
        let mut batch = self.baseline.batch()?;
        for (key, text) in texts {
            batch.put_meta(key, text)?;
        }
        batch.commit()
    }

    /// Records how far sinks have delivered.
    pub(super) fn delivered(
        &mut self,
        cursors: &BTreeMap<String, u64>,
    ) -> Result<(), BaselineError> {
        let mut batch = self.baseline.batch()?;
        for (sink, seq) in cursors {
            batch.put_cursor(sink, *seq)?;
        }
        batch.commit()
    }
}

/// Starts a transaction that follows our own last one.
fn fresh(baseline: &mut Baseline) -> Result<Batch<'_>, Unwritten> {
    let batch = baseline.batch()?;
    match batch.follows_others() {
        true => Err(Unwritten::Outdated),
        false => Ok(batch),
    }
}

/// Journals what came and went between two looks.
fn tell_brief(
    batch: &mut Batch<'_>,
    writer: &Writer,
    policy: &Policy,
    step: &Step<'_>,
) -> Result<u64, Unwritten> {
    let mut events = 0;
    for index in &step.brief {
        let Some(wish) = step.wishes.get(*index) else {
            continue;
        };
        let Some(rule) = policy.decide(&wish.path, Kind::File).watched() else {
            continue;
        };
        let actors = wish.actors();
        for action in [Action::Created, Action::Deleted] {
            let event = Event {
                kind: Some(Kind::File),
                rule: Some(rule),
                actors: &actors,
                tags: &[SHORT_LIVED],
                ..Event::new(&wish.path, Actions::just(action), FoundBy::Watch)
            };
            append(batch, writer, &event)?;
            events += 1;
        }
    }
    Ok(events)
}

/// Returns the trouble that may pass, or the error that does not.
fn passing(error: ScanError) -> Result<BaselineError, ScanError> {
    match error {
        ScanError::Baseline(error) if !error.is_integrity_failure() => Ok(error),
        lasting => Err(lasting),
    }
}
