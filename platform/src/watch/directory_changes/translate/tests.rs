//! Tables of records and what they mean. Paths are those of Unix, which Windows takes as well.

use super::*;

/// A file that is there.
const FILE: Facts = Facts {
    is_directory: Some(false),
    is_wanted: true,
};
/// A directory that is there.
const DIRECTORY: Facts = Facts {
    is_directory: Some(true),
    is_wanted: true,
};
/// What is gone when it is looked at.
const NOTHING: Facts = Facts {
    is_directory: None,
    is_wanted: true,
};

const TREE: Id = 1;
const LEVEL: Id = 2;

/// Covers `/t` with `/t/d` and `/t/d/e` by a tree, and `/l` by itself.
fn translator() -> Translator {
    let mut translator = Translator::new(Own {
        canary_dir: PathBuf::from("/t/own/canary"),
        quiet_dir: Some(PathBuf::from("/t/own")),
    });
    let places = &mut translator.places;
    places.watch(Path::new("/t"), TREE, Reach::Tree);
    places.watch(Path::new("/l"), LEVEL, Reach::Level);
    for covered in ["/t", "/t/d", "/t/d/e", "/l", "/t/own"] {
        places.cover(Path::new(covered));
    }
    translator
}

fn record(action: Action, name: &str) -> Record {
    // As the decoder would, with the separators of this system.
    let name = Path::new(name).components().as_path();
    let name: PathBuf = name.iter().collect();
    Record {
        action,
        name: name.into_os_string(),
    }
}

fn show(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}

/// Writes signals in words.
fn words(told: &[Signal]) -> Vec<String> {
    let slash = |is_directory| if is_directory { "/" } else { "" };
    let end = |path: &Option<PathBuf>, is_directory| match path {
        Some(path) => format!("{}{}", show(path), slash(is_directory)),
        None => String::new(),
    };
    let word = |signal: &Signal| match signal {
        Signal::Touched {
            path,
            changes,
            is_directory,
            ..
        } => format!("{changes:?} {}{}", show(path), slash(*is_directory)),
        Signal::Moved {
            from,
            to,
            is_directory,
            ..
        } => format!("{} -> {}", end(from, *is_directory), end(to, *is_directory)),
        Signal::Lost { below, reason } => format!("lost {}: {reason}", end(below, false)),
        Signal::Alive { .. } => "alive".to_owned(),
    };
    told.iter().map(word).collect()
}

type Told<'t> = (Id, Action, &'t str, Facts);

