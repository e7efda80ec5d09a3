//! Versions, foreign files, settings, and a write-ahead log that stays small.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rusqlite::Connection;

use super::{Place, append, put, state};
use crate::baseline::schema::{MIGRATIONS, migrate, version};
use crate::baseline::state_dir::StateDir;
use crate::baseline::{Baseline, BaselineError, Reader};

#[test]
fn the_bundled_sqlite_has_the_wal_reset_fix() {
    // https://sqlite.org/releaselog/3_51_3.html: earlier ones can corrupt a store in WAL mode.
    assert!(rusqlite::version_number() >= 3_051_003);
}

#[test]
fn settings_are_as_documented() {
    let place = Place::new();
    let mut store = place.open();
    put(&mut store, &[("/a/b", 1)]);
    let conn = store.conn.as_ref().unwrap();
    let setting = |name: &str| -> String {
        let value: rusqlite::types::Value = conn
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
            .unwrap();
        match value {
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => panic!("{name} is {other:?}"),
        }
    };
    assert_eq!(setting("journal_mode"), "wal");
    assert_eq!(setting("synchronous"), "2");
    assert_eq!(setting("page_size"), "8192");
    assert_eq!(setting("mmap_size"), "0");
    assert_eq!(setting("user_version"), MIGRATIONS.len().to_string());
}

#[test]
fn migrations_are_applied_once_each_and_in_order() {
    let mut conn = Connection::open_in_memory().unwrap();
    let steps = ["CREATE TABLE a(x)", "ALTER TABLE a ADD COLUMN y", "broken"];
    migrate(&mut conn, &steps[..1]).unwrap();
    assert_eq!(version(&conn).unwrap(), 1);
    migrate(&mut conn, &steps[..2]).unwrap();
    migrate(&mut conn, &steps[..2]).unwrap();
    assert_eq!(version(&conn).unwrap(), 2);
    assert!(migrate(&mut conn, &steps).is_err());
    assert_eq!(version(&conn).unwrap(), 2);
    conn.execute("INSERT INTO a(x, y) VALUES(1, 2)", [])
        .unwrap();
}

/// Changes a closed store by SQL and removes its seal, as if another program had closed it.
fn changed_by(sql: &str) -> Place {
    let place = Place::new();
    let mut store = place.open();
    put(&mut store, &[("/a/b", 1)]);
    store.close().unwrap();
    fs::remove_file(place.file("baseline.sum")).unwrap();
    let conn = Connection::open(place.db()).unwrap();
    conn.execute_batch(sql).unwrap();
    place
}

fn both_refuse(place: &Place) -> BaselineError {
    let error = Reader::open(&place.state_dir).map(drop).unwrap_err();
    let other = Baseline::open(&place.state_dir).map(drop).unwrap_err();
    assert_eq!(error.to_string(), other.to_string());
    assert!(error.is_integrity_failure());
    error
}

#[test]
fn a_newer_store_is_refused() {
    let error = both_refuse(&changed_by("PRAGMA user_version = 999"));
    assert!(
        matches!(error, BaselineError::NewerSchema { found: 999, .. }),
        "{error}"
    );
}

#[test]
fn a_store_of_another_program_is_refused() {
    let error = both_refuse(&changed_by("PRAGMA application_id = 1"));
    assert!(matches!(error, BaselineError::NotOurs { .. }), "{error}");
    let error = both_refuse(&changed_by("PRAGMA user_version = 0"));
    assert!(matches!(error, BaselineError::Damaged { .. }), "{error}");
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let place = Place::new();
    place.open().close().unwrap();
    let texts: [&[u8]; 3] = [b"", b"hello", &[b'x'; 100_000]];
    for text in texts {
        fs::write(place.db(), text).unwrap();
        both_refuse(&place);
        assert_eq!(fs::read(place.db()).unwrap(), text);
    }
}

#[test]
fn a_missing_row_or_table_is_found_without_a_seal() {
    for sql in [
        "DELETE FROM dir",
        "DELETE FROM meta WHERE key = 'store_id'",
        "DROP TABLE seen",
        "UPDATE trusted SET size = size + 1",
        "UPDATE trusted SET name = x'63'",
        "UPDATE trusted SET btime = NULL",
        "UPDATE dir SET path = x'2f62'",
        "INSERT INTO event VALUES(1, 0, 0, '{}', x'00', 0)",
    ] {
        let place = changed_by(sql);
        assert!(Reader::open(&place.state_dir).is_err(), "{sql}");
        assert!(Baseline::open(&place.state_dir).is_err(), "{sql}");
    }
}

#[test]
fn a_store_made_over_the_remains_of_a_killed_first_start_works() {
    let place = Place::new();
    waxseal_platform::private::create_dir_private(&place.state_dir).unwrap();
    for name in [
        "baseline.db.new",
        "baseline.db.new-wal",
        "baseline.db.new-shm",
    ] {
        fs::write(place.file(name), "half").unwrap();
    }
    let mut store = place.open();
    put(&mut store, &[("/a/b", 1)]);
    store.close().unwrap();
    assert_eq!(place.reader().counts().unwrap().trusted, 1);
    assert!(!place.file("baseline.db.new").exists());
}

#[test]
fn dropping_seals_too_and_a_living_reader_prevents_it() {
    let place = Place::new();
    let mut store = place.open();
    append(&mut store, &["{}"]);
    drop(store);
    assert!(StateDir::length(&place.file("baseline.sum")).unwrap() > 0);
    let mut store = place.open();
    append(&mut store, &["{}"]);
    assert_eq!(StateDir::length(&place.file("baseline.sum")).unwrap(), 0);
    let reader = store.reader().unwrap();
    store.close().unwrap();
    assert_eq!(StateDir::length(&place.file("baseline.sum")).unwrap(), 0);
    assert_eq!(reader.counts().unwrap().events, 2);
    drop(reader);
    place.open().close().unwrap();
    assert!(StateDir::length(&place.file("baseline.sum")).unwrap() > 0);
}

#[test]
fn the_log_stays_small_while_readers_read() {
    let place = Place::new();
    let mut store = place.open();
    let readers: Vec<Reader> = (0..2).map(|_| store.reader().unwrap()).collect();
    let done = AtomicBool::new(false);
    let mut largest = 0;
    thread::scope(|scope| {
        for reader in readers {
            let done = &done;
            scope.spawn(move || {
                let mut rows = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    reader
                        .children(Path::new("/d1"), std::ffi::OsStr::new(""), &mut rows)
                        .unwrap();
                    assert!(rows.len() % 500 == 0, "half a batch was visible");
                }
            });
        }
        for number in 0..240_u64 {
            let mut batch = store.batch().unwrap();
            let dir = batch
                .dir(Path::new(&format!("/d{}", number % 120)))
                .unwrap();
            for row in 0..500 {
                let name = format!("{number:04}-{row:04}-{}", "x".repeat(80));
                batch.put_trusted(dir, name.as_ref(), &state(row)).unwrap();
            }
            batch.commit().unwrap();
            largest = largest.max(StateDir::length(&place.file("baseline.db-wal")).unwrap());
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(store.reader().unwrap().counts().unwrap().trusted, 120_000);
    // 16 MiB start a checkpoint; readers may delay it by some batches.
    assert!(largest < 48 << 20, "the log grew to {largest} bytes");
}
