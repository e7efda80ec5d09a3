//! Who may write: an exclusive lock for the writer, and one for the watch, which lives long and
//! takes the writer's lock for each of its transactions only.
//!
//! Each is a lock on a file that names its holder. The system drops it when the process ends,
//! however it ends, so there is nothing stale to clean up. Readers need no lock; they only ask
//! whether somebody is alive who has verified the store.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use waxseal_platform::private::create_file_private;

use super::error::BaselineError;
use super::state_dir::StateDir;

/// How long a writer tries: a reader holds the lock for some microseconds while it asks who else is
/// there.
const BRIEFLY: Duration = Duration::from_millis(50);
/// How long it tries beside a watch, which gives way after each transaction.
const PATIENTLY: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(5);

/// A lock, held as long as this value lives.
#[derive(Debug)]
pub(super) struct Lock {
    /// Never read: closing it is what releases the lock.
    _file: File,
}

impl Lock {
    /// Takes the writer's lock, or says who has it.
    pub(super) fn acquire(place: &StateDir) -> Result<Self, BaselineError> {
        let patience = match Self::is_watched(place)? {
            true => PATIENTLY,
            false => BRIEFLY,
        };
        Self::take(place, &place.lock, patience)
    }

    /// Takes the writer's lock for one transaction of the watch.
    pub(super) fn take_turn(place: &StateDir) -> Result<Self, BaselineError> {
        Self::take(place, &place.lock, BRIEFLY)
    }

    /// Takes the watch's lock, or says who has it.
    pub(super) fn watch(place: &StateDir) -> Result<Self, BaselineError> {
        Self::take(place, &place.watch, BRIEFLY)
    }

    fn take(place: &StateDir, path: &Path, patience: Duration) -> Result<Self, BaselineError> {
        let failed = |source| BaselineError::io("lock", path, source);
        let mut file = open_or_create(path).map_err(failed)?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => {
                    write_holder(&mut file).map_err(failed)?;
                    return Ok(Self { _file: file });
                }
                Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                    thread::sleep(PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(BaselineError::Locked {
                        state_dir: place.path.clone(),
                        pid: read_holder(&mut file),
                    });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
    }

    /// Says whether some process writes or watches now; it has verified the store.
    pub(super) fn is_held(place: &StateDir) -> Result<bool, BaselineError> {
        Ok(is_locked(&place.lock)? || Self::is_watched(place)?)
    }

    /// Says whether a watch runs.
    pub(super) fn is_watched(place: &StateDir) -> Result<bool, BaselineError> {
        is_locked(&place.watch)
    }
}

fn is_locked(path: &Path) -> Result<bool, BaselineError> {
    let failed = |source| BaselineError::io("lock", path, source);
    let file = match File::open(path) {
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
