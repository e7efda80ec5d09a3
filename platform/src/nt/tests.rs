//! Against real files and names, through the modules that look at them.

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io;
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::dir::Dir;
use crate::place;
use crate::stat::{InodeFlags, Kind, Stat};
use crate::xattr::decode::{NTFS_SECURITY, security_descriptor};

fn temp() -> (TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let path = place::real(temp.path()).unwrap();
    (temp, path)
}

/// Returns a path in the form in which every name is taken as it is.
fn verbatim(dir: &Path, name: &str) -> PathBuf {
    let mut path = OsString::from(r"\\?\");
    path.push(dir);
    path.push(r"\");
    path.push(name);
    PathBuf::from(path)
}

fn names(dir: &Dir) -> Vec<OsString> {
    let entries = dir.list().unwrap();
    entries.into_iter().map(|entry| entry.name).collect()
}

#[test]
fn names_that_only_the_kernel_knows_are_listed_and_opened() {
    let (_temp, path) = temp();
    let odd = ["CON", "file.", "plain", "\u{e9}\u{1d11e}"];
    for name in odd {
        fs::write(verbatim(&path, name), name).unwrap();
    }
    let dir = Dir::open(&path).unwrap();
    assert_eq!(names(&dir), odd);
    for name in odd {
        let mut file = dir.open_file(OsStr::new(name)).unwrap();
        let mut content = [0; 32];
        let read = file.read(&mut content).unwrap();
        assert_eq!(&content[..read], name.as_bytes());
    }
}

#[test]
fn a_name_beside_one_that_is_nearly_the_same_is_found_as_itself() {
    let (_temp, path) = temp();
    for name in ["dir", "dir."] {
        fs::create_dir(verbatim(&path, name)).unwrap();
        fs::write(verbatim(&path, &format!(r"{name}\in {name}")), "").unwrap();
    }
    for name in ["dir", "dir."] {
        assert_eq!(place::spelled(&path, OsStr::new(name)), name);
        // Wine tells the path of the other one, which is refused.
        let real = place::real(&path.join(name));
        assert!(real.is_err() || real.is_ok_and(|real| real == path.join(name)));
        let dir = Dir::open(&path.join(name)).unwrap();
        assert_eq!(names(&dir), [OsString::from(format!("in {name}"))]);
    }
}

#[test]
fn a_listing_and_an_open_file_tell_the_same() {
    let (_temp, path) = temp();
    fs::write(path.join("file"), "content").unwrap();
    fs::create_dir(path.join("sub")).unwrap();
    let dir = Dir::open(&path).unwrap();
    for entry in dir.list().unwrap() {
        let listed = entry.stat.unwrap();
        let found = dir.stat_child(&entry.name).unwrap();
        let known = Stat {
            links: found.links,
            ..listed
        };
        assert_eq!(known, found);
        assert_eq!(listed.links, 0, "it does not know");
        assert_eq!(dir.metadata_child(&entry.name).unwrap().stat, found);
    }
    let file = dir.open_file(OsStr::new("file")).unwrap();
    let stat = file.stat().unwrap();
    assert_eq!((stat.kind, stat.size, stat.links), (Kind::File, 7, 1));
    let sub = dir.open_child(OsStr::new("sub")).unwrap();
    assert_eq!(sub.stat().unwrap().kind, Kind::Directory);
    assert!(sub.is_at(&path.join("sub")) && !sub.is_at(&path));
}

#[test]
fn a_path_longer_than_260_characters_is_opened() {
    let (_temp, mut path) = temp();
    let mut long = PathBuf::from(OsString::from(r"\\?\"));
    long.as_mut_os_string().push(&path);
    for _ in 0..12 {
        long.push("a name of thirty characters ..x");
        path.push("a name of thirty characters ..x");
        fs::create_dir(&long).unwrap();
    }
    fs::write(long.join("file"), "1").unwrap();
    assert!(path.as_os_str().len() > 260);
    assert_eq!(names(&Dir::open(&path).unwrap()), ["file"]);
    assert_eq!(names(&Dir::open_real(&path).unwrap()), ["file"]);
}

#[test]
fn what_is_no_single_name_is_refused() {
    let (_temp, path) = temp();
    fs::create_dir(path.join("sub")).unwrap();
    fs::write(path.join("sub").join("file"), "1").unwrap();
    let dir = Dir::open(&path).unwrap();
    for name in ["", ".", "..", r"sub\file", "sub/file", "sub:stream", "a\0b"] {
        let error = dir.open_file(OsStr::new(name)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{name}");
        assert!(dir.stat_child(OsStr::new(name)).is_err(), "{name}");
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let (_temp, path) = temp();
    fs::write(path.join("file"), "1").unwrap();
    let dir = Dir::open(&path).unwrap();
    let is = |error: io::Error, kind: io::ErrorKind| assert_eq!(error.kind(), kind);
    is(
        dir.open_file(OsStr::new("gone")).unwrap_err(),
        io::ErrorKind::NotFound,
    );
    is(
        Dir::open(&path.join("gone")).unwrap_err(),
        io::ErrorKind::NotFound,
    );
    is(
        Dir::open(&path.join("file")).unwrap_err(),
        io::ErrorKind::NotADirectory,
    );
    is(
        dir.open_child(OsStr::new("file")).unwrap_err(),
        io::ErrorKind::NotADirectory,
    );
}

#[test]
fn a_file_that_somebody_keeps_to_himself_is_an_error_at_once_and_has_its_metadata() {
    let (_temp, path) = temp();
    let mut alone = OpenOptions::new();
    let alone = alone.write(true).create(true).share_mode(0);
    let _locked = alone.open(path.join("locked")).unwrap();
    let dir = Dir::open(&path).unwrap();
    let error = dir.open_file(OsStr::new("locked")).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(32), "{error}");
    let metadata = dir.metadata_child(OsStr::new("locked")).unwrap();
    assert_eq!(metadata.stat.kind, Kind::File);
}

#[test]
fn nobody_is_kept_from_anything_by_what_we_have_open() {
    let (_temp, path) = temp();
    fs::create_dir(path.join("sub")).unwrap();
    fs::write(path.join("sub").join("file"), "1").unwrap();
    let dir = Dir::open(&path.join("sub")).unwrap();
    let file = dir.open_file(OsStr::new("file")).unwrap();
    fs::write(path.join("sub").join("file"), "22").unwrap();
    assert_eq!(file.stat().unwrap().size, 2);
    fs::rename(path.join("sub").join("file"), path.join("other")).unwrap();
    fs::remove_file(path.join("other")).unwrap();
    assert_eq!(names(&dir), [""; 0]);
}

#[test]
fn attributes_and_the_security_descriptor_are_told() {
    let (_temp, path) = temp();
    fs::write(path.join("file"), "1").unwrap();
    let mut permissions = fs::metadata(path.join("file")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(path.join("file"), permissions).unwrap();
    let dir = Dir::open(&path).unwrap();
    let metadata = dir.metadata_child(OsStr::new("file")).unwrap();
    assert!(metadata.stat.flags.contains(InodeFlags::READONLY));
    let descriptor = metadata.xattrs.get(NTFS_SECURITY).unwrap();
    let known = security_descriptor(descriptor).unwrap();
    assert!(known.owner.is_some() && known.dacl.is_some());
    let text = crate::names::descriptor_text(descriptor).unwrap();
    assert!(
        text.starts_with("O:S-1-5-") || text.starts_with("O:BA"),
        "{text}"
    );
}

#[test]
fn an_unpaired_surrogate_in_a_name_is_kept_or_refused_but_never_another_name() {
    let (_temp, path) = temp();
    let name = OsString::from_wide(&[0x61, 0xd800, 0x62]);
    // Wine keeps names as UTF-8 and may refuse this one; Windows takes it.
    let made = fs::write(path.join(&name), "1");
    let dir = Dir::open(&path).unwrap();
    match made {
        Ok(()) => assert_eq!(names(&dir), [name]),
        Err(_) => assert!(dir.open_file(&name).is_err()),
    }
}
