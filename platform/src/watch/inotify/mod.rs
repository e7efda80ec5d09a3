//! Being told of changes through inotify: one watch for each covered directory.
//!
//! The kernel is asked through `notify`, whose thread calls us with each event:
//!
//! - `decode`: an event of `notify` becomes a [`decode::Told`], a record of one thing.
//! - `translate`: records become signals, with what is known of the directories that are covered
//!   (`watch/covered.rs`) and of names that left and did not arrive yet (`renames`).
//! - `linux`: the backend. It adds and drops watches, never from within the callback, because
//!   `notify` would wait for itself.
//!
//! All but `linux` is pure. What inotify cannot tell is not made up: there is never an actor, and
//! changes that we make ourselves are told like those of others.

#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "compiled everywhere to be tested everywhere")
)]
mod decode;
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "compiled everywhere to be tested everywhere")
)]
mod renames;
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "compiled everywhere to be tested everywhere")
)]
mod translate;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(super) use linux::start;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
