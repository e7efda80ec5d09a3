use std::fs;

use super::*;
use crate::private::create_dir_private;

fn private() -> (tempfile::TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("logs");
    create_dir_private(&dir).unwrap();
    (temp, dir)
}

fn refused(path: &Path) -> AppendError {
    let opened = Place::open(path).and_then(|place| place.open_file());
    opened.unwrap_err()
}

#[test]
fn a_file_is_made_and_appended_to() {
    let (_temp, dir) = private();
    let path = dir.join("log");
    let place = Place::open(&path).unwrap();
    let mut file = place.open_file().unwrap();
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
fn a_name_that_stands_for_another_file_is_noticed() {
    let (_temp, dir) = private();
    let path = dir.join("log");
    let place = Place::open(&path).unwrap();
    let mut file = place.open_file().unwrap();
    assert!(place.holds(&file).unwrap());

    // Others may rename it although it is open here.
    fs::rename(&path, dir.join("log.0")).unwrap();
    assert!(!place.holds(&file).unwrap());
    file.append(b"late\n").unwrap();
    fs::rename(dir.join("log.0"), &path).unwrap();
    assert!(place.holds(&file).unwrap());

    place.rename("log".as_ref(), "log.1".as_ref()).unwrap();
    place.sync().unwrap();
    assert!(!place.holds(&file).unwrap());
    assert!(place.has("log.1".as_ref()).unwrap() && !place.has("log".as_ref()).unwrap());

    let new = place.open_file().unwrap();
    assert!(!place.holds(&file).unwrap());
    assert!(place.holds(&new).unwrap());
    // Wine 8 replaces nothing that is open.
    drop(file);
    place.rename("log".as_ref(), "log.1".as_ref()).unwrap();
    assert_eq!(fs::read(dir.join("log.1")).unwrap(), b"");
}

#[test]
fn a_new_file_does_not_inherit_the_age_of_its_name() {
    let (_temp, dir) = private();
    let path = dir.join("log");
    let place = Place::open(&path).unwrap();
    drop(place.open_file().unwrap());
    let old = fs::OpenOptions::new().write(true).open(&path).unwrap();
    let day = std::time::Duration::from_secs(86_400);
    let times = fs::FileTimes::new();
    let times = std::os::windows::fs::FileTimesExt::set_created(times, SystemTime::now() - day);
    old.set_times(times).unwrap();
    drop(old);
    place.rename("log".as_ref(), "log.1".as_ref()).unwrap();
    let made_at = place.open_file().unwrap().made_at().unwrap();
    assert!(made_at.elapsed().unwrap_or_default() < day / 2);
}

#[test]
fn a_directory_stays_where_it_is_while_it_is_used() {
    let (_temp, dir) = private();
    let place = Place::open(&dir.join("log")).unwrap();
    let elsewhere = dir.with_extension("elsewhere");
    assert!(fs::rename(&dir, &elsewhere).is_err());
    drop(place);
    fs::rename(&dir, &elsewhere).unwrap();
}

#[test]
fn what_is_no_file_is_refused() {
    let (_temp, dir) = private();
    fs::create_dir(dir.join("dir")).unwrap();
    let error = refused(&dir.join("dir"));
    assert!(
        matches!(
            error,
            AppendError::NotAFile {
                kind: "directory",
                ..
            }
        ),
        "{error}"
    );
    fs::write(dir.join("file"), "").unwrap();
    let error = refused(&dir.join(r"file\log"));
    assert!(
        matches!(error, AppendError::NotADirectory { .. }),
        "{error}"
    );
    let error = refused(&dir.join(r"nowhere\log"));
    assert!(
        matches!(error, AppendError::NoDirectory { .. }) && error.to_string().contains("mkdir"),
        "{error}"
    );
}
