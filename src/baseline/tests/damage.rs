//! A damaged store gives an error or exactly what was written, never anything else.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Place, append, at, below, put};
use crate::baseline::{Baseline, BaselineError, Reader, Row, ScanEnd, ScanStart, Scope};
use crate::state::{escape, sample};

/// What a reader can say of a store.
type Content = (Vec<(PathBuf, Row)>, Vec<String>);

/// A closed store of several pages, and its content.
fn filled() -> (Place, Content) {
    let place = Place::new();
    let mut store = place.open();
    let paths: Vec<String> = (0..200)
        .map(|n| format!("/usr/share/dir-{:02}/file-{n:03}", n / 7))
        .collect();
    let rows: Vec<(&str, u64)> = paths.iter().map(String::as_str).zip(1..).collect();
    put(&mut store, &rows);
    for path in paths.iter().take(40) {
        append(
            &mut store,
            &[&format!("{{\"file\":{{\"path\":\"{path}\"}}}}")],
        );
    }
    store.close().unwrap();
    let content = content(&place.reader()).unwrap();
    assert_eq!((content.0.len(), content.1.len()), (200, 40));
    (place, content)
}

fn content(reader: &Reader) -> Result<Content, BaselineError> {
    let mut rows = below(reader, "/")?;
    // Lookups and listings must agree, too.
    for (path, row) in &mut rows {
        let found = reader.row(path)?;
        assert_eq!(found.as_ref(), Some(&*row));
    }
    let events = reader.events(0, usize::MAX)?;
    Ok((rows, events.into_iter().map(|event| event.body).collect()))
}

/// Opens a store for reading and reads all of it.
fn read(state_dir: &Path) -> Result<Content, BaselineError> {
    content(&Reader::open(state_dir)?)
}

fn flip(bytes: &[u8], offset: usize, bit: u8) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[offset] ^= 1 << bit;
    flipped
}

#[test]
fn every_changed_byte_of_a_closed_store_is_found() {
    let (place, _) = filled();
    let good = fs::read(place.db()).unwrap();
    for offset in (0..100).chain((100..good.len()).step_by(97)) {
        fs::write(place.db(), flip(&good, offset, (offset % 8) as u8)).unwrap();
        let error = Reader::open(&place.state_dir).unwrap_err();
        assert!(error.is_integrity_failure(), "offset {offset}: {error}");
    }
}

#[test]
fn without_a_seal_a_changed_byte_is_found_or_harmless() {
    let (place, expected) = filled();
    fs::remove_file(place.file("baseline.sum")).unwrap();
    let good = fs::read(place.db()).unwrap();
    let mut refused = 0;
    let offsets: Vec<usize> = (0..100).chain((100..good.len()).step_by(211)).collect();
    for offset in &offsets {
        fs::write(place.db(), flip(&good, *offset, (offset % 8) as u8)).unwrap();
        match read(&place.state_dir) {
            Ok(found) => assert!(found == expected, "offset {offset}: wrong rows"),
            Err(_) => refused += 1,
        }
    }
    // The rest is unused space within pages.
    assert!(
        refused > offsets.len() / 4,
        "{refused} of {} found",
        offsets.len()
    );
}

#[test]
fn without_a_seal_every_changed_byte_of_the_schema_is_found() {
    let (place, _) = filled();
    fs::remove_file(place.file("baseline.sum")).unwrap();
    let good = fs::read(place.db()).unwrap();
    let mut changed = 0;
    for sql in crate::baseline::schema::MIGRATIONS
        .iter()
        .flat_map(|all| all.split(';'))
    {
        let sql = sql.trim().as_bytes();
        // SQLite keeps each statement as it was written.
        let Some(start) = good
            .windows(sql.len().max(1))
            .position(|window| window == sql)
        else {
            continue;
        };
        for offset in (start..start + sql.len()).step_by(5) {
            let flipped = flip(&good, offset, (offset % 7) as u8);
            fs::write(place.db(), &flipped).unwrap();
            let error = read(&place.state_dir).map(drop).unwrap_err();
            assert!(error.is_integrity_failure(), "offset {offset}: {error}");
            let error = Baseline::open(&place.state_dir).map(drop).unwrap_err();
            assert!(error.is_integrity_failure(), "offset {offset}: {error}");
            changed += 1;
        }
    }
    assert!(changed > 200, "only {changed} bytes of schema were found");
}

