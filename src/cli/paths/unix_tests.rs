//! Links, and `..`, which on Windows is taken off before anybody looks.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

#[test]
fn parents_lose_their_links_and_the_last_name_keeps_its_own() {
    let temp = tempfile::tempdir().unwrap();
    let top = fs::canonicalize(temp.path()).unwrap();
    fs::create_dir(top.join("real")).unwrap();
    symlink("real", top.join("link")).unwrap();
    let table = [
        ("link", "link"),
        ("link/", "link"),
        ("link/file", "real/file"),
        ("./link/gone/file", "real/gone/file"),
        ("link/..", ""),
    ];
    for (typed, meant) in table {
        let expected: PathBuf = top.join(meant).components().collect();
        assert_eq!(absolute(&top.join(typed)).unwrap(), expected, "{typed}");
    }
    assert_eq!(link_target(&top.join("link")), Some(top.join("real")));
}

#[test]
fn what_goes_up_from_where_nothing_is_is_refused() {
    for wrong in ["/nowhere/../x/y", "/nowhere/.."] {
        assert!(absolute(Path::new(wrong)).is_err(), "{wrong}");
    }
}
