//! Opening connections: making a new store, and reading one where nothing can be written.

use std::fmt::Write as _;
use std::fs;
use std::io;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use waxseal_platform::bytes::path_to_bytes;
use waxseal_platform::private::create_file_private;
use waxseal_platform::stat::Timestamp;

use super::error::{BaselineError, Fault};
use super::file_sum::FileSum;
use super::lock::Lock;
use super::meta;
use super::schema::{self, Access};
use super::state_dir::StateDir;
use super::verify::{self, Trust};

/// Opens the store for its one writer, which holds the lock, and makes it when there is none.
///
/// Also says whether the file still carries the checksum of its last clean close. Beside a living
/// watch nothing is verified again: it has done so, and its log is in use.
pub(super) fn writer(place: &StateDir) -> Result<(Connection, Trust), BaselineError> {
    if place.db.symlink_metadata().is_err() {
        verify::never_existed(place)?;
        create(place)?;
    }
    let is_watched = Lock::is_watched(place)?;
    let trust = if is_watched {
        Trust::Unknown
    } else {
        verify::header(place)?;
        verify::seal(place)?
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let at = |fault: Fault| fault.at(&place.db, "open the store");
    let mut conn = Connection::open_with_flags(&place.db, flags).map_err(|e| at(e.into()))?;
    // Until it is verified, closing the connection must not change the file.
    hold_checkpoints(&conn, true).map_err(at)?;
    schema::configure(&conn, Access::Write).map_err(at)?;
    let version = verify::version(&conn, place)?;
    if trust == Trust::Unknown && !is_watched {
        verify::everything(&conn).map_err(at)?;
    }
    let outdated = version < i64::try_from(schema::MIGRATIONS.len()).unwrap_or(i64::MAX);
    if outdated {
        forget_sum(place)?;
        schema::migrate(&mut conn, schema::MIGRATIONS).map_err(at)?;
    }
    // A copy made by SQLite's own tools may have lost this setting; otherwise nothing happens.
    let _mode: String = conn
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(|e| at(e.into()))?;
    hold_checkpoints(&conn, false).map_err(at)?;
    let trust = if outdated { Trust::Unknown } else { trust };
    Ok((conn, trust))
}

/// Opens a store that was verified before, for reading.
pub(super) fn reader(place: &StateDir) -> Result<Connection, BaselineError> {
    let failed = |error: rusqlite::Error| Fault::from(error).at(&place.db, "open the store");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = match Connection::open_with_flags(&place.db, flags) {
        Ok(conn) => conn,
        Err(error) => {
            // Where there is none left, that is the better reason.
            spare_descriptors(place)?;
            return Err(failed(error));
        }
    };
    let conn = match first_look(&conn) {
        Ok(()) => conn,
        Err(error) if needs_writing(&error) => {
            spare_descriptors(place)?;
            read_only_medium(place)?
        }
        Err(error) => return Err(failed(error)),
    };
    schema::configure(&conn, Access::Read)
        .map_err(|fault| fault.at(&place.db, "open the store"))?;
    Ok(conn)
}

/// Opens and verifies a store for reading.
pub(super) fn verified_reader(place: &StateDir) -> Result<Connection, BaselineError> {
    if place.db.symlink_metadata().is_err() {
        if place.path.symlink_metadata().is_ok() {
            place.verify_private()?;
            verify::never_existed(place)?;
        }
        let state_dir = place.path.clone();
        return Err(BaselineError::Missing { state_dir });
    }
    place.verify_private()?;
    // A living writer has verified the store when it started, and its lock must not be broken by
    // opening and closing the file here, should it be this very process.
    if Lock::is_held(place)? {
        let conn = reader(place)?;
        verify::version(&conn, place)?;
        return Ok(conn);
    }
    verify::header(place)?;
    let trust = verify::seal(place)?;
    let conn = reader(place)?;
    verify::version(&conn, place)?;
    if trust == Trust::Unknown && !Lock::is_held(place)? {
        verify::everything(&conn).map_err(|fault| fault.at(&place.db, "verify the store"))?;
    }
    Ok(conn)
}

/// Empties the checksum record before the first write.
pub(super) fn forget_sum(place: &StateDir) -> Result<(), BaselineError> {
    FileSum::forget(&place.sum)
        .map_err(|source| BaselineError::io("prepare for writing", &place.sum, source))
}

/// Makes a new store under another name first, so that a crash leaves either all of it or nothing.
fn create(place: &StateDir) -> Result<(), BaselineError> {
    let failed = |source| BaselineError::io("create the store", &place.unborn, source);
    let at = |fault: Fault| fault.at(&place.unborn, "create the store");
    let mut leftovers = vec![place.unborn.clone()];
    for suffix in ["-wal", "-shm", "-journal"] {
        let mut name = place.unborn.clone().into_os_string();
        name.push(suffix);
        leftovers.push(name.into());
    }
    for leftover in &leftovers {
        match fs::remove_file(leftover) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    create_file_private(&place.unborn).map_err(failed)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(&place.unborn, flags).map_err(|e| at(e.into()))?;
    schema::create(&mut conn).map_err(at)?;
    meta::found_store(&conn, Timestamp::now()).map_err(at)?;
    // Closing would do this too, but not tell when the disk is full: the log would stay behind
    // under a name that nobody looks for, and the store with its new name would lack its content.
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .map_err(|error| at(error.into()))?;
    conn.close().map_err(|(_, error)| at(error.into()))?;
    fs::rename(&place.unborn, &place.db).map_err(failed)
}

/// Makes SQLite look at the file, which opening alone does not.
fn first_look(conn: &Connection) -> Result<(), rusqlite::Error> {
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
        row.get::<_, i64>(0)
    })
    .map(drop)
}

/// Says whether reading failed because the files beside the store could not be made.
fn needs_writing(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
    )
}

/// Fails when the process may not open as many more files as a connection needs.
///
/// SQLite's answer is the same as on a medium that cannot be written; there nobody can change the
/// store, here somebody can, and it must not be read without locks.
fn spare_descriptors(place: &StateDir) -> Result<(), BaselineError> {
    // The directory three times: opening and closing the store itself would drop SQLite's locks.
    let opened: io::Result<Vec<fs::ReadDir>> = (0..3).map(|_| fs::read_dir(&place.path)).collect();
    match opened {
        Err(source) if source.kind() != io::ErrorKind::PermissionDenied => {
            Err(BaselineError::io("open the store in", &place.path, source))
        }
        _ => Ok(()),
    }
}

/// Opens a cleanly closed store on a medium that cannot be written.
fn read_only_medium(place: &StateDir) -> Result<Connection, BaselineError> {
    if StateDir::length(&place.wal)? > 0 {
        return Err(BaselineError::Permission {
            path: place.path.clone(),
            reason: "the store was not closed, and a directory that cannot be written does not allow to finish that; copy the directory to another disk with `cp -a` and name it with --state-dir".to_owned(),
        });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let at = |error: rusqlite::Error| Fault::from(error).at(&place.db, "open the store");
    let conn = Connection::open_with_flags(immutable_uri(place), flags).map_err(at)?;
    first_look(&conn).map_err(at)?;
    Ok(conn)
}

/// Returns the URI that tells SQLite that nobody can change the file.
fn immutable_uri(place: &StateDir) -> String {
    let mut uri = String::from("file:");
    for byte in path_to_bytes(&place.db) {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str("?immutable=1");
    uri
}

pub(super) fn hold_checkpoints(conn: &Connection, hold: bool) -> Result<(), Fault> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, hold)?;
    Ok(())
}
