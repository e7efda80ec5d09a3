//! Expansion on a real file system.

use std::fs;

use waxseal_platform::place;

use super::*;

/// Makes directories (with a trailing slash) and files below a fresh directory.
pub(super) fn tree(entries: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let top = place::real(temp.path()).unwrap();
    for entry in entries {
        let path = top.join(entry);
        fs::create_dir_all(if entry.ends_with('/') {
            &path
        } else {
            path.parent().unwrap()
        })
        .unwrap();
        if !entry.ends_with('/') {
            fs::write(path, "").unwrap();
        }
    }
    (temp, top)
}

/// Returns the resolved roots below `top`, missing ones with a question mark.
pub(super) fn found(top: &Path, monitors: Vec<MonitorSpec>) -> Vec<String> {
    let spec = PolicySpec { monitors }.resolved();
    let policy = Policy::compile(&spec).unwrap();
    let shown = policy.roots().into_iter().map(|root| {
        let path = sample::written(root.path.strip_prefix(top).unwrap());
        let missing = if root.exists { "" } else { "?" };
        format!("{} {path}{missing}", policy.rules()[root.rule].name)
    });
    shown.collect()
}

pub(super) fn below(name: &str, top: &Path, paths: &[&str]) -> MonitorSpec {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| format!("{}/{path}", top.display()))
        .collect();
    monitor(name, &paths.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn wildcards_are_looked_for_name_by_name() {
    let (_keep, top) = tree(&[
        "home/u/.ssh/",
        "home/v/.ssh/",
        "home/w/",
        "home/file",
        "opt/x/y/.ssh/",
        "a[1]",
    ]);
    let home = below("m", &top, &["home/*/.ssh"]);
    assert_eq!(found(&top, vec![home]), ["m home/u/.ssh", "m home/v/.ssh"]);
    let any = below("m", &top, &["**/.ssh"]);
    assert_eq!(
        found(&top, vec![any]),
        ["m home/u/.ssh", "m home/v/.ssh", "m opt/x/y/.ssh"]
    );
    let escaped = below("m", &top, &["a[[]1]", "none/*"]);
    assert_eq!(found(&top, vec![escaped]), ["m a[1]"]);
}

#[test]
fn a_written_path_is_listed_also_when_missing() {
    let (_keep, top) = tree(&["etc/ssh/"]);
    let etc = below("etc", &top, &["etc", "etc/later", "etc/ssh/"]);
    let ssh = below("ssh", &top, &["etc/ssh", "srv/later"]);
    assert_eq!(
        found(&top, vec![etc, ssh]),
        ["etc etc", "etc etc/later?", "ssh etc/ssh", "ssh srv/later?"],
        "each once, under the rule that decides"
    );
}

#[test]
fn excluded_roots_are_left_out() {
    let (_keep, top) = tree(&["home/u/", "home/guest/", "home/x.conf", "home/x.txt"]);
    let mut homes = below("m", &top, &["home/*"]);
    homes.exclude_files = patterns(&["guest"]);
    homes.include_files = patterns(&["*.conf"]);
    assert_eq!(found(&top, vec![homes]), ["m home/u", "m home/x.conf"]);
}
