//! One writer per store: an exclusive lock on a file that names its holder.
//!
//! The system drops the lock when the process ends, however it ends, so there is nothing stale to
//! clean up. Readers need no lock; they only ask whether a writer is alive.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use waxseal_platform::private::create_file_private;

use super::error::BaselineError;
use super::state_dir::StateDir;

/// A reader holds the lock for some microseconds while it asks who else is there; a writer that
/// comes at that moment tries again.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(5);

/// The writer's lock, held as long as this value lives.
#[derive(Debug)]
pub(super) struct Lock {
    /// Never read: closing it is what releases the lock.
    _file: File,
}

impl Lock {
    /// Takes the lock, or says who has it.
    pub(super) fn acquire(place: &StateDir) -> Result<Self, BaselineError> {
        let failed = |source| BaselineError::io("lock", &place.lock, source);
        let mut file = open_or_create(&place.lock).map_err(failed)?;
        for _ in 0..ATTEMPTS {
            match file.try_lock() {
                Ok(()) => {
                    write_holder(&mut file).map_err(failed)?;
                    return Ok(Self { _file: file });
                }
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        Err(BaselineError::Locked {
            state_dir: place.path.clone(),
            pid: read_holder(&mut file),
        })
    }

    /// Says whether some process holds the writer's lock now.
    pub(super) fn is_held(place: &StateDir) -> Result<bool, BaselineError> {
        let failed = |source| BaselineError::io("lock", &place.lock, source);
        let file = match File::open(&place.lock) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(failed(source)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

fn open_or_create(path: &Path) -> io::Result<File> {
    match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match create_file_private(path) {
            // Another process was faster; its file will do.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                OpenOptions::new().read(true).write(true).open(path)
            }
            created => created,
        },
        opened => opened,
    }
}

fn write_holder(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn read_holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
