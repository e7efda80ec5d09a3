//! Permissions and mounts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::super::content::{NEW, OLD, baseline, config, stays_open};
use super::Configured;
use crate::util::{Mount, Sandbox, is_root};

#[test]
fn a_check_tells_what_is_open_where_it_cannot_look() {
    let config = "[[monitor]]\nname = \"m\"\npaths = [\"@\"]\none_file_system = true\n";
    let it = Configured::new(&[("sub/f", "1"), ("g", "1")], config);
    it.run(&["scan"]).exits(0);
    it.sandbox.write("sub/f", "changed");
    it.run(&["scan"]).exits(1);
    if !is_root() {
        // An unreadable directory does for everybody but root.
        let closed = |mode| {
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(it.sandbox.path("sub"), mode).unwrap();
        };
        let before = fs::metadata(it.sandbox.path("sub"))
            .unwrap()
            .permissions()
            .mode();
        closed(0o000);
        let told = it.events("check");
        closed(before);
        assert!(told.contains(&"updated sub/f".to_owned()), "{told:?}");
        return;
    }
    let mount = Mount::tmpfs(it.sandbox.path("sub"), "size=1m");
    let told = it.events("check");
    drop(mount);
    assert!(told.contains(&"updated sub/f".to_owned()), "{told:?}");
    assert_eq!(it.events("check"), ["updated sub/f"]);
}

#[test]
fn a_rename_over_a_watched_file_tells_what_it_put_an_end_to() {
    let sandbox = Sandbox::with(&[("evil", "bad"), ("passwd", "good")]);
    fs::set_permissions(sandbox.path("evil"), fs::Permissions::from_mode(0o600)).unwrap();
    sandbox.baseline();
    fs::rename(sandbox.path("evil"), sandbox.path("passwd")).unwrap();
    let run = sandbox.ndjson("scan", &[]).exits(1);
    let changes = run.documents();
    let [moved] = changes.as_slice() else {
        panic!("{changes:?}")
    };
    let text = moved.to_string();
    assert!(
        text.contains("0644") && text.contains("0600"),
        "both states are told: {text}"
    );
}

#[test]
fn content_that_changes_while_another_difference_is_open_is_told_by_a_check() {
    let it = baseline(OLD);
    let mode = |mode| {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(it.sandbox.path("f"), permissions).unwrap();
    };
    mode(0o600);
    it.run(&["scan"]).exits(1);
    it.write(&config(NEW));
    it.run(&["scan"]).exits(1);
    it.sandbox.write("f", "evil");
    assert_eq!(it.events("scan"), ["updated f"]);
    assert_eq!(it.events("check"), ["updated f"]);
    mode(0o644);
    it.run(&["scan"]).exits(1);
    stays_open(&it, &["updated f"]);
}
