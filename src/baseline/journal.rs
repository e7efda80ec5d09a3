//! The journal of events: append and read. What links the events to each other is in
//! [`super::chain`].

use rusqlite::{Connection, Row, Statement};
use waxseal_platform::stat::Timestamp;

use super::chain::Head;
use super::codec::{Checksum, Table, join, loaded, split, stored};
use super::error::Fault;
use super::row::blob;

/// One event of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the journal, from 1, without gaps.
    pub seq: u64,
    /// Its id: the store's id and the place; never used twice.
    pub id: String,
    /// When it was recorded.
    pub at: Timestamp,
    /// The event itself, a JSON document.
    pub body: String,
}

/// The statement of [`append`].
pub(super) const APPEND: &str =
    "INSERT INTO event(seq, at, at_ns, body, chain, checksum) VALUES(?1, ?2, ?3, ?4, ?5, ?6)";

/// Appends one event; `write` makes its body from its id.
pub(super) fn append(
    insert: &mut Statement<'_>,
    head: &mut Head,
    store_id: &str,
    at: Timestamp,
    write: impl FnOnce(&str) -> String,
) -> Result<u64, Fault> {
    let body = write(&event_id(store_id, head.seq + 1));
    let next = head.after(&body);
    let (secs, nanos) = split(at);
    let sum = checksum([stored(next.seq), secs, nanos], &body, &next.chain).value();
    insert.execute((stored(next.seq), secs, nanos, body, next.chain, sum))?;
    *head = next;
    Ok(next.seq)
}

/// Returns events after number `after`, oldest first.
pub(super) fn events(
    conn: &Connection,
    store_id: &str,
    after: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, Fault> {
    page(conn, store_id, after, (limit, usize::MAX))
}

/// Returns events after number `after`, oldest first: at most so many, and none after those whose
/// bodies together have so many bytes.
pub(super) fn page(
    conn: &Connection,
    store_id: &str,
    after: u64,
    (limit, bytes): (usize, usize),
) -> Result<Vec<StoredEvent>, Fault> {
    let mut select = conn.prepare_cached(
        "SELECT seq, at, at_ns, body, chain, checksum FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = select.query((stored(after), limit))?;
    let mut events = Vec::new();
    let mut size = 0;
    while size < bytes
        && let Some(row) = rows.next()?
    {
        let event = read_event(row, store_id)?;
        size = size.saturating_add(event.body.len());
        events.push(event);
    }
    Ok(events)
}

/// Returns events after number `after` that were recorded at or after a time, oldest first.
pub(super) fn events_since(
    conn: &Connection,
    store_id: &str,
    (at, after): (Timestamp, u64),
    limit: usize,
) -> Result<Vec<StoredEvent>, Fault> {
    let (secs, nanos) = split(at);
    // The clock may have gone back, so the first such event is found by time, the rest filtered.
    let first: Option<i64> = conn
        .prepare_cached("SELECT min(seq) FROM event WHERE (at, at_ns) >= (?1, ?2)")?
        .query_row((secs, nanos), |row| row.get(0))?;
    let Some(first) = first else {
        return Ok(Vec::new());
    };
    let mut select = conn.prepare_cached(
        "SELECT seq, at, at_ns, body, chain, checksum FROM event
         WHERE seq >= ?1 AND seq > ?2 AND (at, at_ns) >= (?3, ?4) ORDER BY seq LIMIT ?5",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = select.query((first, stored(after), secs, nanos, limit))?;
    collect(rows, store_id)
}

/// Returns the last events, oldest first.
pub(super) fn last_events(
    conn: &Connection,
    store_id: &str,
    count: usize,
) -> Result<Vec<StoredEvent>, Fault> {
    let head = Head::load(conn)?;
    let after = head
        .seq
        .saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
    events(conn, store_id, after, count)
}

/// Returns the event with this id, if it is one of this store.
pub(super) fn event_by_id(
    conn: &Connection,
    store_id: &str,
    id: &str,
) -> Result<Option<StoredEvent>, Fault> {
    let seq = id.rsplit_once('-').and_then(|(_, seq)| seq.parse().ok());
    let Some(before) = seq.and_then(|seq: u64| seq.checked_sub(1)) else {
        return Ok(None);
    };
    let found = events(conn, store_id, before, 1)?;
    Ok(found.into_iter().find(|event| event.id == id))
}

/// Decodes an event and verifies its checksum.
pub(super) fn read_event(row: &Row<'_>, store_id: &str) -> Result<StoredEvent, Fault> {
    let seq: i64 = row.get(0)?;
    let (secs, nanos) = (row.get(1)?, row.get(2)?);
    let body: String = row.get(3)?;
    checksum([seq, secs, nanos], &body, blob(row, 4)?).verify(row.get(5)?, "an event")?;
    Ok(StoredEvent {
        seq: loaded(seq),
        id: event_id(store_id, loaded(seq)),
        at: join(secs, nanos)?,
        body,
    })
}

fn collect(mut rows: rusqlite::Rows<'_>, store_id: &str) -> Result<Vec<StoredEvent>, Fault> {
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(read_event(row, store_id)?);
    }
    Ok(events)
}

fn event_id(store_id: &str, seq: u64) -> String {
    format!("{store_id}-{seq:012}")
}

/// Returns the checksum of an event's row; the integers are seq, at, at_ns.
pub(super) fn checksum(integers: [i64; 3], body: &str, chain: &[u8]) -> Checksum {
    Checksum::of(Table::Event)
        .integers(integers)
        .bytes(body.as_bytes())
        .bytes(chain)
}
