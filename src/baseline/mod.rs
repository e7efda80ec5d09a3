//! The store: what every path was when it was approved, what was last seen, and the journal.
//!
//! One SQLite file in a private directory, with one writer ([`Baseline`], which holds a lock) and
//! any number of readers ([`Reader`]). `scan`, `watch` and `accept` write through a [`Batch`];
//! `check`, `log` and `status` only read. Paths are bytes, keyed by directory and name, so that
//! the children of one directory are one range read.
//!
//! Invariants:
//! - Rows, events and cursors of one [`Batch`] are committed together or not at all, and are
//!   durable when `commit` returns. Killing the process at any point loses at most the open batch.
//! - A row that is returned is exactly what was written: the whole file is verified when it is
//!   opened (`verify`), every row again when it is decoded (`codec`).
//! - A damaged, foreign or newer store is refused with the way out, never repaired or recreated.
//! - Directory and files are private (0700, 0600); unsafe ones are refused, not repaired.
//! - Readers hold no snapshot between calls, so the write-ahead log stays small.
//!
//! It does not protect against somebody who may write to the store. The journal's chain makes
//! clumsy edits evident; against careful ones, keep the chain's head on another machine.
//!
//! Every byte of the store is read through SQLite once it is open. Opening and closing its files
//! by other means within this process would drop SQLite's POSIX locks, so a scan must leave out
//! the state directory.

mod batch;
mod chain;
mod codec;
mod directories;
mod error;
mod file_sum;
mod journal;
mod listing;
mod lock;
mod meta;
mod open;
mod pairing;
mod reader;
mod row;
mod scan_run;
mod schema;
mod scope;
mod state_dir;
mod verify;

#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use waxseal_platform::dir::is_absence;

pub use batch::{Batch, DirId};
pub use chain::{ChainFault, ChainHead, ChainReport};
pub use error::BaselineError;
pub use journal::StoredEvent;
pub use pairing::{Moved, Paired, Pairing};
pub use reader::{Counts, Reader};
pub use row::{Row, Seen, split_path};
pub use scan_run::{BlindSpot, ScanEnd, ScanId, ScanRun, ScanStart};
pub use scope::Scope;

use error::Fault;
use file_sum::FileSum;
use lock::Lock;
use state_dir::StateDir;
use verify::Trust;

/// The store, open for its one writer.
///
/// Close it with [`Baseline::close`], after all readers are dropped: only then the next start is
/// quick. Dropping it instead does the same without reporting errors.
#[derive(Debug)]
pub struct Baseline {
    /// Always present until it is closed.
    conn: Option<Connection>,
    place: Arc<StateDir>,
    store_id: String,
    /// Whether the checksum record holds for the file as it is now.
    sealed: bool,
    /// Whether rows were removed, which may leave directories without rows.
    shrunk: bool,
    /// What `PRAGMA data_version` said last: it changes when another connection has written.
    version: i64,
    /// What its user should know about the store as it was found.
    warning: Option<String>,
    /// The lock of a watch, held beside or instead of the writer's.
    watch: Option<Lock>,
    /// Declared last: released when the connection is closed. `None` while it is shared.
    lock: Option<Lock>,
}

impl Baseline {
    /// Says whether a state directory holds a store, or may, without looking into it.
    pub fn may_be_in(state_dir: &Path) -> bool {
        match state_dir.join(state_dir::DB).symlink_metadata() {
            Ok(_) => true,
            Err(error) => !is_absence(&error),
        }
    }

    /// Opens and verifies the store for writing; makes it when there is none.
    pub fn open(state_dir: &Path) -> Result<Self, BaselineError> {
        let place = StateDir::at(state_dir)?;
        place.create()?;
        place.verify_private()?;
        place.verify_filesystem()?;
        let lock = Lock::acquire(&place)?;
        let (conn, trust) = open::writer(&place)?;
        let warning = verify::lost_seal(&place)?;
        let store_id =
            meta::store_id(&conn).map_err(|fault| fault.at(&place.db, "open the store"))?;
        Ok(Self {
            conn: Some(conn),
            place: Arc::new(place),
            store_id,
            sealed: trust == Trust::Sealed,
            shrunk: false,
            version: 0,
            warning,
            watch: None,
            lock: Some(lock),
        })
    }

    /// Makes this process the one watch of the store.
    pub fn claim_watch(&mut self) -> Result<(), BaselineError> {
        self.watch = Some(Lock::watch(&self.place)?);
        Ok(())
    }

