//! The one integration binary: whole runs of `waxseal` on real trees. One topic a module.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected should fail; clippy.toml covers test functions only"
)]

mod bad_input;
mod cli;
mod crash;
mod differential;
mod random;
mod trust;
mod util;
mod watch;
