//! The queue: takes the ends of reads, reads on, and hands the records to the translator.

use std::io;
use std::os::windows::io::AsHandle;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::beats::Beats;
use super::completion::{Outcome, ended};
use super::places::Id;
use super::record::{Action, Record, records};
use super::short_names::{is_short, may_be_short};
use super::sys::{Completion, Spare};
use super::translate::Facts;
use super::windows::{CANARY, Shared, State};
use crate::nt::{self, What};
use crate::place;
use crate::stat::Kind;
use crate::stat::windows::stat;
use crate::watch::{BackendKind, LostReason, Queue, Signal};

/// How many reads are taken before others get their turn.
const READS_AT_ONCE: usize = 64;

pub(super) struct Reader {
    shared: Arc<Shared>,
    /// The buffer for the next read, while the last one is decoded: something is always posted.
    spare: Option<Spare>,
    beats: Beats,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Reader {
        Reader {
            shared,
            spare: None,
            beats: Beats::default(),
        }
    }

    /// Takes the end of a read.
    fn take(&mut self, completion: Completion) -> io::Result<()> {
        let id = completion.id;
        let mut told = Vec::new();
        let read = self.read_on(completion, &mut told);
        self.deliver(told);
        match read {
            Some((spare, outcome)) => {
                if let Outcome::Records(len) = outcome {
                    self.decode(id, spare.bytes(len));
                }
                self.spare = Some(spare);
            }
            None if id == CANARY => {
                return Err(io::Error::other("the directory of the canaries is gone"));
            }
            None => {}
        }
        let due = self.shared.state().translator.last_due();
        self.beats.step(due);
        Ok(())
    }

    /// Starts the next read of a watch, and returns the one that ended; `None` when there was the
    /// last one.
    fn read_on(
        &mut self,
        completion: Completion,
        told: &mut Vec<Signal>,
    ) -> Option<(Spare, Outcome)> {
        let id = completion.id;
        let mut state = self.shared.state();
        let State {
            watches,
            translator,
            overflows,
            ..
        } = &mut *state;
        let watch = watches.get_mut(&id)?;
        let reading = match watch.posted.take()?.ended(completion) {
            Ok(reading) => reading,
            Err(posted) => {
                watch.posted = Some(posted);
                return None;
            }
        };
        let is_over = match &reading.outcome {
            Outcome::Lost(reason) => Some(Some(reason.clone())),
            Outcome::Cancelled if watch.is_needless => Some(None),
            Outcome::Records(_) | Outcome::Overflow | Outcome::Cancelled => {
                let spare = self.spare.take().unwrap_or_else(Spare::new);
                match watch.read(spare) {
                    Ok(()) => None,
                    Err((spare, error)) => {
                        self.spare = Some(spare);
                        Some(Some(ended(&error)))
                    }
                }
            }
        };
        match is_over {
            None if reading.outcome == Outcome::Overflow => {
                *overflows += 1;
                translator.overflow(id, LostReason::Overflow, told);
            }
            None => {}
            // What it brought last is told before that it ended.
            Some(reason) => {
                watches.remove(&id);
                drop(state);
                if let Outcome::Records(len) = reading.outcome {
                    self.decode(id, reading.spare.bytes(len));
                }
                self.spare = Some(reading.spare);
                self.shared.state().translator.end(id, reason, told);
                return None;
            }
        }
        Some((reading.spare, reading.outcome))
    }

    /// Tells what the bytes of a read say.
    fn decode(&mut self, id: Id, bytes: &[u8]) {
        for record in records(bytes) {
            let mut told = Vec::new();
            match record {
                Ok(record) if id == CANARY => self.hear(&record),
                Ok(record) => {
                    let record = self.spell(id, record, &mut told);
                    self.translate(id, &record, &mut told);
                }
                Err(malformed) => {
                    let reason = LostReason::Error(malformed.to_string());
                    let mut state = self.shared.state();
                    state.translator.overflow(id, reason, &mut told);
                }
            }
            self.deliver(told);
        }
    }

