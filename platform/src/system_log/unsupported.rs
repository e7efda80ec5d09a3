//! Systems on which what a service prints is its log.

use std::io;

use super::Level;

#[derive(Debug)]
pub(super) enum SystemLog {}

impl SystemLog {
    pub(super) fn find() -> Option<SystemLog> {
        None
    }

    pub(super) fn write(&self, _level: Level, _text: &str) -> io::Result<()> {
        match *self {}
    }
}
