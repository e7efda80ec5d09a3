//! Systems whose handles are limited by memory only.

use std::io;

/// Returns how many files may be open at a time; `None` when there is no limit.
pub(in crate::walk) fn open_files() -> Option<u64> {
    None
}

/// Tells whether opening failed because too many files are open.
pub(in crate::walk) fn is_exhausted(_error: &io::Error) -> bool {
    false
}
