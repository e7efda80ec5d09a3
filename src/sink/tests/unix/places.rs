//! Where nothing is written, and going on once it can be.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use super::super::*;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn links_pipes_and_directories_are_refused_without_waiting() {
    let log = Log::new();
    let target = log.file("target");
    fs::write(&target, "").unwrap();
    let mut sink = log.sink();
    for kind in ["link", "dangling link", "FIFO", "directory"] {
        match kind {
            "link" => symlink(&target, log.path()).unwrap(),
            "dangling link" => symlink("nowhere", log.path()).unwrap(),
            "FIFO" => {
                let made = Command::new("mkfifo").arg(log.path()).status();
                assert!(made.unwrap().success());
            }
            _ => fs::create_dir(log.path()).unwrap(),
        }
        let error = refused(&mut sink, 1..=1).to_string();
        let kind = kind.trim_start_matches("dangling ");
        assert!(
            error.contains(&format!("is a {kind}, not a file")),
            "{error}"
        );
        let _ = fs::remove_file(log.path()).or_else(|_| fs::remove_dir(log.path()));
    }
    assert_eq!(fs::read(&target).unwrap(), b"");
    sink.deliver(&events(1..=1)).unwrap();
    assert_eq!(log.seqs(), [1]);
}

#[test]
fn a_link_put_in_the_place_of_the_open_file_is_refused() {
    let log = Log::new();
    let mut sink = log.sink();
    sink.deliver(&events(1..=1)).unwrap();
    fs::rename(log.path(), log.file("moved")).unwrap();
    symlink("moved", log.path()).unwrap();
    let error = refused(&mut sink, 2..=2).to_string();
    assert!(error.contains("is a link"), "{error}");
    assert_eq!(log.seqs_of("moved"), [1]);
}

// Wine keeps the name of a removed file until nobody has it open.
#[test]
fn a_removed_file_or_directory_is_noticed() {
    let log = Log::new();
    let mut sink = log.sink();
    sink.deliver(&events(1..=1)).unwrap();
    fs::remove_file(log.path()).unwrap();
    sink.deliver(&events(2..=2)).unwrap();
    assert_eq!(log.seqs(), [2]);

    fs::remove_dir_all(&log.dir).unwrap();
    let error = refused(&mut sink, 3..=3).to_string();
    assert!(error.contains("mkdir"), "{error}");
    create_dir_private(&log.dir).unwrap();
    sink.deliver(&events(3..=3)).unwrap();
    assert_eq!(log.seqs(), [3]);
}

#[test]
fn an_unsafe_place_is_refused_until_it_is_safe() {
    let log = Log::new();
    let mut sink = log.sink();
    set_mode(&log.dir, 0o770);
    let error = refused(&mut sink, 1..=1).to_string();
    assert!(
        error.starts_with("cannot write events to a file") && error.contains("chmod go-w"),
        "{error}"
    );
    set_mode(&log.dir, 0o700);
    sink.deliver(&events(1..=1)).unwrap();

    // Also when it turns unsafe while the file is open.
    set_mode(&log.dir, 0o702);
    refused(&mut sink, 2..=2);
    set_mode(&log.dir, 0o755);
    sink.deliver(&events(2..=2)).unwrap();
    assert_eq!(log.seqs(), [1, 2]);
}

#[test]
fn what_cannot_be_written_is_written_later() {
    if waxseal_platform::host::is_privileged() {
        eprintln!("skipped: root may write everywhere");
        return;
    }
    let log = Log::new();
    let mut sink = log.sink();
    set_mode(&log.dir, 0o500);
    let error = refused(&mut sink, 1..=1).to_string();
    assert!(error.contains("ermission denied"), "{error}");
    set_mode(&log.dir, 0o700);
    sink.deliver(&events(1..=1)).unwrap();

    set_mode(log.path(), 0o400);
    refused(&mut log.sink(), 2..=2);
    set_mode(log.path(), 0o600);
    log.sink().deliver(&events(2..=2)).unwrap();
    assert_eq!(log.seqs(), [1, 2]);
}
