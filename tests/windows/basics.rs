//! Scan, check, accept, log and hash.

use std::fs;
use std::process::Command;

use super::{telling, told};
use crate::util::{Run, Sandbox, action, file_path};

#[test]
fn exactly_what_was_done_is_told_and_approved() {
    let files = [
        ("kept", "1"),
        ("written", "before"),
        ("sub/moved", "this moves"),
        ("sub/deleted", "2"),
        ("readonly", "3"),
    ];
    let sandbox = Sandbox::with(&files).without_created();
    sandbox.waxseal(&["scan"]).exits(0);
    sandbox.write("written", "after it");
    sandbox.write("new/file", "4");
    fs::rename(sandbox.path("sub/moved"), sandbox.path("elsewhere")).unwrap();
    fs::remove_file(sandbox.path("sub/deleted")).unwrap();
    let mut permissions = fs::metadata(sandbox.path("readonly"))
        .unwrap()
        .permissions();
    permissions.set_readonly(true);
    fs::set_permissions(sandbox.path("readonly"), permissions).unwrap();

    let scan = sandbox.waxseal(&["scan", "--format=ndjson"]).exits(1);
    let mut told: Vec<(String, String)> = scan
        .changes()
        .into_iter()
        .map(|(action, path)| (action, sandbox.name(&path).unwrap()))
        .collect();
    told.sort();
    let expected = [
        ("attributes_modified", "readonly"),
        ("created", "new"),
        ("created", "new/file"),
        ("deleted", "sub/deleted"),
        ("moved", "elsewhere"),
        ("updated", "written"),
    ];
    let expected = expected.map(|(action, path)| (action.to_owned(), path.to_owned()));
    assert_eq!(told, expected);

    let again = sandbox.waxseal(&["scan", "--format=ndjson"]);
    assert_eq!(again.changes(), []);
    sandbox.waxseal(&["check"]).exits(1);
    sandbox
        .waxseal(&["accept", "--all", "--reason", "wanted"])
        .exits(0);
    sandbox.waxseal(&["check"]).exits(0);
    sandbox.waxseal(&["log", "--verify"]).exits(0);
    let log = sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
    let moved = log
        .documents()
        .into_iter()
        .find(|event| action(event) == "moved");
    let moved = moved.expect("it is journalled");
    assert!(file_path(&moved).ends_with(r"tree\elsewhere"), "{moved}");
    let drive = sandbox
        .tree()
        .to_str()
        .unwrap()
        .get(..1)
        .unwrap()
        .to_owned();
    assert_eq!(moved["file"]["drive_letter"], drive.as_str(), "{moved}");
    let owner = moved["file"]["uid"].as_str().unwrap();
    assert!(owner.starts_with("S-1-"), "{owner}");
    assert!(moved["file"]["mode"].is_null(), "there is none here");
    let descriptor = moved["file"]["security_descriptor"].as_str().unwrap();
    assert!(descriptor.starts_with("O:"), "{descriptor}");
}

#[test]
fn a_path_means_the_same_in_whatever_case_it_is_typed() {
    let sandbox = Sandbox::with(&[("Sub/File", "1")]);
    sandbox.baseline();
    sandbox.write("Sub/File", "changed");
    let typed = sandbox.path("SUB").to_str().unwrap().to_uppercase();
    let scan = sandbox
        .waxseal(&["scan", "--format=ndjson", &typed])
        .exits(1);
    let told = scan.changes();
    let updated = (
        "updated".to_owned(),
        sandbox.path(r"Sub\File").to_str().unwrap().to_owned(),
    );
    assert!(told.contains(&updated), "{told:?}");
}

#[test]
fn digests_are_those_of_everywhere() {
    let sandbox = Sandbox::with(&[("file", "abc")]);
    let hash = sandbox
        .waxseal(&["hash", "--hash-types=md5,sha256", "file"])
        .exits(0);
    let hash = hash.says("900150983cd24fb0d6963f7d28e17f72");
    hash.says("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn the_default_configuration_is_free_of_mistakes() {
    let sandbox = Sandbox::new();
    let config = sandbox.home().join("waxseal.toml");
    fs::write(
        &config,
        include_str!("../../src/config/defaults/windows.toml"),
    )
    .unwrap();
    let config = format!("--config={}", config.display());
    let check = sandbox.waxseal(&["config", "check", &config]).exits(0);
    assert_eq!(check.stderr, "", "no warnings");
}

#[test]
fn patterns_match_in_any_case() {
    let sandbox = Sandbox::with(&[("A.LOG", "1"), ("b.txt", "2")]);
    let config = sandbox.home().join("waxseal.toml");
    let tree = sandbox.tree();
    let text =
        format!("[[monitor]]\nname = \"m\"\npaths = [{tree:?}]\nexclude_files = [\"*.log\"]\n");
    fs::write(&config, text).unwrap();
    let config = format!("--config={}", config.display());
    let explain = |name: &str| {
        let path = sandbox.path(name);
        let path = path.to_str().unwrap();
        sandbox.waxseal(&["explain", &config, path]).stdout
    };
    assert!(
        explain("A.LOG").contains("leaves it out: *.log"),
        "{}",
        explain("A.LOG")
    );
    assert!(
        explain("b.txt").contains("watched by monitor m"),
        "{}",
        explain("b.txt")
    );
}

#[test]
fn who_may_do_what_is_told_when_it_changes() {
    let sandbox =
        Sandbox::with(&[("file", "1"), ("dir/inner", "2"), ("other", "3")]).without_created();
    sandbox.waxseal(&["scan"]).exits(0);
    // Everybody gets the right to write.
    for (name, change) in [("file", "*S-1-1-0:(W)"), ("dir", "*S-1-1-0:(F)")] {
        let icacls = Command::new("icacls")
            .arg(sandbox.path(name))
            .args(["/grant", change])
            .output();
        Run::of(icacls.unwrap()).exits(0);
    }
    let descriptor = ["security_descriptor"];
    let expected = ["dir", "file"].map(|name| telling("attributes_modified", name, &descriptor));
    assert_eq!(told(&sandbox), expected);
}

#[test]
fn names_behind_a_wildcard_are_found_in_any_case() {
    let sandbox = Sandbox::with(&[("one/Data}/Etc/file", "1"), ("two/other/file", "2")]);
    let config = sandbox.home().join("waxseal.toml");
    let tree = sandbox.tree();
    let paths = [tree.join(r"*\data}\ETC"), tree.join(r"**\OTHER\FILE")];
    fs::write(
        &config,
        format!("[[monitor]]\nname = \"m\"\npaths = {paths:?}\n"),
    )
    .unwrap();
    let config = format!("--config={}", config.display());
    sandbox.waxseal(&["scan", &config]).exits(0);
    for file in ["one/Data}/Etc/file", "two/other/file"] {
        sandbox.write(file, "changed");
    }
    let scan = sandbox
        .waxseal(&["scan", &config, "--format=ndjson"])
        .exits(1);
    let told = scan.changes().into_iter();
    let told: Vec<String> = told.map(|(_, path)| sandbox.name(&path).unwrap()).collect();
    assert_eq!(told, ["one/Data}/Etc/file", "two/other/file"]);
}
