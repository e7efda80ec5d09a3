//! The tables, version by version, and the settings of every connection.
//!
//! `user_version` counts the migrations that were applied; `application_id` says that the file is
//! ours. A migration is never edited once it is released: a new one is added at the end. Every
//! table is STRICT, and every row carries a checksum of its own fields (see [`super::codec`]).

use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::error::Fault;

/// "wxsl", kept in the header of the database file.
pub(super) const APPLICATION_ID: i64 = 0x7778_736C;

/// The migrations in order; the number of those applied is the schema version.
pub(super) const MIGRATIONS: &[&str] = &[VERSION_1];

/// Bytes per page. 8 KiB holds some 45 rows, so one directory is one or two page reads.
const PAGE_SIZE: u32 = 8192;

/// Pages in the write-ahead log before it is written back: 16 MiB. Bounds the log in a long scan.
const CHECKPOINT_PAGES: u32 = 2048;

/// How long one connection waits for another before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Page cache of the one writer, in KiB.
const WRITER_CACHE_KIB: u32 = 16 * 1024;

/// Page cache of each reader, in KiB. A scan reads every directory once, so more would not help.
const READER_CACHE_KIB: u32 = 2 * 1024;

/// The columns of one file state are the same in `trusted` and `seen`, in the order of
/// [`super::codec::state_columns`]. In `seen` all are NULL when the path was absent.
const VERSION_1: &str = "
CREATE TABLE meta(
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE dir(
    path BLOB PRIMARY KEY,
    id INTEGER NOT NULL UNIQUE,
    checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE trusted(
    dir INTEGER NOT NULL,
    name BLOB NOT NULL,
    kind INTEGER NOT NULL,
    mode INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    gid INTEGER NOT NULL,
    links INTEGER NOT NULL,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    rdev INTEGER NOT NULL,
    size INTEGER NOT NULL,
    blocks INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    atime INTEGER NOT NULL,
    atime_ns INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    btime INTEGER,
    btime_ns INTEGER,
    target BLOB,
    xattrs BLOB NOT NULL,
    digests BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY(dir, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE seen(
    dir INTEGER NOT NULL,
    name BLOB NOT NULL,
    absent INTEGER NOT NULL,
    drift INTEGER NOT NULL,
    since INTEGER NOT NULL,
    since_ns INTEGER NOT NULL,
    kind INTEGER,
    mode INTEGER,
    uid INTEGER,
    gid INTEGER,
    links INTEGER,
    device INTEGER,
    inode INTEGER,
    rdev INTEGER,
    size INTEGER,
    blocks INTEGER,
    flags INTEGER,
    atime INTEGER,
    atime_ns INTEGER,
    mtime INTEGER,
    mtime_ns INTEGER,
    ctime INTEGER,
    ctime_ns INTEGER,
    btime INTEGER,
    btime_ns INTEGER,
    target BLOB,
    xattrs BLOB,
    digests BLOB,
    checksum INTEGER NOT NULL,
    PRIMARY KEY(dir, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX seen_drift ON seen(dir) WHERE drift = 1;

CREATE TABLE event(
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    body TEXT NOT NULL,
    chain BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;

CREATE INDEX event_at ON event(at, at_ns);

CREATE TABLE cursor(
    sink TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE scope(
    path BLOB PRIMARY KEY,
    policy TEXT NOT NULL,
    checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE scan_run(
    id INTEGER PRIMARY KEY,
    started INTEGER NOT NULL,
    started_ns INTEGER NOT NULL,
    complete_read INTEGER NOT NULL,
    policy TEXT NOT NULL,
    paths BLOB NOT NULL,
    finished INTEGER,
    finished_ns INTEGER,
    entries INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    changes INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;

CREATE TABLE blind_spot(
    scan INTEGER NOT NULL,
    path BLOB NOT NULL,
    cause TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY(scan, path)
) STRICT, WITHOUT ROWID;
";

/// What a connection may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// The one writer.
    Write,
    /// One of several readers.
    Read,
}

/// Applies the settings that SQLite does not keep in the file.
pub(super) fn configure(conn: &Connection, access: Access) -> Result<(), Fault> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(64);
    // A schema that somebody else put into the file must not run code of its own.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Without the "query planner stability guarantee" SQLite prepares a statement anew whenever a
    // parameter of a range changes: reading a directory took five times as long.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let cache = match access {
        Access::Write => WRITER_CACHE_KIB,
        Access::Read => READER_CACHE_KIB,
    };
    // mmap stays off: an I/O error on a mapped page kills the process with SIGBUS.
    conn.execute_batch(&format!(
        "PRAGMA cache_size = -{cache}; PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON;"
    ))?;
    if access == Access::Write {
        // FULL: a batch that was reported as committed survives power loss. Batches are large,
        // so one fsync each is cheap.
        conn.execute_batch(&format!(
            "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}; PRAGMA journal_size_limit = {};",
            CHECKPOINT_PAGES * PAGE_SIZE
        ))?;
    }
    Ok(())
}

/// Makes an empty file into a store of the newest version.
pub(super) fn create(conn: &mut Connection) -> Result<(), Fault> {
    conn.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_SIZE}; PRAGMA journal_mode = WAL; PRAGMA application_id = {APPLICATION_ID};"
    ))?;
    migrate(conn, MIGRATIONS)
}

/// Says whether the tables and indexes are those that the migrations up to this version make.
///
/// SQLite trusts the text it keeps of them: one changed letter can rename a column.
pub(super) fn is_as_made(conn: &Connection, version: i64) -> Result<bool, Fault> {
    let mut model = Connection::open_in_memory()?;
    let applied = usize::try_from(version).unwrap_or(usize::MAX);
    migrate(&mut model, MIGRATIONS.get(..applied).unwrap_or(MIGRATIONS))?;
    Ok(texts(&model)? == texts(conn)?)
}

/// Returns kind, name, table and text of everything in the schema.
fn texts(conn: &Connection) -> Result<Vec<[Option<String>; 4]>, Fault> {
    // What SQLite adds by itself for its statistics is its own business.
    let mut select = conn.prepare(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema
         WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name",
    )?;
    let read = |row: &rusqlite::Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]);
    let texts = select.query_map([], read)?.collect::<Result<Vec<_>, _>>()?;
    Ok(texts)
}

/// Reads the schema version.
pub(super) fn version(conn: &Connection) -> Result<i64, Fault> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Applies the migrations that are still missing, each in a transaction with its version number.
pub(super) fn migrate(conn: &mut Connection, migrations: &[&str]) -> Result<(), Fault> {
    let applied = usize::try_from(version(conn)?).unwrap_or(usize::MAX);
    for (number, sql) in (1_i64..).zip(migrations).skip(applied) {
        let transaction = conn.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}
