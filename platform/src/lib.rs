//! Everything of Waxseal that differs per operating system: directories, files, their metadata,
//! names of users, the host, and the private state directory.
//!
//! This crate knows nothing of baselines or rules. Each concern is a folder: `mod.rs` holds the
//! types and their documentation, one file per operating system does the work, and the choice
//! between them is a `cfg` on a `mod` line, never inside a function.
//!
//! What is for Windows was run in Wine only. What is for macOS is built, linked and linted, and was
//! never run: what must be decided there is in pure functions that are tested on Linux. On other
//! systems what looks at files answers [`std::io::ErrorKind::Unsupported`]: an integrity monitor must
//! not pretend.

#![cfg_attr(
    test,
    allow(unsafe_code, reason = "tests take leases, change users and unmount")
)]

#[cfg_attr(
    not(windows),
    allow(dead_code, reason = "compiled everywhere to be tested everywhere")
)]
pub mod acl;
#[allow(
    unsafe_code,
    reason = "no crate renames through to the disk of Windows"
)]
pub mod append;
pub mod bytes;
pub mod dir;
#[allow(unsafe_code, reason = "the C library has no wrapper for cachestat")]
pub mod file;
#[allow(unsafe_code, reason = "no crate limits the arenas of glibc")]
pub mod heap;
#[allow(unsafe_code, reason = "no crate asks Windows for these facts")]
pub mod host;
#[cfg(target_os = "macos")]
#[allow(unsafe_code, reason = "no crate sets the policy of input and output")]
mod io_policy;
#[allow(
    unsafe_code,
    reason = "no crate has pipes of Windows that wait only so long"
)]
pub mod local_socket;
#[allow(unsafe_code, reason = "user names come from the C library only")]
pub mod names;
#[cfg(windows)]
#[allow(
    unsafe_code,
    reason = "the standard library opens nothing below a handle"
)]
pub(crate) mod nt;
#[cfg_attr(
    not(windows),
    allow(dead_code, reason = "compiled everywhere to be tested everywhere")
)]
pub mod ntfs;
pub mod place;
#[allow(unsafe_code, reason = "no crate sets the priority of input and output")]
pub mod priority;
#[allow(
    unsafe_code,
    reason = "no crate locks one byte, or makes with an access list"
)]
pub mod private;
#[allow(unsafe_code, reason = "no crate has the request of pidfds")]
pub mod process;
pub mod service;
#[allow(
    unsafe_code,
    reason = "no crate tells what happens to a console of Windows"
)]
pub mod signals;
pub mod stat;
pub mod supervisor;
#[allow(
    unsafe_code,
    reason = "no crate that is kept writes to the event log of Windows"
)]
pub mod system_log;
pub mod walk;
pub mod watch;
#[cfg(windows)]
#[allow(
    unsafe_code,
    reason = "tokens and access lists are told through the C interface only"
)]
mod windows;
pub mod xattr;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod own_mounts;
