//! The threads of one policy's time, and how the writer is seen off.

use std::thread::{self, Scope, ScopedJoinHandle};

use crossbeam_channel::{Sender, TrySendError};

use super::EngineError;
use super::delivering::{Bells, Sinks, Way, deliver};
use super::inbox::Inbox;
use super::writing::Message;
use crate::baseline::Reader;
use crate::inspect::Halt;
use crate::sink::Delivery;

/// Tells the writer that nothing more comes, however the watch ends: the sinks wait for its bells,
/// and it waits for them.
pub(super) struct Farewell<'p> {
    /// None once it is told.
    pub(super) writer: Option<Sender<Message<'p>>>,
    /// Ends its patience with a store that cannot be written.
    pub(super) halt: Halt,
}

impl Farewell<'_> {
    /// Tells it if it takes that now: it may wait for another process that writes.
    fn try_say(&mut self) {
        let is_full = |writer: &Sender<Message<'_>>| {
            matches!(writer.try_send(Message::Last), Err(TrySendError::Full(_)))
        };
        self.writer = self.writer.take().filter(is_full);
    }
}

impl Drop for Farewell<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.halt.call();
        }
        if let Some(writer) = &self.writer {
            // A writer that ended has told why.
            let _ = writer.send(Message::Last);
        }
    }
}

/// Waits until the writer has written what it has, or until the watch is to end meanwhile.
pub(super) fn see_off(
    writing: ScopedJoinHandle<'_, Result<(), EngineError>>,
    mut farewell: Farewell<'_>,
    inbox: &Inbox,
) -> Result<(), EngineError> {
    farewell.try_say();
    while !writing.is_finished() && !farewell.halt.is_called() {
        if inbox.wait_for_thread() {
            farewell.halt.call();
        }
        farewell.try_say();
    }
    drop(farewell);
    writing
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The threads of one policy's time, but for the writer's.
pub(super) struct Crew<'s, 'e> {
    pub(super) scope: &'s Scope<'s, 'e>,
    pub(super) members: Vec<ScopedJoinHandle<'s, ()>>,
}

impl<'s> Crew<'s, '_> {
    /// Starts a thread for each sink; returns what wakes them.
    pub(super) fn sinks(
        &mut self,
        deliveries: Vec<(String, Delivery)>,
        reader: &Reader,
        writer: &Sender<Message<'s>>,
        sinks: &'s Sinks,
        is_over: &Halt,
    ) -> Result<Bells, EngineError> {
        let mut bells = Bells::default();
        for (name, delivery) in deliveries {
            let (reader, writer, is_over) = (reader.another()?, writer.clone(), is_over.clone());
            let bell = bells.add();
            self.start(&format!("sink-{name}"), move || {
                let way = Way {
                    bell: &bell,
                    writer: &writer,
                    sinks,
                    is_over: &is_over,
                };
                deliver(&name, delivery, &reader, &way);
            })?;
        }
        Ok(bells)
    }

    fn start(&mut self, name: &str, work: impl FnOnce() + Send + 's) -> Result<(), EngineError> {
        self.members.push(spawn(self.scope, name, work)?);
        Ok(())
    }
}

pub(super) fn spawn<'s, T: Send + 's>(
    scope: &'s Scope<'s, '_>,
    name: &str,
    work: impl FnOnce() -> T + Send + 's,
) -> Result<ScopedJoinHandle<'s, T>, EngineError> {
    thread::Builder::new()
        .name(format!("waxseal-{name}"))
        .spawn_scoped(scope, work)
        .map_err(EngineError::Spawn)
}
