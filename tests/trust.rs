//! Nothing becomes trusted, and nothing is lost, by a change around a watched path: links turned
//! elsewhere, wildcards that find less, moves between monitors, a policy that comes and goes.

mod content;
mod orphans;
#[cfg(unix)]
mod unix;

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::util::{NO_CREATED, Run, Sandbox, action, file_path};

/// A tree with a configuration beside it.
struct Configured {
    sandbox: Sandbox,
    file: PathBuf,
}

impl Configured {
    /// Writes the configuration; `@` stands for the tree. Times of creation are not compared.
    fn new(files: &[(&str, &str)], config: &str) -> Configured {
        let sandbox = Sandbox::with(files);
        let file = sandbox.home().join("waxseal.toml");
        let configured = Configured { sandbox, file };
        configured.write(config);
        configured
    }

    fn write(&self, config: &str) {
        let tree = self.sandbox.written(&self.sandbox.tree());
        let mut config = config.replace('@', &tree);
        if !config.contains("\nattributes") {
            config = config.replace("\npaths", &format!("\n{NO_CREATED}\npaths"));
        }
        fs::write(&self.file, config).unwrap();
    }

    fn run(&self, args: &[&str]) -> Run {
        let mut all = vec!["--config", self.file.to_str().unwrap(), "--format=ndjson"];
        all.extend(args);
        self.sandbox.waxseal(&all)
    }

    /// Runs a verb and returns `action path` of each file event, below the tree.
    fn events(&self, verb: &str) -> Vec<String> {
        let run = self.run(&[verb]);
        let told = run
            .documents()
            .into_iter()
            .filter(|document| document["file"].is_object());
        let line = |document: Value| {
            let name = self.sandbox.name(&file_path(&document)).unwrap();
            format!("{} {name}", action(&document))
        };
        told.map(line).collect()
    }
}

#[test]
fn a_directory_that_a_wildcard_found_is_missed_when_it_is_gone() {
    let files = [("home/al/.ssh/key", "1"), ("home/bob/.ssh/key", "2")];
    let config = "[[monitor]]\nname = \"ssh\"\npaths = [\"@/home/*/.ssh\"]\n";
    let it = Configured::new(&files, config);
    it.run(&["scan"]).exits(0);
    fs::remove_dir_all(it.sandbox.path("home/bob/.ssh")).unwrap();
    fs::remove_dir_all(it.sandbox.path("home/al")).unwrap();
    let gone = [
        "deleted home/al/.ssh",
        "deleted home/al/.ssh/key",
        "deleted home/bob/.ssh",
        "deleted home/bob/.ssh/key",
    ];
    assert_eq!(it.events("check"), gone);
    assert_eq!(it.events("scan"), gone);
    assert_eq!(it.events("check"), gone);
}

#[test]
fn a_move_out_of_a_manual_monitor_stays_open_whatever_it_moves_into() {
    let config = "[[monitor]]\nname = \"man\"\npaths = [\"@/man\"]\n\
                  [[monitor]]\nname = \"aut\"\npaths = [\"@/aut\"]\naccept = \"auto\"\n";
    let it = Configured::new(&[("man/f", "1"), ("aut/", "")], config);
    it.run(&["scan"]).exits(0);
    fs::rename(it.sandbox.path("man/f"), it.sandbox.path("aut/f")).unwrap();
    it.run(&["scan"]).exits(1);
    assert_eq!(it.events("check"), ["deleted man/f"]);
}

#[test]
fn an_open_difference_stays_open_when_its_path_leaves_the_policy_and_returns() {
    let with = |exclude: &str| {
        format!("[[monitor]]\nname = \"m\"\npaths = [\"@\"]\nexclude_files = [{exclude}]\n")
    };
    let it = Configured::new(&[("a", "1"), ("b", "1")], &with(""));
    it.run(&["scan"]).exits(0);
    it.sandbox.write("a", "changed");
    it.run(&["scan"]).exits(1);
    it.write(&with("\"a\""));
    assert_eq!(it.events("check"), ["updated a"], "before a scan knows");
    it.run(&["scan"]).exits(1);
    let journal = it.run(&["log"]).exits(0).stdout;
    let told = "left the policy with a difference nobody approved";
    assert!(journal.contains(told), "{journal}");
    assert_eq!(it.events("check"), ["updated a"]);
    it.write(&with(""));
    it.run(&["scan"]).exits(1);
    assert_eq!(it.events("check"), ["updated a"]);
    it.run(&["accept", "--all", "--reason", "mine"]).exits(0);
    it.run(&["scan"]).exits(0);
    it.run(&["check", "--full"]).exits(0);
}

