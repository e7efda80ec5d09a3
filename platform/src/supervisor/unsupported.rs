//! Systems whose services are asked, and do not tell.

use std::io;
use std::time::Duration;

use super::News;

#[derive(Debug)]
pub(super) enum Supervisor {}

impl Supervisor {
    pub(super) fn find() -> Option<Supervisor> {
        None
    }

    pub(super) fn patience(&self) -> Option<Duration> {
        match *self {}
    }

    pub(super) fn tell(&self, _news: &[News]) -> io::Result<()> {
        match *self {}
    }
}

pub(super) fn exit(code: u8) -> ! {
    std::process::exit(code.into())
}
