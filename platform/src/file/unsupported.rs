//! Systems without reading of their own yet: a file is never opened, so none of this is reached.

use std::convert::Infallible;
use std::io;

pub(crate) use super::no_streams::Streams;
use crate::stat::Stat;
use crate::xattr::Xattrs;

#[derive(Debug)]
pub(crate) struct File(Infallible);

impl File {
    pub(super) fn stat(&self) -> io::Result<Stat> {
        match self.0 {}
    }

    pub(super) fn xattrs(&self) -> io::Result<Xattrs> {
        match self.0 {}
    }

    pub(super) fn streams(&self) -> io::Result<Streams> {
        match self.0 {}
    }

    pub(super) fn advise_sequential(&mut self, _size: u64) {
        match self.0 {}
    }

    pub(super) fn read(&mut self, _buf: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }

    pub(super) fn finish(self) {
        match self.0 {}
    }
}
