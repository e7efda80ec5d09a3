//! Who made a change: [`Actor`], what was learnt of one process while it was known to be that one.
//!
//! Filled by whoever asks the operating system, written by `who`. Whatever is not known is absent;
//! nothing here is guessed from something else.

use std::ffi::OsString;
use std::path::PathBuf;

use waxseal_platform::stat::Timestamp;

/// A process that touched a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Its number.
    pub pid: u32,
    /// When it started.
    pub start: Option<Timestamp>,
    /// The name it goes by.
    pub name: Option<OsString>,
    /// The program it runs.
    pub executable: Option<PathBuf>,
    /// Its arguments, the first being the name it was called by.
    pub args: Vec<OsString>,
    /// Whether there were more or longer arguments than were kept.
    pub args_truncated: bool,
    /// Its working directory.
    pub working_directory: Option<PathBuf>,
    /// The process that started it, or that adopted it.
    pub parent: Option<ActorParent>,
    /// On whose account it acts.
    pub account: Option<Account>,
    /// The user who logged in, kept by the kernel through `su` and `sudo`.
    pub login_uid: Option<u32>,
    /// The number of that login.
    pub session: Option<u32>,
    /// Its control group.
    pub cgroup: Option<OsString>,
    /// Where all this comes from.
    pub source: Source,
    /// How sure it is that this process made the change.
    pub confidence: Confidence,
}

impl Actor {
    /// Returns an actor of which only the number is known.
    pub fn new(pid: u32, source: Source, confidence: Confidence) -> Actor {
        Actor {
            pid,
            start: None,
            name: None,
            executable: None,
            args: Vec::new(),
            args_truncated: false,
            working_directory: None,
            parent: None,
            account: None,
            login_uid: None,
            session: None,
            cgroup: None,
            source,
            confidence,
        }
    }
}

/// The parent of an [`Actor`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorParent {
    /// Its number.
    pub pid: u32,
    /// The name it goes by.
    pub name: Option<OsString>,
    /// The program it runs.
    pub executable: Option<PathBuf>,
    /// When it started.
    pub start: Option<Timestamp>,
}

/// The numbers of user and group of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user it belongs to.
    pub uid: u32,
    /// The user whose rights it has.
    pub euid: u32,
    /// The group it belongs to.
    pub gid: u32,
    /// The group whose rights it has.
    pub egid: u32,
}

/// Where the facts of an [`Actor`] come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The kernel named the process, `/proc` told of it.
    Proc,
}

impl Source {
    /// Returns the value of `waxseal.who.source`.
    pub fn name(self) -> &'static str {
        match self {
            Source::Proc => "proc",
        }
    }
}

/// How sure it is that an [`Actor`] made the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// The kernel named the process, and it was still that very process when it was looked at.
    Verified,
}

impl Confidence {
    /// Returns the value of `waxseal.who.confidence`.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Verified => "verified",
        }
    }
}
