//! The streams of one object that a look did not read, and why: [`UnreadStreams`].
//!
//! This is for people. Which they are is remembered among the attributes (`state::streams`).

use std::ffi::OsStr;
use std::io;

use waxseal_platform::bytes::os_to_bytes;

use crate::state::escape;

/// How many are told each by its name: an object may have thousands.
const TOLD: usize = 8;

/// The streams of one object that were not read.
#[derive(Debug, Default)]
pub struct UnreadStreams {
    refused: List,
    too_large: List,
}

impl UnreadStreams {
    /// Adds one that the system refused.
    pub fn refuse(&mut self, name: &OsStr, error: &io::Error) {
        self.refused.add(name, error.to_string());
    }

    /// Adds one that is larger than the policy lets be read.
    pub fn leave(&mut self, name: &OsStr) {
        let reason = "larger than max_file_size, not read";
        self.too_large.add(name, reason.to_owned());
    }

    /// Says whether all were read.
    pub fn is_empty(&self) -> bool {
        self.refused.told.is_empty() && self.too_large.told.is_empty()
    }

    /// Says which the system refused, and in which words; nothing where there is none.
    pub fn refused(&self) -> Option<String> {
        self.refused.text()
    }

    /// Says which are too large; nothing where there is none.
    pub fn too_large(&self) -> Option<String> {
        self.too_large.text()
    }
}

/// The first few in words.
#[derive(Debug, Default)]
struct List {
    told: Vec<String>,
    /// How many there are beside these.
    more: usize,
}

impl List {
    fn add(&mut self, name: &OsStr, reason: String) {
        if self.told.len() == TOLD {
            self.more += 1;
            return;
        }
        let name = escape::bytes(os_to_bytes(name));
        self.told.push(format!("its stream {name}: {reason}"));
    }

    fn text(&self) -> Option<String> {
        let told = self.told.join("; ");
        match self.more {
            _ if told.is_empty() => None,
            0 => Some(told),
            more => Some(format!("{told}; and {more} more")),
        }
    }
}
