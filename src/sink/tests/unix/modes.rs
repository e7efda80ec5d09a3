//! The mode of the output file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_file_is_made_private_and_keeps_the_mode_that_somebody_gave_it() {
    let log = Log::new();
    let mut sink = log.sink();
    sink.deliver(&events(1..=1)).unwrap();
    assert_eq!(mode(log.path()), 0o600);
    // As logrotate does with `create 0640`.
    fs::rename(log.path(), log.file("second")).unwrap();
    log.put(EVENTS, "");
    fs::set_permissions(log.path(), fs::Permissions::from_mode(0o640)).unwrap();
    sink.deliver(&events(2..=2)).unwrap();
    assert_eq!(log.seqs(), [2]);
    assert_eq!(mode(log.path()), 0o640);
}
