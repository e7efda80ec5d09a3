//! What can go wrong with the store, sorted by what its user can do about it.
//!
//! SQLite's result codes are translated here and nowhere else. Inside the store functions return a
//! [`Fault`], which knows neither path nor operation; the public functions add both.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::state::escape;

/// Why the store could not be opened, read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// The content is not what was once written. Nothing is repaired and nothing is recreated.
    #[error("the store {} is damaged: {reason}; {}", escape::path(db), way_out(db))]
    Damaged {
        /// The database file.
        db: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A newer waxseal has written this store.
    #[error(
        "the store {} has schema version {found}, but this waxseal knows only up to {known}; install the newer waxseal again, or name another state directory with --state-dir",
        escape::path(db)
    )]
    NewerSchema {
        /// The database file.
        db: PathBuf,
        /// The version found in the file.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The file is no waxseal store at all.
    #[error(
        "{} is not a waxseal store: {reason}; {}",
        escape::path(db),
        way_out(db)
    )]
    NotOurs {
        /// The database file.
        db: PathBuf,
        /// What was found instead.
        reason: String,
    },
    /// Another process writes this store.
    #[error(
        "the state directory {} is in use by another waxseal{}; wait until it ends, or stop it first",
        escape::path(state_dir),
        pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    Locked {
        /// The state directory.
        state_dir: PathBuf,
        /// The process that holds the lock, when its lock file says so.
        pid: Option<u32>,
    },
    /// There is no store yet.
    #[error(
        "there is no baseline in {}; take one with `waxseal scan`",
        escape::path(state_dir)
    )]
    Missing {
        /// The state directory.
        state_dir: PathBuf,
    },
    /// The place is unsafe or unsuitable: wrong owner, writable by others, a link, a network filesystem.
    #[error("cannot keep a baseline in {}: {reason}", escape::path(path))]
    Permission {
        /// The directory or file in question.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// The store cannot be written.
    #[error(
        "cannot {op}: {} is read-only; make it writable, or name another state directory with --state-dir",
        escape::path(path)
    )]
    ReadOnly {
        /// What was tried.
        op: &'static str,
        /// The file or directory.
        path: PathBuf,
    },
    /// No space is left. The last batch was rolled back as a whole; everything before it is safe.
    #[error(
        "cannot {op}: no space is left for {}; free some space, nothing recorded so far is lost",
        escape::path(path)
    )]
    Full {
        /// What was tried.
        op: &'static str,
        /// The file or directory.
        path: PathBuf,
    },
    /// The operating system refused a file operation.
    #[error("cannot {op} {}: {source}", escape::path(path))]
    Io {
        /// What was tried.
        op: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Any other answer of SQLite.
    #[error("cannot {op} in {}: {source}", escape::path(db))]
    Sql {
        /// What was tried.
        op: &'static str,
        /// The database file.
        db: PathBuf,
        /// SQLite's answer.
        source: rusqlite::Error,
    },
}

impl BaselineError {
    /// Returns true when the store itself cannot be believed or understood (exit status 5).
    pub fn is_integrity_failure(&self) -> bool {
        matches!(
            self,
            Self::Damaged { .. } | Self::NewerSchema { .. } | Self::NotOurs { .. }
        )
    }

    /// Translates a failed file operation.
    pub(super) fn io(op: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { op, path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { op, path },
            _ => Self::Io { op, path, source },
        }
    }
}

/// A failure below the public functions, which still lacks path and operation.
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite's answer.
    Sql(rusqlite::Error),
    /// Content that cannot have been written by us.
    Damaged(String),
}

impl Fault {
    /// Adds the path and the operation.
    pub(super) fn at(self, db: &Path, op: &'static str) -> BaselineError {
        match self {
            Self::Damaged(reason) => BaselineError::Damaged {
                db: db.to_path_buf(),
                reason,
            },
            Self::Sql(error) => from_sql(error, db, op),
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// Sorts SQLite's answers by what they mean to the user.
fn from_sql(error: rusqlite::Error, db: &Path, op: &'static str) -> BaselineError {
    use rusqlite::ErrorCode;
    use rusqlite::ffi;

    // Columns are STRICT, so a value of another type can only come from a damaged page.
    let wrong_type = matches!(
        error,
        rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
    );
    let extended = error.sqlite_error().map_or(0, |code| code.extended_code);
    let short_file =
        extended == ffi::SQLITE_IOERR_SHORT_READ || extended == ffi::SQLITE_IOERR_CORRUPTFS;
    let path = db.to_path_buf();
    if wrong_type || short_file {
        let reason = error.to_string();
        return BaselineError::Damaged { db: path, reason };
    }
    // The shared memory file is the one SQLite extends outside its usual "disk full" handling.
    if extended == ffi::SQLITE_IOERR_SHMSIZE {
        return BaselineError::Full { op, path };
    }
    match error.sqlite_error_code() {
        // Two rows where the schema allows one: the content contradicts itself.
        Some(
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation,
        ) => BaselineError::Damaged {
            db: path,
            reason: error.to_string(),
        },
        Some(ErrorCode::DiskFull) => BaselineError::Full { op, path },
        Some(ErrorCode::ReadOnly) => BaselineError::ReadOnly { op, path },
        _ => BaselineError::Sql {
            op,
            db: path,
            source: error,
        },
    }
}

/// Names the two ways out of a damaged store, with the exact names.
fn way_out(db: &Path) -> String {
    let state_dir = db.parent().unwrap_or(db);
    let aside = state_dir.with_added_extension("damaged");
    format!(
        "nothing was changed in it. Either put a good copy back, or move {} aside, to {}, and take a new baseline with `waxseal scan`",
        escape::for_shell(state_dir),
        escape::for_shell(&aside)
    )
}
