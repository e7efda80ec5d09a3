use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use rustix::fs::{FileType, Mode, mknodat};

use super::*;

/// A private directory, whatever the umask.
fn private() -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    set_mode(temp.path(), 0o700);
    temp
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn refused(path: &Path) -> AppendError {
    let opened = Place::open(path).and_then(|place| place.open_file());
    opened.unwrap_err()
}

#[test]
fn a_file_is_made_private_and_appended_to() {
    let temp = private();
    let path = temp.path().join("log");
    let place = Place::open(&path).unwrap();
    let mut file = place.open_file().unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(file.append(b"one\n").unwrap(), 4);

    let mut again = place.open_file().unwrap();
    let mut buf = [0; 8];
    assert_eq!(again.read_at(1, &mut buf).unwrap(), 3);
    assert_eq!(&buf[..3], b"ne\n");
    again.append(b"two\n").unwrap();
    file.append(b"three\n").unwrap();
    file.sync().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\nthree\n");
    assert_eq!(file.size().unwrap(), 14);
}

#[test]
fn the_mode_of_an_existing_file_stays() {
    let temp = private();
    let path = temp.path().join("log");
    fs::write(&path, "old\n").unwrap();
    set_mode(&path, 0o640);
    let mut file = Place::open(&path).unwrap().open_file().unwrap();
    file.append(b"new\n").unwrap();
    assert_eq!(mode(&path), 0o640);
    assert_eq!(fs::read(&path).unwrap(), b"old\nnew\n");
}

#[test]
fn a_name_that_stands_for_another_file_is_noticed() {
    let temp = private();
    let path = temp.path().join("log");
    let place = Place::open(&path).unwrap();
    let file = place.open_file().unwrap();
    assert!(place.holds(&file).unwrap());

    place.rename("log".as_ref(), "log.1".as_ref()).unwrap();
    place.sync().unwrap();
    assert!(!place.holds(&file).unwrap());
    assert!(place.has("log.1".as_ref()).unwrap() && !place.has("log".as_ref()).unwrap());

    fs::write(&path, "").unwrap();
    set_mode(&path, 0o600);
    assert!(!place.holds(&file).unwrap());
    assert!(place.holds(&place.open_file().unwrap()).unwrap());
}

#[test]
fn what_is_no_file_is_refused_and_never_waited_for() {
    let temp = private();
    let target = temp.path().join("target");
    fs::write(&target, "").unwrap();
    let path = |name: &str| temp.path().join(name);
    symlink(&target, path("link")).unwrap();
    symlink("nowhere", path("dangling")).unwrap();
    fs::create_dir(path("dir")).unwrap();
    let fifo = Mode::RUSR | Mode::WUSR;
    mknodat(rustix::fs::CWD, path("fifo"), FileType::Fifo, fifo, 0).unwrap();
    let table = [
        ("link", "link"),
        ("dangling", "link"),
        ("dir", "directory"),
        ("fifo", "FIFO"),
    ];
    for (name, expected) in table {
        let error = refused(&path(name));
        assert!(
            matches!(error, AppendError::NotAFile { kind, .. } if kind == expected),
            "{name}: {error}"
        );
    }
    assert!(!path("nowhere").exists());
    assert_eq!(fs::read(&target).unwrap(), b"");
    let device = refused(Path::new("/dev/null"));
    assert!(
        matches!(device, AppendError::NotAFile { kind: "device", .. }),
        "{device}"
    );
}

#[test]
fn an_unsafe_directory_is_refused_with_the_way_out() {
    let temp = private();
    let dir = temp.path().join("dir");
    let path = dir.join("log");
    let error = refused(&path);
    assert!(
        matches!(error, AppendError::NoDirectory { .. }) && error.to_string().contains("mkdir"),
        "{error}"
    );
    assert!(!dir.exists());

    fs::create_dir(&dir).unwrap();
    for mode in [0o770, 0o1777, 0o702] {
        set_mode(&dir, mode);
        let error = refused(&path);
        assert!(
            matches!(error, AppendError::WritableByOthers { mode: found, .. } if found == mode)
                && error.to_string().contains("chmod go-w"),
            "{error}"
        );
    }
    set_mode(&dir, 0o755);
    symlink(&dir, temp.path().join("link")).unwrap();
    for through in ["link/log", "link/./log"] {
        let error = refused(&temp.path().join(through));
        assert!(
            matches!(error, AppendError::NotADirectory { .. }),
            "{error}"
        );
    }
    assert!(!path.exists());
    Place::open(&path).unwrap().open_file().unwrap();
    set_mode(&path, 0o620);
    assert!(matches!(
        refused(&path),
        AppendError::WritableByOthers { mode: 0o620, .. }
    ));
}

#[test]
fn what_belongs_to_others_is_refused() {
    if !crate::host::is_privileged() {
        eprintln!("skipped: needs root");
        return;
    }
    let temp = private();
    let path = temp.path().join("log");
    fs::write(&path, "").unwrap();
    set_mode(&path, 0o600);
    let give = |path: &Path, owner| std::os::unix::fs::chown(path, Some(owner), None).unwrap();
    give(&path, 12345);
    assert!(matches!(
        refused(&path),
        AppendError::ForeignOwner { owner: 12345, .. }
    ));
    give(&path, 0);
    give(temp.path(), 12345);
    assert!(matches!(
        refused(&path),
        AppendError::ForeignOwner { owner: 12345, .. }
    ));
}
