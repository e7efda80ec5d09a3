//! The store behaves like a sorted map, whatever is put, removed, rolled back and reopened.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Place, append, at, below, put, state};
use crate::baseline::{Baseline, BaselineError, Counts, Reader, Row, Scope, Seen, split_path};
use crate::state::sample;

const DIRS: [&str; 6] = ["/", "/a", "/a/b", "/a-b", "/a0", "/a/b/c"];
const NAMES: [&str; 5] = ["b", "c", "-", "z.txt", "B"];

#[derive(Clone, Debug)]
enum Action {
    Trust(usize, usize, u64),
    See(usize, usize, Option<u64>, bool),
    Clear(usize, usize),
    Remove(usize, usize),
    Commit,
    RollBack,
    Reopen,
}

fn any_action() -> impl Strategy<Value = Action> {
    let key = (0..DIRS.len(), 0..NAMES.len());
    prop_oneof![
        6 => (key.clone(), 0..50_u64).prop_map(|((d, n), s)| Action::Trust(d, n, s)),
        4 => (key.clone(), proptest::option::of(0..50_u64), any::<bool>())
            .prop_map(|((d, n), s, drift)| Action::See(d, n, s, drift)),
        2 => key.clone().prop_map(|(d, n)| Action::Clear(d, n)),
        2 => key.prop_map(|(d, n)| Action::Remove(d, n)),
        3 => Just(Action::Commit),
        1 => Just(Action::RollBack),
        1 => Just(Action::Reopen),
    ]
}

/// Directory, name: as the store sorts them.
type Model = BTreeMap<(OsString, String), Row>;

fn apply(model: &mut Model, action: &Action) {
    let key = |d: &usize, n: &usize| {
        let dir = sample::path(DIRS[*d]).into_os_string();
        (dir, NAMES[*n].to_owned())
    };
    let mut change = |d: &usize, n: &usize, edit: &dyn Fn(&mut Row)| {
        let name = NAMES[*n].into();
        let mut row = model.remove(&key(d, n)).unwrap_or(Row {
            name,
            trusted: None,
            seen: None,
        });
        edit(&mut row);
        if row.trusted.is_some() || row.seen.is_some() {
            model.insert(key(d, n), row);
        }
    };
    match action {
        Action::Trust(d, n, s) => change(d, n, &|row| row.trusted = Some(state(*s))),
        Action::See(d, n, s, drift) => change(d, n, &|row| {
            row.seen = Some(Seen {
                state: s.map(state),
                drift: *drift,
                since: at(9),
            });
        }),
        Action::Clear(d, n) => change(d, n, &|row| row.seen = None),
        Action::Remove(d, n) => change(d, n, &|row| row.trusted = None),
        Action::Commit | Action::RollBack | Action::Reopen => {}
    }
}

fn write(store: &mut Baseline, actions: &[Action], commit: bool) -> Result<(), BaselineError> {
    let mut batch = store.batch()?;
    for action in actions {
        match action {
            Action::Trust(d, n, s) => {
                let dir = batch.dir(&sample::path(DIRS[*d]))?;
                batch.put_trusted(dir, OsStr::new(NAMES[*n]), &state(*s))?;
            }
            Action::See(d, n, s, drift) => {
                let dir = batch.dir(&sample::path(DIRS[*d]))?;
                let seen = Seen {
                    state: s.map(state),
                    drift: *drift,
                    since: at(9),
                };
                batch.put_seen(dir, OsStr::new(NAMES[*n]), &seen)?;
            }
            Action::Clear(d, n) => {
                let dir = batch.dir(&sample::path(DIRS[*d]))?;
                batch.clear_seen(dir, OsStr::new(NAMES[*n]))?;
            }
            Action::Remove(d, n) => {
                let dir = batch.dir(&sample::path(DIRS[*d]))?;
                batch.remove_trusted(dir, OsStr::new(NAMES[*n]))?;
            }
            Action::Commit | Action::RollBack | Action::Reopen => {}
        }
    }
    if commit { batch.commit() } else { Ok(()) }
}

