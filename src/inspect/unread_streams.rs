//! The streams of one object that a look could not read, and why: [`UnreadStreams`].
//!
//! This is for people. Which they are is remembered among the attributes (`state::streams`).

use std::ffi::OsStr;
use std::fmt;
use std::io;

use waxseal_platform::bytes::os_to_bytes;

use crate::state::escape;

/// How many are told each by its name: an object may have thousands.
const TOLD: usize = 8;

/// The streams of one object that could not be read.
#[derive(Debug, Default)]
pub struct UnreadStreams {
    told: Vec<String>,
    /// How many there are beside these.
    more: usize,
}

impl UnreadStreams {
    /// Adds one.
    pub fn add(&mut self, name: &OsStr, error: &io::Error) {
        if self.told.len() == TOLD {
            self.more += 1;
            return;
        }
        let name = escape::bytes(os_to_bytes(name));
        self.told.push(format!("its stream {name}: {error}"));
    }

    /// Says whether all could be read.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }
}

impl fmt::Display for UnreadStreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told.join("; "))?;
        match self.more {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}
