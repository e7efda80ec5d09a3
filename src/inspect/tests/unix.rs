//! Objects that only Unix has everywhere.

use std::os::unix::fs::symlink;
use std::process::Command;

use super::*;

#[test]
fn links_and_pipes_are_looked_at_without_being_read() {
    let dir = TempDir::new().unwrap();
    symlink("nowhere", dir.path().join("link")).unwrap();
    let fifo = dir.path().join("fifo");
    assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
    is_looked_at_unread(&dir, "link", Kind::Symlink);
    is_looked_at_unread(&dir, "fifo", Kind::Fifo);
}
