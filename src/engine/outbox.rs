//! The coordinator's end of the way to the writer: [`Outbox`].

use std::collections::VecDeque;
use std::time::Instant;

use crossbeam_channel::{SendTimeoutError, Sender, TrySendError};

use super::EngineError;
use super::round::Wish;
use super::writing::Message;

/// What waits for the writer, handed over without waiting for it.
pub(super) struct Outbox<'p> {
    writer: Sender<Message<'p>>,
    waiting: VecDeque<Message<'p>>,
    handed: u64,
}

impl<'p> Outbox<'p> {
    /// Leads to a writer that has dealt with so many messages of earlier policies' times.
    pub(super) fn new(writer: Sender<Message<'p>>, handed: u64) -> Outbox<'p> {
        Outbox {
            writer,
            handed,
            waiting: VecDeque::new(),
        }
    }

    /// Adds a message behind all others.
    pub(super) fn push(&mut self, message: Message<'p>) {
        self.waiting.push_back(message);
    }

    /// Hands over as much as the writer takes now.
    pub(super) fn flush(&mut self) -> Result<(), EngineError> {
        while let Some(message) = self.waiting.pop_front() {
            match self.writer.try_send(message) {
                Ok(()) => self.handed += 1,
                Err(TrySendError::Full(message)) => {
                    self.waiting.push_front(message);
                    return Ok(());
                }
                Err(TrySendError::Disconnected(_)) => return Err(EngineError::Thread("write")),
            }
        }
        Ok(())
    }

    /// Returns how many messages were handed over, those of earlier policies' times included.
    pub(super) fn handed(&self) -> u64 {
        self.handed
    }

    /// Says whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Hands everything over, waiting for the writer until then; what it does not take by then is
    /// found by the next start.
    pub(super) fn drain(&mut self, until: Instant) -> Result<(), EngineError> {
        while let Some(message) = self.waiting.pop_front() {
            match self.writer.send_deadline(message, until) {
                Ok(()) => self.handed += 1,
                Err(SendTimeoutError::Timeout(_)) => return Ok(()),
                Err(SendTimeoutError::Disconnected(_)) => return Err(EngineError::Thread("write")),
            }
        }
        Ok(())
    }

    /// Takes back what was wished for and the writer has not taken.
    pub(super) fn take_all(&mut self) -> Vec<Wish> {
        let mut wishes = Vec::new();
        self.waiting.retain_mut(|message| {
            if let Message::Round(round) = message {
                wishes.extend(round.sightings.drain(..).map(|sighting| sighting.wish));
            }
            !matches!(message, Message::Round(_))
        });
        wishes
    }
}
