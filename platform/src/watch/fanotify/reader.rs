//! The queue: reads records and hands them to the resolver.

use std::cell::OnceCell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;

use super::handle::Handle;
use super::linux::{Shared, look};
use super::record::{Record, records};
use super::resolve::World;
use super::sys::take_fd;
use crate::watch::poll::wait;
use crate::watch::{LostReason, Process, Queue};

/// Some six hundred records. Each may bring a descriptor, and those of one buffer are all open at
/// a time, so a larger one could meet the usual limit of 1024.
const BUFFER: usize = 64 * 1024;
/// How many buffers are read before others get their turn.
const READS_AT_ONCE: usize = 64;

/// Finds the process with this number and, where the kernel gave one, this descriptor.
pub(super) type Lookup = Box<dyn Fn(u32, Option<BorrowedFd<'_>>) -> Option<Arc<Process>> + Send>;

pub(super) struct Reader {
    shared: Arc<Shared>,
    buffer: Box<[u8]>,
    lookup: Lookup,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, lookup: Lookup) -> Reader {
        Reader {
            shared,
            buffer: vec![0; BUFFER].into(),
            lookup,
        }
    }

    fn take(&self, len: usize) {
        let resolver = &self.shared.resolver;
        for record in records(self.buffer.get(..len).unwrap_or_default()) {
            match record {
                Ok(record) => {
                    let moment = Moment::new(&record, &self.lookup);
                    resolver.take(&record, &moment);
                }
                Err(malformed) => {
                    resolver.lost(None, LostReason::Error(malformed.to_string()));
                }
            }
        }
    }
}

impl Queue for Reader {
    fn name(&self) -> &'static str {
        "fanotify"
    }

    fn read(&mut self, timeout: Duration) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        if !wait(shared.group.as_fd(), PollFlags::IN, timeout)? {
            return Ok(());
        }
        let mut is_drained = false;
        for _ in 0..READS_AT_ONCE {
            match rustix::io::read(&shared.group, &mut *self.buffer) {
                Ok(0) | Err(Errno::AGAIN) => {
                    is_drained = true;
                    break;
                }
                Ok(len) => self.take(len),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        shared.resolver.settle(is_drained, &Present);
        Ok(())
    }
}

/// The world at one record.
struct Moment<'r> {
    lookup: &'r Lookup,
    pid: u32,
    pidfd: Option<OwnedFd>,
    actor: OnceCell<Option<Arc<Process>>>,
}

impl<'r> Moment<'r> {
    /// Takes over the descriptors of a record that has just been read, so that they are closed.
    fn new(record: &Record<'_>, lookup: &'r Lookup) -> Moment<'r> {
        // SAFETY: the kernel made it for us with the record, and each record is taken once.
        drop(unsafe { take_fd(record.fd.unwrap_or(-1)) });
        // SAFETY: as above.
        let pidfd = unsafe { take_fd(record.pidfd.unwrap_or(-1)) };
        Moment {
            lookup,
            // The kernel does not tell of processes outside of our container, nor anybody who is
            // not root.
            pid: u32::try_from(record.pid).unwrap_or(0),
            pidfd,
            actor: OnceCell::new(),
        }
    }
}

impl World for Moment<'_> {
    fn look(&self, path: &Path) -> Option<Handle> {
        look(path)
    }

    fn actor(&self) -> Option<Arc<Process>> {
        let find = || match self.pid {
            0 => None,
            pid => (self.lookup)(pid, self.pidfd.as_ref().map(AsFd::as_fd)),
        };
        self.actor.get_or_init(find).clone()
    }
}

/// The world outside of any record.
pub(super) struct Present;

impl World for Present {
    fn look(&self, path: &Path) -> Option<Handle> {
        look(path)
    }

    fn actor(&self) -> Option<Arc<Process>> {
        None
    }
}
