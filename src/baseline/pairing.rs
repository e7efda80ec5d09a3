//! Recognises renames within one scan: which of the paths that appeared are paths that vanished.
//!
//! A scan tells every path whose file is another one than before ([`Pairing::arrive`]) and every
//! path that is gone ([`Pairing::depart`]), in any order; [`Pairing::finish`] then says for each
//! what has happened. Both can be millions, so they are kept in a temporary database of its own,
//! which stays in memory while it is small and moves to an unnamed file when it grows.
//!
//! Two states are the same file when device, inode, kind and birth time agree. Where the filesystem
//! knows no birth time an inode number alone proves little, because it is soon given to the next
//! file; then size and modification time must agree as well. A rename that is missed that way is
//! reported as deleted and created, which is true too; a wrong "moved" would be a lie.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, Rows};
use waxseal_platform::bytes::path_to_bytes;

use super::codec::{StateColumns, state_columns};
use super::error::{BaselineError, Fault};
use super::row::{blob, decode_path};
use crate::state::FileState;

/// What has become of `departed.path`: nothing is there any more.
const GONE: i64 = 0;
/// Another file is there now.
const REPLACED: i64 = 1;
/// The same file is there still, only changed: not a departure at all.
const STAYED: i64 = 2;

/// `pair` names for a path where its file was before.
const SCHEMA: &str = concat!(
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
     PRAGMA cache_size = -4096;
     BEGIN;
     CREATE TABLE arrived(path BLOB PRIMARY KEY, ",
    state_columns!(),
    ") WITHOUT ROWID;
     CREATE TABLE departed(path BLOB PRIMARY KEY, fate, taken, ",
    state_columns!(),
    ") WITHOUT ROWID;
     CREATE INDEX identity ON departed(inode, device, kind, path);
     CREATE TABLE pair(path BLOB PRIMARY KEY, origin BLOB) WITHOUT ROWID;"
);

const PUT_ARRIVED: &str = concat!(
    "INSERT OR REPLACE INTO arrived(path, ",
    state_columns!(),
    ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
);

const PUT_DEPARTED: &str = concat!(
    "INSERT OR REPLACE INTO departed(path, fate, taken, ",
    state_columns!(),
    ") VALUES(?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
);

/// What stayed at its path has not moved there, though another name of it may be gone.
const CANDIDATES: &str = "SELECT path FROM arrived a WHERE EXISTS(SELECT 1 FROM departed d
    WHERE d.inode = a.inode AND d.device = a.device AND d.kind = a.kind)
    AND NOT EXISTS(SELECT 1 FROM departed s WHERE s.path = a.path AND s.fate = 2) ORDER BY path";

/// The first departure of the same file; `fate < 2` leaves out what stayed.
const ORIGIN: &str = "SELECT d.path FROM arrived a JOIN departed d
    ON d.inode = a.inode AND d.device = a.device AND d.kind = a.kind
    WHERE a.path = ?1 AND d.path <> ?1 AND d.fate < 2 AND d.taken = 0
      AND CASE WHEN a.btime IS NOT NULL AND d.btime IS NOT NULL
          THEN a.btime = d.btime AND a.btime_ns = d.btime_ns
          ELSE a.size = d.size AND a.mtime = d.mtime AND a.mtime_ns = d.mtime_ns END
    ORDER BY d.path LIMIT 1";

const ALL_ARRIVED: &str = concat!(
    "SELECT path, ",
    state_columns!(),
    " FROM arrived ORDER BY path"
);

const LEFT_OVER: &str = concat!(
    "SELECT path, ",
    state_columns!(),
    " FROM departed WHERE fate = 0 AND taken = 0 ORDER BY path"
);

const DEPARTED: &str = concat!(
    "SELECT fate, taken, ",
    state_columns!(),
    " FROM departed WHERE path = ?1"
);

/// The changes of paths of one scan, gathered to find out which of them are renames.
#[derive(Debug)]
pub struct Pairing {
    conn: Connection,
}

/// What has happened to one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paired {
    /// A file that was nowhere before.
    Arrived {
        /// The path.
        path: PathBuf,
        /// What was at this path before, even if that has another name now.
        replaced: Option<Box<FileState>>,
        /// What is there now.
        state: Box<FileState>,
    },
    /// Nothing is left at this path, nor anywhere else.
    Departed {
        /// The path.
        path: PathBuf,
        /// What was there.
        last: Box<FileState>,
    },
    /// A file that has another name now.
    Moved(Box<Moved>),
}

/// One rename.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The name before.
    pub from: PathBuf,
    /// The name now.
    pub to: PathBuf,
    /// The state before, under the old name.
    pub before: FileState,
    /// The state now, under the new name.
    pub after: FileState,
    /// What was at the new name and is gone; `None` also when that has moved on.
    pub replaced: Option<FileState>,
    /// Whether nothing is at the old name now; else it has an arrival or a move of its own.
    pub vacated: bool,
}

impl Pairing {
    /// Starts without any path.
    pub fn new() -> Result<Self, BaselineError> {
        let open = || {
            let conn = Connection::open("")?;
            conn.execute_batch(SCHEMA)?;
            Ok(Self { conn })
        };
        open().map_err(explain)
    }

    /// Tells of a path with a file that was not there before; `before` is what was there instead.
    pub fn arrive(
        &mut self,
        path: &Path,
        before: Option<&FileState>,
        state: &FileState,
    ) -> Result<(), BaselineError> {
        let put = || {
            if let Some(before) = before {
                let fate = match is_same_file(before, state) {
                    true => STAYED,
                    false => REPLACED,
                };
                self.put_departed(path, fate, before)?;
            }
            let mut insert = self.conn.prepare_cached(PUT_ARRIVED)?;
            insert.raw_bind_parameter(1, path_to_bytes(path))?;
            StateColumns::of(state).bind(&mut insert, 2)?;
            insert.raw_execute()?;
            Ok(())
        };
        put().map_err(explain)
    }

