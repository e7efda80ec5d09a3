//! What NTFS has and Wine has not: streams, links of its own, and any name.
//!
//! It is lent to the programs of a test where `WAXSEAL_WINE_NTFS` is set (`.ci/stand-ins/ntfs`).

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::fs::{OpenOptionsExt as _, symlink_dir, symlink_file};
use std::path::{Path, PathBuf};

use super::{is_ntfs, telling, told};
use crate::util::Sandbox;
use crate::watch::Watch;

/// Puts another link in the place of one, which says how to make it.
fn lead<P: AsRef<Path>>(
    sandbox: &Sandbox,
    link: &str,
    target: P,
    make: impl Fn(P, PathBuf) -> std::io::Result<()>,
) {
    let link = sandbox.path(link);
    // A link to a directory is removed as one.
    if fs::remove_dir(&link).is_err() {
        fs::remove_file(&link).unwrap();
    }
    make(target, link).unwrap();
}

#[test]
fn streams_are_told_each_by_its_name() {
    if !is_ntfs() {
        return;
    }
    let sandbox =
        Sandbox::with(&[("file", "1"), ("plain", "2"), ("dir/inner", "3")]).without_created();
    let write = |stream: &str, content: &str| fs::write(sandbox.path(stream), content).unwrap();
    write("file:kept", "stays");
    write("file:changed", "before");
    write("file:gone", "goes");
    sandbox.waxseal(&["scan"]).exits(0);
    assert_eq!(told(&sandbox), []);

    write("file:changed", "after!");
    write("file:new", "");
    fs::remove_file(sandbox.path("file:gone")).unwrap();
    write("dir:Zone.Identifier", "[ZoneTransfer]");
    let stream = |name: &str| format!("extended_attributes.stream.{name}");
    let of_file = ["changed", "gone", "new"].map(stream);
    assert_eq!(
        told(&sandbox),
        [
            telling("attributes_modified", "dir", &[&stream("Zone.Identifier")]),
            telling(
                "attributes_modified",
                "file",
                &of_file.each_ref().map(String::as_str)
            ),
        ]
    );
    assert_eq!(told(&sandbox), []);
}

#[test]
fn a_stream_moves_with_its_file_and_goes_with_it() {
    if !is_ntfs() {
        return;
    }
    let sandbox = Sandbox::with(&[("file", "content of it"), ("other", "2")]).without_created();
    fs::write(sandbox.path("file:note"), "hidden").unwrap();
    sandbox.waxseal(&["scan"]).exits(0);
    fs::rename(sandbox.path("file"), sandbox.path("renamed")).unwrap();
    let moved = told(&sandbox);
    assert_eq!(moved, [telling("moved", "renamed", &[])]);
    fs::remove_file(sandbox.path("renamed")).unwrap();
    assert_eq!(told(&sandbox), [telling("deleted", "renamed", &[])]);
}

#[test]
fn links_are_told_by_their_target_and_not_followed() {
    if !is_ntfs() {
        return;
    }
    let sandbox = Sandbox::with(&[("file1", "1"), ("file2", "2"), ("real/", "")]).without_created();
    for outside in ["one", "two"] {
        fs::create_dir(sandbox.home().join(outside)).unwrap();
    }
    let [one, two] = ["one", "two"].map(|name| sandbox.home().join(name));
    symlink_file("file1", sandbox.path("to-file")).unwrap();
    symlink_dir(&one, sandbox.path("to-dir")).unwrap();
    junction::create(&one, sandbox.path("junction")).unwrap();
    sandbox.waxseal(&["scan"]).exits(0).says("of 7 paths");

    // Neither what is behind a link nor what is in it is of this tree.
    fs::write(one.join("behind"), "new").unwrap();
    assert!(sandbox.path("junction").join("behind").exists());
    assert!(sandbox.path("to-dir").join("behind").exists());
    assert_eq!(told(&sandbox), []);

    lead(&sandbox, "to-file", Path::new("file2"), symlink_file);
    lead(&sandbox, "to-dir", two.as_path(), symlink_dir);
    lead(&sandbox, "junction", two.as_path(), junction::create);
    fs::remove_dir(sandbox.path("real")).unwrap();
    junction::create(&one, sandbox.path("real")).unwrap();
    let scan = sandbox.waxseal(&["scan", "--format=ndjson"]).exits(1);
    let mut links: Vec<_> = scan.documents().into_iter().collect();
    links.retain(|event| event["file"]["type"] == "symlink");
    let target = |name: &str, which: &str| {
        let path = sandbox.path(name);
        let is_it = |path_of: &serde_json::Value| path_of["file"]["path"] == path.to_str().unwrap();
        let event = links.iter().find(|event| is_it(event));
        let event = event.unwrap_or_else(|| panic!("{name} is told: {}", scan.stdout));
        let target = event.pointer(which).and_then(|target| target.as_str());
        target.unwrap_or("none").to_owned()
    };
    let (before, after) = ("/waxseal/before/target_path", "/file/target_path");
    assert_eq!(target("to-file", before), "file1");
    assert_eq!(target("to-file", after), "file2");
    for link in ["to-dir", "junction"] {
        assert!(target(link, before).ends_with(r"\one"), "{}", scan.stdout);
        assert!(target(link, after).ends_with(r"\two"), "{}", scan.stdout);
    }
    assert!(target("real", after).ends_with(r"\one"), "{}", scan.stdout);
    assert_eq!(told(&sandbox), []);
}

