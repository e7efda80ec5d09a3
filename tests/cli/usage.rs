//! Help, wrong usage, and what is made for shells and readers.

use super::{VERBS, three_files};
use crate::util::Sandbox;

#[test]
fn every_verb_has_help_with_examples() {
    let sandbox = Sandbox::new();
    sandbox
        .waxseal(&["--help"])
        .exits(0)
        .says("Exit status:")
        .says("Examples:");
    for verb in VERBS {
        sandbox
            .waxseal(&[verb, "--help"])
            .exits(0)
            .says("Examples:")
            .says("--state-dir");
    }
    sandbox
        .waxseal(&["--version"])
        .exits(0)
        .says(env!("CARGO_PKG_VERSION"));
}

#[test]
fn wrong_usage_exits_2_and_says_what_to_do() {
    let sandbox = three_files();
    let table: [(&[&str], &str); 10] = [
        (&["no-such-verb"], "unrecognized"),
        (&["scan", "--no-such-option"], "unexpected"),
        (&["scan"], "waxseal init"),
        (&["scan", "nowhere"], "does not exist"),
        (&["scan", "--hash-types", "sha256"], "PATH"),
        (&["scan", "--hash-types", "crc32", "a"], "crc32"),
        (&["check"], "waxseal scan"),
        (&["log"], "waxseal scan"),
        (&["accept", "--all"], "--reason"),
        (&["accept", "--reason", "because"], "--all"),
    ];
    for (args, hint) in table {
        sandbox.waxseal(args).exits(2).complains(hint);
    }
    assert!(
        !sandbox.state_dir().exists(),
        "a refused run leaves nothing behind"
    );
}

#[test]
fn completions_and_manual_pages_are_made() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        sandbox
            .waxseal(&["completions", shell])
            .exits(0)
            .says("waxseal");
    }
    sandbox.waxseal(&["man"]).exits(0).says(".TH");
    let dir = sandbox.home();
    sandbox
        .waxseal(&["man", "--dir", dir.to_str().unwrap()])
        .exits(0);
    for verb in VERBS {
        assert!(dir.join(format!("waxseal-{verb}.1")).exists(), "{verb}");
    }
    assert!(!dir.join("waxseal-man.1").exists(), "hidden");
}