    /// Tells of a path where nothing is any more.
    pub fn depart(&mut self, path: &Path, last: &FileState) -> Result<(), BaselineError> {
        self.put_departed(path, GONE, last).map_err(explain)
    }

    /// Pairs, and visits every path that was told of, in the order of paths (a move under its new
    /// one). Each departure is used once; several names of one file are paired in path order.
    pub fn finish<E: From<BaselineError>>(
        self,
        mut visit: impl FnMut(Paired) -> Result<(), E>,
    ) -> Result<(), E> {
        let explained = |fault: Fault| E::from(explain(fault));
        pair(&self.conn).map_err(explained)?;
        let select = |sql| self.conn.prepare(sql).map_err(|e| explained(e.into()));
        let (mut arrived, mut departed) = (select(ALL_ARRIVED)?, select(LEFT_OVER)?);
        let (mut arrived, mut departed) = (arrived.raw_query(), departed.raw_query());
        let mut next_arrived = next(&mut arrived).map_err(explained)?;
        let mut next_departed = next(&mut departed).map_err(explained)?;
        loop {
            let departed_first = match (&next_arrived, &next_departed) {
                (Some((arrived, _)), Some((departed, _))) => departed < arrived,
                (None, Some(_)) => true,
                (_, None) => false,
            };
            if departed_first {
                if let Some((path, state)) = next_departed.take() {
                    let last = Box::new(state);
                    visit(Paired::Departed { path, last })?;
                }
                next_departed = next(&mut departed).map_err(explained)?;
            } else if let Some((path, state)) = next_arrived.take() {
                visit(self.describe(path, state).map_err(explained)?)?;
                next_arrived = next(&mut arrived).map_err(explained)?;
            } else {
                return Ok(());
            }
        }
    }

    fn put_departed(&self, path: &Path, fate: i64, state: &FileState) -> Result<(), Fault> {
        let mut insert = self.conn.prepare_cached(PUT_DEPARTED)?;
        insert.raw_bind_parameter(1, path_to_bytes(path))?;
        insert.raw_bind_parameter(2, fate)?;
        StateColumns::of(state).bind(&mut insert, 3)?;
        insert.raw_execute()?;
        Ok(())
    }

    /// Says how a file came to its path.
    fn describe(&self, path: PathBuf, state: FileState) -> Result<Paired, Fault> {
        let there = self.departed(&path)?;
        let origin: Option<Vec<u8>> = self
            .conn
            .prepare_cached("SELECT origin FROM pair WHERE path = ?1")?
            .query_row([path_to_bytes(&path)], |row| row.get(0))
            .optional()?;
        let origin = origin.as_deref().map(decode_path).transpose()?;
        let before = match &origin {
            Some(from) => self.departed(from)?,
            None => None,
        };
        Ok(match origin.zip(before) {
            Some((from, before)) => Paired::Moved(Box::new(Moved {
                from,
                to: path,
                before: before.state,
                after: state,
                replaced: there.filter(|there| !there.taken).map(|there| there.state),
                vacated: before.fate == GONE,
            })),
            None => Paired::Arrived {
                path,
                replaced: there.map(|there| Box::new(there.state)),
                state: Box::new(state),
            },
        })
    }

    fn departed(&self, path: &Path) -> Result<Option<Departure>, Fault> {
        let mut select = self.conn.prepare_cached(DEPARTED)?;
        let mut rows = select.query([path_to_bytes(path)])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        Ok(Some(Departure {
            fate: row.get(0)?,
            taken: row.get(1)?,
            state: StateColumns::read(row, 2)?.into_state()?,
        }))
    }
}

/// A row of `departed`.
struct Departure {
    fate: i64,
    taken: bool,
    state: FileState,
}

/// Fills the table `pair`.
fn pair(conn: &Connection) -> Result<(), Fault> {
    let mut candidates = conn.prepare(CANDIDATES)?;
    let mut candidates = candidates.raw_query();
    let mut origin = conn.prepare(ORIGIN)?;
    let mut take = conn.prepare("UPDATE departed SET taken = 1 WHERE path = ?1")?;
    let mut put = conn.prepare("INSERT INTO pair(path, origin) VALUES(?1, ?2)")?;
    while let Some(row) = candidates.next()? {
        let path = blob(row, 0)?;
        let found: Option<Vec<u8>> = origin.query_row([path], |row| row.get(0)).optional()?;
        if let Some(from) = found {
            take.execute([&from])?;
            put.execute((path, &from))?;
        }
    }
    Ok(())
}

fn next(rows: &mut Rows<'_>) -> Result<Option<(PathBuf, FileState)>, Fault> {
    let decode = |row: &Row<'_>| {
        let state = StateColumns::read(row, 1)?.into_state()?;
        Ok((decode_path(blob(row, 0)?)?, state))
    };
    rows.next()?.map(decode).transpose()
}

/// Says whether a path holds the file it held before; the same rule as in [`ORIGIN`].
fn is_same_file(before: &FileState, now: &FileState) -> bool {
    let (before, now) = (&before.stat, &now.stat);
    let numbers = before.device == now.device && before.inode == now.inode;
    let births = match (before.created, now.created) {
        (Some(before), Some(now)) => before == now,
        // The path is evidence, too: a file that was changed in place keeps it.
        _ => true,
    };
    numbers && before.kind == now.kind && births
}

fn explain(fault: Fault) -> BaselineError {
    fault.at(Path::new("temporary files"), "look for renames")
}
