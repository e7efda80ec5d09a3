use std::fs;

use super::*;

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