fn take_all(translator: &mut Translator, records: &[Told<'_>], now: Instant) -> Vec<String> {
    let mut told = Vec::new();
    for (id, action, name, facts) in records {
        let record = record(*action, name);
        let is_asked = translator.in_question(*id, &record).is_some();
        let facts = if is_asked { *facts } else { Facts::default() };
        translator.take(*id, &record, facts, now, &mut told);
    }
    words(&told)
}

#[track_caller]
fn assert_told(records: &[Told<'_>], expected: &[&str]) -> Translator {
    let mut translator = translator();
    let told = take_all(&mut translator, records, Instant::now());
    assert_eq!(told, expected);
    translator
}

fn covers(translator: &Translator, path: &str) -> bool {
    translator.places.covers(Path::new(path))
}

#[test]
fn what_happens_to_a_file_is_told() {
    for (action, expected) in [
        (Action::Added, r#"{"created"} /t/d/f"#),
        (Action::Removed, r#"{"deleted"} /t/d/f"#),
        (Action::Modified, r#"{"written", "attributes"} /t/d/f"#),
        (Action::Stream, r#"{"attributes"} /t/d/f"#),
        (Action::Other(11), r#"{"written", "attributes"} /t/d/f"#),
    ] {
        assert_told(&[(TREE, action, "d/f", FILE)], &[expected]);
    }
    assert_told(
        &[(LEVEL, Action::Added, "f", FILE)],
        &[r#"{"created"} /l/f"#],
    );
    let gone = (TREE, Action::Added, "f", NOTHING);
    assert_told(&[gone], &[r#"{"created"} /t/f"#]);
}

#[test]
fn what_happens_to_a_directory_is_told_as_such() {
    let d = "d";
    assert_told(
        &[(TREE, Action::Modified, d, FILE)],
        &[r#"{"attributes"} /t/d/"#],
    );
    let translator = assert_told(
        &[(TREE, Action::Removed, d, FILE)],
        &[r#"{"deleted"} /t/d/"#],
    );
    assert!(!covers(&translator, "/t/d") && !covers(&translator, "/t/d/e"));
}

#[test]
fn a_new_directory_is_covered_before_anybody_asks() {
    let translator = assert_told(
        &[
            (TREE, Action::Added, "n", DIRECTORY),
            (TREE, Action::Added, "n/m", DIRECTORY),
            (TREE, Action::Added, "n/m/f", FILE),
        ],
        &[
            r#"{"created"} /t/n/"#,
            r#"{"created"} /t/n/m/"#,
            r#"{"created"} /t/n/m/f"#,
        ],
    );
    assert!(covers(&translator, "/t/n/m"));
    // Where a watch tells of one directory only, another one will be needed for it.
    let translator = assert_told(
        &[(LEVEL, Action::Added, "n", DIRECTORY)],
        &[r#"{"created"} /l/n/"#],
    );
    assert!(!covers(&translator, "/l/n"));
}

#[test]
fn what_nobody_wants_is_dropped_and_counted() {
    let unwanted = Facts {
        is_wanted: false,
        ..DIRECTORY
    };
    let translator = assert_told(
        &[
            (TREE, Action::Added, "no", unwanted),
            (TREE, Action::Added, "no/f", FILE),
            (TREE, Action::Modified, "no/f", FILE),
            (TREE, Action::RenamedFrom, "no/f", FILE),
            (TREE, Action::RenamedTo, "no/g", FILE),
            (TREE, Action::Removed, "elsewhere/f", FILE),
        ],
        &[r#"{"created"} /t/no/"#],
    );
    assert_eq!(translator.foreign_dropped, 4);
}

#[test]
fn our_own_doings_are_dropped_and_counted() {
    let translator = assert_told(
        &[
            (TREE, Action::Added, "own/canary/c", FILE),
            (TREE, Action::Modified, "own/canary", FILE),
            (TREE, Action::Modified, "own/store", FILE),
            (TREE, Action::Added, "own/new", FILE),
        ],
        &[r#"{"created"} /t/own/new"#],
    );
    assert_eq!(translator.own_dropped, 3);
}

#[test]
fn a_rename_tells_both_ends() {
    for (from, to, expected) in [
        ("f", "g", "/t/f -> /t/g"),
        ("d/f", "g", "/t/d/f -> /t/g"),
        ("d/f", "no/g", "/t/d/f -> "),
        ("no/f", "d/g", " -> /t/d/g"),
    ] {
        let records = [
            (TREE, Action::RenamedFrom, from, FILE),
            (TREE, Action::RenamedTo, to, FILE),
        ];
        assert_told(&records, &[expected]);
    }
    assert_told(&[(TREE, Action::RenamedTo, "g", FILE)], &[" -> /t/g"]);
}

#[test]
fn a_renamed_directory_stays_covered() {
    let translator = assert_told(
        &[
            (TREE, Action::RenamedFrom, "d", FILE),
            (TREE, Action::RenamedTo, "z", DIRECTORY),
            (TREE, Action::Added, "z/e/f", FILE),
        ],
        &["/t/d/ -> /t/z/", r#"{"created"} /t/z/e/f"#],
    );
    assert!(!covers(&translator, "/t/d/e"));
    let unwanted = Facts {
        is_wanted: false,
        ..DIRECTORY
    };
    let translator = assert_told(
        &[
            (TREE, Action::RenamedFrom, "d", FILE),
            (TREE, Action::RenamedTo, "no", unwanted),
        ],
        &["/t/d/ -> /t/no/"],
    );
    assert!(!covers(&translator, "/t/no") && !covers(&translator, "/t/no/e"));
}

#[test]
fn a_directory_that_leaves_or_arrives_is_to_be_walked() {
    let translator = assert_told(
        &[
            (TREE, Action::RenamedFrom, "d", FILE),
            (TREE, Action::RenamedTo, "no/d", DIRECTORY),
        ],
        &["/t/d/ -> "],
    );
    assert!(!covers(&translator, "/t/d") && !covers(&translator, "/t/d/e"));
    let translator = assert_told(
        &[
            (TREE, Action::RenamedFrom, "no/d", FILE),
            (TREE, Action::RenamedTo, "n", DIRECTORY),
        ],
        &[" -> /t/n/"],
    );
    assert!(covers(&translator, "/t/n"));
    // One that nobody has walked by its first name.
    let translator = assert_told(
        &[
            (TREE, Action::Added, "a", NOTHING),
            (TREE, Action::RenamedFrom, "a", FILE),
            (TREE, Action::RenamedTo, "z", DIRECTORY),
        ],
        &[r#"{"created"} /t/a"#, "/t/a/ -> ", " -> /t/z/"],
    );
    assert!(covers(&translator, "/t/z"));
}

#[test]
fn a_watched_directory_takes_its_watch_along() {
    let mut translator = translator();
    let places = &mut translator.places;
    places.watch(Path::new("/l/r"), 3, Reach::Tree);
    places.cover(Path::new("/l/r"));
    let records = [
        (LEVEL, Action::RenamedFrom, "r", FILE),
        (LEVEL, Action::RenamedTo, "s", DIRECTORY),
        (3, Action::Added, "f", FILE),
    ];
    let told = take_all(&mut translator, &records, Instant::now());
    assert_eq!(told, ["/l/r/ -> /l/s/", r#"{"created"} /l/s/f"#]);
    assert_eq!(translator.take_needless(), []);
    let records = [(LEVEL, Action::Removed, "s", FILE)];
    let told = take_all(&mut translator, &records, Instant::now());
    assert_eq!(told, [r#"{"deleted"} /l/s/"#]);
    assert_eq!(translator.take_needless(), [3]);
    assert_eq!(translator.take_needless(), []);
}

#[test]
fn a_rename_that_is_split_over_two_reads_is_one() {
    let mut translator = translator();
    let now = Instant::now();
    let from = (TREE, Action::RenamedFrom, "f", FILE);
    assert_eq!(take_all(&mut translator, &[from], now), [""; 0]);
    assert_eq!(translator.next_due(), Some(now + PATIENCE));
    // Another watch may come in between.
    let other = (LEVEL, Action::Added, "x", FILE);
    let told = take_all(&mut translator, &[other], now);
    assert_eq!(told, [r#"{"created"} /l/x"#]);
    let to = (TREE, Action::RenamedTo, "g", FILE);
    let told = take_all(&mut translator, &[to], now);
    assert_eq!(told, ["/t/f -> /t/g"]);
    assert_eq!(translator.next_due(), None);
}

#[test]
fn a_name_that_does_not_arrive_has_left() {
    let now = Instant::now();
    let from = (TREE, Action::RenamedFrom, "d", FILE);
    let next = (TREE, Action::Added, "x", FILE);
    assert_told(&[from, next], &["/t/d/ -> ", r#"{"created"} /t/x"#]);

    let mut translator = translator();
    take_all(&mut translator, &[from], now);
    let mut told = Vec::new();
    translator.give_up(now, &mut told);
    assert!(told.is_empty());
    assert_eq!(translator.last_due(), Some(now + PATIENCE));
    translator.give_up(now + PATIENCE, &mut told);
    assert_eq!(words(&told), ["/t/d/ -> "]);
    assert!(!covers(&translator, "/t/d/e"));
}

#[test]
fn what_is_gone_by_a_short_name_may_be_anything_in_its_directory() {
    let mut translator = translator();
    let mut told = Vec::new();
    for name in ["d/LONGNA~1.TXT", "no/LONGNA~1.TXT"] {
        let record = record(Action::Removed, name);
        translator.lose_short(TREE, &record, &mut told);
    }
    let lost = "lost /t/d: something was deleted or renamed by a short name";
    assert_eq!(words(&told), [lost]);
    assert!(covers(&translator, "/t/d/e"));
}

#[test]
fn an_overflow_loses_what_the_watch_tells_of() {
    let mut translator = translator();
    translator.places.watch(Path::new("/l/r"), 3, Reach::Tree);
    let from = (TREE, Action::RenamedFrom, "f", FILE);
    take_all(&mut translator, &[from], Instant::now());
    let mut told = Vec::new();
    translator.overflow(TREE, LostReason::Overflow, &mut told);
    let lost = "lost /t: the kernel's queue overflowed";
    assert_eq!(words(&told), ["/t/f -> ", lost]);
    assert!(covers(&translator, "/t") && !covers(&translator, "/t/d"));
    // The watch goes on, and those below come anew.
    let told = take_all(
        &mut translator,
        &[(TREE, Action::Added, "n", FILE)],
        Instant::now(),
    );
    assert_eq!(told, [r#"{"created"} /t/n"#]);
    assert_eq!(translator.take_needless(), []);
    translator.overflow(LEVEL, LostReason::Overflow, &mut Vec::new());
    assert_eq!(translator.take_needless(), [3]);
}

#[test]
fn a_watch_that_ends_is_lost_unless_it_was_to_end() {
    let mut translator = translator();
    let mut told = Vec::new();
    let reason = LostReason::Error("gone".to_owned());
    translator.end(TREE, Some(reason.clone()), &mut told);
    assert_eq!(words(&told), ["lost /t: gone"]);
    assert!(!covers(&translator, "/t") && !covers(&translator, "/t/d"));
    told.clear();
    translator.forget(Path::new("/l"));
    assert_eq!(translator.take_needless(), [LEVEL]);
    translator.end(LEVEL, Some(reason), &mut told);
    assert!(told.is_empty(), "nobody counted on it any more: {told:?}");
    // Records of a watch that nobody knows are nothing.
    let record = record(Action::Added, "x");
    translator.take(LEVEL, &record, FILE, Instant::now(), &mut told);
    assert!(told.is_empty());
}

#[test]
fn a_name_is_added_as_it_is() {
    let added = |root: &str, name: &str| show(&below(Path::new(root), OsStr::new(name)));
    assert_eq!(added("/", "a"), "/a");
    assert_eq!(added("/d", "C:"), "/d/C:");
}
