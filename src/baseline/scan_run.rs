//! What each scan covered and what it could not see.
//!
//! The last [`RUNS_KEPT`] runs are remembered; their events stay in the journal for ever.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row};
use waxseal_platform::bytes::path_to_bytes;
use waxseal_platform::stat::Timestamp;

use super::codec::{Checksum, Table, join, loaded, split, stored};
use super::error::Fault;
use super::row::{blob, decode_path};

/// How many runs are remembered.
const RUNS_KEPT: i64 = 100;

/// What a scan sets out to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanStart {
    /// When it started.
    pub at: Timestamp,
    /// Whether every file is read again, also those that look unchanged.
    pub full: bool,
    /// The digest of the policy it follows.
    pub policy: String,
    /// The paths it looks at.
    pub paths: Vec<PathBuf>,
}

/// What a scan has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanEnd {
    /// When it ended.
    pub at: Timestamp,
    /// How many paths it looked at.
    pub entries: u64,
    /// How many bytes it read.
    pub bytes: u64,
    /// How many changes it found.
    pub changes: u64,
}

/// One scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanRun {
    /// Its number.
    pub id: ScanId,
    /// What it set out to do.
    pub start: ScanStart,
    /// What it has done; `None` while it runs, or when it never came to an end.
    pub end: Option<ScanEnd>,
    /// How many blind spots it had.
    pub blind_spots: u64,
}

/// The number of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScanId(i64);

/// A path that a scan could not look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindSpot {
    /// The path.
    pub path: PathBuf,
    /// Why.
    pub cause: String,
}

/// Records that a scan starts and forgets the oldest ones.
pub(super) fn begin(conn: &Connection, start: &ScanStart) -> Result<ScanId, Fault> {
    let last: Option<i64> = conn.query_row("SELECT max(id) FROM scan_run", [], |row| row.get(0))?;
    let id = ScanId(last.unwrap_or(0) + 1);
    write(conn, id, start, None)?;
    let oldest = id.0 - RUNS_KEPT + 1;
    conn.execute("DELETE FROM scan_run WHERE id < ?1", [oldest])?;
    conn.execute("DELETE FROM blind_spot WHERE scan < ?1", [oldest])?;
    Ok(id)
}

/// Records how a scan ended.
pub(super) fn finish(conn: &Connection, id: ScanId, end: &ScanEnd) -> Result<(), Fault> {
    match find(conn, "SELECT * FROM scan_run WHERE id = ?1", [id.0])? {
        Some(run) => write(conn, id, &run.start, Some(end)),
        None => Ok(()),
    }
}

/// Records a path that could not be looked at.
pub(super) fn blind_spot(
    conn: &Connection,
    scan: ScanId,
    path: &Path,
    cause: &str,
) -> Result<(), Fault> {
    let path = path_to_bytes(path);
    let sum = blind_spot_checksum(scan.0, path, cause).value();
    conn.prepare_cached(
        "INSERT OR REPLACE INTO blind_spot(scan, path, cause, checksum) VALUES(?1, ?2, ?3, ?4)",
    )?
    .execute((scan.0, path, cause, sum))?;
    Ok(())
}

/// Returns the scan that started last.
pub(super) fn last(conn: &Connection) -> Result<Option<ScanRun>, Fault> {
    find(conn, "SELECT * FROM scan_run ORDER BY id DESC LIMIT 1", [])
}

/// Returns the blind spots of a scan, sorted by path.
pub(super) fn blind_spots(conn: &Connection, scan: ScanId) -> Result<Vec<BlindSpot>, Fault> {
    let mut select = conn.prepare_cached(
        "SELECT scan, path, cause, checksum FROM blind_spot WHERE scan = ?1 ORDER BY path",
    )?;
    let mut rows = select.query([scan.0])?;
    let mut spots = Vec::new();
    while let Some(row) = rows.next()? {
        spots.push(read_blind_spot(row)?);
    }
    Ok(spots)
}

/// Decodes a row of `blind_spot` and verifies it.
pub(super) fn read_blind_spot(row: &Row<'_>) -> Result<BlindSpot, Fault> {
    let path = blob(row, 1)?;
    let cause: String = row.get(2)?;
    blind_spot_checksum(row.get(0)?, path, &cause).verify(row.get(3)?, "a blind spot")?;
    Ok(BlindSpot {
        path: decode_path(path)?,
        cause,
    })
}

