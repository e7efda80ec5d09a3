//! The one who writes the store during a watch: [`Scribe`] turns rounds into states and events, one transaction each.
//!
//! Every row is read again here, after all earlier rounds: what a look means depends on what is
//! remembered at this moment, not on what was when it was taken. When another process has written
//! in between, or the store cannot be written, nothing is forced: what was wished for is handed
//! back, to be looked at again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::brief::tell_brief;
use super::outcome::Outcome;
use super::round::{Round, Wish};
use super::step::{Root, Step};
use super::surveying::Done;
use crate::baseline::{Baseline, BaselineError, Batch, Pairing, Reader, ScanId, ScanStart};
use crate::event::{Notice, Writer};
use crate::policy::Policy;
use crate::scan::{BlindSpot, Circumstances, Context, Finding, ScanError, put, reference, refresh};

/// Paths that are remembered to be gone.
const GONE: usize = 10_000;

/// Writes rounds.
pub(super) struct Scribe<'e, 'p> {
    baseline: &'e mut Baseline,
    reader: Reader,
    policy: &'p Policy,
    writer: &'e Writer,
    /// A round of several steps: its differences wait until all are known.
    open: Option<OpenRound>,
    /// A round of several steps of which one could not be written: what moved is recognised in all of
    /// them only, so all of it is handed back.
    spoiled: Option<Vec<Wish>>,
    /// When another process was last found to have written, or the scan at the start had.
    foreign: Instant,
    /// The scan that is being recorded.
    scan: Option<ScanId>,
    /// Configured paths that were told to be gone, though the store may not remember them.
    gone: HashSet<PathBuf>,
}

