//! What happens to names in one covered directory.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

#[test]
fn writing_a_new_file_is_created_written_and_closed() {
    let watch = Watch::start();
    watch.write("new");
    let told = changes_of(&watch.settled(), &watch.path("new"), false);
    let all = [Changes::CREATED, Changes::WRITTEN, Changes::CLOSED];
    assert_eq!(told, all.into_iter().fold(Changes::NONE, Changes::union));
}

#[test]
fn appending_and_truncating_are_written() {
    let watch = Watch::start();
    watch.write("file");
    watch.settle();
    let path = watch.path("file");
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"more").unwrap();
    assert_eq!(changes_of(&watch.settled(), &path, false), Changes::WRITTEN);
    file.set_len(3).unwrap();
    assert_eq!(changes_of(&watch.settled(), &path, false), Changes::WRITTEN);
    drop(file);
    assert_eq!(changes_of(&watch.settled(), &path, false), Changes::CLOSED);
}

#[test]
fn a_mode_and_times_are_attributes() {
    let watch = Watch::start();
    watch.write("file");
    watch.settle();
    let path = watch.path("file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(
        changes_of(&watch.settled(), &path, false),
        Changes::ATTRIBUTES
    );
    let file = fs::File::open(&path).unwrap();
    let then = std::time::UNIX_EPOCH;
    let times = fs::FileTimes::new().set_accessed(then).set_modified(then);
    file.set_times(times).unwrap();
    assert_eq!(
        changes_of(&watch.settled(), &path, false),
        Changes::ATTRIBUTES
    );
}

/// The kernel takes a modification time that is set alone for a change of content.
#[test]
fn a_modification_time_alone_is_written() {
    let watch = Watch::start();
    watch.write("file");
    watch.settle();
    let file = fs::File::open(watch.path("file")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    let told = changes_of(&watch.settled(), &watch.path("file"), false);
    assert_eq!(told, Changes::WRITTEN);
}

#[test]
fn the_attributes_of_the_covered_directory_itself_are_told() {
    let watch = Watch::start();
    let root = watch.path("");
    fs::set_permissions(&root, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(
        changes_of(&watch.settled(), &root, true),
        Changes::ATTRIBUTES
    );
}

#[test]
fn a_rename_within_is_one_move() {
    let watch = Watch::start();
    watch.write("a");
    watch.settle();
    watch.rename("a", "b");
    let seen = watch.settled();
    let (from, to) = (watch.path("a"), watch.path("b"));
    assert_eq!(moves(&seen), [(Some(&*from), Some(&*to), false)]);
    assert!(touched(&seen).is_empty(), "{seen:?}");
}

#[test]
fn a_rename_between_covered_directories_is_one_move() {
    let watch = Watch::start();
    for name in ["x", "y"] {
        watch.mkdir(name);
        watch.cover(name).unwrap();
    }
    watch.write("x/a");
    watch.settle();
    watch.rename("x/a", "y/b");
    let (from, to) = (watch.path("x/a"), watch.path("y/b"));
    assert_eq!(moves(&watch.settled()), [(Some(&*from), Some(&*to), false)]);
}

#[test]
fn a_rename_over_another_file_is_one_move() {
    let watch = Watch::start();
    watch.write("a");
    watch.write("b");
    watch.settle();
    watch.rename("a", "b");
    let (from, to) = (watch.path("a"), watch.path("b"));
    assert_eq!(moves(&watch.settled()), [(Some(&*from), Some(&*to), false)]);
}

#[test]
fn two_files_that_change_places_are_two_moves() {
    let watch = Watch::start();
    watch.write("a");
    watch.write("b");
    watch.settle();
    let (a, b) = (watch.path("a"), watch.path("b"));
    let exchange = rustix::fs::RenameFlags::EXCHANGE;
    let here = rustix::fs::CWD;
    rustix::fs::renameat_with(here, &a, here, &b, exchange).unwrap();
    let expected = [(Some(&*a), Some(&*b), false), (Some(&*b), Some(&*a), false)];
    assert_eq!(moves(&watch.settled()), expected);
}

#[test]
fn a_rename_from_elsewhere_has_no_origin() {
    let watch = Watch::start();
    fs::write(watch.outside("a"), "").unwrap();
    let to = watch.path("b");
    fs::rename(watch.outside("a"), &to).unwrap();
    assert_eq!(moves(&watch.settled()), [(None, Some(&*to), false)]);
}

#[test]
fn a_rename_to_elsewhere_is_told_without_any_further_event() {
    let watch = Watch::start();
    watch.write("a");
    watch.settle();
    let from = watch.path("a");
    fs::rename(&from, watch.outside("b")).unwrap();
    let seen = watch.until(is_moved);
    assert_eq!(moves(&seen), [(Some(&*from), None, false)]);
}

#[test]
fn many_renames_to_elsewhere_are_all_told() {
    let watch = Watch::start();
    let names: Vec<String> = (0..500).map(|number| format!("file-{number}")).collect();
    for name in &names {
        watch.write(name);
    }
    watch.settle();
    for name in &names {
        fs::rename(watch.path(name), watch.outside(name)).unwrap();
    }
    let mut gone = Vec::new();
    while gone.len() < names.len() {
        let signal = watch.next();
        match signal {
            Signal::Moved {
                from: Some(from),
                to: None,
                ..
            } => gone.push(from),
            other => panic!("{other:?}"),
        }
    }
    gone.sort();
    let mut expected: Vec<PathBuf> = names.iter().map(|name| watch.path(name)).collect();
    expected.sort();
    assert_eq!(gone, expected);
}

#[test]
fn a_deletion_is_told() {
    let watch = Watch::start();
    watch.write("file");
    watch.settle();
    fs::remove_file(watch.path("file")).unwrap();
    let told = changes_of(&watch.settled(), &watch.path("file"), false);
    assert_eq!(told, Changes::DELETED);
}

#[test]
fn a_link_is_a_name_of_its_own_and_not_followed() {
    let watch = Watch::start();
    let target = watch.outside("target");
    fs::create_dir(&target).unwrap();
    symlink(&target, watch.path("link")).unwrap();
    let told = changes_of(&watch.settled(), &watch.path("link"), false);
    assert_eq!(told, Changes::CREATED);
    fs::write(target.join("file"), "").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(watch.settled().is_empty());
}

#[test]
fn a_hard_link_is_told_under_its_new_name() {
    let watch = Watch::start();
    watch.write("a");
    watch.settle();
    fs::hard_link(watch.path("a"), watch.path("b")).unwrap();
    let told = changes_of(&watch.settled(), &watch.path("b"), false);
    assert_eq!(told, Changes::CREATED);
    fs::write(watch.path("b"), "more").unwrap();
    let told = changes_of(&watch.settled(), &watch.path("b"), false);
    assert_eq!(told, Changes::WRITTEN.union(Changes::CLOSED));
}

#[test]
fn names_are_bytes() {
    use std::os::unix::ffi::OsStrExt;
    let watch = Watch::start();
    let path = watch
        .path("")
        .join(std::ffi::OsStr::from_bytes(b"\xff\n \x01"));
    fs::write(&path, "").unwrap();
    let told = changes_of(&watch.settled(), &path, false);
    assert!(told.contains(Changes::CREATED), "{told:?}");
}
