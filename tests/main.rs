//! The one integration binary: whole runs of `waxseal` on real trees. One topic a module.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected should fail; clippy.toml covers test functions only"
)]

#[cfg(unix)]
mod bad_input;
mod cli;
#[cfg(unix)]
mod crash;
#[cfg(unix)]
mod differential;
#[cfg(unix)]
mod random;
mod trust;
mod util;
mod watch;
#[cfg(windows)]
mod windows;
