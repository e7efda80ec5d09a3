//! The checksum of the whole database file, written when it is closed and compared when it is
//! opened.
//!
//! SQLite notices damage only where it breaks the structure of a page, and the row checksums
//! notice only rows that are still found. Reading the file once finds every changed byte, costs
//! some 0.2 ms per MiB from the page cache, and warms that cache for the scan that follows.
//!
//! The sum is emptied before the first write and written again after a clean close. Without one
//! (after a crash, or beside a restored copy) the store is verified row by row instead, see
//! [`super::verify`].

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use waxseal_platform::private::create_file_private;
use xxhash_rust::xxh64::Xxh64;

/// XXH64 and length of the database file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileSum {
    hash: u64,
    bytes: u64,
}

impl FileSum {
    /// Reads the whole file.
    ///
    /// Not to be called while this process has the store open: closing the file again would drop
    /// SQLite's POSIX locks (<https://sqlite.org/howtocorrupt.html>, section 2.2).
    pub(super) fn of(db: &Path) -> io::Result<Self> {
        let mut file = File::open(db)?;
        let mut buffer = vec![0; 256 * 1024];
        let mut hasher = Xxh64::new(0);
        let mut bytes = 0;
        loop {
            let count = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.update(buffer.get(..count).unwrap_or_default());
            bytes += count as u64;
        }
        let hash = hasher.digest();
        Ok(Self { hash, bytes })
    }

    /// Returns the recorded sum; `None` when there is none, or one that was not written in full.
    pub(super) fn load(path: &Path) -> io::Result<Option<Self>> {
        let mut text = String::new();
        match File::open(path) {
            Ok(file) => match file.take(256).read_to_string(&mut text) {
                Ok(_) => Ok(Self::parse(&text)),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
                Err(error) => Err(error),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Says whether there is a record that says neither anything nor that it says nothing.
    ///
    /// A power cut while it is written can leave one, so it is no reason to refuse the store.
    pub(super) fn is_damaged(path: &Path) -> io::Result<bool> {
        let is_empty = match path.metadata() {
            Ok(found) => found.len() == 0,
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(error),
        };
        Ok(!is_empty && Self::load(path)?.is_none())
    }

    /// Records the sum, durably.
    pub(super) fn save(self, path: &Path) -> io::Result<()> {
        let mut file = open_or_create(path)?;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(self.text().as_bytes())?;
        file.sync_all()
    }

    /// Empties the record, durably: from now on it says nothing.
    ///
    /// It is emptied and not removed because syncing a file needs no sync of its directory.
    pub(super) fn forget(path: &Path) -> io::Result<()> {
        match OpenOptions::new().write(true).open(path) {
            Ok(file) => {
                file.set_len(0)?;
                file.sync_all()
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn text(self) -> String {
        format!("xxh64 {:016x} {}\n", self.hash, self.bytes)
    }

    /// Accepts exactly what [`Self::text`] writes, so that a damaged record is no record.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let ("xxh64", hash, bytes) = (words.next()?, words.next()?, words.next()?) else {
            return None;
        };
        let sum = Self {
            hash: u64::from_str_radix(hash, 16).ok()?,
            bytes: bytes.parse().ok()?,
        };
        (sum.text() == text).then_some(sum)
    }
}

fn open_or_create(path: &Path) -> io::Result<File> {
    match OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create_file_private(path),
        opened => opened,
    }
}
