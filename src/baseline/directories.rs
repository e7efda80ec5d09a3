//! The directories that have rows, by their numbers: whoever has met some of them can ask which
//! others there are.

use std::path::{Path, PathBuf};

use super::error::BaselineError;
use super::listing::find_dir;
use super::reader::{Reader, prefix_below};
use super::row::read_dir;

impl Reader {
    /// Says whether anything is known below a directory, however deep.
    pub fn has_rows_below(&self, dir: &Path) -> Result<bool, BaselineError> {
        Ok(self.count_directories(dir)? > 0)
    }

    /// Returns the number of a directory, if it has rows.
    pub(crate) fn directory_number(&self, dir: &Path) -> Result<Option<i64>, BaselineError> {
        self.snapshot("look up a directory", |conn| find_dir(conn, dir))
    }

    /// Counts the directories with rows at and below a path.
    pub(crate) fn count_directories(&self, path: &Path) -> Result<usize, BaselineError> {
        let (prefix, end) = range_below(path);
        self.snapshot("count the directories", |conn| {
            let mut select =
                conn.prepare_cached("SELECT count(*) FROM dir WHERE path > ?1 AND path < ?2")?;
            let below: i64 = select.query_row((prefix, end), |row| row.get(0))?;
            let at = usize::from(find_dir(conn, path)?.is_some());
            Ok(usize::try_from(below)
                .unwrap_or(usize::MAX)
                .saturating_add(at))
        })
    }

    /// Returns the numbers of the directories with rows at and below a path.
    pub(crate) fn directory_numbers(&self, path: &Path) -> Result<Vec<i64>, BaselineError> {
        let (prefix, end) = range_below(path);
        self.snapshot("list the directories", |conn| {
            let mut numbers: Vec<i64> = find_dir(conn, path)?.into_iter().collect();
            let mut select =
                conn.prepare_cached("SELECT id FROM dir WHERE path > ?1 AND path < ?2")?;
            let mut found = select.query((prefix, end))?;
            while let Some(row) = found.next()? {
                numbers.push(row.get(0)?);
            }
            Ok(numbers)
        })
    }

    /// Returns the path of a directory by its number.
    pub(crate) fn directory(&self, number: i64) -> Result<Option<PathBuf>, BaselineError> {
        self.snapshot("look up a directory", |conn| {
            let mut select =
                conn.prepare_cached("SELECT id, path, checksum FROM dir WHERE id = ?1")?;
            let mut found = select.query([number])?;
            let row = found.next()?.map(read_dir).transpose()?;
            Ok(row.map(|(_, path)| path))
        })
    }
}

/// Returns the bounds of the directories strictly below a path.
fn range_below(path: &Path) -> (Vec<u8>, Vec<u8>) {
    let prefix = prefix_below(path);
    // The prefix ends in a separator; its successor sorts behind everything that begins with it.
    let mut end = prefix.clone();
    match end.last_mut() {
        Some(separator) => *separator += 1,
        None => end.push(u8::MAX),
    }
    (prefix, end)
}
