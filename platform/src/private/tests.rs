use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_may_not_be_written_to_is_known() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("file");
    let kind = |path: &Path| may_write(path).map_err(|error| error.kind());
    assert_eq!(kind(&file), Err(io::ErrorKind::NotFound));
    fs::write(&file, "").unwrap();
    assert_eq!(kind(&file), Ok(()));
    set_mode(&file, 0o400);
    assert_eq!(kind(&file).is_ok(), crate::host::is_privileged());
}

#[test]
fn directories_and_files_are_made_private() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("a/b/state");
    ensure_private_dir(&dir).unwrap();
    assert_eq!(mode(&dir), 0o700);
    ensure_private_dir(&dir).unwrap();
    create_dir_private(&dir).unwrap();
    let file = dir.join("x");
    create_file_private(&file).unwrap();
    assert_eq!(mode(&file), 0o600);
    assert_eq!(
        create_file_private(&file).unwrap_err().kind(),
        io::ErrorKind::AlreadyExists
    );
}

#[test]
fn a_directory_others_can_write_to_is_refused_and_says_what_to_do() {
    let temp = tempfile::tempdir().unwrap();
    set_mode(temp.path(), 0o770);
    let error = ensure_private_dir(temp.path()).unwrap_err();
    assert!(matches!(
        error,
        PrivateError::WritableByOthers { mode: 0o770, .. }
    ));
    assert!(error.to_string().contains("chmod go-w"), "{error}");
    set_mode(temp.path(), 0o755);
    ensure_private_dir(temp.path()).unwrap();
}

#[test]
fn a_link_or_a_file_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let target = temp.path().join("target");
    create_dir_private(&target).unwrap();
    let link = temp.path().join("link");
    symlink(&target, &link).unwrap();
    let file = temp.path().join("file");
    create_file_private(&file).unwrap();
    let dangling = temp.path().join("dangling");
    symlink("nowhere", &dangling).unwrap();
    for path in [link, file, dangling] {
        let error = ensure_private_dir(&path).unwrap_err();
        assert!(
            matches!(error, PrivateError::NotADirectory { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_foreign_directory_is_refused() {
    if !crate::host::is_privileged() {
        eprintln!("skipped: needs root");
        return;
    }
    let temp = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(temp.path(), Some(12345), None).unwrap();
    let error = ensure_private_dir(temp.path()).unwrap_err();
    assert!(
        matches!(error, PrivateError::ForeignOwner { owner: 12345, .. }),
        "{error}"
    );
}

#[test]
fn a_lock_is_held_by_one() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("lock");
    let first = create_file_private(&path).unwrap();
    let second = File::open(&path).unwrap();
    assert!(lock_exclusive(&first).unwrap());
    assert!(!lock_exclusive(&second).unwrap());
    drop(first);
    assert!(lock_exclusive(&second).unwrap());
}

#[test]
fn file_systems_are_told_apart() {
    assert_eq!(
        filesystem_kind(Path::new("/proc")).unwrap(),
        FilesystemKind::Pseudo("proc")
    );
    assert_eq!(
        filesystem_kind(Path::new("/sys")).unwrap(),
        FilesystemKind::Pseudo("sysfs")
    );
    let temp = tempfile::tempdir().unwrap();
    assert_eq!(filesystem_kind(temp.path()).unwrap(), FilesystemKind::Local);
    assert_eq!(linux::kind_of(0x6969), FilesystemKind::Network("nfs"));
    assert_eq!(
        filesystem_kind(Path::new("/nowhere")).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
}