/// Decodes a row of `SELECT * FROM scan_run` and verifies it.
pub(super) fn read_run(row: &Row<'_>) -> Result<(ScanId, ScanStart, Option<ScanEnd>), Fault> {
    let integers = RunIntegers {
        id: row.get(0)?,
        started: (row.get(1)?, row.get(2)?),
        full: row.get(3)?,
        finished: (row.get::<_, Option<i64>>(6)?).zip(row.get::<_, Option<i64>>(7)?),
        counts: [row.get(8)?, row.get(9)?, row.get(10)?],
    };
    let policy: String = row.get(4)?;
    let paths = blob(row, 5)?;
    integers
        .checksum(&policy, paths)
        .verify(row.get(11)?, "a scan's record")?;
    let start = ScanStart {
        at: join(integers.started.0, integers.started.1)?,
        full: integers.full != 0,
        policy,
        paths: split_paths(paths)?,
    };
    let [entries, bytes, changes] = integers.counts.map(loaded);
    let end = match integers.finished {
        None => None,
        Some((secs, nanos)) => Some(ScanEnd {
            at: join(secs, nanos)?,
            entries,
            bytes,
            changes,
        }),
    };
    Ok((ScanId(integers.id), start, end))
}

/// The numbers of one row of `scan_run`.
struct RunIntegers {
    id: i64,
    started: (i64, i64),
    full: i64,
    finished: Option<(i64, i64)>,
    counts: [i64; 3],
}

impl RunIntegers {
    fn checksum(&self, policy: &str, paths: &[u8]) -> Checksum {
        let (finished, finished_ns) = self.finished.unwrap_or((0, -1));
        Checksum::of(Table::ScanRun)
            .integers([self.id, self.started.0, self.started.1, self.full])
            .integers([finished, finished_ns])
            .integers(self.counts)
            .bytes(policy.as_bytes())
            .bytes(paths)
    }
}

fn write(
    conn: &Connection,
    id: ScanId,
    start: &ScanStart,
    end: Option<&ScanEnd>,
) -> Result<(), Fault> {
    let integers = RunIntegers {
        id: id.0,
        started: split(start.at),
        full: i64::from(start.full),
        finished: end.map(|end| split(end.at)),
        counts: end.map_or([0; 3], |end| {
            [end.entries, end.bytes, end.changes].map(stored)
        }),
    };
    let paths = join_paths(&start.paths);
    let [entries, bytes, changes] = integers.counts;
    conn.prepare_cached(
        "INSERT OR REPLACE INTO scan_run(id, started, started_ns, complete_read, policy, paths,
             finished, finished_ns, entries, bytes, changes, checksum)
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute((
        integers.id,
        integers.started.0,
        integers.started.1,
        integers.full,
        &start.policy,
        &paths,
        integers.finished.map(|(secs, _)| secs),
        integers.finished.map(|(_, nanos)| nanos),
        entries,
        bytes,
        changes,
        integers.checksum(&start.policy, &paths).value(),
    ))?;
    Ok(())
}

fn find<P: rusqlite::Params>(
    conn: &Connection,
    sql: &str,
    parameters: P,
) -> Result<Option<ScanRun>, Fault> {
    let mut select = conn.prepare_cached(sql)?;
    let mut rows = select.query(parameters)?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let (id, start, end) = read_run(row)?;
    let blind_spots: Option<i64> = conn
        .prepare_cached("SELECT count(*) FROM blind_spot WHERE scan = ?1")?
        .query_row([id.0], |row| row.get(0))
        .optional()?;
    Ok(Some(ScanRun {
        id,
        start,
        end,
        blind_spots: loaded(blind_spots.unwrap_or(0)),
    }))
}

fn blind_spot_checksum(scan: i64, path: &[u8], cause: &str) -> Checksum {
    Checksum::of(Table::BlindSpot)
        .integers([scan])
        .bytes(path)
        .bytes(cause.as_bytes())
}

/// Joins paths with NUL, which no path can hold.
fn join_paths(paths: &[PathBuf]) -> Vec<u8> {
    let bytes: Vec<&[u8]> = paths.iter().map(|path| path_to_bytes(path)).collect();
    bytes.join(&0)
}

fn split_paths(joined: &[u8]) -> Result<Vec<PathBuf>, Fault> {
    let parts = joined.split(|byte| *byte == 0);
    parts
        .filter(|path| !path.is_empty())
        .map(decode_path)
        .collect()
}
