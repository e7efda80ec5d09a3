//! Everything of Waxseal that differs per operating system: directories, files, their metadata,
//! names of users, the host, and the private state directory.
//!
//! This crate knows nothing of baselines or rules. Each concern is a folder: `mod.rs` holds the
//! types and their documentation, one file per operating system does the work, and the choice
//! between them is a `cfg` on a `mod` line, never inside a function.
//!
//! Linux is complete. macOS and Windows build, but what looks at files answers
//! [`std::io::ErrorKind::Unsupported`] there: an integrity monitor must not pretend.

#![cfg_attr(
    test,
    allow(unsafe_code, reason = "tests take leases, change users and unmount")
)]

pub mod append;
pub mod bytes;
pub mod dir;
#[allow(unsafe_code, reason = "the C library has no wrapper for cachestat")]
pub mod file;
#[allow(unsafe_code, reason = "no crate limits the arenas of glibc")]
pub mod heap;
pub mod host;
#[cfg(target_os = "macos")]
#[allow(unsafe_code, reason = "no crate sets the policy of input and output")]
mod io_policy;
pub mod local_socket;
#[allow(unsafe_code, reason = "user names come from the C library only")]
pub mod names;
#[allow(unsafe_code, reason = "no crate sets the priority of input and output")]
pub mod priority;
pub mod private;
#[allow(unsafe_code, reason = "no crate has the request of pidfds")]
pub mod process;
pub mod service;
pub mod signals;
pub mod stat;
pub mod supervisor;
pub mod walk;
pub mod watch;
pub mod xattr;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod own_mounts;
