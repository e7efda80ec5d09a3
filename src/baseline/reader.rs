//! Reading the store, from any number of threads with one [`Reader`] each.
//!
//! Every call sees one consistent snapshot and ends it before it returns, and before it hands rows
//! to a visitor: a reader that kept a snapshot open would keep the write-ahead log from being
//! written back, and it would grow without bound. So two calls may see two states of the store.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use waxseal_platform::bytes::{os_to_bytes, path_to_bytes};
use waxseal_platform::stat::Timestamp;

use super::chain::{self, ChainReport, Head};
use super::codec::loaded;
use super::error::{BaselineError, Fault};
use super::journal::{self, StoredEvent};
use super::listing::{self, find_dir};
use super::lock::Lock;
use super::row::{Row, read_dir};
use super::scan_run::{self, BlindSpot, ScanId, ScanRun};
use super::scope::{self, Scope};
use super::state_dir::StateDir;
use super::{meta, open, verify};

/// Rows that are in memory at a time while a whole subtree is visited.
const PAGE_ROWS: usize = 1024;

const NEXT_DIR: &str = "SELECT id, path, checksum FROM dir WHERE path > ?1 ORDER BY path LIMIT 1";

const NEXT_DRIFTING_DIR: &str = "SELECT id, path, checksum FROM dir WHERE path > ?1 \
    AND EXISTS(SELECT 1 FROM seen WHERE seen.dir = dir.id AND seen.drift = 1) \
    ORDER BY path LIMIT 1";

/// A read-only view of the store for one thread.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
    place: Arc<StateDir>,
    store_id: String,
    /// What its user should know about the store as it was found.
    warning: Option<String>,
}

/// How much the store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Approved paths.
    pub trusted: u64,
    /// Paths that differ from what was approved in a way that counts.
    pub drifting: u64,
    /// Events in the journal.
    pub events: u64,
}

impl Reader {
    /// Opens and verifies a store for reading only; needs no lock and works on read-only media.
    ///
    /// For more threads of the same process use [`Reader::another`]: it verifies nothing again.
    pub fn open(state_dir: &Path) -> Result<Self, BaselineError> {
        let place = StateDir::at(state_dir)?;
        let conn = open::verified_reader(&place)?;
        let warning = verify::lost_seal(&place)?;
        let reader = Self::with(conn, Arc::new(place))?;
        Ok(Self { warning, ..reader })
    }

    /// Says whether a watch runs for this store, which may be the caller.
    pub fn is_watched(&self) -> Result<bool, BaselineError> {
        Lock::is_watched(&self.place)
    }

    /// Opens a further connection to the same store, for another thread.
    pub fn another(&self) -> Result<Self, BaselineError> {
        Self::beside(&self.place)
    }

    /// Opens a connection to a store that this process has verified already.
    pub(super) fn beside(place: &Arc<StateDir>) -> Result<Self, BaselineError> {
        Self::with(open::reader(place)?, Arc::clone(place))
    }

    fn with(conn: Connection, place: Arc<StateDir>) -> Result<Self, BaselineError> {
        let store_id =
            meta::store_id(&conn).map_err(|fault| fault.at(&place.db, "open the store"))?;
        Ok(Self {
            conn,
            place,
            store_id,
            warning: None,
        })
    }

    /// Returns what its user should know about the store as it was found.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Says whether any scope was ever recorded.
    pub fn has_baseline(&self) -> Result<bool, BaselineError> {
        Ok(!self.scopes()?.is_empty())
    }

    /// Reads the next rows of one directory into `rows`, replacing its content: at most 1024, those
    /// whose names follow `after`, sorted by name bytes. Says whether there may be more.
    pub fn children(
        &self,
        dir: &Path,
        after: &OsStr,
        rows: &mut Vec<Row>,
    ) -> Result<bool, BaselineError> {
        self.numbered_children(dir, after, rows)
            .map(|(_, has_more)| has_more)
    }

    /// Does what [`Reader::children`] does, and returns the directory's number too, if it has rows.
    pub(crate) fn numbered_children(
        &self,
        dir: &Path,
        after: &OsStr,
        rows: &mut Vec<Row>,
    ) -> Result<(Option<i64>, bool), BaselineError> {
        rows.clear();
        self.snapshot("read a directory", |conn| {
            let number = find_dir(conn, dir)?;
            if let Some(number) = number {
                listing::page(conn, number, os_to_bytes(after), PAGE_ROWS, rows)?;
            }
            Ok((number, rows.len() == PAGE_ROWS))
        })
    }

