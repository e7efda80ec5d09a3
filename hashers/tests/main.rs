//! The hash types against published digests and against implementations of other authors.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a panic is how a test fails; clippy sees only #[test] functions as tests"
)]

mod cross_check;
mod reference;
mod vectors;
