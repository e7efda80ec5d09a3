//! The threads of the sinks: each delivers the journal from its own cursor, whatever the others do.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

use serde_json::{Value, json};

use super::writing::Message;
use crate::baseline::Reader;
use crate::event::{Notice, NoticeAction};
use crate::inspect::Halt;
use crate::sink::{Delivery, Health, Step};

/// How long a sink that is idle goes without looking: other processes journal, too, approvals for
/// instance, and ring no bell. One look takes some twenty microseconds.
const IDLE: Duration = Duration::from_secs(1);

/// How each sink is doing, by name; told by its own thread.
#[derive(Default)]
pub(super) struct Sinks(Mutex<BTreeMap<String, Health>>);

impl Sinks {
    /// Takes note of how a sink is doing.
    fn note(&self, health: Health) {
        let mut sinks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sinks.insert(health.name.clone(), health);
    }

    /// Returns each as an object; the journal ends with this event.
    pub(super) fn objects(&self, journal_end: u64) -> Vec<Value> {
        let sinks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let object = |health: &Health| {
            json!({
                "name": health.name,
                "behind": journal_end.saturating_sub(health.cursor),
                "error": health.failing.as_ref().map(|failing| failing.error.clone()),
                "attempts": health.failing.as_ref().map(|failing| failing.attempts),
            })
        };
        sinks.values().map(object).collect()
    }
}

/// Tells the sinks that the journal has grown.
#[derive(Default)]
pub(super) struct Bells(Vec<Sender<()>>);

impl Bells {
    /// Returns a further bell's other end.
    pub(super) fn add(&mut self) -> Receiver<()> {
        let (bell, heard) = bounded(1);
        self.0.push(bell);
        heard
    }

    /// Wakes every sink.
    pub(super) fn ring(&self) {
        for bell in &self.0 {
            match bell.try_send(()) {
                // One that has not been answered yet is enough; a sink that ended needs none.
                Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            }
        }
    }
}

/// How a sink's thread and the others reach each other.
pub(super) struct Way<'w, 'p> {
    /// Rings when the journal has grown, and is gone when it will not grow any more.
    pub(super) bell: &'w Receiver<()>,
    pub(super) writer: &'w Sender<Message<'p>>,
    pub(super) sinks: &'w Sinks,
    /// Whether the sink will be served anew, so that it need not get everything now.
    pub(super) is_over: &'w Halt,
}

/// Delivers to one sink until its bell is gone and the journal delivered.
pub(super) fn deliver(name: &str, mut delivery: Delivery, reader: &Reader, way: &Way<'_, '_>) {
    let Way {
        bell,
        writer,
        sinks,
        is_over: is_cut_short,
    } = way;
    let mut is_failing = false;
    let mut is_over = false;
    loop {
        let step = delivery.step(reader, Instant::now());
        sinks.note(delivery.health());
        let wait = match step {
            Step::Delivered { up_to, .. } => {
                let told = writer.send(Message::Delivered {
                    sink: name.to_owned(),
                    seq: up_to,
                });
                if std::mem::take(&mut is_failing) {
                    let message = format!("output {name} works again");
                    tell(writer, NoticeAction::SinkRecovered, message);
                }
                if told.is_err() || is_cut_short.is_called() {
                    return;
                }
                continue;
            }
            Step::Idle if is_over => return,
            Step::Idle => Duration::MAX,
            Step::Failed { error, retry_at } => {
                if !is_failing {
                    is_failing = true;
                    let message =
                        format!("output {name} fails, its events wait in the journal: {error}");
                    tell(writer, NoticeAction::SinkFailed, message);
                }
                retry_at.saturating_duration_since(Instant::now())
            }
            Step::Waiting { retry_at } => retry_at.saturating_duration_since(Instant::now()),
        };
        match bell.recv_timeout(wait.min(IDLE)) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            // What it failed to deliver comes after the next start.
            Err(RecvTimeoutError::Disconnected) if is_failing || is_over => return,
            Err(RecvTimeoutError::Disconnected) => is_over = true,
        }
    }
}

fn tell(writer: &Sender<Message<'_>>, action: NoticeAction, message: String) {
    // A writer that ended has told why.
    let _ = writer.send(Message::OfSink(Notice::now(action, message)));
}
