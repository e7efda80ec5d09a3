//! Real programs that replace files: what they do is told of the file that a person knows, once.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::Watch;
use crate::util::{Sandbox, file_path};

/// Runs a program in a directory; says whether there is such a program.
fn runs(program: &str, args: &[&str], dir: &Path) -> bool {
    let mut command = Command::new(program);
    command.args(args).current_dir(dir).stdin(Stdio::null());
    command
        .env("HOME", dir)
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    let Ok(output) = command.output() else {
        eprintln!("skipped: needs {program}");
        return false;
    };
    assert!(output.status.success(), "{program}: {output:?}");
    true
}

/// Returns what was journalled of paths below the tree, each event as its actions and its path.
fn told(watch: &mut Watch, sandbox: &Sandbox) -> BTreeSet<(Vec<String>, String)> {
    // Names that are given back are waited for.
    watch.settle();
    watch.news(sandbox);
    let tree = format!("{}/", sandbox.tree().display());
    let log = sandbox
        .waxseal(&["log", "--format=ndjson"])
        .exits(0)
        .documents();
    let about_files = log
        .iter()
        .filter(|event| event["event"]["dataset"] == json!("file"));
    let one = |event: &Value| {
        let actions = event["event"]["action"].as_array().unwrap();
        let actions = actions
            .iter()
            .map(|action| action.as_str().unwrap().to_owned());
        let path = file_path(event).strip_prefix(&tree).unwrap().to_owned();
        (actions.collect(), path)
    };
    let told: Vec<_> = about_files.map(one).collect();
    let each: BTreeSet<_> = told.iter().cloned().collect();
    assert_eq!(told.len(), each.len(), "nothing twice: {told:#?}");
    each
}

fn updated(paths: &[&str]) -> BTreeSet<(Vec<String>, String)> {
    let actions = ["updated", "attributes_modified"].map(str::to_owned);
    let event = |path: &&str| (actions.to_vec(), (*path).to_owned());
    paths.iter().map(event).collect()
}

#[test]
fn sed_in_place_is_an_update() {
    let sandbox = Sandbox::with(&[("a", "one\n"), ("b", "one\n")]);
    let mut watch = Watch::start(&sandbox);
    if runs("sed", &["-i", "s/one/two/", "a", "b"], &sandbox.tree()) {
        assert_eq!(told(&mut watch, &sandbox), updated(&["a", "b"]));
    }
    watch.stop().exits(0);
}

#[test]
fn saving_in_vim_is_an_update() {
    let sandbox = Sandbox::with(&[("notes", "one\n")]);
    let mut watch = Watch::start(&sandbox);
    // As an editor does it for most people: a swap file, a backup by renaming, a new file.
    let args = [
        "-u",
        "NONE",
        "-es",
        "-c",
        "set backupcopy=no writebackup",
        "-c",
        "%s/one/two/",
        "-c",
        "wq",
        "notes",
    ];
    let program = ["vim", "vim.tiny"].into_iter().find(|program| {
        Command::new(program)
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .is_ok()
    });
    if runs(program.unwrap_or("vim"), &args, &sandbox.tree()) {
        let mut told = told(&mut watch, &sandbox);
        // The swap file had content, and a monitor tells of what came and went.
        told.retain(|(_, path)| !path.ends_with(".swp"));
        assert_eq!(told, updated(&["notes"]));
    }
    watch.stop().exits(0);
}

#[test]
fn a_checkout_by_git_is_an_update_of_what_differs() {
    let sandbox = Sandbox::new();
    let tree = sandbox.tree();
    // Its own files are no business of the watch here.
    let git = |args: &[&str]| {
        let aside = sandbox.home().join("repository");
        let mut all = vec!["--git-dir", aside.to_str().unwrap(), "--work-tree", "."];
        all.extend(args);
        runs("git", &all, &tree)
    };
    if !git(&["init", "--quiet"]) {
        return;
    }
    git(&["config", "user.name", "n"]);
    git(&["config", "user.email", "n@example.org"]);
    let names: Vec<String> = (0..40).map(|n| format!("d/f{n:02}")).collect();
    for commit in ["first", "second"] {
        names
            .iter()
            .for_each(|name| sandbox.write(name, &format!("{name} {commit}")));
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "--message", commit]);
        git(&["tag", commit]);
    }
    let mut watch = Watch::start(&sandbox);
    git(&["checkout", "--quiet", "first"]);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(told(&mut watch, &sandbox), updated(&names));
    watch.stop().exits(0);
}

#[test]
fn an_upgrade_by_dpkg_is_an_update_of_each_file() {
    let sandbox = Sandbox::new();
    let (tree, home) = (sandbox.tree(), sandbox.home());
    let names: Vec<String> = (0..50).map(|n| format!("usr/lib/x/f{n:02}")).collect();
    for version in ["1", "2"] {
        let top = home.join(version);
        for name in &names {
            let path = top.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{name} {version}")).unwrap();
        }
        fs::create_dir(top.join("DEBIAN")).unwrap();
        let control = format!(
            "Package: x\nVersion: {version}\nArchitecture: all\nMaintainer: x <x@example.org>\n\
             Description: x\n"
        );
        fs::write(top.join("DEBIAN/control"), control).unwrap();
        let built = format!("{version}.deb");
        if !runs(
            "dpkg-deb",
            &["--build", "--root-owner-group", version, &built],
            &home,
        ) {
            return;
        }
    }
    // A database of its own: that of the system is left alone.
    let admin = home.join("dpkg");
    for dir in ["info", "updates"] {
        fs::create_dir_all(admin.join(dir)).unwrap();
    }
    ["status", "available"]
        .iter()
        .for_each(|name| fs::write(admin.join(name), "").unwrap());
    let install = |package: &str| {
        let places = [
            format!("--admindir={}", admin.display()),
            format!("--instdir={}", tree.display()),
            format!("--log={}", home.join("log").display()),
        ];
        let mut args: Vec<&str> = places.iter().map(String::as_str).collect();
        args.extend(["--force-not-root", "--force-bad-path", "--install", package]);
        runs("dpkg", &args, &home)
    };
    install("1.deb");
    let mut watch = Watch::start(&sandbox);
    install("2.deb");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(told(&mut watch, &sandbox), updated(&names));
    watch.stop().exits(0);
}
