//! The rows of one directory, merged from what was approved and what was seen.

use std::path::Path;

use rusqlite::Connection;
use waxseal_platform::bytes::{os_to_bytes, path_to_bytes};

use super::codec::state_columns;
use super::error::Fault;
use super::row::{Row, blob, dir_checksum, read_seen, read_trusted, split_path};

const TRUSTED_AFTER: &str = concat!(
    "SELECT name, ",
    state_columns!(),
    ", checksum FROM trusted WHERE dir = ?1 AND name > ?2 ORDER BY name"
);

const SEEN_AFTER: &str = concat!(
    "SELECT name, absent, drift, since, since_ns, ",
    state_columns!(),
    ", checksum FROM seen WHERE dir = ?1 AND name > ?2 ORDER BY name"
);

const TRUSTED_ROW: &str = concat!(
    "SELECT name, ",
    state_columns!(),
    ", checksum FROM trusted WHERE dir = ?1 AND name = ?2"
);

const SEEN_ROW: &str = concat!(
    "SELECT name, absent, drift, since, since_ns, ",
    state_columns!(),
    ", checksum FROM seen WHERE dir = ?1 AND name = ?2"
);

/// Returns the number of a directory that has rows.
pub(super) fn find_dir(conn: &Connection, dir: &Path) -> Result<Option<i64>, Fault> {
    let mut select = conn.prepare_cached("SELECT id, path, checksum FROM dir WHERE path = ?1")?;
    let mut found = select.query([path_to_bytes(dir)])?;
    let Some(row) = found.next()? else {
        return Ok(None);
    };
    let id = row.get(0)?;
    dir_checksum(id, blob(row, 1)?).verify(row.get(2)?, "a directory")?;
    Ok(Some(id))
}

/// Appends up to `limit` rows of a directory whose names follow `after`: a merge of both tables.
pub(super) fn page(
    conn: &Connection,
    dir: i64,
    after: &[u8],
    limit: usize,
    rows: &mut Vec<Row>,
) -> Result<(), Fault> {
    let mut select = conn.prepare_cached(SEEN_AFTER)?;
    let mut all_seen = select.query((dir, after))?;
    let mut next_seen = || -> Result<Option<Row>, Fault> {
        let Some(found) = all_seen.next()? else {
            return Ok(None);
        };
        let (name, seen) = read_seen(found, dir)?;
        Ok(Some(Row {
            name,
            trusted: None,
            seen: Some(seen),
        }))
    };
    let mut pending = next_seen()?;
    let mut select = conn.prepare_cached(TRUSTED_AFTER)?;
    let mut all_trusted = select.query((dir, after))?;
    while rows.len() < limit {
        let Some(found) = all_trusted.next()? else {
            break;
        };
        let (name, state) = read_trusted(found, dir)?;
        while rows.len() < limit
            && let Some(earlier) = pending.take_if(|seen| seen.name < name)
        {
            rows.push(earlier);
            pending = next_seen()?;
        }
        if rows.len() >= limit {
            return Ok(());
        }
        let mut seen = None;
        if let Some(same) = pending.take_if(|seen| seen.name == name) {
            seen = same.seen;
            pending = next_seen()?;
        }
        let trusted = Some(state);
        rows.push(Row {
            name,
            trusted,
            seen,
        });
    }
    while rows.len() < limit
        && let Some(later) = pending.take()
    {
        rows.push(later);
        pending = next_seen()?;
    }
    Ok(())
}

/// Returns what is known of one path.
pub(super) fn row(conn: &Connection, path: &Path) -> Result<Option<Row>, Fault> {
    let (dir, name) = split_path(path);
    let Some(dir) = find_dir(conn, dir)? else {
        return Ok(None);
    };
    let key = (dir, os_to_bytes(name));
    let mut trusted = conn.prepare_cached(TRUSTED_ROW)?;
    let mut found = trusted.query(key)?;
    let trusted = found
        .next()?
        .map(|row| read_trusted(row, dir))
        .transpose()?;
    let mut seen = conn.prepare_cached(SEEN_ROW)?;
    let mut found = seen.query(key)?;
    let seen = found.next()?.map(|row| read_seen(row, dir)).transpose()?;
    if trusted.is_none() && seen.is_none() {
        return Ok(None);
    }
    Ok(Some(Row {
        name: name.to_owned(),
        trusted: trusted.map(|(_, state)| state),
        seen: seen.map(|(_, seen)| seen),
    }))
}
