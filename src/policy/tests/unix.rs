//! Links, which Wine does not make, and an error on Unix that is no absence.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use super::roots::{below, found, tree};
use super::*;

#[test]
fn a_wildcard_finds_links_and_follows_none() {
    let (_keep, top) = tree(&["home/u/.ssh/"]);
    symlink(top.join("home/u"), top.join("home/link")).unwrap();
    let through = below("m", &top, &["home/*/.ssh"]);
    assert_eq!(found(&top, vec![through]), ["m home/u/.ssh"]);
    let links = below("m", &top, &["home/l*"]);
    assert_eq!(found(&top, vec![links]), ["m home/link"]);
}

#[test]
fn a_wildcard_is_looked_for_behind_a_link_to_a_place_that_is_no_text() {
    let (_keep, top) = tree(&["keep"]);
    let place = top.join(OsStr::from_bytes(b"dat\xff"));
    fs::create_dir_all(place.join("home/u/.ssh")).unwrap();
    symlink(place.join("home"), top.join("home")).unwrap();
    let through = below("m", &top, &["home/*/.ssh"]);
    assert_eq!(found(&top, vec![through]), ["m home/u/.ssh"]);
}

#[test]
fn links_in_a_written_path_are_resolved_and_nothing_is_listed_twice() {
    let (_keep, top) = tree(&["usr/bin/ls", "data/home/u/.ssh/"]);
    symlink("usr/bin", top.join("bin")).unwrap();
    symlink("data/home", top.join("home")).unwrap();
    symlink("nowhere", top.join("dangling")).unwrap();
    let merged = below("m", &top, &["bin", "usr/bin"]);
    assert_eq!(found(&top, vec![merged]), ["m bin", "m usr/bin"]);
    let through = below(
        "m",
        &top,
        &["bin/ls", "bin/later", "home/*/.ssh", "dangling"],
    );
    assert_eq!(
        found(&top, vec![through]),
        [
            "m dangling",
            "m data/home/u/.ssh",
            "m usr/bin/later?",
            "m usr/bin/ls"
        ]
    );
}

#[test]
fn a_resolved_policy_decides_about_the_real_paths() {
    let (_keep, top) = tree(&["usr/bin/ls"]);
    symlink("usr/bin", top.join("bin")).unwrap();
    let spec = PolicySpec {
        monitors: vec![below("m", &top, &["bin"])],
    }
    .resolved();
    let policy = Policy::compile(&spec).unwrap();
    assert_eq!(decided(&policy, &top.join("usr/bin/ls"), Kind::File), "m");
    assert_eq!(decided(&policy, &top.join("bin"), Kind::Symlink), "m");
    assert_eq!(spec.resolved(), spec, "resolving again changes nothing");
}

#[test]
fn a_directory_that_cannot_be_searched_stands_for_what_it_hides() {
    let (_keep, top) = tree(&[]);
    // Any error but absence will do; this one needs no second user.
    let too_long = "x".repeat(300);
    let hidden = below("m", &top, &[&format!("{too_long}/*/.ssh")]);
    assert_eq!(found(&top, vec![hidden]), [format!("m {too_long}")]);
}
