//! Init, and the configuration that is used, shown and refused.

use std::fs;

use serde_json::json;

use super::three_files;
use crate::util::Sandbox;

#[test]
fn init_writes_a_configuration_once() {
    let sandbox = Sandbox::new();
    let config = sandbox.home().join("new/waxseal.toml");
    let config = config.to_str().unwrap();
    sandbox
        .waxseal(&["--config", config, "init", "--no-scan"])
        .exits(0)
        .complains("wrote ");
    sandbox
        .waxseal(&["--config", config, "config", "check"])
        .exits(0)
        .says("is valid");
    sandbox
        .waxseal(&["--config", config, "init", "--no-scan"])
        .exits(2)
        .complains("--force");
    sandbox
        .waxseal(&["--config", config, "init", "--no-scan", "--force"])
        .exits(0);
}

#[test]
fn init_begins_with_the_configuration_of_a_package() {
    let sandbox = three_files();
    let config = sandbox.home().join("waxseal.toml");
    let monitor = format!(
        "[[monitor]]\nname = \"dir\"\npaths = [\"{}\"]\n",
        sandbox.written(&sandbox.path("dir"))
    );
    fs::write(&config, &monitor).unwrap();
    let config_text = config.to_str().unwrap();
    sandbox
        .waxseal(&["--config", config_text, "init", "--no-scan"])
        .exits(2)
        .complains("exists already: take a baseline with `waxseal scan`, or");
    sandbox
        .waxseal(&["--config", config_text, "init"])
        .exits(0)
        .complains("exists already, and is used as it is")
        .says("first baseline taken");
    assert_eq!(fs::read_to_string(&config).unwrap(), monitor);
    sandbox
        .waxseal(&["--config", config_text, "init"])
        .exits(2)
        .complains("exists already, and so does a baseline: compare with `waxseal scan`, or");
}

#[test]
fn the_configuration_is_used_shown_and_refused_with_its_line() {
    let sandbox = three_files();
    let config = sandbox.home().join("waxseal.toml");
    let config_text = config.to_str().unwrap();
    let monitor = format!(
        "[[monitor]]\nname = \"dir\"\npaths = [\"{}\"]\nexclude_files = [\"c\"]\n",
        sandbox.written(&sandbox.path("dir"))
    );
    fs::write(&config, &monitor).unwrap();
    let run = |args: &[&str]| sandbox.waxseal(&[&["--config", config_text], args].concat());
    run(&["scan"]).exits(0).says("of 2 paths");
    run(&["config", "show"])
        .exits(0)
        .says("hash_types = [\"sha256\"]");
    run(&["explain", "dir/c"]).exits(0).says("leaves it out: c");

    fs::write(&config, monitor.replace("exclude_files = [\"c\"]\n", "")).unwrap();
    let joined = run(&["scan", "--format=ndjson"]).exits(0);
    assert_eq!(
        (joined.changes().len(), &joined.summary()["joined"]),
        (0, &json!(1))
    );

    fs::write(&config, format!("{monitor}no_such_key = 1\n")).unwrap();
    for args in [&["config", "check"][..], &["scan"], &["check"]] {
        run(args).exits(2).complains(":5:").complains("no_such_key");
    }
    run(&["status"]).exits(0).says("policy           unknown");
    fs::remove_file(&config).unwrap();
    run(&["scan"]).exits(2).complains("waxseal.toml");
}