#[test]
fn without_a_seal_a_scan_whose_scope_is_gone_is_damage() {
    let (place, _) = filled();
    let mut store = place.open();
    let start = ScanStart {
        at: at(1),
        full: false,
        policy: "p".to_owned(),
        paths: vec![sample::path("/usr/share")],
    };
    let end = ScanEnd {
        at: at(2),
        entries: 200,
        bytes: 0,
        changes: 0,
    };
    let mut batch = store.batch().unwrap();
    let scan = batch.begin_scan(&start).unwrap();
    batch.finish_scan(scan, &end).unwrap();
    let scope = |path: &str| Scope {
        path: sample::path(path),
        policy: "{}".to_owned(),
    };
    batch.put_scope(&scope("/usr/share")).unwrap();
    // A scope further up takes the place of those below it.
    batch.put_scope(&scope("/usr")).unwrap();
    batch.commit().unwrap();
    store.close().unwrap();
    fs::remove_file(place.file("baseline.sum")).unwrap();
    read(&place.state_dir).unwrap();

    let conn = rusqlite::Connection::open(place.db()).unwrap();
    conn.execute("DELETE FROM scope", []).unwrap();
    drop(conn);
    let error = read(&place.state_dir).unwrap_err();
    assert!(error.is_integrity_failure(), "{error}");
}

#[test]
fn a_cut_off_store_is_refused_at_every_length() {
    for seal in [true, false] {
        let (place, expected) = filled();
        if !seal {
            fs::remove_file(place.file("baseline.sum")).unwrap();
        }
        let good = fs::read(place.db()).unwrap();
        let lengths = [0, 1, 15, 16, 60, 99, 100, 512, 8191, 8192, 8193, 16384];
        let near_the_end = [good.len() / 2, good.len() - 8192, good.len() - 1];
        for length in lengths.into_iter().chain(near_the_end) {
            fs::write(place.db(), &good[..length]).unwrap();
            let error = Baseline::open(&place.state_dir).map(drop).unwrap_err();
            assert!(error.is_integrity_failure(), "length {length}: {error}");
            assert_eq!(
                fs::read(place.db()).unwrap(),
                &good[..length],
                "length {length}"
            );
            let error = read(&place.state_dir).map(drop).unwrap_err();
            assert!(error.is_integrity_failure(), "length {length}: {error}");
        }
        fs::write(place.db(), &good).unwrap();
        assert!(read(&place.state_dir).unwrap() == expected);
    }
}

#[test]
fn a_damaged_store_is_left_as_it_is_and_the_message_names_the_way_out() {
    let (place, expected) = filled();
    let good = fs::read(place.db()).unwrap();
    let bad = flip(&good, good.len() / 2, 3);
    fs::write(place.db(), &bad).unwrap();
    let error = Baseline::open(&place.state_dir).map(drop).unwrap_err();
    assert!(matches!(error, BaselineError::Damaged { .. }), "{error}");
    let message = error.to_string();
    let aside = place.state_dir.with_extension("damaged");
    let [from, to] = [&place.state_dir, &aside].map(|path| escape::for_shell(path));
    assert!(
        message.contains(&format!("move {from} aside, to {to}, and")),
        "{message}"
    );
    assert!(message.contains("waxseal scan"), "{message}");
    assert_eq!(fs::read(place.db()).unwrap(), bad);
    // The two ways out: a copy put back, and a new start.
    fs::write(place.db(), &good).unwrap();
    assert!(read(&place.state_dir).unwrap() == expected);
    fs::rename(&place.state_dir, aside).unwrap();
    place.open().close().unwrap();
}

