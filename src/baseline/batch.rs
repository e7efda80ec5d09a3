//! Writing the store: one transaction, in which rows, events and cursors are committed together.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;

use rusqlite::{CachedStatement, Connection, Transaction};
use waxseal_platform::bytes::{os_to_bytes, path_to_bytes};
use waxseal_platform::stat::Timestamp;

use super::chain::Head;
use super::codec::{STATE_WIDTH, StateColumns, split, state_columns};
use super::error::{BaselineError, Fault};
use super::journal;
use super::listing::find_dir;
use super::lock::Lock;
use super::meta;
use super::row::{Seen, dir_checksum, seen_checksum, trusted_checksum};
use super::scan_run::{self, ScanEnd, ScanId, ScanStart};
use super::scope::{self, Scope};
use crate::state::FileState;

/// Directories whose numbers are remembered; a scan writes one directory after the other.
const DIRS_CACHED: usize = 1024;

const PUT_TRUSTED: &str = concat!(
    "INSERT OR REPLACE INTO trusted(dir, name, ",
    state_columns!(),
    ", checksum) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
);

const PUT_SEEN: &str = concat!(
    "INSERT OR REPLACE INTO seen(dir, name, absent, drift, since, since_ns, ",
    state_columns!(),
    ", checksum) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \
     ?, ?, ?, ?)"
);

/// The number of a directory in the store; only good within the [`Batch`] that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirId(i64);

/// One write transaction; dropped without [`Batch::commit`] it leaves no trace.
#[derive(Debug)]
pub struct Batch<'b> {
    statements: Statements<'b>,
    transaction: Transaction<'b>,
    conn: &'b Connection,
    db: &'b Path,
    store_id: &'b str,
    /// Set when rows were removed, so that directories without rows are looked for at the end.
    shrunk: &'b mut bool,
    /// By their bytes: hashing a path part by part takes several times as long.
    dirs: HashMap<OsString, DirId>,
    head: Option<Head>,
    is_foreign: bool,
    /// Declared last: released when the transaction is over.
    _turn: Option<Lock>,
}

/// The statements that run once for each row, kept at hand: finding one in the connection's cache
/// means hashing its text, which takes a tenth of the time of running it.
#[derive(Default)]
struct Statements<'b> {
    put_trusted: Option<CachedStatement<'b>>,
    put_seen: Option<CachedStatement<'b>>,
    append: Option<CachedStatement<'b>>,
}

impl fmt::Debug for Statements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statements").finish_non_exhaustive()
    }
}

/// Returns the statement kept here, which is prepared at its first use.
fn kept<'k, 'b>(
    slot: &'k mut Option<CachedStatement<'b>>,
    conn: &'b Connection,
    sql: &str,
) -> Result<&'k mut CachedStatement<'b>, Fault> {
    match slot {
        Some(statement) => Ok(statement),
        none => Ok(none.insert(conn.prepare_cached(sql)?)),
    }
}

impl<'b> Batch<'b> {
    pub(super) fn new(
        transaction: Transaction<'b>,
        conn: &'b Connection,
        db: &'b Path,
        store_id: &'b str,
        shrunk: &'b mut bool,
        is_foreign: bool,
        turn: Option<Lock>,
    ) -> Self {
        Self {
            statements: Statements::default(),
            transaction,
            conn,
            db,
            store_id,
            shrunk,
            dirs: HashMap::new(),
            head: None,
            is_foreign,
            _turn: turn,
        }
    }

    /// Says whether another process has written since the last batch of this one.
    ///
    /// True also of the first batch.
    pub fn follows_others(&self) -> bool {
        self.is_foreign
    }

    /// Returns the number of a directory, which is stored when it is new.
    pub fn dir(&mut self, path: &Path) -> Result<DirId, BaselineError> {
        if let Some(id) = self.dirs.get(path.as_os_str()) {
            return Ok(*id);
        }
        let id = intern(&self.transaction, path).map_err(|f| f.at(self.db, "store a directory"))?;
        if self.dirs.len() >= DIRS_CACHED {
            self.dirs.clear();
        }
        self.dirs.insert(path.as_os_str().to_owned(), id);
        Ok(id)
    }

    /// Approves a state.
    pub fn put_trusted(
        &mut self,
        dir: DirId,
        name: &OsStr,
        state: &FileState,
    ) -> Result<(), BaselineError> {
        let name = os_to_bytes(name);
        let columns = StateColumns::of(state);
        let sum = trusted_checksum(dir.0, name, &columns).value();
        let mut put = || -> Result<(), Fault> {
            let insert = kept(&mut self.statements.put_trusted, self.conn, PUT_TRUSTED)?;
            insert.raw_bind_parameter(1, dir.0)?;
            insert.raw_bind_parameter(2, name)?;
            columns.bind(insert, 3)?;
            insert.raw_bind_parameter(3 + STATE_WIDTH, sum)?;
            insert.raw_execute()?;
            Ok(())
        };
        put().map_err(|fault| fault.at(self.db, "store an approved state"))
    }

