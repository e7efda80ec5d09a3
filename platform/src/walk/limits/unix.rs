//! Descriptors and `RLIMIT_NOFILE`.

use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

/// Returns how many files may be open at a time; `None` when there is no limit.
pub(in crate::walk) fn open_files() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// Tells whether opening failed because this program or the whole system has too many files open.
pub(in crate::walk) fn is_exhausted(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}
