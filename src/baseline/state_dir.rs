//! The state directory: which files live in it, and whether it is a place to trust.
//!
//! ```text
//! baseline.db      the store                    baseline.db-wal, -shm   SQLite's, while in use
//! baseline.sum     checksum of the whole store  waxseal.lock            the writer's process id
//! watch.lock       the watch's process id
//! ```
//! Whoever can write here can hide a change, so a directory or file that others may write to is
//! refused, not repaired. Nothing but the last component of the path is ever created: a missing
//! parent most likely is a filesystem that is not mounted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use waxseal_platform::dir::Dir;
use waxseal_platform::host;
use waxseal_platform::private::{
    FilesystemKind, PrivateError, create_dir_private, ensure_private_dir, filesystem_kind,
    may_write,
};
use waxseal_platform::stat::Kind;

use super::error::BaselineError;
use crate::state::escape;

pub(super) const DB: &str = "baseline.db";
const WAL: &str = "baseline.db-wal";
const SHM: &str = "baseline.db-shm";
const SUM: &str = "baseline.sum";
const LOCK: &str = "waxseal.lock";
const WATCH: &str = "watch.lock";

/// The paths of one store.
#[derive(Debug)]
pub(super) struct StateDir {
    pub(super) path: PathBuf,
    pub(super) db: PathBuf,
    /// Where a new store is made before it gets its name.
    pub(super) unborn: PathBuf,
    pub(super) wal: PathBuf,
    shm: PathBuf,
    pub(super) sum: PathBuf,
    pub(super) lock: PathBuf,
    pub(super) watch: PathBuf,
}

impl StateDir {
    /// Names the files of this directory; looks at nothing.
    pub(super) fn at(path: &Path) -> Result<Self, BaselineError> {
        // SQLite would read a relative name that starts with "file:" as a URI.
        let path = std::path::absolute(path)
            .map_err(|source| BaselineError::io("resolve the state directory", path, source))?;
        Ok(Self {
            db: path.join(DB),
            unborn: path.join("baseline.db.new"),
            wal: path.join(WAL),
            shm: path.join(SHM),
            sum: path.join(SUM),
            lock: path.join(LOCK),
            watch: path.join(WATCH),
            path,
        })
    }

    /// Makes the directory when it is missing, but never its parents.
    pub(super) fn create(&self) -> Result<(), BaselineError> {
        if self.path.symlink_metadata().is_ok() {
            return Ok(());
        }
        let parent = self.path.parent().unwrap_or(&self.path);
        if !parent.is_dir() {
            let shown = escape::path(parent);
            let reason = if parent.symlink_metadata().is_ok() {
                format!("{shown} is not a directory; name another one with --state-dir")
            } else {
                format!("{shown} does not exist; mount the filesystem it is on, or create it")
            };
            return Err(refused(&self.path, reason));
        }
        create_dir_private(&self.path)
            .map_err(|source| BaselineError::io("create the directory", &self.path, source))
    }

    /// Refuses to write where SQLite's shared memory has become read-only.
    ///
    /// Of every other file SQLite is told so, and says so. This one it maps, and the kernel kills
    /// a process that writes to a page of a file that cannot be written (SIGBUS).
    pub(super) fn verify_writable(&self) -> Result<(), BaselineError> {
        match may_write(&self.shm) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(BaselineError::io("write to", &self.shm, error))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a directory that others may change, and links or foreign files in it.
    pub(super) fn verify_private(&self) -> Result<(), BaselineError> {
        ensure_private_dir(&self.path).map_err(|error| self.not_private(error))?;
        for name in [DB, WAL, SHM, SUM, LOCK, WATCH] {
            let path = self.path.join(name);
            match path.symlink_metadata() {
                // Something else in the place of the store is as bad as a damaged one.
                Ok(found) if found.is_dir() && name == DB => {
                    return Err(BaselineError::NotOurs {
                        db: path,
                        reason: "it is a directory".to_owned(),
                    });
                }
                Ok(found) if !found.is_file() => {
                    return Err(refused(
                        &path,
                        "it is a link or no regular file; remove it".to_owned(),
                    ));
                }
                Ok(_) => self.verify_file(name)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(BaselineError::io("look at", &path, source)),
            }
        }
        Ok(())
    }

    /// Refuses filesystems on which the write-ahead log or the lock does not work.
    pub(super) fn verify_filesystem(&self) -> Result<(), BaselineError> {
        let kind = filesystem_kind(&self.path)
            .map_err(|source| BaselineError::io("find the filesystem of", &self.path, source))?;
        let (what, name) = match kind {
            FilesystemKind::Local => return Ok(()),
            FilesystemKind::Network(name) => ("a network filesystem", name),
            FilesystemKind::Pseudo(name) => ("a pseudo filesystem", name),
        };
        Err(refused(
            &self.path,
            format!(
                "it is on {what} ({name}), where a store can be corrupted; name a directory on a local disk with --state-dir"
            ),
        ))
    }

    /// Returns the length of a file, 0 when it does not exist.
    pub(super) fn length(path: &Path) -> Result<u64, BaselineError> {
        match fs::metadata(path) {
            Ok(found) => Ok(found.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(source) => Err(BaselineError::io("look at", path, source)),
        }
    }

    /// Checks owner and mode where the system has them.
    fn verify_file(&self, name: &str) -> Result<(), BaselineError> {
        let path = self.path.join(name);
        let stat = match Dir::open(&self.path).and_then(|dir| dir.stat_child(name.as_ref())) {
            Ok(stat) => stat,
            Err(error) if error.kind() == io::ErrorKind::Unsupported => return Ok(()),
            // SQLite removes its own files when the last connection closes.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(BaselineError::io("look at", &path, source)),
        };
        if stat.kind != Kind::File {
            return Err(refused(&path, "it is no regular file".to_owned()));
        }
        if stat.uid != 0 && stat.uid.to_string() != host::current_user().id {
            let reason = format!(
                "it belongs to user {}, who is neither root nor you; run as that user, or use another state directory",
                stat.uid
            );
            return Err(refused(&path, reason));
        }
        if stat.mode & 0o022 != 0 {
            let reason = format!(
                "others may write to it (mode {:04o}); if that was not you, do not believe it. Close it with `chmod 600 {}`",
                stat.mode,
                escape::for_shell(&path)
            );
            return Err(refused(&path, reason));
        }
        Ok(())
    }

    fn not_private(&self, error: PrivateError) -> BaselineError {
        match error {
            PrivateError::Io { path, source } => {
                BaselineError::io("use the state directory", &path, source)
            }
            unsafe_place => refused(&self.path, unsafe_place.to_string()),
        }
    }
}

fn refused(path: &Path, reason: String) -> BaselineError {
    BaselineError::Permission {
        path: path.to_path_buf(),
        reason,
    }
}
