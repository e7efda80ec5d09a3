//! What happens to files in a covered directory.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::windows::ffi::OsStringExt;

use super::*;

#[test]
fn a_file_is_followed_through_its_life() {
    let mut watched = Watched::start();
    watched.write("root/f");
    let told = watched.told();
    told.touched("root/f", CREATED | WRITTEN).nothing_lost();

    let path = watched.path("root/f");
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"more").unwrap();
    drop(file);
    watched.told().touched("root/f", WRITTEN).moved(&[]);

    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions.clone()).unwrap();
    watched.told().touched("root/f", ATTRIBUTES);
    #[allow(clippy::permissions_set_readonly_false, reason = "this is Windows")]
    permissions.set_readonly(false);
    fs::set_permissions(&path, permissions).unwrap();
    watched.told().touched("root/f", ATTRIBUTES);

    fs::remove_file(&path).unwrap();
    watched.told().touched("root/f", DELETED).nothing_lost();
    assert_eq!(watched.told().touched.len(), 0);
}

#[test]
fn a_rename_tells_both_ends() {
    let mut watched = Watched::start();
    watched.mkdir("root/d");
    for name in ["root/a", "outside/o", "root/victim"] {
        watched.write(name);
    }
    watched.cover("root/d");
    watched.told();
    watched.rename("root/a", "root/b");
    watched.told().moved(&["root/a -> root/b"]).nothing_lost();
    for (from, to) in [
        ("root/b", "root/d/c"),
        ("root/d/c", "outside/c"),
        ("outside/o", "root/o"),
    ] {
        watched.rename(from, to);
        let hidden = |name: &'static str| match name.starts_with("outside") {
            true => "",
            false => name,
        };
        watched.told().went(hidden(from), hidden(to)).nothing_lost();
    }
    watched.rename("root/o", "root/victim");
    let told = watched.told();
    assert_eq!(told.moved, ["root/o -> root/victim"], "{told:#?}");
}

#[test]
fn odd_names_are_told_exactly() {
    let mut watched = Watched::start();
    let unpaired = std::ffi::OsString::from_wide(&[0x61, 0xd800, 0x62]);
    let long = "n".repeat(200);
    let names = ["ä ö", "dot.", "space ", "CON", &long];
    let mut names: Vec<std::ffi::OsString> = names.iter().map(Into::into).collect();
    names.push(unpaired);
    let mut made = Vec::new();
    for name in &names {
        let path = watched.path("root").join(name);
        // Wine writes names as UTF-8, and so not all of them.
        match fs::write(verbatim(&path).unwrap(), "x") {
            Ok(()) => made.push(path),
            Err(error) => eprintln!("skipped: no file {name:?} here: {error}"),
        }
    }
    assert!(made.len() >= 2, "{made:?}");
    watched.backend.beat().unwrap();
    let is_alive = |signal: &Signal| matches!(signal, Signal::Alive { .. });
    let deadline = Instant::now() + DEADLINE;
    while !watched.signals.lock().unwrap().iter().any(is_alive) {
        assert!(Instant::now() < deadline);
        watched.queue.read(Duration::from_millis(10)).unwrap();
    }
    for expected in made {
        let signals = watched.signals.lock().unwrap();
        let is_it =
            |signal: &Signal| matches!(signal, Signal::Touched { path, .. } if *path == expected);
        assert!(signals.iter().any(is_it), "{expected:?}: {signals:#?}");
    }
}

#[test]
fn paths_are_long() {
    let mut watched = Watched::start();
    let mut name = "root".to_owned();
    for _ in 0..6 {
        name = format!("{name}/{}", "d".repeat(60));
        fs::create_dir(verbatim(&watched.path(&name)).unwrap()).unwrap();
        watched.cover(&name);
    }
    watched.told();
    let file = format!("{name}/file");
    fs::write(verbatim(&watched.path(&file)).unwrap(), "x").unwrap();
    watched
        .told()
        .touched(&file, CREATED | WRITTEN)
        .nothing_lost();
}

#[test]
fn what_is_not_covered_is_dropped_and_counted() {
    let mut watched = Watched::start();
    watched.mkdir("root/no");
    watched.told().touched("root/no/", CREATED);
    let before = watched.backend.health().foreign_dropped;
    watched.write("root/no/f");
    watched.write("outside/f");
    let told = watched.told();
    told.not("root/no/f").not("outside/f").nothing_lost();
    assert!(watched.backend.health().foreign_dropped > before);
}

#[test]
fn what_goes_by_a_short_name_may_have_had_another() {
    let mut watched = Watched::start();
    watched.write("root/LONGNA~1.TXT");
    watched
        .told()
        .touched("root/LONGNA~1.TXT", CREATED)
        .nothing_lost();
    fs::remove_file(watched.path("root/LONGNA~1.TXT")).unwrap();
    let told = watched.told();
    told.touched("root/LONGNA~1.TXT", DELETED);
    assert!(
        matches!(&told.lost[..], [(below, _)] if below == "root"),
        "{told:?}"
    );
}
