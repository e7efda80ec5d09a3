//! What the store remembers of one name in one directory, and how it is read from its tables.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use waxseal_platform::bytes::{bytes_to_os, bytes_to_path};
use waxseal_platform::stat::{Kind, Timestamp};

use super::codec::{Checksum, STATE_WIDTH, StateColumns, Table, join};
use super::error::Fault;
use crate::state::FileState;

/// Everything known of one path: what was approved and what was last observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name within its directory.
    pub name: OsString,
    /// The approved state, if the path was approved at all.
    pub trusted: Option<FileState>,
    /// The last observation, where it differs from the approved state in any stored field.
    pub seen: Option<Seen>,
}

/// The last observation of a path whose state is not the approved one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What was found; `None` when nothing was there.
    pub state: Option<FileState>,
    /// Whether the difference counts under the policy.
    pub drift: bool,
    /// When this difference was first seen.
    pub since: Timestamp,
}

impl Row {
    /// Returns the path's last known state: as seen if that differs, else as approved.
    pub fn last(&self) -> Option<&FileState> {
        match &self.seen {
            Some(seen) => seen.state.as_ref(),
            None => self.trusted.as_ref(),
        }
    }

    /// Returns what the path was when it was last there.
    pub fn kind(&self) -> Option<Kind> {
        let known = self.last().or(self.trusted.as_ref());
        known.map(|known| known.stat.kind)
    }

    /// Says whether the path differs from what was approved in a way that counts.
    pub fn is_drifting(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.drift)
    }
}

/// Cuts a path into the directory and the name it is stored under.
///
/// A path without a parent (`/`, `C:\`, a relative name) is stored under the empty directory.
pub fn split_path(path: &Path) -> (&Path, &std::ffi::OsStr) {
    match (path.parent(), path.file_name()) {
        (Some(dir), Some(name)) => (dir, name),
        _ => (Path::new(""), path.as_os_str()),
    }
}

/// Columns before the state in `SELECT name, … FROM trusted`.
pub(super) const TRUSTED_STATE: usize = 1;

/// Columns before the state in `SELECT name, absent, drift, since, since_ns, … FROM seen`.
pub(super) const SEEN_STATE: usize = 5;

/// Decodes one row of `trusted` of the given directory and verifies it.
pub(super) fn read_trusted(
    row: &rusqlite::Row<'_>,
    dir: i64,
) -> Result<(OsString, FileState), Fault> {
    let name = blob(row, 0)?;
    let columns = StateColumns::read(row, TRUSTED_STATE)?;
    trusted_checksum(dir, name, &columns).verify(
        row.get(TRUSTED_STATE + STATE_WIDTH)?,
        "an approved file state",
    )?;
    Ok((decode_name(name)?, columns.into_state()?))
}

/// Decodes one row of `seen` of the given directory and verifies it.
pub(super) fn read_seen(row: &rusqlite::Row<'_>, dir: i64) -> Result<(OsString, Seen), Fault> {
    let name = blob(row, 0)?;
    let integers: [i64; 4] = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
    let [absent, drift, since, since_ns] = integers;
    let columns = match absent {
        0 => Some(StateColumns::read(row, SEEN_STATE)?),
        _ => None,
    };
    seen_checksum(dir, name, integers, columns.as_ref())
        .verify(row.get(SEEN_STATE + STATE_WIDTH)?, "an observed file state")?;
    let seen = Seen {
        state: columns.map(StateColumns::into_state).transpose()?,
        drift: drift != 0,
        since: join(since, since_ns)?,
    };
    Ok((decode_name(name)?, seen))
}

/// Returns the checksum of a row of `trusted`.
pub(super) fn trusted_checksum(dir: i64, name: &[u8], columns: &StateColumns<'_>) -> Checksum {
    Checksum::of(Table::Trusted)
        .integers([dir])
        .bytes(name)
        .state(Some(columns))
}

/// Returns the checksum of a row of `seen`; the integers are absent, drift, since, since_ns.
pub(super) fn seen_checksum(
    dir: i64,
    name: &[u8],
    integers: [i64; 4],
    columns: Option<&StateColumns<'_>>,
) -> Checksum {
    Checksum::of(Table::Seen)
        .integers([dir])
        .integers(integers)
        .bytes(name)
        .state(columns)
}

/// Returns the checksum of a row of `dir`.
pub(super) fn dir_checksum(id: i64, path: &[u8]) -> Checksum {
    Checksum::of(Table::Dir).integers([id]).bytes(path)
}

/// Decodes a row of `SELECT id, path, checksum FROM dir` and verifies it.
pub(super) fn read_dir(row: &rusqlite::Row<'_>) -> Result<(i64, PathBuf), Fault> {
    let id = row.get(0)?;
    let path = blob(row, 1)?;
    dir_checksum(id, path).verify(row.get(2)?, "a directory")?;
    Ok((id, decode_path(path)?))
}

/// Returns a column of bytes.
pub(super) fn blob<'r>(row: &'r rusqlite::Row<'_>, index: usize) -> Result<&'r [u8], Fault> {
    let value = row.get_ref(index)?.as_blob();
    value.map_err(|_| Fault::Damaged("a value has the wrong type".to_owned()))
}

/// Returns the path of stored bytes.
pub(super) fn decode_path(bytes: &[u8]) -> Result<PathBuf, Fault> {
    bytes_to_path(bytes).map_err(|error| Fault::Damaged(format!("an impossible path: {error}")))
}

fn decode_name(bytes: &[u8]) -> Result<OsString, Fault> {
    bytes_to_os(bytes).map_err(|error| Fault::Damaged(format!("an impossible name: {error}")))
}
