//! A directory that is read, and what is asked of it: [`Watch`].

use std::io;
use std::path::Path;

use windows_sys::Wdk::Storage::FileSystem::{
    FILE_NOTIFY_CHANGE_STREAM_NAME, FILE_NOTIFY_CHANGE_STREAM_SIZE, FILE_NOTIFY_CHANGE_STREAM_WRITE,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_NOTIFY_CHANGE_ATTRIBUTES, FILE_NOTIFY_CHANGE_CREATION, FILE_NOTIFY_CHANGE_DIR_NAME,
    FILE_NOTIFY_CHANGE_FILE_NAME, FILE_NOTIFY_CHANGE_LAST_WRITE, FILE_NOTIFY_CHANGE_SECURITY,
    FILE_NOTIFY_CHANGE_SIZE,
};

use super::places::{Id, Reach};
use super::sys::{Directory, Identity, Port, Posted, Spare};

const COMMON: u32 = FILE_NOTIFY_CHANGE_FILE_NAME
    | FILE_NOTIFY_CHANGE_DIR_NAME
    | FILE_NOTIFY_CHANGE_ATTRIBUTES
    | FILE_NOTIFY_CHANGE_SIZE
    | FILE_NOTIFY_CHANGE_LAST_WRITE
    | FILE_NOTIFY_CHANGE_CREATION
    | FILE_NOTIFY_CHANGE_SECURITY;
const STREAMS: u32 = FILE_NOTIFY_CHANGE_STREAM_NAME
    | FILE_NOTIFY_CHANGE_STREAM_SIZE
    | FILE_NOTIFY_CHANGE_STREAM_WRITE;

/// A directory that is read.
pub(super) struct Watch {
    directory: Directory,
    reach: Reach,
    filter: u32,
    pub(super) posted: Option<Posted>,
    /// It is to end with the read that is posted.
    pub(super) is_needless: bool,
}

impl Watch {
    /// Opens a directory; nothing is read yet.
    pub(super) fn open(port: &Port, path: &Path, id: Id, reach: Reach) -> io::Result<Watch> {
        let directory = Directory::open(path)?;
        port.add(&directory, id)?;
        Ok(Watch {
            directory,
            reach,
            filter: COMMON | STREAMS,
            posted: None,
            is_needless: false,
        })
    }

    /// Starts the first read, of as much as the file system tells.
    pub(super) fn start(&mut self) -> io::Result<()> {
        let read = self.read(Spare::new()).or_else(|(spare, _)| {
            // Not every file system knows of streams.
            self.filter = COMMON;
            self.read(spare)
        });
        read.map_err(|(_, error)| error)
    }

    /// Says whether the file system tells of streams, once the first read was started.
    pub(super) fn tells_of_streams(&self) -> bool {
        self.filter & STREAMS != 0
    }

    /// Returns what tells its directory from every other.
    pub(super) fn identity(&self) -> io::Result<Identity> {
        self.directory.identity()
    }

    /// Starts the next read; one that is needless is called off again, and ends when nothing was
    /// left to be told.
    pub(super) fn read(&mut self, spare: Spare) -> Result<(), (Spare, io::Error)> {
        let posted = self.directory.post(spare, self.reach, self.filter)?;
        self.posted = Some(posted);
        if self.is_needless {
            self.call_off();
        }
        Ok(())
    }

    /// Lets it end with the read that is posted.
    pub(super) fn call_off(&mut self) {
        self.is_needless = true;
        // Where it cannot be called off it ends with the next record.
        let _ = self.directory.cancel();
    }
}