fn compare(reader: &Reader, model: &Model) {
    let joined = |dir: &OsStr, name: &str| Path::new(dir).join(name);
    for written in DIRS {
        let dir = sample::path(written);
        let mut rows = vec![];
        reader.children(&dir, OsStr::new(""), &mut rows).unwrap();
        let expected: Vec<&Row> = model
            .iter()
            .filter(|((d, _), _)| dir == *d)
            .map(|(_, row)| row)
            .collect();
        assert_eq!(
            rows.iter().collect::<Vec<_>>(),
            expected,
            "children of {written}"
        );

        let found = below(reader, written).unwrap();
        let expected: Vec<(PathBuf, Row)> = model
            .iter()
            .filter(|((d, _), _)| Path::new(d).starts_with(&dir))
            .map(|((d, name), row)| (joined(d, name), row.clone()))
            .collect();
        assert_eq!(found, expected, "below {written}");

        let mut drifting = vec![];
        let under = [dir.clone(), dir.join("b")];
        let visit = |path, _| {
            drifting.push(path);
            Ok::<(), BaselineError>(())
        };
        reader.drifting(&under, visit).unwrap();
        let expected: Vec<PathBuf> = model
            .iter()
            .filter(|(_, row)| row.is_drifting())
            .map(|((d, name), _)| joined(d, name))
            .filter(|path| path.starts_with(&dir))
            .collect();
        // A path itself is visited before what is in its directory.
        drifting.sort();
        let mut expected = expected;
        expected.sort();
        assert_eq!(drifting, expected, "drifting under {written}");
    }
    for ((dir, name), row) in model {
        assert_eq!(reader.row(&joined(dir, name)).unwrap().as_ref(), Some(row));
    }
    let counts = reader.counts().unwrap();
    let trusted = model.values().filter(|row| row.trusted.is_some()).count();
    let drifting = model.values().filter(|row| row.is_drifting()).count();
    assert_eq!(
        (counts.trusted, counts.drifting),
        (trusted as u64, drifting as u64)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn store_equals_a_sorted_map(actions in vec(any_action(), 1..120)) {
        let place = Place::new();
        let mut store = place.open();
        let mut model = Model::new();
        let mut pending = Vec::new();
        for action in actions {
            match action {
                Action::Commit => {
                    write(&mut store, &pending, true)?;
                    pending.drain(..).for_each(|action| apply(&mut model, &action));
                }
                Action::RollBack => {
                    write(&mut store, &pending, false)?;
                    pending.clear();
                }
                Action::Reopen => {
                    store.close()?;
                    store = place.open();
                }
                change => pending.push(change),
            }
        }
        compare(&store.reader()?, &model);
        store.close()?;
        compare(&place.reader(), &model);
    }
}

#[test]
fn a_large_directory_is_visited_page_by_page_in_order() {
    let place = Place::new();
    let mut store = place.open();
    let mut batch = store.batch().unwrap();
    let dir = batch.dir(&sample::path("/d")).unwrap();
    let mut expected = Vec::new();
    for number in 0..5000_u64 {
        let name = format!("{number:05}");
        if number % 3 != 0 {
            batch
                .put_trusted(dir, OsStr::new(&name), &state(number))
                .unwrap();
        }
        if number % 3 != 1 {
            let seen = Seen {
                state: None,
                drift: number % 2 == 0,
                since: at(1),
            };
            batch.put_seen(dir, OsStr::new(&name), &seen).unwrap();
        }
        expected.push(sample::path("/d").join(name));
    }
    batch.commit().unwrap();
    let found = below(&store.reader().unwrap(), "/").unwrap();
    assert!(
        found
            .iter()
            .all(|(_, row)| row.trusted.is_some() || row.seen.is_some())
    );
    let found: Vec<PathBuf> = found.into_iter().map(|(path, _)| path).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_visitor_may_write_to_the_store_and_stop_with_its_own_error() {
    #[derive(Debug)]
    enum Stop {
        Enough,
        Store(BaselineError),
    }
    impl From<BaselineError> for Stop {
        fn from(error: BaselineError) -> Self {
            Self::Store(error)
        }
    }
    let place = Place::new();
    let mut store = place.open();
    put(&mut store, &[("/a/1", 1), ("/b/2", 2), ("/c/3", 3)]);
    let reader = store.reader().unwrap();
    let mut visited = 0;
    let stopped = reader.below(&sample::path("/"), |_, _| {
        visited += 1;
        append(&mut store, &["{}"]);
        if visited == 2 {
            Err(Stop::Enough)
        } else {
            Ok(())
        }
    });
    assert!(matches!(stopped, Err(Stop::Enough)), "{stopped:?}");
    assert_eq!(
        reader.counts().unwrap(),
        Counts {
            trusted: 3,
            drifting: 0,
            events: 2
        }
    );
    if let Err(Stop::Store(error)) = stopped {
        panic!("{error}");
    }
}

#[test]
fn the_root_itself_and_relative_names_have_rows() {
    let place = Place::new();
    let mut store = place.open();
    put(&mut store, &[("/", 1), ("/etc", 2), ("name", 3)]);
    let reader = store.reader().unwrap();
    for (path, number) in [("/", 1), ("/etc", 2), ("name", 3)] {
        let row = reader.row(&sample::path(path)).unwrap().unwrap();
        assert_eq!(row.trusted, Some(state(number)), "{path}");
    }
    let found = below(&reader, "/").unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, sample::path("/etc"));
    let root = sample::path("/");
    let (dir, name) = split_path(&root);
    assert_eq!(dir.join(name), root);
}

#[test]
fn directories_without_rows_are_forgotten_at_close() {
    let place = Place::new();
    let mut store = place.open();
    put(&mut store, &[("/a/1", 1), ("/b/2", 2)]);
    let mut batch = store.batch().unwrap();
    let dir = batch.dir(&sample::path("/a")).unwrap();
    batch.remove_trusted(dir, OsStr::new("1")).unwrap();
    batch.commit().unwrap();
    store.close().unwrap();
    let db = rusqlite::Connection::open(place.db()).unwrap();
    let dirs: i64 = db
        .query_row("SELECT count(*) FROM dir", [], |row| row.get(0))
        .unwrap();
    assert_eq!(dirs, 1);
}

#[test]
fn a_scope_absorbs_the_scopes_below_it() {
    let place = Place::new();
    let mut store = place.open();
    assert!(!store.reader().unwrap().has_baseline().unwrap());
    let scope = |path: &str, policy: &str| Scope {
        path: sample::path(path),
        policy: policy.into(),
    };
    let mut batch = store.batch().unwrap();
    for kept in [
        scope("/etc/ssh", "1"),
        scope("/etc2", "2"),
        scope("/usr", "3"),
    ] {
        batch.put_scope(&kept).unwrap();
    }
    batch.put_scope(&scope("/etc", "4")).unwrap();
    batch.put_scope(&scope("/usr", "5")).unwrap();
    batch.commit().unwrap();
    let reader = store.reader().unwrap();
    assert!(reader.has_baseline().unwrap());
    let expected = [scope("/etc", "4"), scope("/etc2", "2"), scope("/usr", "5")];
    assert_eq!(reader.scopes().unwrap(), expected);
}

#[test]
fn a_large_directory_is_read_page_by_page_without_a_gap() {
    let place = Place::new();
    let mut store = place.open();
    let mut batch = store.batch().unwrap();
    let dir = batch.dir(&sample::path("/d")).unwrap();
    let names: Vec<String> = (0..3000).map(|n| format!("{n:05}")).collect();
    for (n, name) in names.iter().enumerate() {
        let (name, state) = (name.as_ref(), state(1 + n as u64));
        match n % 3 {
            0 => batch.put_trusted(dir, name, &state).unwrap(),
            _ => {
                let state = Some(state);
                let (drift, since) = (n % 3 == 1, at(1));
                let seen = Seen {
                    state,
                    drift,
                    since,
                };
                batch.put_seen(dir, name, &seen).unwrap();
            }
        }
    }
    batch.commit().unwrap();
    let reader = store.reader().unwrap();
    let (mut read, mut rows, mut after) = (Vec::new(), Vec::new(), OsString::new());
    while reader
        .children(&sample::path("/d"), &after, &mut rows)
        .unwrap()
    {
        after = rows.last().unwrap().name.clone();
        read.extend(rows.drain(..).map(|row| row.name));
    }
    read.extend(rows.into_iter().map(|row| row.name));
    let expected: Vec<OsString> = names.iter().map(Into::into).collect();
    assert_eq!(read, expected);
}