    /// Returns what is known of one path.
    pub fn row(&self, path: &Path) -> Result<Option<Row>, BaselineError> {
        self.snapshot("look up a path", |conn| listing::row(conn, path))
    }

    /// Visits everything strictly below a path, by directory and then by name.
    ///
    /// At most a thousand rows are in memory, and no snapshot is open while the visitor runs.
    pub fn below<E: From<BaselineError>>(
        &self,
        path: &Path,
        mut visit: impl FnMut(PathBuf, Row) -> Result<(), E>,
    ) -> Result<(), E> {
        self.subtree(path, NEXT_DIR, &mut visit)
    }

    /// Visits the rows that differ in a way that counts, at or below any of the paths; everywhere
    /// when there are none. Each row is visited once.
    pub fn drifting<E: From<BaselineError>>(
        &self,
        under: &[PathBuf],
        mut visit: impl FnMut(PathBuf, Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut drifting = |path: PathBuf, row: Row| match row.is_drifting() {
            true => visit(path, row),
            false => Ok(()),
        };
        if under.is_empty() {
            return self.subtree(Path::new(""), NEXT_DRIFTING_DIR, &mut drifting);
        }
        let mut under: Vec<&PathBuf> = under.iter().collect();
        under.sort();
        let mut done: Option<&PathBuf> = None;
        for path in under {
            // In this order a path comes after every path that contains it.
            if done.is_some_and(|done| path.starts_with(done)) {
                continue;
            }
            done = Some(path);
            if let Some(row) = self.row(path)? {
                drifting(path.clone(), row)?;
            }
            self.subtree(path, NEXT_DRIFTING_DIR, &mut drifting)?;
        }
        Ok(())
    }

    /// Returns the recorded scopes, sorted by path.
    pub fn scopes(&self) -> Result<Vec<Scope>, BaselineError> {
        self.snapshot("read the scopes", scope::all)
    }

    /// Returns events after number `after`, oldest first.
    pub fn events(&self, after: u64, limit: usize) -> Result<Vec<StoredEvent>, BaselineError> {
        self.snapshot("read the journal", |conn| {
            journal::events(conn, &self.store_id, after, limit)
        })
    }

    /// Returns events after number `after`, oldest first: at most `limit`, and none after those
    /// whose bodies together have `bytes` bytes.
    pub fn page(
        &self,
        after: u64,
        limit: usize,
        bytes: usize,
    ) -> Result<Vec<StoredEvent>, BaselineError> {
        self.snapshot("read the journal", |conn| {
            journal::page(conn, &self.store_id, after, (limit, bytes))
        })
    }

    /// Returns the number of the last event, 0 when there is none.
    pub fn journal_end(&self) -> Result<u64, BaselineError> {
        self.snapshot("read the journal's end", |conn| Ok(Head::load(conn)?.seq))
    }

    /// Visits every event after number `after`, oldest first; holds a page of them at a time.
    pub fn each_event<E: From<BaselineError>>(
        &self,
        mut after: u64,
        mut visit: impl FnMut(&StoredEvent) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let page = self.events(after, PAGE_ROWS)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.seq;
            page.iter().try_for_each(&mut visit)?;
        }
    }

