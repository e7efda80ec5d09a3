//! The journal: order, ids, cursors, scans; and which edits the chain makes evident.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::{Place, append, at};
use crate::baseline::{BlindSpot, ChainFault, ChainReport, ScanEnd, ScanStart};

const BODIES: [&str; 6] = [
    "{\"n\":1}",
    "{\"n\":2}",
    "{\"n\":3}",
    "{\"n\":4}",
    "{\"n\":5}",
    "{}",
];

#[test]
fn a_page_ends_by_count_or_by_bytes_and_is_never_empty_for_nothing() {
    let place = Place::new();
    let mut store = place.open();
    let reader = store.reader().unwrap();
    assert_eq!(reader.journal_end().unwrap(), 0);
    append(&mut store, &["12345", "6", "7890", "a"]);
    assert_eq!(reader.journal_end().unwrap(), 4);
    let page = |after, limit, bytes| -> Vec<u64> {
        let events = reader.page(after, limit, bytes).unwrap();
        events.iter().map(|event| event.seq).collect()
    };
    assert_eq!(page(0, 9, 1), [1]);
    assert_eq!(page(0, 9, 5), [1]);
    assert_eq!(page(0, 9, 6), [1, 2]);
    assert_eq!(page(1, 9, 100), [2, 3, 4]);
    assert_eq!(page(1, 2, 100), [2, 3]);
    assert_eq!(page(4, 9, 100), [0; 0]);
}

#[test]
fn events_come_back_in_order_under_stable_ids() {
    let place = Place::new();
    let mut store = place.open();
    let mut ids = Vec::new();
    for (secs, body) in [(30, "a"), (10, "b"), (20, "c")] {
        let mut batch = store.batch().unwrap();
        let seq = batch
            .append_event(at(secs), |id| {
                ids.push(id.to_owned());
                body.to_owned()
            })
            .unwrap();
        assert_eq!(seq, ids.len() as u64);
        batch.commit().unwrap();
    }
    let reader = store.reader().unwrap();
    let events = reader.events(0, 100).unwrap();
    let bodies: Vec<&str> = events.iter().map(|event| event.body.as_str()).collect();
    assert_eq!(bodies, ["a", "b", "c"]);
    assert!(events.iter().map(|event| &event.id).eq(&ids));
    assert_eq!(ids[2], format!("{}-000000000003", store.store_id()));

    assert_eq!(reader.events(1, 1).unwrap(), events[1..2]);
    assert_eq!(reader.last_events(2).unwrap(), events[1..]);
    // The clock went back: still in journal order, and the earlier time is left out.
    let since = reader.events_since(at(20), 0, 100).unwrap();
    assert_eq!(since, [events[0].clone(), events[2].clone()]);
    assert_eq!(reader.events_since(at(20), 1, 100).unwrap(), events[2..]);
    assert_eq!(reader.events_since(at(31), 0, 100).unwrap(), []);
    assert_eq!(reader.event(&ids[1]).unwrap().as_ref(), Some(&events[1]));
    for stranger in [
        "",
        "1",
        "0000000000000000-000000000001",
        "x-18446744073709551615",
    ] {
        assert_eq!(reader.event(stranger).unwrap(), None, "{stranger}");
    }
}

#[test]
fn a_batch_that_is_not_committed_uses_up_no_id() {
    let place = Place::new();
    let mut store = place.open();
    let mut batch = store.batch().unwrap();
    batch.append_event(at(1), |_| "lost".to_owned()).unwrap();
    drop(batch);
    append(&mut store, &["kept"]);
    let reader = store.reader().unwrap();
    let events = reader.events(0, 10).unwrap();
    assert_eq!(
        (events.len(), events[0].seq, events[0].body.as_str()),
        (1, 1, "kept")
    );
    assert!(reader.verify_chain().unwrap().is_intact());
}

#[test]
fn the_chain_is_what_the_manual_says() {
    let place = Place::new();
    let mut store = place.open();
    append(&mut store, &BODIES);
    let report = store.reader().unwrap().verify_chain().unwrap();
    let mut chain = [0; 32];
    for body in BODIES {
        chain = Sha256::new()
            .chain_update(chain)
            .chain_update(body)
            .finalize()
            .into();
    }
    let head = report.head.unwrap();
    assert_eq!((report.events, head.seq), (6, 6));
    assert_eq!(head.chain, waxseal_hashers::hex(&chain));
}

/// Runs some SQL on a journal of six events and verifies it again.
fn tampered(sql: &str) -> ChainReport {
    let place = Place::new();
    let mut store = place.open();
    append(&mut store, &BODIES);
    let reader = store.reader().unwrap();
    assert!(reader.verify_chain().unwrap().is_intact());
    // Through SQLite, as somebody with a shell would do it, so no page is damaged.
    Connection::open(place.db())
        .unwrap()
        .execute_batch(sql)
        .unwrap();
    reader.verify_chain().unwrap()
}

