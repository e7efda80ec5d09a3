//! Why a sink could not put events away: [`SinkError`]. No event is lost by any of them.

use std::io;
use std::path::{Path, PathBuf};

use waxseal_platform::append::AppendError;

use crate::state::escape;

/// Why a sink could not put events away.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The output file is in an unsafe place, is no file, or cannot be opened or renamed.
    #[error("cannot write events to a file: {0}")]
    Place(#[from] AppendError),
    /// No space is left.
    #[error(
        "cannot {op} {}: no space is left; free some, the events wait in the journal",
        escape::path(path)
    )]
    Full {
        /// What was tried.
        op: &'static str,
        /// The output file.
        path: PathBuf,
    },
    /// The output file cannot be read or written.
    #[error("cannot {op} {}: {source}", escape::path(path))]
    File {
        /// What was tried.
        op: &'static str,
        /// The output file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system's log cannot be written.
    #[error("cannot write notices to the system's log: {0}")]
    SystemLog(io::Error),
    /// The standard output cannot be written.
    #[error("cannot write events to the standard output: {0}")]
    Stdout(io::Error),
}

impl SinkError {
    pub(super) fn file(op: &'static str, path: &Path, source: io::Error) -> SinkError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                SinkError::Full { op, path }
            }
            _ => SinkError::File { op, path, source },
        }
    }
}