    /// Records an observation that differs from the approved state.
    pub fn put_seen(&mut self, dir: DirId, name: &OsStr, seen: &Seen) -> Result<(), BaselineError> {
        let name = os_to_bytes(name);
        let (since, since_ns) = split(seen.since);
        let absent = i64::from(seen.state.is_none());
        let integers = [absent, i64::from(seen.drift), since, since_ns];
        let columns = seen.state.as_ref().map(StateColumns::of);
        let sum = seen_checksum(dir.0, name, integers, columns.as_ref()).value();
        let mut put = || -> Result<(), Fault> {
            let insert = kept(&mut self.statements.put_seen, self.conn, PUT_SEEN)?;
            insert.raw_bind_parameter(1, dir.0)?;
            insert.raw_bind_parameter(2, name)?;
            for (parameter, integer) in (3..).zip(integers) {
                insert.raw_bind_parameter(parameter, integer)?;
            }
            match &columns {
                Some(columns) => columns.bind(insert, 7)?,
                None => StateColumns::bind_absent(insert, 7)?,
            }
            insert.raw_bind_parameter(7 + STATE_WIDTH, sum)?;
            insert.raw_execute()?;
            Ok(())
        };
        put().map_err(|fault| fault.at(self.db, "store an observed state"))
    }

    /// Forgets the observation: the path is as approved, or is no longer watched.
    pub fn clear_seen(&mut self, dir: DirId, name: &OsStr) -> Result<(), BaselineError> {
        self.remove("DELETE FROM seen WHERE dir = ?1 AND name = ?2", dir, name)
    }

    /// Withdraws the approval.
    pub fn remove_trusted(&mut self, dir: DirId, name: &OsStr) -> Result<(), BaselineError> {
        self.remove(
            "DELETE FROM trusted WHERE dir = ?1 AND name = ?2",
            dir,
            name,
        )
    }

    /// Appends an event to the journal and returns its number; `write` makes the JSON body from
    /// the event's id.
    pub fn append_event(
        &mut self,
        at: Timestamp,
        write: impl FnOnce(&str) -> String,
    ) -> Result<u64, BaselineError> {
        let append = || {
            let head = match &mut self.head {
                Some(head) => head,
                none => none.insert(Head::load(self.conn)?),
            };
            let insert = kept(&mut self.statements.append, self.conn, journal::APPEND)?;
            journal::append(insert, head, self.store_id, at, write)
        };
        append().map_err(|fault: Fault| fault.at(self.db, "append to the journal"))
    }

    /// Records how far a sink has delivered the journal.
    pub fn put_cursor(&mut self, sink: &str, seq: u64) -> Result<(), BaselineError> {
        self.write("store a cursor", |conn| scope::put_cursor(conn, sink, seq))
    }

    /// Records a scope; scopes below it are absorbed.
    pub fn put_scope(&mut self, scope: &Scope) -> Result<(), BaselineError> {
        self.write("store a scope", |conn| scope::put(conn, scope))
    }

    /// Records that a scan starts.
    pub fn begin_scan(&mut self, start: &ScanStart) -> Result<ScanId, BaselineError> {
        self.write("record a scan", |conn| scan_run::begin(conn, start))
    }

    /// Records how a scan ended.
    pub fn finish_scan(&mut self, id: ScanId, end: &ScanEnd) -> Result<(), BaselineError> {
        self.write("record a scan", |conn| scan_run::finish(conn, id, end))
    }

    /// Records a path that a scan could not look at.
    pub fn blind_spot(
        &mut self,
        scan: ScanId,
        path: &Path,
        cause: &str,
    ) -> Result<(), BaselineError> {
        self.write("record a blind spot", |conn| {
            scan_run::blind_spot(conn, scan, path, cause)
        })
    }

    /// Returns a value kept by name.
    pub fn meta(&self, key: &str) -> Result<Option<String>, BaselineError> {
        self.write("read a setting", |conn| meta::get(conn, key))
    }

    /// Keeps a value by name.
    pub fn put_meta(&mut self, key: &str, value: &str) -> Result<(), BaselineError> {
        self.write("store a setting", |conn| meta::put(conn, key, value))
    }

    /// Makes everything of this batch durable at once; after an error nothing of it is.
    pub fn commit(self) -> Result<(), BaselineError> {
        let db = self.db;
        let at = |fault: Fault| fault.at(db, "commit");
        if let Some(head) = self.head {
            head.save(&self.transaction).map_err(at)?;
        }
        self.transaction
            .commit()
            .map_err(|error| at(error.into()))?;
        // The first who reads after a commit notes so in mapped memory. Done now, while the store
        // can be written, it is not done when that may kill the process, see
        // `StateDir::verify_writable`. It is committed in any case.
        let _ = meta::store_id(self.conn);
        Ok(())
    }

    fn remove(&mut self, sql: &str, dir: DirId, name: &OsStr) -> Result<(), BaselineError> {
        let removed = self.write("remove a state", |transaction| {
            let mut delete = transaction.prepare_cached(sql)?;
            Ok(delete.execute((dir.0, os_to_bytes(name)))?)
        })?;
        *self.shrunk |= removed > 0;
        Ok(())
    }

    fn write<T>(
        &self,
        op: &'static str,
        write: impl FnOnce(&Transaction<'b>) -> Result<T, Fault>,
    ) -> Result<T, BaselineError> {
        write(&self.transaction).map_err(|fault| fault.at(self.db, op))
    }
}

/// Finds a directory or gives it the next number.
fn intern(transaction: &Transaction<'_>, path: &Path) -> Result<DirId, Fault> {
    if let Some(id) = find_dir(transaction, path)? {
        return Ok(DirId(id));
    }
    let path = path_to_bytes(path);
    let last: Option<i64> = transaction
        .prepare_cached("SELECT max(id) FROM dir")?
        .query_row([], |row| row.get(0))?;
    let id = last.unwrap_or(0) + 1;
    transaction
        .prepare_cached("INSERT INTO dir(path, id, checksum) VALUES(?1, ?2, ?3)")?
        .execute((path, id, dir_checksum(id, path).value()))?;
    Ok(DirId(id))
}
