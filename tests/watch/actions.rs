//! What people and programs do to files, and the events it gives.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::Watch;
use crate::util::Sandbox;

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = expected
        .iter()
        .map(|(action, path)| ((*action).to_owned(), (*path).to_owned()))
        .collect();
    pairs.sort();
    pairs
}

#[test]
fn what_happens_to_files_is_told_once_and_the_store_equals_a_fresh_scan() {
    let sandbox = Sandbox::with(&[("a", "1"), ("b", "2"), ("d/e", "3"), ("d/f", "4")]);
    let mut watch = Watch::start(&sandbox);
    watch.take();
    let path = |name: &str| sandbox.path(name);
    let mut does = |act: &dyn Fn(), expected: &[(&str, &str)]| {
        // On a busy machine it could look in the middle, which is right, but another story.
        watch.hold();
        act();
        watch.release();
        assert_eq!(watch.news(&sandbox), pairs(expected));
    };
    does(
        &|| fs::write(path("new"), "x").unwrap(),
        &[("created", "new")],
    );
    does(
        &|| fs::write(path("a"), "changed").unwrap(),
        &[("attributes_modified", "a"), ("updated", "a")],
    );
    does(
        &|| {
            let mut file = OpenOptions::new().append(true).open(path("b")).unwrap();
            for _ in 0..100 {
                file.write_all(b"line\n").unwrap();
            }
        },
        &[("attributes_modified", "b"), ("updated", "b")],
    );
    does(
        &|| fs::set_permissions(path("b"), fs::Permissions::from_mode(0o4711)).unwrap(),
        &[("attributes_modified", "b")],
    );
    does(
        &|| symlink("a", path("link")).unwrap(),
        &[("created", "link")],
    );
    does(
        &|| fs::rename(path("new"), path("d/moved")).unwrap(),
        &[("moved", "d/moved")],
    );
    does(
        &|| {
            fs::create_dir_all(path("p/q/r")).unwrap();
            fs::write(path("p/q/r/file"), "x").unwrap();
        },
        &[
            ("created", "p"),
            ("created", "p/q"),
            ("created", "p/q/r"),
            ("created", "p/q/r/file"),
        ],
    );
    does(
        &|| fs::rename(path("p/q"), path("d/q")).unwrap(),
        &[
            ("moved", "d/q"),
            ("moved", "d/q/r"),
            ("moved", "d/q/r/file"),
        ],
    );
    does(
        &|| fs::write(path("d/q/r/file"), "again").unwrap(),
        &[
            ("attributes_modified", "d/q/r/file"),
            ("updated", "d/q/r/file"),
        ],
    );
    does(
        &|| {
            fs::write(path(".a.swp"), "saved").unwrap();
            fs::rename(path(".a.swp"), path("a")).unwrap();
        },
        &[("attributes_modified", "a"), ("updated", "a")],
    );
    does(
        &|| fs::remove_dir_all(path("d")).unwrap(),
        &[
            ("deleted", "d"),
            ("deleted", "d/e"),
            ("deleted", "d/f"),
            ("deleted", "d/moved"),
            ("deleted", "d/q"),
            ("deleted", "d/q/r"),
            ("deleted", "d/q/r/file"),
        ],
    );
    watch.stop().exits(0);
    let scan = sandbox.ndjson("scan", &[]);
    assert!(scan.changes().is_empty(), "{:?}", scan.changes());
}

#[test]
fn a_directory_that_is_renamed_over_an_empty_one_is_moved() {
    for _ in 0..5 {
        let sandbox = Sandbox::with(&[("one/file", "1")]);
        fs::create_dir(sandbox.path("other")).unwrap();
        let mut watch = Watch::start(&sandbox);
        watch.settle();
        watch.take();
        fs::rename(sandbox.path("one"), sandbox.path("other")).unwrap();
        let news = watch.news(&sandbox);
        let told: Vec<(&str, &str)> = news.iter().map(|(a, p)| (a.as_str(), p.as_str())).collect();
        // In the place of another one, which it replaced.
        let replaced = ("attributes_modified", "other");
        assert_eq!(
            told,
            [replaced, ("moved", "other"), ("moved", "other/file")]
        );
        watch.stop().exits(0);
        assert_eq!(sandbox.ndjson("scan", &[]).changes(), []);
    }
}
