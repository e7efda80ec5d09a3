//! The process behind a record.

pub use crate::process::Process;
