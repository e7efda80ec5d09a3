//! What is verified before the store is believed.
//!
//! Every start reads the whole file once and compares its checksum with the one of the last clean
//! close ([`super::file_sum`]): any changed byte is found, lost rows and all. Without such a
//! checksum (crash, power loss, restored copy) [`everything`] verifies SQLite's structures and then
//! every single row. `PRAGMA quick_check` at each start was rejected: it costs ten times as much as
//! the checksum, and does not see a changed byte inside a value. With 1 000 000 rows, 178 MB, all
//! in the page cache of a machine of 2026: checksum 35 ms, quick_check 0.3 s, everything 1.0 s.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use rusqlite::{Connection, Row};

use super::codec::{STATE_WIDTH, state_columns};
use super::error::{BaselineError, Fault};
use super::file_sum::FileSum;
use super::row::{SEEN_STATE, TRUSTED_STATE, read_dir, read_seen, read_trusted};
use super::state_dir::StateDir;
use super::{chain, journal, meta, scan_run, schema, scope};
use crate::state::escape;

/// What is known of the store before it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// The file is byte for byte what the last clean close left.
    Sealed,
    /// Nothing is known: verify everything.
    Unknown,
}

/// Refuses a file that is no store of ours, by its header.
pub(super) fn header(place: &StateDir) -> Result<(), BaselineError> {
    let failed = |source| BaselineError::io("read", &place.db, source);
    let mut header = Vec::with_capacity(100);
    let file = File::open(&place.db).map_err(failed)?;
    file.take(100).read_to_end(&mut header).map_err(failed)?;
    let not_ours = |reason: &str| BaselineError::NotOurs {
        db: place.db.clone(),
        reason: reason.to_owned(),
    };
    if header.is_empty() {
        return Err(damaged(&place.db, "the file is empty"));
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(not_ours("it is no SQLite database"));
    }
    // Offset 68 of the header, see https://sqlite.org/fileformat2.html#application_id
    let application = header.get(68..72).and_then(|bytes| bytes.try_into().ok());
    match application.map(u32::from_be_bytes) {
        Some(id) if i64::from(id) == schema::APPLICATION_ID => Ok(()),
        Some(_) => Err(not_ours("it is the database of another program")),
        None => Err(damaged(&place.db, "the file is cut off")),
    }
}

/// Compares the file with the checksum of its last clean close.
pub(super) fn seal(place: &StateDir) -> Result<Trust, BaselineError> {
    let failed = |source| BaselineError::io("verify", &place.db, source);
    if StateDir::length(&place.wal)? > 0 {
        return Ok(Trust::Unknown);
    }
    let Some(recorded) = FileSum::load(&place.sum).map_err(failed)? else {
        return Ok(Trust::Unknown);
    };
    if FileSum::of(&place.db).map_err(failed)? == recorded {
        return Ok(Trust::Sealed);
    }
    // For a reader only: a writer may have come meanwhile and changed both.
    if FileSum::load(&place.sum).map_err(failed)? != Some(recorded) {
        return Ok(Trust::Unknown);
    }
    let reason = format!(
        "it does not match {}, which was written when it was last closed (if you have put an older copy in its place, remove that file)",
        escape::path(&place.sum)
    );
    Err(damaged(&place.db, &reason))
}

/// Returns what to tell of a store that was verified without the checksum it should have.
pub(super) fn lost_seal(place: &StateDir) -> Result<Option<String>, BaselineError> {
    let failed = |source| BaselineError::io("verify", &place.sum, source);
    let told = || {
        format!(
            "{} is damaged and proves nothing; every row of the store was verified instead. The next run that writes replaces it",
            escape::path(&place.sum)
        )
    };
    Ok(FileSum::is_damaged(&place.sum).map_err(failed)?.then(told))
}

/// Refuses a directory whose store is gone while traces of it are left.
pub(super) fn never_existed(place: &StateDir) -> Result<(), BaselineError> {
    for trace in [&place.sum, &place.wal] {
        if StateDir::length(trace)? > 0 {
            let reason = format!(
                "the file is gone, but {} is still there",
                escape::path(trace)
            );
            return Err(damaged(&place.db, &reason));
        }
    }
    Ok(())
}