#[test]
fn edits_gaps_swaps_and_a_cut_tail_are_found() {
    let altered = |seq| ChainFault::Altered { seq };
    let missing = |first, last| ChainFault::Missing { first, last };
    let copy_chain = "UPDATE event SET body = '{}', \
         chain = (SELECT chain FROM event WHERE seq = 2) WHERE seq = 3";
    let swap = "UPDATE event SET seq = 100 WHERE seq = 3; \
         UPDATE event SET seq = 3 WHERE seq = 4; UPDATE event SET seq = 4 WHERE seq = 100";
    let behind = ChainFault::BehindHead { first: 7, last: 7 };
    let table = [
        (
            "UPDATE event SET body = '{}' WHERE seq = 3",
            vec![altered(3)],
        ),
        ("UPDATE event SET at = 0 WHERE seq = 3", vec![altered(3)]),
        (copy_chain, vec![altered(3), altered(4)]),
        ("DELETE FROM event WHERE seq = 3", vec![missing(3, 3)]),
        ("DELETE FROM event WHERE seq < 3", vec![missing(1, 2)]),
        ("DELETE FROM event WHERE seq > 4", vec![missing(5, 6)]),
        ("DELETE FROM event", vec![missing(1, 6)]),
        (swap, vec![altered(3), altered(4), altered(5)]),
        (
            "UPDATE event SET body = 'x' WHERE seq = 6",
            vec![altered(6)],
        ),
        (
            "INSERT INTO event SELECT 7, at, at_ns, body, chain, checksum FROM event WHERE seq = 6",
            vec![altered(7), behind],
        ),
    ];
    for (sql, faults) in table {
        let report = tampered(sql);
        assert_eq!(report.faults, faults, "{sql}");
        assert_eq!(report.fault_count, faults.len() as u64, "{sql}");
        assert!(!report.is_intact());
    }
}

#[test]
fn cursors_and_settings_are_kept() {
    let place = Place::new();
    let mut store = place.open();
    let mut batch = store.batch().unwrap();
    batch.put_cursor("file", 3).unwrap();
    batch.put_cursor("file", 4).unwrap();
    batch.put_meta("policy", "abc").unwrap();
    assert_eq!(batch.meta("policy").unwrap().as_deref(), Some("abc"));
    batch.commit().unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.cursor("file").unwrap(), Some(4));
    assert_eq!(reader.cursor("stdout").unwrap(), None);
    assert_eq!(reader.meta("policy").unwrap().as_deref(), Some("abc"));
    assert_eq!(reader.store_id().len(), 16);
    assert!(reader.created_at().unwrap() > at(1_600_000_000));
}

#[test]
fn scans_are_remembered_with_their_blind_spots() {
    let place = Place::new();
    let mut store = place.open();
    assert_eq!(store.reader().unwrap().last_scan().unwrap(), None);
    let start = ScanStart {
        at: at(5),
        full: true,
        policy: "abc".to_owned(),
        paths: vec![PathBuf::from("/etc"), PathBuf::from("/usr\n")],
    };
    let end = ScanEnd {
        at: at(6),
        entries: u64::MAX,
        bytes: 2,
        changes: 3,
    };
    let mut ids = Vec::new();
    for _ in 0..150 {
        let mut batch = store.batch().unwrap();
        let id = batch.begin_scan(&start).unwrap();
        batch
            .blind_spot(id, Path::new("/etc/shadow"), "permission denied")
            .unwrap();
        batch
            .blind_spot(id, Path::new("/etc/a"), "unstable")
            .unwrap();
        batch.commit().unwrap();
        ids.push(id);
    }
    let reader = store.reader().unwrap();
    let run = reader.last_scan().unwrap().unwrap();
    assert_eq!(
        (run.id, &run.start, run.end, run.blind_spots),
        (ids[149], &start, None, 2)
    );
    let mut batch = store.batch().unwrap();
    batch.finish_scan(run.id, &end).unwrap();
    batch.commit().unwrap();
    assert_eq!(reader.last_scan().unwrap().unwrap().end, Some(end));
    let spots = reader.blind_spots(run.id).unwrap();
    let spot = |path: &str, cause: &str| BlindSpot {
        path: path.into(),
        cause: cause.to_owned(),
    };
    assert_eq!(
        spots,
        [
            spot("/etc/a", "unstable"),
            spot("/etc/shadow", "permission denied")
        ]
    );
    // Only the last hundred are kept.
    assert_eq!(reader.blind_spots(ids[49]).unwrap(), []);
    assert_eq!(reader.blind_spots(ids[50]).unwrap().len(), 2);
}