#[test]
fn a_monitor_turned_automatic_approves_nothing_that_was_open() {
    let config = "[[monitor]]\nname = \"m\"\npaths = [\"@\"]\n";
    let it = Configured::new(&[("a", "1"), ("b", "1")], config);
    it.run(&["scan"]).exits(0);
    it.sandbox.write("a", "changed");
    it.run(&["scan"]).exits(1);
    it.write(&format!("{config}accept = \"auto\"\n"));
    for full in [&["scan"][..], &["scan", "--full"]] {
        it.run(full).exits(1);
        assert_eq!(it.events("check"), ["updated a"]);
    }
    it.sandbox.write("b", "changed too");
    assert_eq!(it.events("scan"), ["updated b"]);
    assert_eq!(
        it.events("check"),
        ["updated a"],
        "what changes from now on is accepted"
    );
    it.run(&["accept", "--all", "--reason", "mine"]).exits(0);
    it.run(&["scan"]).exits(0);
}

#[test]
fn a_check_still_tells_deleted_directories_where_only_some_files_are_included() {
    let config = "[[monitor]]\nname = \"m\"\npaths = [\"@\"]\ninclude_files = [\"*.conf\"]\n";
    let it = Configured::new(&[("sub/deep/x.conf", "1")], config);
    it.run(&["scan"]).exits(0);
    fs::remove_dir_all(it.sandbox.path("sub")).unwrap();
    let gone = ["deleted sub", "deleted sub/deep", "deleted sub/deep/x.conf"];
    assert_eq!(it.events("scan"), gone);
    assert_eq!(it.events("check"), gone);
}

#[test]
fn a_move_can_be_approved_by_its_event_though_its_origin_never_was() {
    let sandbox = Sandbox::with(&[("old", "1")]).without_created();
    sandbox.baseline();
    sandbox.write("new", "2");
    sandbox.ndjson("scan", &[]).exits(1);
    fs::rename(sandbox.path("new"), sandbox.path("newer")).unwrap();
    let run = sandbox.ndjson("scan", &[]).exits(1);
    let moved = run
        .documents()
        .into_iter()
        .find(|event| event["event"]["action"] == json!(["moved"]));
    let id = moved.unwrap()["event"]["id"].as_str().unwrap().to_owned();
    sandbox
        .waxseal(&["accept", "--event", &id, "--reason", "mine"])
        .exits(0);
    sandbox.ndjson("check", &[]).exits(0);
}

#[test]
fn the_store_is_never_watched_even_when_a_monitor_names_its_files() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    let state = sandbox.state_dir();
    let file = sandbox.home().join("waxseal.toml");
    let config = format!(
        "[[monitor]]\nname = \"m\"\npaths = [\"{}/*\"]\n",
        sandbox.written(&state)
    );
    fs::write(&file, config).unwrap();
    sandbox.baseline();
    for _ in 0..2 {
        sandbox
            .waxseal(&["--config", file.to_str().unwrap(), "scan"])
            .exits(0);
    }
    sandbox
        .waxseal(&["scan", state.join("baseline.db").to_str().unwrap()])
        .exits(2);
}

#[test]
fn content_that_could_not_be_read_is_never_told_approved_or_forgotten() {
    let config = |limit: &str| {
        format!("[[monitor]]\nname = \"m\"\npaths = [\"@\"]\nattributes = [\"-mtime\"]\n{limit}")
    };
    let it = Configured::new(&[("f", &"a".repeat(100))], &config(""));
    it.run(&["scan"]).exits(0);
    it.write(&config("max_file_size = \"50\"\n"));
    it.sandbox.write("f", &"b".repeat(100));
    for _ in 0..2 {
        let summary = it.run(&["scan"]).summary();
        assert_eq!(summary["too_large"], json!(1), "counted each time");
    }
    it.write(&config(""));
    assert_eq!(it.events("scan"), ["updated f"]);
    assert_eq!(it.events("check"), ["updated f"]);
}

#[test]
fn scan_and_check_count_the_same_paths_as_open() {
    let files = [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")];
    let sandbox = Sandbox::with(&files).without_created();
    sandbox.baseline();
    let open = |expected: u64| {
        let runs = ["check", "scan", "check"].map(|verb| sandbox.ndjson(verb, &[]).exits(1));
        let counts = runs.map(|run| run.summary()["open"].clone());
        assert_eq!(counts, [json!(expected), json!(expected), json!(expected)]);
    };
    let rename = |from: &str, to: &str| {
        fs::rename(sandbox.path(from), sandbox.path(to)).unwrap();
    };
    rename("a", "a2");
    open(2);
    rename("b", "c");
    open(4);
    rename("d", "e");
    sandbox.write("d", "new");
    open(6);
    rename("a2", "a3");
    open(6);
    let text = sandbox.waxseal(&["scan"]).exits(1);
    text.says("6 paths are open");
}
