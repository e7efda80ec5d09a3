//! Waxseal, a file integrity monitor: remembers what every watched file looked like when it was
//! last approved, and says what differs now.
//!
//! This crate is what an integrity monitor *means*; what differs per operating system is in
//! `waxseal-platform`, bytes to digests in `waxseal-hashers`. The modules below stand in their
//! order of dependence: each uses only those above it. `ARCHITECTURE.md` draws the data flow.

pub mod state;

pub mod policy;

pub mod change;

pub mod baseline;

pub mod inspect;

pub mod hint;

pub mod event;

pub mod scan;

pub mod approval;

pub mod config;

pub mod schedule;

pub mod report;

pub mod sink;

pub mod engine;

pub mod cli;
