//! Small named values of the store: its id, its age, the journal's head, and what callers keep.

use rusqlite::{Connection, OptionalExtension};
use waxseal_platform::stat::Timestamp;

use super::codec::{Checksum, Table, join};
use super::error::Fault;

/// Random 16 hex digits that name this store in every event id.
pub(super) const STORE_ID: &str = "store_id";

/// When the store was made: seconds and nanoseconds.
const CREATED_AT: &str = "created_at";

/// Where the journal ends: sequence number and chain.
pub(super) const JOURNAL_HEAD: &str = "journal_head";

/// Returns a value, verified.
pub(super) fn get(conn: &Connection, key: &str) -> Result<Option<String>, Fault> {
    let mut select = conn.prepare_cached("SELECT value, checksum FROM meta WHERE key = ?1")?;
    let found: Option<(String, i64)> = select
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((value, sum)) = found else {
        return Ok(None);
    };
    checksum(key, &value).verify(sum, "a setting of the store")?;
    Ok(Some(value))
}

/// Writes a value.
pub(super) fn put(conn: &Connection, key: &str, value: &str) -> Result<(), Fault> {
    conn.prepare_cached("INSERT OR REPLACE INTO meta(key, value, checksum) VALUES(?1, ?2, ?3)")?
        .execute((key, value, checksum(key, value).value()))?;
    Ok(())
}

/// Gives a new store its name and its birthday.
pub(super) fn found_store(conn: &Connection, now: Timestamp) -> Result<(), Fault> {
    let id: String = conn.query_row("SELECT lower(hex(randomblob(8)))", [], |row| row.get(0))?;
    put(conn, STORE_ID, &id)?;
    put(conn, CREATED_AT, &format!("{} {}", now.secs(), now.nanos()))
}

/// Returns the name of the store.
pub(super) fn store_id(conn: &Connection) -> Result<String, Fault> {
    get(conn, STORE_ID)?.ok_or_else(|| Fault::Damaged("it has no id".to_owned()))
}

/// Returns the birthday of the store.
pub(super) fn created_at(conn: &Connection) -> Result<Timestamp, Fault> {
    let text = get(conn, CREATED_AT)?;
    let parts = text
        .as_deref()
        .and_then(|text| text.split_once(' '))
        .and_then(|(secs, nanos)| Some((secs.parse().ok()?, nanos.parse().ok()?)));
    match parts {
        Some((secs, nanos)) => join(secs, nanos),
        None => Err(Fault::Damaged("it has no creation time".to_owned())),
    }
}

fn checksum(key: &str, value: &str) -> Checksum {
    Checksum::of(Table::Meta)
        .bytes(key.as_bytes())
        .bytes(value.as_bytes())
}
