//! States survive the store unchanged, however odd they are.

use std::ffi::OsStr;
use std::path::Path;

use proptest::prelude::*;
use waxseal_platform::bytes::bytes_to_os;
use waxseal_platform::xattr::Xattrs;

use super::{Place, any_name, any_state, any_time, at, state};
use crate::baseline::{Row, Seen};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_state_comes_back_as_it_was(
        approved in any_state(),
        found in proptest::option::of(any_state()),
        name in any_name(),
        drift in any::<bool>(),
        since in any_time(),
    ) {
        let place = Place::new();
        let mut store = place.open();
        let seen = Seen { state: found, drift, since };
        let mut batch = store.batch()?;
        let dir = batch.dir(Path::new("/d"))?;
        batch.put_trusted(dir, &name, &approved)?;
        batch.put_seen(dir, &name, &seen)?;
        batch.commit()?;
        store.close()?;
        let row = place.reader().row(&Path::new("/d").join(&name))?;
        prop_assert_eq!(row, Some(Row { name, trusted: Some(approved), seen: Some(seen) }));
    }
}

#[test]
fn large_attributes_and_odd_names_come_back() {
    let place = Place::new();
    let mut store = place.open();
    let mut large = state(1);
    large.xattrs = Xattrs::from_pairs(vec![
        (b"user.large".to_vec(), vec![7; 64 * 1024]),
        (b"user.empty".to_vec(), Vec::new()),
    ]);
    large.target = Some(bytes_to_os(b"../\n\x1b target").unwrap());
    let name = bytes_to_os(b"caf\xe9").unwrap_or_else(|_| "plain".into());
    let mut batch = store.batch().unwrap();
    let dir = batch.dir(Path::new("/odd\n dir")).unwrap();
    batch.put_trusted(dir, &name, &large).unwrap();
    batch.commit().unwrap();
    let reader = store.reader().unwrap();
    let mut rows = Vec::new();
    reader
        .children(Path::new("/odd\n dir"), std::ffi::OsStr::new(""), &mut rows)
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].name, name);
    assert_eq!(rows[0].trusted.as_ref(), Some(&large));
}

#[test]
fn an_empty_target_is_not_a_missing_one() {
    let place = Place::new();
    let mut store = place.open();
    let mut link = state(1);
    link.target = Some(OsStr::new("").to_owned());
    let mut batch = store.batch().unwrap();
    let dir = batch.dir(Path::new("/d")).unwrap();
    batch.put_trusted(dir, OsStr::new("link"), &link).unwrap();
    let absent = Seen {
        state: None,
        drift: true,
        since: at(3),
    };
    batch.put_seen(dir, OsStr::new("link"), &absent).unwrap();
    batch.commit().unwrap();
    let row = store
        .reader()
        .unwrap()
        .row(Path::new("/d/link"))
        .unwrap()
        .unwrap();
    assert_eq!(row.trusted, Some(link));
    assert_eq!(row.last(), None);
    assert!(row.is_drifting());
}
