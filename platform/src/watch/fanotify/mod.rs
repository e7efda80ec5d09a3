//! fanotify: one kernel queue for whole file systems, with the process behind each record.
//!
//! - `record`: decodes what the kernel wrote.
//! - `handle`, `table`: which directory a record is about and where that is.
//! - `resolve`: from records to signals.
//! - `sys`, `linux`, `reader`: the system calls, the backend, and its queue.
//!
//! The first half is pure and tested everywhere. The way of a record: `reader` → `record` →
//! `resolve` → `deliver`.

mod handle;
mod record;
mod resolve;
mod table;

#[cfg(fuzzing)]
pub use record::fuzzing::fanotify_records;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "descriptors arrive as plain numbers in records")]
mod reader;
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the C library has no safe calls for fanotify")]
mod sys;
#[cfg(target_os = "linux")]
pub(super) use linux::start;
