//! fanotify: one kernel queue for whole file systems, with the process behind each record.
//!
//! - `record`: decodes what the kernel wrote.
//! - `handle`, `table`: which directory a record is about and where that is.
//! - `resolve`: from records to signals.
//!
//! All of it is pure and tested everywhere. The way of a record: `record` → `resolve` → `deliver`.

mod handle;
mod record;
mod resolve;
mod table;
