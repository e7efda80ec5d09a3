//! Being told of changes through FSEvents of macOS: one stream, for whole trees.
//!
//! The system is asked through `notify`, whose thread calls us with each event:
//!
//! - `decode`: an event of `notify` becomes a [`decode::Told`], a record of one thing.
//! - `translate`: records become signals, for the directories that are covered and no others.
//! - `roots`: which trees must be asked for so that every covered directory is in one.
//! - `macos`: the backend. It asks for trees, never from within the callback, because `notify`
//!   would wait for itself.
//!
//! All but `macos` is pure. FSEvents merges what happens to a path within a moment, does not say in
//! what order it did, and tells of both names of a rename without saying that they belong together:
//! so every signal says "look there", and a look decides. There is never an actor.

#[cfg_attr(
    not(target_os = "macos"),
    allow(dead_code, reason = "compiled here to be tested here")
)]
mod decode;
#[cfg_attr(
    not(target_os = "macos"),
    allow(dead_code, reason = "compiled here to be tested here")
)]
mod roots;
#[cfg_attr(
    not(target_os = "macos"),
    allow(dead_code, reason = "compiled here to be tested here")
)]
mod translate;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub(super) use macos::start;
