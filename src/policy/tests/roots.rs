//! Expansion and links on a real file system.

use std::fs;

use super::*;

/// Makes directories (with a trailing slash) and files below a fresh directory.
fn tree(entries: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let top = temp.path().canonicalize().unwrap();
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

/// Makes a symbolic link.
#[expect(deprecated, reason = "the one way that compiles for every OS")]
fn link(target: impl AsRef<Path>, at: PathBuf) {
    fs::soft_link(target, at).unwrap();
}

/// Returns the resolved roots below `top`, missing ones with a question mark.
fn found(top: &Path, monitors: Vec<MonitorSpec>) -> Vec<String> {
    let spec = PolicySpec { monitors }.resolved();
    let policy = Policy::compile(&spec).unwrap();
    let shown = policy.roots().into_iter().map(|root| {
        let path = root.path.strip_prefix(top).unwrap().display();
        let missing = if root.exists { "" } else { "?" };
        format!("{} {path}{missing}", policy.rules()[root.rule].name)
    });
    shown.collect()
}

fn below(name: &str, top: &Path, paths: &[&str]) -> MonitorSpec {
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
    link(top.join("home/u"), top.join("home/link"));
    let home = below("m", &top, &["home/*/.ssh"]);
    assert_eq!(
        found(&top, vec![home]),
        ["m home/u/.ssh", "m home/v/.ssh"],
        "no link is followed"
    );
    let any = below("m", &top, &["**/.ssh"]);
    assert_eq!(
        found(&top, vec![any]),
        ["m home/u/.ssh", "m home/v/.ssh", "m opt/x/y/.ssh"]
    );
    let links = below("m", &top, &["home/l*"]);
    assert_eq!(
        found(&top, vec![links]),
        ["m home/link"],
        "the link itself is watched"
    );
    let escaped = below("m", &top, &["a\\[1\\]", "none/*"]);
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
fn links_in_a_written_path_are_resolved_and_nothing_is_listed_twice() {
    let (_keep, top) = tree(&["usr/bin/ls", "data/home/u/.ssh/"]);
    link("usr/bin", top.join("bin"));
    link("data/home", top.join("home"));
    link("nowhere", top.join("dangling"));
    let merged = below("m", &top, &["bin", "usr/bin"]);
    assert_eq!(found(&top, vec![merged]), ["m bin", "m usr/bin"]);
    let through = below(
        "m",
        &top,
        &["bin/ls", "bin/later", "home/*/.ssh", "dangling"],
    );
    assert_eq!(
        found(&top, vec![through]),
        [
            "m dangling",
            "m data/home/u/.ssh",
            "m usr/bin/later?",
            "m usr/bin/ls"
        ]
    );
}

#[test]
fn a_resolved_policy_decides_about_the_real_paths() {
    let (_keep, top) = tree(&["usr/bin/ls"]);
    link("usr/bin", top.join("bin"));
    let spec = PolicySpec {
        monitors: vec![below("m", &top, &["bin"])],
    }
    .resolved();
    let policy = Policy::compile(&spec).unwrap();
    assert_eq!(decided(&policy, &top.join("usr/bin/ls"), Kind::File), "m");
    assert_eq!(decided(&policy, &top.join("bin"), Kind::Symlink), "m");
    assert_eq!(spec.resolved(), spec, "resolving again changes nothing");
}

#[test]
fn excluded_roots_are_left_out() {
    let (_keep, top) = tree(&["home/u/", "home/guest/", "home/x.conf", "home/x.txt"]);
    let mut homes = below("m", &top, &["home/*"]);
    homes.exclude_files = strings(&["guest"]);
    homes.include_files = strings(&["*.conf"]);
    assert_eq!(found(&top, vec![homes]), ["m home/u", "m home/x.conf"]);
}

#[test]
fn a_directory_that_cannot_be_searched_stands_for_what_it_hides() {
    let (_keep, top) = tree(&[]);
    // Any error but absence will do; this one needs no second user.
    let too_long = "x".repeat(300);
    let hidden = below("m", &top, &[&format!("{too_long}/*/.ssh")]);
    assert_eq!(found(&top, vec![hidden]), [format!("m {too_long}")]);
}
