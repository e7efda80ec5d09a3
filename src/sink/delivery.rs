//! The loop of one sink, one step at a time: [`Delivery`].
//!
//! It has no thread and no clock. Whoever runs it calls [`Delivery::step`] as long as something is
//! delivered, then again when the journal has grown or the time to retry has come.

use std::time::{Duration, Instant};

use super::{Sink, SinkError};
use crate::baseline::{BaselineError, Reader};

/// The most events that are handed over at once.
const PAGE_EVENTS: usize = 1000;

/// A page ends behind so many bytes: a few events with large values must not fill the memory.
const PAGE_BYTES: usize = 1 << 20;

const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);

/// Brings the journal to one sink.
pub struct Delivery {
    sink: Box<dyn Sink>,
    cursor: u64,
    failing: Option<Failing>,
}

/// What a step came to.
#[derive(Debug)]
pub enum Step {
    /// Events were delivered, and there may be more. The cursor is to be stored.
    Delivered {
        /// The new cursor: the number of the last event.
        up_to: u64,
        /// How many events they were.
        events: usize,
    },
    /// Everything is delivered.
    Idle,
    /// It failed, and nothing is lost.
    Failed {
        /// Why.
        error: DeliveryError,
        /// When to try again.
        retry_at: Instant,
    },
    /// It failed before, and the time to try again has not come; nothing was done.
    Waiting {
        /// When to try again.
        retry_at: Instant,
    },
}

/// Why nothing was delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] BaselineError),
    /// The sink did not take it.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

/// How a sink is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The sink's name.
    pub name: String,
    /// The last event it has.
    pub cursor: u64,
    /// What is wrong, if anything is.
    pub failing: Option<Failing>,
}

/// Since when and why a sink fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// When it failed first.
    pub since: Instant,
    /// How often it failed since.
    pub attempts: u32,
    /// When it is tried again.
    pub retry_at: Instant,
    /// The last error.
    pub error: String,
}

impl Delivery {
    /// Returns the delivery of everything behind this event; [`super::Start`] knows which.
    pub fn new(sink: Box<dyn Sink>, cursor: u64) -> Delivery {
        Delivery {
            sink,
            cursor,
            failing: None,
        }
    }

    /// Delivers the next page of the journal.
    pub fn step(&mut self, reader: &Reader, now: Instant) -> Step {
        if let Some(failing) = &self.failing
            && now < failing.retry_at
        {
            return Step::Waiting {
                retry_at: failing.retry_at,
            };
        }
        match self.deliver_page(reader) {
            Ok(events) => {
                self.failing = None;
                let up_to = self.cursor;
                match events {
                    0 => Step::Idle,
                    events => Step::Delivered { up_to, events },
                }
            }
            Err(error) => {
                let retry_at = self.note(&error, now);
                Step::Failed { error, retry_at }
            }
        }
    }

    /// Returns how the sink is doing.
    pub fn health(&self) -> Health {
        Health {
            name: self.sink.name().to_owned(),
            cursor: self.cursor,
            failing: self.failing.clone(),
        }
    }

    /// Delivers the next page and says how many events it had.
    fn deliver_page(&mut self, reader: &Reader) -> Result<usize, DeliveryError> {
        let events = reader.page(self.cursor, PAGE_EVENTS, PAGE_BYTES)?;
        if let Some(last) = events.last() {
            self.sink.deliver(&events)?;
            self.cursor = last.seq;
        }
        Ok(events.len())
    }

    /// Remembers a failure and returns when to try again.
    fn note(&mut self, error: &DeliveryError, now: Instant) -> Instant {
        let (since, attempts) = match &self.failing {
            Some(failing) => (failing.since, failing.attempts.saturating_add(1)),
            None => (now, 1),
        };
        let retry_at = now + pause(attempts);
        self.failing = Some(Failing {
            since,
            attempts,
            retry_at,
            error: error.to_string(),
        });
        retry_at
    }
}

/// Returns how long to wait after so many failures: twice as long each time, up to a minute.
fn pause(attempts: u32) -> Duration {
    let doubled = 1_u32.checked_shl(attempts.saturating_sub(1));
    let pause = doubled.and_then(|factor| FIRST_RETRY.checked_mul(factor));
    pause.unwrap_or(LAST_RETRY).min(LAST_RETRY)
}
