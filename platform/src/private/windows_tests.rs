//! Wine keeps of an access list what fits into permission bits: whether it is ours alone, and
//! whether everybody may read or write. Its protection and what is inherited it does not keep.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Read as _;
use std::os::windows::fs::OpenOptionsExt as _;
use std::process::Command;

use super::*;

fn private_temp() -> (tempfile::TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("state");
    create_dir_private(&dir).unwrap();
    (temp, dir)
}

#[test]
fn directories_and_files_are_made_private() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join(r"a\b\state");
    ensure_private_dir(&dir).unwrap();
    ensure_private_dir(&dir).unwrap();
    create_dir_private(&dir).unwrap();
    let file = dir.join("x");
    create_file_private(&file).unwrap();
    assert_eq!(
        create_file_private(&file).unwrap_err().kind(),
        io::ErrorKind::AlreadyExists
    );
    let long = dir.join("d".repeat(200)).join("e".repeat(200));
    ensure_private_dir(&long).unwrap();
    create_file_private(&long.join("file")).unwrap();
}

#[test]
fn what_is_no_directory_is_refused() {
    let (_temp, dir) = private_temp();
    let file = dir.join("file");
    create_file_private(&file).unwrap();
    let error = ensure_private_dir(&file).unwrap_err();
    assert!(
        matches!(error, PrivateError::NotADirectory { .. }),
        "{error}"
    );
}

#[test]
fn a_junction_is_refused() {
    let (_temp, dir) = private_temp();
    let link = dir.join("link");
    let made = Command::new("cmd")
        .args([OsStr::new("/c"), OsStr::new("mklink"), OsStr::new("/J")])
        .args([link.as_os_str(), dir.as_os_str()])
        .output()
        .unwrap();
    if link.symlink_metadata().is_err() {
        return eprintln!("skipped: no junction was made: {made:?}");
    }
    let error = ensure_private_dir(&link).unwrap_err();
    assert!(
        matches!(error, PrivateError::NotADirectory { .. }),
        "{error}"
    );
}

#[test]
fn a_directory_open_to_everybody_is_refused_and_says_what_to_do() {
    let (_temp, dir) = private_temp();
    // Wine takes the umask from what everybody may do, so writing is lost with the usual one.
    for rights in ["GA", "GRGX"] {
        let open = dir.join(rights);
        let list = format!(
            "D:P(A;OICI;GA;;;SY)(A;OICI;GA;;;{})(A;OICI;{rights};;;WD)",
            me()
        );
        crate::windows::create_dir(&open, &crate::windows::Private::parse(&list).unwrap()).unwrap();
        let error = ensure_private_dir(&open).unwrap_err().to_string();
        let (writes, reads) = ("can be written by", "can be read by");
        assert!(error.contains(writes) || error.contains(reads), "{error}");
        assert!(
            error.contains("S-1-1-0") && error.contains("icacls"),
            "{error}"
        );
    }
}

fn me() -> String {
    crate::windows::user().unwrap().to_string()
}

#[test]
fn what_may_not_be_written_to_is_known() {
    let (_temp, dir) = private_temp();
    let file = dir.join("file");
    let kind = |path: &Path| may_write(path).map_err(|error| error.kind());
    assert_eq!(kind(&file), Err(io::ErrorKind::NotFound));
    fs::write(&file, "").unwrap();
    assert_eq!(kind(&file), Ok(()));
    // Somebody else has it to themselves.
    let held = OpenOptions::new()
        .read(true)
        .share_mode(0)
        .open(&file)
        .unwrap();
    assert!(kind(&file).is_err());
    drop(held);
    assert_eq!(kind(&file), Ok(()));
}

#[test]
fn a_lock_is_held_by_one_and_keeps_nobody_from_reading() {
    let (_temp, dir) = private_temp();
    let path = dir.join("lock");
    let first = create_file_private(&path).unwrap();
    fs::write(&path, "4711").unwrap();
    let mut second = File::open(&path).unwrap();
    assert!(lock_exclusive(&first).unwrap());
    assert!(!lock_exclusive(&second).unwrap());
    let mut content = String::new();
    second.read_to_string(&mut content).unwrap();
    assert_eq!(content, "4711");
    fs::write(&path, "4712").unwrap();
    drop(first);
    assert!(lock_exclusive(&second).unwrap());
}

#[test]
fn file_systems_are_told_apart() {
    let (_temp, dir) = private_temp();
    assert_eq!(filesystem_kind(&dir).unwrap(), FilesystemKind::Local);
    assert_eq!(
        filesystem_kind(&dir.join("nowhere")).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
}