struct OpenRound {
    pairing: Pairing,
    wishes: Vec<Wish>,
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
            spoiled: None,
            foreign: Instant::now(),
            scan: None,
            gone: HashSet::new(),
        })
    }

    /// Writes one step of a round.
    ///
    /// An error is one after which the store cannot be believed, or that it cannot be read; everything
    /// else is trouble that may pass.
    pub(super) fn write(&mut self, round: Round<'p>) -> Result<Outcome, ScanError> {
        if let Some(mut spoiled) = self.spoiled.take() {
            spoiled.extend(round.sightings.into_iter().map(|sighting| sighting.wish));
            return Ok(self.hand_back(spoiled, round.goes_on));
        }
        let mut step = Step::judge(round.sightings, &self.reader, self.policy)?;
        let blind = std::mem::take(&mut step.blind);
        let is_plain = self.open.is_none() && !round.goes_on && !step.may_have_moves();
        // Taken before the step: writing takes wishes out of it.
        let (firsts, unfinished) = (step.firsts(), step.unfinished());
        let written = if is_plain {
            self.write_plainly(&step, round.began)
        } else {
            self.write_paired(&mut step, round.began, round.goes_on)
        };
        match written {
            Ok(events) => Ok(Outcome {
                is_written: true,
                events,
                blind,
                vanished: std::mem::take(&mut step.vanished),
                unfinished,
                firsts,
                notices: self.tell_roots(&step.roots),
                has_turned: step.has_turned,
                ..Outcome::default()
            }),
            Err(unwritten) => {
                let open = self.open.take().into_iter();
                let open = open.flat_map(|open| open.wishes);
                let wishes = step.wishes.into_iter().chain(open).collect();
                let trouble = match unwritten {
                    Unwritten::Failed(error) => Some(passing(error)?),
                    Unwritten::Outdated => None,
                };
                Ok(Outcome {
                    blind,
                    trouble,
                    ..self.hand_back(wishes, round.goes_on)
                })
            }
        }
    }

    /// Hands back what could not be written, once the round is whole.
    fn hand_back(&mut self, wishes: Vec<Wish>, goes_on: bool) -> Outcome {
        let mut outcome = Outcome::default();
        match goes_on {
            true => self.spoiled = Some(wishes),
            false => outcome.again = wishes,
        }
        outcome
    }

    /// Writes a step in which nothing has moved.
    fn write_plainly(&mut self, step: &Step<'p>, began: Instant) -> Result<u64, Unwritten> {
        let mut batch = fresh(self.baseline, &mut self.foreign, began)?;
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
        events += tell_brief(&mut batch, &context, step, self.foreign)?;
        batch.commit()?;
        Ok(events)
    }

    /// Writes a step of a round in which something may have moved.
    fn write_paired(
        &mut self,
        step: &mut Step<'p>,
        began: Instant,
        goes_on: bool,
    ) -> Result<u64, Unwritten> {
        if self.open.is_none() {
            self.open = Some(OpenRound {
                pairing: Pairing::new()?,
                wishes: Vec::new(),
            });
        }
        let mut batch = fresh(self.baseline, &mut self.foreign, began)?;
        if let Some(open) = &mut self.open {
            stage(&mut batch, &mut open.pairing, step)?;
        }
        let context = Context {
            policy: self.policy,
            reader: &self.reader,
            writer: self.writer,
        };
        let brief = tell_brief(&mut batch, &context, step, self.foreign)?;
        if goes_on {
            batch.commit()?;
            // What came and went is told; the rest waits for the last step.
            let told: HashSet<usize> = step.brief.iter().copied().collect();
            let wishes = std::mem::take(&mut step.wishes).into_iter().enumerate();
            let wait = wishes.filter(|(index, _)| !told.contains(index));
            if let Some(open) = &mut self.open {
                open.wishes.extend(wait.map(|(_, wish)| wish));
            }
            return Ok(brief);
        }
        let Some(OpenRound { pairing, wishes }) = self.open.take() else {
            return Ok(brief);
        };
        let recorded = record(
            &context,
            &mut batch,
            pairing,
            wishes.iter().chain(&step.wishes),
        );
        let committed = recorded.and_then(|events| {
            batch.commit()?;
            Ok(events)
        });
        match committed {
            Ok(events) => Ok(brief + events),
            Err(error) => {
                step.wishes.extend(wishes);
                Err(error.into())
            }
        }
    }

    /// Returns what is to be told of configured paths that came or went: one comes back only if it
    /// was there before.
    fn tell_roots(&mut self, roots: &[Root]) -> Vec<Notice> {
        let mut notices = Vec::new();
        for root in roots {
            let was_gone = match root.is_there {
                true => self.gone.remove(&root.path),
                false => self.gone.len() < GONE && self.gone.insert(root.path.clone()),
            };
            if !root.is_there || root.was_known || was_gone {
                notices.push(root.notice());
            }
        }
        notices
    }

    /// Takes back the wishes of a round whose last step never came.
    pub(super) fn take_open(&mut self) -> Vec<Wish> {
        let open = self.open.take().map(|open| open.wishes);
        let spoiled = self.spoiled.take();
        open.into_iter().chain(spoiled).flatten().collect()
    }

    /// Journals notices.
    pub(super) fn tell(&mut self, notices: &[Notice]) -> Result<(), BaselineError> {
        let mut batch = begin(self.baseline, &mut self.foreign)?;
        for notice in notices {
            batch.append_event(notice.at, |id| self.writer.notice(notice, id))?;
        }
        batch.commit()
    }

    /// Finds out whether the store can be written at all.
    pub(super) fn probe(&mut self) -> Result<(), BaselineError> {
        drop(begin(self.baseline, &mut self.foreign)?);
        Ok(())
    }

    /// Records what a scan could not look at.
    pub(super) fn note_blind(
        &mut self,
        start: &ScanStart,
        spots: &[BlindSpot],
    ) -> Result<(), BaselineError> {
        let mut batch = begin(self.baseline, &mut self.foreign)?;
        let scan = begun(&mut batch, self.scan, start)?;
        for spot in spots {
            batch.blind_spot(scan, &spot.path, &spot.cause.to_string())?;
        }
        batch.commit()?;
        self.scan = Some(scan);
        Ok(())
    }

    /// Records that a scan is done.
    pub(super) fn surveyed(&mut self, done: &Done) -> Result<(), BaselineError> {
        let mut batch = begin(self.baseline, &mut self.foreign)?;
        let scan = begun(&mut batch, self.scan, &done.start)?;
        batch.finish_scan(scan, &done.end)?;
        batch.commit()?;
        self.scan = None;
        Ok(())
    }

    /// Remembers texts by key.
    pub(super) fn remember(
        &mut self,
        texts: &BTreeMap<&'static str, String>,
    ) -> Result<(), BaselineError> {
        let mut batch = begin(self.baseline, &mut self.foreign)?;
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
        let mut batch = begin(self.baseline, &mut self.foreign)?;
        for (sink, seq) in cursors {
            batch.put_cursor(sink, *seq)?;
        }
        batch.commit()
    }
}

