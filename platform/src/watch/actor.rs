//! The process behind a record, as far as the record itself tells.

/// A process that caused a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
}
