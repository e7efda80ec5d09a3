//! The table of the thread that starts the watcher, and the queue that reads it again when the
//! kernel says that it changed.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::PollFlags;

use super::{Mount, difference, parse};
use crate::bytes::bytes_to_path;
use crate::watch::backend::Backend;
use crate::watch::poll::wait;
use crate::watch::{Deliver, LostReason, Queue, Signal, Wants};

/// Of the thread and not of the process: threads may have mounts of their own.
const TABLE: &str = "/proc/thread-self/mountinfo";

pub(in crate::watch) struct Mounts {
    table: File,
    known: BTreeSet<Mount>,
    backends: Vec<Arc<dyn Backend>>,
    wants: Wants,
    deliver: Deliver,
}

impl Mounts {
    /// Reads the table; to be called before anything is covered.
    pub(in crate::watch) fn open(
        backends: Vec<Arc<dyn Backend>>,
        wants: &Wants,
        deliver: &Deliver,
    ) -> io::Result<Mounts> {
        let mut table = File::open(TABLE)?;
        let known = read(&mut table)?;
        Ok(Mounts {
            table,
            known,
            backends,
            wants: Arc::clone(wants),
            deliver: Arc::clone(deliver),
        })
    }

    fn tell(&self, mount: Mount, reason: LostReason) -> io::Result<()> {
        let point: PathBuf = bytes_to_path(&mount.point)?;
        let is_near =
            (self.wants)(&point) || (self.backends.iter()).any(|backend| backend.is_near(&point));
        if is_near {
            for backend in &self.backends {
                backend.forget(&point);
            }
            (self.deliver)(Signal::Lost {
                below: Some(point),
                reason,
            });
        }
        Ok(())
    }
}

impl Queue for Mounts {
    fn name(&self) -> &'static str {
        "mounts"
    }

    fn read(&mut self, timeout: Duration) -> io::Result<()> {
        // The table always has something to read; that it changed is exceptional.
        let flags = PollFlags::PRI | PollFlags::ERR;
        if !wait(self.table.as_fd(), flags, timeout)? {
            return Ok(());
        }
        let now = read(&mut self.table)?;
        let difference = difference(&self.known, &now);
        self.known = now;
        for mount in difference.unmounted {
            self.tell(mount, LostReason::Unmounted)?;
        }
        for mount in difference.mounted {
            self.tell(mount, LostReason::Mounted)?;
        }
        Ok(())
    }
}

fn read(table: &mut File) -> io::Result<BTreeSet<Mount>> {
    let mut text = Vec::new();
    table.rewind()?;
    table.read_to_end(&mut text)?;
    parse(&text).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a line of {TABLE} is not as it must be"),
        )
    })
}
