use std::fs;

use super::*;
use crate::dir::is_absence;

#[test]
fn what_is_there_has_one_path() {
    let temp = tempfile::tempdir().unwrap();
    let dir = real(temp.path()).unwrap();
    fs::write(dir.join("File"), "").unwrap();
    assert!(dir.starts_with(top()));
    assert_eq!(real(&dir.join("File")).unwrap(), dir.join("File"));
    assert_eq!(real(&dir.join(".").join("File")).unwrap(), dir.join("File"));
    assert!(real(&dir.join("gone")).is_err());
}

#[test]
fn a_name_is_spelled_as_the_directory_has_it() {
    let temp = tempfile::tempdir().unwrap();
    let dir = real(temp.path()).unwrap();
    fs::write(dir.join("File"), "").unwrap();
    assert_eq!(spelled(&dir, OsStr::new("File")), "File");
    assert_eq!(spelled(&dir, OsStr::new("gone")), "gone");
    let other = spelled(&dir, OsStr::new("FILE"));
    let is_there = dir.join("FILE").exists() && cfg!(any(windows, target_os = "macos"));
    assert_eq!(other, if is_there { "File" } else { "FILE" });
}

#[test]
fn what_is_at_a_path_is_told_by_exactly_that_name() {
    let temp = tempfile::tempdir().unwrap();
    let dir = real(temp.path()).unwrap();
    fs::create_dir(dir.join("dir")).unwrap();
    fs::write(dir.join("file"), "").unwrap();
    assert_eq!(kind(&dir.join("dir")).unwrap(), Kind::Directory);
    assert_eq!(kind(&dir.join("file")).unwrap(), Kind::File);
    // To the older interface of Windows these are the same names, and a device.
    for other in ["dir.", "file ", "CON", "file/name"] {
        let error = kind(&dir.join(other)).unwrap_err();
        assert!(is_absence(&error), "{other}: {error}");
        assert!(real(&dir.join(other)).is_err(), "{other}");
        assert_eq!(absolute(&dir.join(other)).unwrap(), dir.join(other));
    }
}
