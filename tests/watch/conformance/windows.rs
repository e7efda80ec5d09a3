//! What only Windows has, and what its backend does not see.

use std::fs;

use super::{Performance, Step, Unseen, phase, step};

/// See `docs/limits-windows.md`.
pub(super) const UNSEEN: [Unseen; 2] = [
    Unseen {
        backend: "read_directory_changes",
        step: "hard_link",
        phase: 0,
        missing: &[("attributes_modified", "f")],
        reason: "the system tells of the name that was used only",
    },
    Unseen {
        backend: "read_directory_changes",
        step: "rename_directory",
        phase: 1,
        missing: &[
            ("attributes_modified", "to/d/e/g"),
            ("created", "to/d/e/new"),
            ("updated", "to/d/e/g"),
        ],
        reason: "Wine tells of what is in a renamed directory by its former path; Windows does not",
    },
];

/// Returns the steps.
pub(super) fn steps() -> Vec<Step> {
    vec![step(
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
    )]
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