#[test]
fn a_store_that_is_gone_is_not_made_anew_while_traces_are_left() {
    let (place, _) = filled();
    fs::remove_file(place.db()).unwrap();
    for error in [
        Baseline::open(&place.state_dir).map(drop).unwrap_err(),
        Reader::open(&place.state_dir).map(drop).unwrap_err(),
    ] {
        assert!(error.is_integrity_failure(), "{error}");
        assert!(error.to_string().contains("baseline.sum"), "{error}");
    }
    assert!(!place.db().exists());
}

#[test]
fn an_older_copy_is_accepted_once_the_seal_is_removed() {
    let (place, expected) = filled();
    let copy = fs::read(place.db()).unwrap();
    let mut store = place.open();
    put(&mut store, &[("/new/file", 9)]);
    store.close().unwrap();
    fs::write(place.db(), copy).unwrap();
    assert!(
        read(&place.state_dir)
            .unwrap_err()
            .to_string()
            .contains("older copy")
    );
    fs::remove_file(place.file("baseline.sum")).unwrap();
    assert!(read(&place.state_dir).unwrap() == expected);
    // The next writer seals it again.
    place.open().close().unwrap();
    assert!(place.file("baseline.sum").exists());
}

/// Copies a store as a power cut would leave it: the database and the write-ahead log.
fn copy_unclosed(from: &Place) -> Place {
    let copy = Place::new();
    waxseal_platform::private::create_dir_private(&copy.state_dir).unwrap();
    for name in ["baseline.db", "baseline.db-wal", "baseline.sum"] {
        if from.file(name).exists() {
            fs::copy(from.file(name), copy.file(name)).unwrap();
        }
    }
    copy
}

#[test]
fn a_damaged_log_never_gives_half_a_batch() {
    let place = Place::new();
    let mut store = place.open();
    let body = "{\"filler\":\"0123456789012345678901234567890123456789\"}";
    for batch in 0..5_u64 {
        let mut open = store.batch().unwrap();
        let dir = open.dir(&sample::path("/d")).unwrap();
        for row in 0..10 {
            let number = batch * 10 + row;
            let name = format!("{number:03}");
            open.put_trusted(dir, name.as_ref(), &super::state(number))
                .unwrap();
            open.append_event(super::at(1), |_| body.to_owned())
                .unwrap();
        }
        open.commit().unwrap();
    }
    let copy = copy_unclosed(&place);
    drop(store);
    let log = fs::read(copy.file("baseline.db-wal")).unwrap();
    let database = fs::read(copy.db()).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for offset in (0..log.len()).step_by(log.len() / 60) {
        for name in ["baseline.db-shm", "baseline.sum"] {
            let _ = fs::remove_file(copy.file(name));
        }
        fs::write(copy.db(), &database).unwrap();
        fs::write(copy.file("baseline.db-wal"), flip(&log, offset, 1)).unwrap();
        let store = match Baseline::open(&copy.state_dir) {
            Ok(store) => store,
            Err(error) => {
                assert!(error.is_integrity_failure(), "{error}");
                continue;
            }
        };
        let reader = store.reader().unwrap();
        let (rows, events) = content(&reader).unwrap();
        assert_eq!(rows.len(), events.len());
        assert_eq!(rows.len() % 10, 0);
        assert!(reader.verify_chain().unwrap().is_intact());
        seen.insert(rows.len());
    }
    assert!(seen.len() > 2, "the flips hit different batches: {seen:?}");
}

#[test]
fn a_store_that_was_not_closed_is_verified_in_full() {
    let (place, _) = filled();
    let mut store = place.open();
    put(&mut store, &[("/new/file", 9)]);
    let copy = copy_unclosed(&place);
    store.close().unwrap();
    let (expected, found) = (
        read(&place.state_dir).unwrap(),
        read(&copy.state_dir).unwrap(),
    );
    assert!(found == expected);
    // A wrong value in an old page, which SQLite itself does not notice.
    let mut bytes = fs::read(copy.db()).unwrap();
    let offset = bytes
        .windows(32)
        .rposition(|window| window == [123; 32])
        .unwrap();
    bytes[offset + 7] = 0;
    fs::write(copy.db(), bytes).unwrap();
    let error = Baseline::open(&copy.state_dir).map(drop).unwrap_err();
    assert!(error.to_string().contains("checksum"), "{error}");
}