    /// Each beat makes a file of its own.
    fn hear(&mut self, record: &Record) {
        if record.action == Action::Added {
            let watches = self.shared.state().watches.len();
            self.beats.hear(watches);
        }
    }

    /// Gives what a record tells by a short name its real one.
    fn spell(&self, id: Id, record: Record, told: &mut Vec<Signal>) -> Record {
        if !may_be_short(Path::new(&record.name)) {
            return record;
        }
        let root = self
            .shared
            .state()
            .translator
            .places
            .path_of(id)
            .map(Path::to_path_buf);
        let Some(root) = root else {
            return record;
        };
        let mut name = PathBuf::new();
        for part in Path::new(&record.name) {
            name.push(match is_short(part) {
                true => place::spelled(&root.join(&name), part),
                false => part.to_owned(),
            });
        }
        let record = Record {
            name: name.into_os_string(),
            ..record
        };
        let is_gone = matches!(record.action, Action::Removed | Action::RenamedFrom);
        if is_gone && may_be_short(Path::new(&record.name)) {
            self.shared.state().translator.lose_short(id, &record, told);
        }
        record
    }

    fn translate(&self, id: Id, record: &Record, told: &mut Vec<Signal>) {
        let in_question = self.shared.state().translator.in_question(id, record);
        // Asked with no lock held.
        let facts = in_question.map_or_else(Facts::default, |path| Facts {
            is_directory: look(&path),
            is_wanted: (self.shared.wants)(&path),
        });
        let mut state = self.shared.state();
        let now = Instant::now();
        state.translator.take(id, record, facts, now, told);
    }

    /// Hands signals on, with no lock held, and calls off the watches that they made needless.
    fn deliver(&self, told: Vec<Signal>) {
        let mut state = self.shared.state();
        state.signals += told.len() as u64;
        state.drop_needless();
        drop(state);
        for signal in told {
            (self.shared.deliver)(signal);
        }
    }

    /// Tells what only time tells: which names left for good, and which canaries were heard.
    fn settle(&mut self, is_drained: bool) {
        let now = Instant::now();
        let mut told = Vec::new();
        let mut state = self.shared.state();
        state.translator.give_up(now, &mut told);
        if is_drained {
            self.beats.drained(state.translator.last_due());
        }
        drop(state);
        while self.beats.pop(now) {
            let backend = BackendKind::ReadDirectoryChanges;
            told.push(Signal::Alive { backend });
        }
        self.deliver(told);
    }

    /// Says until when nothing is to be told but what comes.
    fn next_due(&self) -> Option<Instant> {
        let left = self.shared.state().translator.next_due();
        left.into_iter().chain(self.beats.next_due()).min()
    }
}

impl Queue for Reader {
    fn name(&self) -> &'static str {
        "read_directory_changes"
    }

    fn read(&mut self, timeout: Duration) -> io::Result<()> {
        // What is too long for a clock is as good as for ever.
        let until = Instant::now().checked_add(timeout);
        let shared = Arc::clone(&self.shared);
        let mut taken = 0;
        while taken < READS_AT_ONCE {
            let now = Instant::now();
            let next = until.into_iter().chain(self.next_due()).min();
            let wait = match taken {
                0 => next.map_or(Duration::MAX, |next| next.saturating_duration_since(now)),
                _ => Duration::ZERO,
            };
            match shared.port.next(wait)? {
                Some(completion) => {
                    taken += 1;
                    self.take(completion)?;
                }
                None => {
                    self.settle(true);
                    if taken > 0 || until.is_some_and(|until| until <= Instant::now()) {
                        return Ok(());
                    }
                }
            }
        }
        self.settle(false);
        Ok(())
    }
}

/// Says whether what has a path now is a directory, and not a link to one.
fn look(path: &Path) -> Option<bool> {
    let found = nt::path(path, What::Ask).ok()?;
    let found = stat(found.handle.as_handle()).ok()?;
    Some(found.kind == Kind::Directory)
}
