//! The rows of one directory in the order of their names, a page at a time: [`Known`].
//!
//! A directory may have more rows than should be in memory at once.

use std::ffi::OsString;
use std::path::Path;
use std::vec;

use waxseal_platform::bytes::os_to_bytes;

use crate::baseline::{BaselineError, Reader, Row};

/// The rows of a directory that are still to be joined.
pub(super) struct Known<'r> {
    reader: &'r Reader,
    dir: &'r Path,
    page: vec::IntoIter<Row>,
    /// The last name of the page; nothing when there is no further page.
    after: Option<OsString>,
    number: Option<i64>,
}

impl<'r> Known<'r> {
    /// Starts with the first rows of a directory.
    pub(super) fn of(reader: &'r Reader, dir: &'r Path) -> Result<Known<'r>, BaselineError> {
        let mut known = Known {
            reader,
            dir,
            page: Vec::new().into_iter(),
            after: Some(OsString::new()),
            number: None,
        };
        known.turn_page()?;
        Ok(known)
    }

    /// Returns the number of the directory in the store; nothing when it has no rows.
    pub(super) fn number(&self) -> Option<i64> {
        self.number
    }

    /// Takes the next row if its name sorts before this one; any row when there is no name.
    pub(super) fn next_before(
        &mut self,
        name: Option<&[u8]>,
    ) -> Result<Option<Row>, BaselineError> {
        self.next_if(|known| name.is_none_or(|name| known < name))
    }

    /// Takes the next row if it has this name.
    pub(super) fn next_named(&mut self, name: &[u8]) -> Result<Option<Row>, BaselineError> {
        self.next_if(|known| known == name)
    }

    fn next_if(&mut self, is_due: impl Fn(&[u8]) -> bool) -> Result<Option<Row>, BaselineError> {
        let next = self.page.as_slice().first();
        if !next.is_some_and(|row| is_due(os_to_bytes(&row.name))) {
            return Ok(None);
        }
        let row = self.page.next();
        if self.page.as_slice().is_empty() {
            self.turn_page()?;
        }
        Ok(row)
    }

    fn turn_page(&mut self) -> Result<(), BaselineError> {
        if let Some(after) = self.after.take() {
            let mut rows = Vec::new();
            let (number, has_more) = self.reader.numbered_children(self.dir, &after, &mut rows)?;
            self.number = number;
            self.after = rows.last().filter(|_| has_more).map(|row| row.name.clone());
            self.page = rows.into_iter();
        }
        Ok(())
    }
}