    /// Returns events after number `after` recorded at or after a time, oldest first.
    pub fn events_since(
        &self,
        at: Timestamp,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, BaselineError> {
        self.snapshot("read the journal", |conn| {
            journal::events_since(conn, &self.store_id, (at, after), limit)
        })
    }

    /// Returns the last `count` events, oldest first.
    pub fn last_events(&self, count: usize) -> Result<Vec<StoredEvent>, BaselineError> {
        self.snapshot("read the journal", |conn| {
            journal::last_events(conn, &self.store_id, count)
        })
    }

    /// Returns the event with this id.
    pub fn event(&self, id: &str) -> Result<Option<StoredEvent>, BaselineError> {
        self.snapshot("read the journal", |conn| {
            journal::event_by_id(conn, &self.store_id, id)
        })
    }

    /// Recomputes the journal's hash chain and says what does not fit.
    pub fn verify_chain(&self) -> Result<ChainReport, BaselineError> {
        self.snapshot("verify the journal", chain::verify)
    }

    /// Returns how far a sink has delivered the journal.
    pub fn cursor(&self, sink: &str) -> Result<Option<u64>, BaselineError> {
        self.snapshot("read a cursor", |conn| scope::cursor(conn, sink))
    }

    /// Returns the scan that started last.
    pub fn last_scan(&self) -> Result<Option<ScanRun>, BaselineError> {
        self.snapshot("read the last scan", scan_run::last)
    }

    /// Returns what a scan could not look at, sorted by path.
    pub fn blind_spots(&self, scan: ScanId) -> Result<Vec<BlindSpot>, BaselineError> {
        self.snapshot("read the blind spots", |conn| {
            scan_run::blind_spots(conn, scan)
        })
    }

    /// Counts rows and events; reads through the whole index, some 30 ms for a million paths.
    pub fn counts(&self) -> Result<Counts, BaselineError> {
        self.snapshot("count", |conn| {
            let count = |sql: &str| -> Result<u64, Fault> {
                Ok(loaded(conn.query_row(sql, [], |row| row.get(0))?))
            };
            Ok(Counts {
                trusted: count("SELECT count(*) FROM trusted")?,
                drifting: count("SELECT count(*) FROM seen WHERE drift = 1")?,
                events: count("SELECT count(*) FROM event")?,
            })
        })
    }

    /// Returns a value that was kept with [`Batch::put_meta`](super::Batch::put_meta).
    pub fn meta(&self, key: &str) -> Result<Option<String>, BaselineError> {
        self.snapshot("read a setting", |conn| meta::get(conn, key))
    }

    /// Returns the random name of this store: 16 hexadecimal digits.
    pub fn store_id(&self) -> &str {
        &self.store_id
    }

    /// Returns when this store was made.
    pub fn created_at(&self) -> Result<Timestamp, BaselineError> {
        self.snapshot("read the creation time", meta::created_at)
    }

    /// Returns the state directory.
    pub fn state_dir(&self) -> &Path {
        &self.place.path
    }

    /// Visits the directories that `next_dir` finds at or below `path`, page by page.
    fn subtree<E: From<BaselineError>>(
        &self,
        path: &Path,
        next_dir: &str,
        visit: &mut impl FnMut(PathBuf, Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rows = Vec::new();
        let top = self.snapshot("find a directory", |conn| find_dir(conn, path))?;
        if let Some(id) = top {
            self.visit_dir(id, path, &mut rows, visit)?;
        }
        let prefix = prefix_below(path);
        let mut after = prefix.clone();
        loop {
            let next = self.snapshot("find the next directory", |conn| {
                let mut select = conn.prepare_cached(next_dir)?;
                let mut found = select.query([after.as_slice()])?;
                found.next()?.map(read_dir).transpose()
            })?;
            let Some((id, dir)) = next else { break };
            let bytes = path_to_bytes(&dir);
            if !bytes.starts_with(&prefix) {
                break;
            }
            after.clear();
            after.extend_from_slice(bytes);
            self.visit_dir(id, &dir, &mut rows, visit)?;
        }
        Ok(())
    }

    fn visit_dir<E: From<BaselineError>>(
        &self,
        id: i64,
        dir: &Path,
        rows: &mut Vec<Row>,
        visit: &mut impl FnMut(PathBuf, Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut after: Vec<u8> = Vec::new();
        loop {
            rows.clear();
            self.snapshot("read a directory", |conn| {
                listing::page(conn, id, &after, PAGE_ROWS, rows)
            })?;
            let is_last = rows.len() < PAGE_ROWS;
            if let Some(row) = rows.last() {
                after.clear();
                after.extend_from_slice(os_to_bytes(&row.name));
            }
            for row in rows.drain(..) {
                visit(dir.join(&row.name), row)?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Runs some reads in one snapshot: consistent, and cheaper than one snapshot for each.
    pub(super) fn snapshot<T>(
        &self,
        op: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, BaselineError> {
        let run = || {
            self.conn.prepare_cached("BEGIN")?.execute([])?;
            let result = read(&self.conn);
            self.conn.prepare_cached("COMMIT")?.execute([])?;
            result
        };
        run().map_err(|fault| fault.at(&self.place.db, op))
    }
}

/// Returns what the directories strictly below a path begin with.
pub(super) fn prefix_below(path: &Path) -> Vec<u8> {
    let mut prefix = path_to_bytes(path).to_vec();
    let separator = std::path::MAIN_SEPARATOR as u8;
    if !prefix.is_empty() && prefix.last() != Some(&separator) {
        prefix.push(separator);
    }
    prefix
}