#[test]
fn a_junction_that_leads_back_is_one_path() {
    if !is_ntfs() {
        return;
    }
    let sandbox = Sandbox::with(&[("dir/file", "1")]).without_created();
    junction::create(sandbox.tree(), sandbox.path(r"dir\back")).unwrap();
    junction::create(sandbox.path(r"dir\itself"), sandbox.path(r"dir\itself")).unwrap();
    sandbox.waxseal(&["scan"]).exits(0).says("of 5 paths");
    sandbox.write("dir/file", "changed");
    assert_eq!(
        told(&sandbox),
        [telling("updated", "dir/file", &["hash.sha256"])]
    );
    // By whatever way it is named, it is the one place.
    sandbox.write("dir/file", "changed again");
    let around = sandbox.path(r"dir\back\dir\back\dir");
    let run = sandbox.waxseal(&[OsStr::new("scan"), around.as_os_str()]);
    run.exits(1)
        .says(sandbox.path(r"dir\file").to_str().unwrap());
    let endless = sandbox.path(r"dir\itself\file");
    let run = sandbox.waxseal(&[OsStr::new("scan"), endless.as_os_str()]);
    run.exits(2).complains(endless.to_str().unwrap());
}

#[test]
fn a_name_that_is_no_text_is_watched_and_told_without_loss() {
    if !is_ntfs() {
        return;
    }
    let sandbox = Sandbox::with(&[("plain", "1")]).without_created();
    let name = |last: u16| OsString::from_wide(&[0xd800, u16::from(b'a'), last]);
    for last in [0xdc00, 0xdfff] {
        fs::write(sandbox.path(name(last)), "before").unwrap();
    }
    sandbox.waxseal(&["scan"]).exits(0).says("of 4 paths");
    fs::write(sandbox.path(name(0xdfff)), "after it").unwrap();
    fs::remove_file(sandbox.path(name(0xdc00))).unwrap();
    // Each is told by the bytes of its units, so that it can be told from the other.
    let scan = sandbox.waxseal(&["scan"]).exits(1);
    scan.says(r"\xed\xa0\x80a\xed\xb0\x80  file")
        .says(r"\xed\xa0\x80a\xed\xbf\xbf  size 6→8");
    sandbox.waxseal(&["check"]).exits(1);
    sandbox
        .waxseal(&["accept", "--all", "--reason", "wanted"])
        .exits(0);
    sandbox.waxseal(&["check"]).exits(0);
    sandbox.waxseal(&["log", "--verify"]).exits(0);
}

#[test]
fn a_watch_tells_of_streams_and_links() {
    if !is_ntfs() {
        return;
    }
    let sandbox = Sandbox::with(&[("file", "1"), ("dir/inner", "2")]);
    let mut watch = Watch::configured(&sandbox, "");
    watch.take();
    fs::write(sandbox.path("file:note"), "hidden").unwrap();
    let news = watch.news(&sandbox);
    assert!(
        news.contains(&("attributes_modified".to_owned(), "file".to_owned())),
        "{news:?}"
    );
    junction::create(sandbox.path("dir"), sandbox.path("junction")).unwrap();
    let news = watch.news(&sandbox);
    assert!(
        news.contains(&("created".to_owned(), "junction".to_owned())),
        "{news:?}"
    );
    // What happens behind it is told at its own place only.
    sandbox.write("dir/second", "3");
    let news = watch.news(&sandbox);
    assert!(
        news.contains(&("created".to_owned(), "dir/second".to_owned())),
        "{news:?}"
    );
    assert!(
        !news.iter().any(|(_, name)| name.starts_with("junction/")),
        "{news:?}"
    );
    watch.stop().exits(0);
}

#[test]
fn a_stream_that_is_open_to_nobody_else_hides_nothing_of_its_file() {
    if !is_ntfs() {
        return;
    }
    let sandbox = Sandbox::with(&[("file", "1"), ("other", "2")]).without_created();
    fs::write(sandbox.path("file:note"), "before").unwrap();
    sandbox.waxseal(&["scan"]).exits(0);
    sandbox.write("file", "changed");
    let mut alone = OpenOptions::new();
    let locked = alone
        .write(true)
        .share_mode(0)
        .open(sandbox.path("file:note"))
        .unwrap();
    let scan = sandbox.waxseal(&["scan", "--format=ndjson"]);
    assert!(scan.stderr.contains("its stream note"), "{}", scan.stderr);
    let updated = ("updated".to_owned(), "file".to_owned());
    let names = scan.changes().into_iter();
    let names: Vec<_> = names
        .map(|(action, path)| (action, sandbox.name(&path).unwrap()))
        .collect();
    assert_eq!(names, [updated]);
    drop(locked);
    fs::write(sandbox.path("file:note"), "after!").unwrap();
    let told = told(&sandbox);
    assert_eq!(
        told,
        [telling(
            "attributes_modified",
            "file",
            &["extended_attributes.stream.note"]
        )]
    );
}