/// Writes what has not changed in a way that counts; what has waits to be paired.
fn stage(batch: &mut Batch<'_>, pairing: &mut Pairing, step: &Step<'_>) -> Result<(), ScanError> {
    for judged in &step.judged {
        let Some(wish) = step.wishes.get(judged.index) else {
            continue;
        };
        let (row, now) = (judged.row.as_ref(), judged.now.as_ref());
        if judged.differs {
            let before = reference(row, now, judged.rule.attributes);
            put(pairing, &wish.path, before.as_deref(), now)?;
        } else {
            refresh(batch, &wish.path, row, now, judged.rule)?;
        }
    }
    Ok(())
}

/// Writes all differences of a round; returns how many events they are.
fn record<'w>(
    context: &Context<'_>,
    batch: &mut Batch<'_>,
    pairing: Pairing,
    wishes: impl Iterator<Item = &'w Wish>,
) -> Result<u64, ScanError> {
    let by_path: HashMap<&Path, &Wish> = wishes.map(|wish| (wish.path.as_path(), wish)).collect();
    let mut events = 0;
    pairing.finish(|paired| {
        let finding = Finding::from(paired);
        let wish = by_path.get(finding.path.as_path());
        let actors = wish.map(|wish| wish.actors()).unwrap_or_default();
        let circumstances = wish.map_or(Circumstances::SCAN, |wish| wish.circumstances(&actors));
        context.record(batch, &finding, &circumstances)?;
        events += 1;
        Ok::<(), ScanError>(())
    })?;
    Ok(events)
}

/// Starts a transaction; takes note when another process has written since the last one.
fn begin<'b>(
    baseline: &'b mut Baseline,
    foreign: &mut Instant,
) -> Result<Batch<'b>, BaselineError> {
    let batch = baseline.batch()?;
    if batch.follows_others() {
        *foreign = Instant::now();
    }
    Ok(batch)
}

/// Returns the scan that is being recorded, which begins with its first record.
fn begun(
    batch: &mut Batch<'_>,
    scan: Option<ScanId>,
    start: &ScanStart,
) -> Result<ScanId, BaselineError> {
    match scan {
        Some(scan) => Ok(scan),
        None => batch.begin_scan(start),
    }
}

/// Starts the transaction of a round that was looked at after everything others have written.
fn fresh<'b>(
    baseline: &'b mut Baseline,
    foreign: &mut Instant,
    began: Instant,
) -> Result<Batch<'b>, Unwritten> {
    let batch = begin(baseline, foreign)?;
    match began <= *foreign {
        true => Err(Unwritten::Outdated),
        false => Ok(batch),
    }
}

/// Returns the trouble that may pass, or the error that does not.
fn passing(error: ScanError) -> Result<BaselineError, ScanError> {
    match error {
        ScanError::Baseline(error) if !error.is_integrity_failure() => Ok(error),
        lasting => Err(lasting),
    }
}
