//! Which parts of the file tree have a baseline, and the policy each was taken under; and how far
//! each sink has read the journal.

use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension, Row};
use waxseal_platform::bytes::path_to_bytes;

use super::codec::{Checksum, Table, loaded, stored};
use super::error::Fault;
use super::row::{blob, decode_path};

/// A path with everything below it that has a baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Where it begins.
    pub path: PathBuf,
    /// The policy it was taken under, as JSON.
    pub policy: String,
}

/// Records a scope; the scopes below it are part of it from now on.
pub(super) fn put(conn: &Connection, scope: &Scope) -> Result<(), Fault> {
    for other in all(conn)? {
        if other.path.starts_with(&scope.path) {
            let path = path_to_bytes(&other.path);
            conn.execute("DELETE FROM scope WHERE path = ?1", [path])?;
        }
    }
    let path = path_to_bytes(&scope.path);
    let sum = checksum(path, &scope.policy).value();
    conn.execute(
        "INSERT INTO scope(path, policy, checksum) VALUES(?1, ?2, ?3)",
        (path, &scope.policy, sum),
    )?;
    Ok(())
}

/// Returns all scopes, sorted by path.
pub(super) fn all(conn: &Connection) -> Result<Vec<Scope>, Fault> {
    let mut select =
        conn.prepare_cached("SELECT path, policy, checksum FROM scope ORDER BY path")?;
    let mut rows = select.query([])?;
    let mut scopes = Vec::new();
    while let Some(row) = rows.next()? {
        scopes.push(read(row)?);
    }
    Ok(scopes)
}

/// Decodes a row of `scope` and verifies it.
pub(super) fn read(row: &Row<'_>) -> Result<Scope, Fault> {
    let path = blob(row, 0)?;
    let policy: String = row.get(1)?;
    checksum(path, &policy).verify(row.get(2)?, "a scope")?;
    Ok(Scope {
        path: decode_path(path)?,
        policy,
    })
}

/// Records how far a sink has delivered the journal.
pub(super) fn put_cursor(conn: &Connection, sink: &str, seq: u64) -> Result<(), Fault> {
    let seq = stored(seq);
    conn.prepare_cached("INSERT OR REPLACE INTO cursor(sink, seq, checksum) VALUES(?1, ?2, ?3)")?
        .execute((sink, seq, cursor_checksum(sink, seq).value()))?;
    Ok(())
}

/// Returns how far a sink has delivered the journal.
pub(super) fn cursor(conn: &Connection, sink: &str) -> Result<Option<u64>, Fault> {
    let found: Option<(i64, i64)> = conn
        .prepare_cached("SELECT seq, checksum FROM cursor WHERE sink = ?1")?
        .query_row([sink], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match found {
        None => Ok(None),
        Some((seq, sum)) => {
            cursor_checksum(sink, seq).verify(sum, "a sink's cursor")?;
            Ok(Some(loaded(seq)))
        }
    }
}

fn checksum(path: &[u8], policy: &str) -> Checksum {
    Checksum::of(Table::Scope)
        .bytes(path)
        .bytes(policy.as_bytes())
}

fn cursor_checksum(sink: &str, seq: i64) -> Checksum {
    Checksum::of(Table::Cursor)
        .integers([seq])
        .bytes(sink.as_bytes())
}
