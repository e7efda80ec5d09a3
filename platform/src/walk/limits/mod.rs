//! How many files the system lets this program hold open, and how it says that there are too many.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(super) use unix::{is_exhausted, open_files};

#[cfg(not(unix))]
mod unlimited;
#[cfg(not(unix))]
pub(super) use unlimited::{is_exhausted, open_files};