/// Refuses schema versions that this program does not know.
pub(super) fn version(conn: &Connection, place: &StateDir) -> Result<i64, BaselineError> {
    let found = schema::version(conn).map_err(|fault| fault.at(&place.db, "read the version"))?;
    let known = i64::try_from(schema::MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        let db = place.db.clone();
        return Err(BaselineError::NewerSchema { db, found, known });
    }
    if found < 1 {
        return Err(damaged(&place.db, "it has no schema version"));
    }
    Ok(found)
}

/// Verifies SQLite's structures, every row, and that rows, directories and journal fit together.
pub(super) fn everything(conn: &Connection) -> Result<(), Fault> {
    // One snapshot, should a writer be at work; never committed, because nothing is written.
    let _snapshot = conn.unchecked_transaction()?;
    structure(conn)?;
    each(conn, "SELECT key FROM meta", |row| {
        meta::get(conn, &row.get::<_, String>(0)?).map(drop)
    })?;
    states(conn)?;
    let store_id = meta::store_id(conn)?;
    each(
        conn,
        "SELECT seq, at, at_ns, body, chain, checksum FROM event",
        |row| journal::read_event(row, &store_id).map(drop),
    )?;
    chain::verify_end(conn)?;
    let scopes = scope::all(conn)?;
    each(conn, "SELECT sink FROM cursor", |row| {
        scope::cursor(conn, &row.get::<_, String>(0)?).map(drop)
    })?;
    each(conn, "SELECT * FROM scan_run", |row| {
        let (_, start, end) = scan_run::read_run(row)?;
        let is_covered = |path: &Path| scopes.iter().any(|scope| path.starts_with(&scope.path));
        // Without its scope, what changed there would be taken for a first baseline.
        match start
            .paths
            .iter()
            .find(|path| end.is_some() && !is_covered(path))
        {
            None => Ok(()),
            Some(path) => Err(Fault::Damaged(format!(
                "{} was scanned, but its scope is gone",
                escape::path(path)
            ))),
        }
    })?;
    each(
        conn,
        "SELECT scan, path, cause, checksum FROM blind_spot",
        |row| scan_run::read_blind_spot(row).map(drop),
    )
}

/// Verifies directories and the rows in them.
fn states(conn: &Connection) -> Result<(), Fault> {
    let mut dirs = HashSet::new();
    each(conn, "SELECT id, path, checksum FROM dir", |row| {
        dirs.insert(read_dir(row)?.0);
        Ok(())
    })?;
    let known = |dir: i64| match dirs.contains(&dir) {
        true => Ok(dir),
        false => Err(Fault::Damaged(format!("directory {dir} has no path"))),
    };
    each(
        conn,
        concat!(
            "SELECT name, ",
            state_columns!(),
            ", checksum, dir FROM trusted"
        ),
        |row| {
            let dir = known(row.get(TRUSTED_STATE + STATE_WIDTH + 1)?)?;
            read_trusted(row, dir).map(drop)
        },
    )?;
    each(
        conn,
        concat!(
            "SELECT name, absent, drift, since, since_ns, ",
            state_columns!(),
            ", checksum, dir FROM seen"
        ),
        |row| {
            let dir = known(row.get(SEEN_STATE + STATE_WIDTH + 1)?)?;
            read_seen(row, dir).map(drop)
        },
    )
}

/// Compares the schema with the one that was made, and runs SQLite's own check, which sees lost
/// pages and indexes that miss rows.
fn structure(conn: &Connection) -> Result<(), Fault> {
    if !schema::is_as_made(conn, schema::version(conn)?)? {
        let reason = "its tables are not those that waxseal makes";
        return Err(Fault::Damaged(reason.to_owned()));
    }
    let first: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    match first.as_str() {
        "ok" => Ok(()),
        found => Err(Fault::Damaged(found.to_owned())),
    }
}

fn each(
    conn: &Connection,
    sql: &str,
    mut visit: impl FnMut(&Row<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut select = conn.prepare(sql)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        visit(row)?;
    }
    Ok(())
}

fn damaged(db: &Path, reason: &str) -> BaselineError {
    BaselineError::Damaged {
        db: db.to_path_buf(),
        reason: reason.to_owned(),
    }
}