    /// Lets other processes write between the batches of this one, which is the watch.
    ///
    /// From now on each batch takes the writer's lock for itself, and fails with
    /// [`BaselineError::Locked`] while another process has it.
    pub fn share(&mut self) {
        debug_assert!(self.watch.is_some(), "only a watch shares");
        self.lock = None;
    }

    /// Keeps other processes from writing again; fails with [`BaselineError::Locked`] while one does.
    pub fn hold(&mut self) -> Result<(), BaselineError> {
        if self.lock.is_none() {
            self.lock = Some(Lock::take_turn(&self.place)?);
        }
        Ok(())
    }

    /// Opens a further connection for reading, for one thread.
    pub fn reader(&self) -> Result<Reader, BaselineError> {
        Reader::beside(&self.place)
    }

    /// Starts a write transaction.
    pub fn batch(&mut self) -> Result<Batch<'_>, BaselineError> {
        let turn = match self.lock {
            Some(_) => None,
            None => Some(Lock::take_turn(&self.place)?),
        };
        self.place.verify_writable()?;
        if self.sealed {
            open::forget_sum(&self.place)?;
            self.sealed = false;
        }
        let db = &self.place.db;
        let failed = |error: rusqlite::Error| Fault::from(error).at(db, "start a transaction");
        let conn = self.conn.as_ref();
        let conn = conn.expect("the connection is only taken by close, which takes self");
        // Unchecked: the batch borrows the baseline mutably, so there is no second transaction.
        let transaction =
            Transaction::new_unchecked(conn, TransactionBehavior::Immediate).map_err(failed)?;
        let version = transaction
            .pragma_query_value(None, "data_version", |row| row.get(0))
            .map_err(failed)?;
        let is_foreign = std::mem::replace(&mut self.version, version) != version;
        Ok(Batch::new(
            transaction,
            conn,
            db,
            &self.store_id,
            &mut self.shrunk,
            is_foreign,
            turn,
        ))
    }

    /// Writes everything back into the one file and seals it with its checksum.
    pub fn close(mut self) -> Result<(), BaselineError> {
        self.seal()
    }

    /// Returns what its user should know about the store as it was found.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Returns the random name of this store: 16 hexadecimal digits.
    pub fn store_id(&self) -> &str {
        &self.store_id
    }

    /// Returns the state directory.
    pub fn state_dir(&self) -> &Path {
        &self.place.path
    }

    /// Closes the connection; leaves the store unsealed, which only costs time, where it must.
    fn seal(&mut self) -> Result<(), BaselineError> {
        let Some(conn) = self.conn.take() else {
            return Ok(());
        };
        let at = |fault: Fault| fault.at(&self.place.db, "close the store");
        if self.watch.is_none() && Lock::is_watched(&self.place)? {
            // The watch goes on writing, and will seal it.
            return conn.close().map_err(|(_, error)| at(error.into()));
        }
        if let Err(error) = self.place.verify_writable() {
            // What the log holds stays there.
            open::hold_checkpoints(&conn, true).map_err(at)?;
            conn.close().map_err(|(_, error)| at(error.into()))?;
            return Err(error);
        }
        if self.lock.is_none() {
            self.lock = Some(Lock::acquire(&self.place)?);
        }
        if !self.sealed {
            if self.shrunk {
                remove_empty_dirs(&conn).map_err(at)?;
            }
            // No PRAGMA optimize: every query follows a key, statistics could only mislead it.
            conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .map_err(|error| at(error.into()))?;
        }
        conn.close().map_err(|(_, error)| at(error.into()))?;
        let readers_left = Arc::strong_count(&self.place) > 1;
        if self.sealed || readers_left || StateDir::length(&self.place.wal)? > 0 {
            return Ok(());
        }
        FileSum::of(&self.place.db)
            .and_then(|sum| sum.save(&self.place.sum))
            .map_err(|source| BaselineError::io("seal", &self.place.sum, source))
    }
}

impl Drop for Baseline {
    fn drop(&mut self) {
        // Nothing is lost without the seal, and there is nobody left to tell.
        let _ = self.seal();
    }
}

/// Removes the directories whose last row is gone.
fn remove_empty_dirs(conn: &Connection) -> Result<(), Fault> {
    conn.execute(
        "DELETE FROM dir
         WHERE NOT EXISTS(SELECT 1 FROM trusted WHERE trusted.dir = dir.id)
           AND NOT EXISTS(SELECT 1 FROM seen WHERE seen.dir = dir.id)",
        [],
    )?;
    Ok(())
}
