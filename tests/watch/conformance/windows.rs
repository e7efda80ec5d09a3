//! What only Windows has, and what its backend does not see.

use std::fs;
use std::fs::OpenOptions;
use std::os::windows::fs::FileExt as _;

use super::{Performance, Step, UPDATED, Unseen, phase, step};

pub(super) const UNSEEN: [Unseen; 0] = [];

/// Returns the steps.
pub(super) fn steps() -> Vec<Step> {
    vec![
        step(
            "same_size",
            &["f"],
            vec![phase(
                |at| {
                    let file = OpenOptions::new().write(true).open(at.path("f")).unwrap();
                    file.seek_write(b"W", 0).unwrap();
                },
                &UPDATED,
            )],
        ),
        step(
            "readonly",
            &["f"],
            vec![phase(
                |at| {
                    let mut permissions = fs::metadata(at.path("f")).unwrap().permissions();
                    permissions.set_readonly(true);
                    fs::set_permissions(at.path("f"), permissions).unwrap();
                },
                &[("attributes_modified", "f")],
            )],
        ),
    ]
}

#[test]
fn read_directory_changes_tells_what_the_script_does() {
    let mut performance = Performance::begin("read_directory_changes");
    performance.one_by_one();
    performance.end();
}

#[test]
fn polling_tells_what_the_script_does() {
    let mut performance = Performance::begin("poll");
    performance.together();
    performance.end();
}
