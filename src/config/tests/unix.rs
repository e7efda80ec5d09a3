//! Links, which anybody may make on Unix.

use std::os::unix::fs::symlink;

use super::Outputs;

#[test]
fn an_output_file_is_found_behind_links() {
    let outputs = Outputs::new();
    symlink("watched", outputs.top.join("link1")).unwrap();
    symlink("state", outputs.top.join("link2")).unwrap();
    outputs.refused("link1/log", "watches this file");
    outputs.refused("link2/baseline.db", "is in the state directory");
}
