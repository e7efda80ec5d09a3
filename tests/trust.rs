//! Nothing becomes trusted, and nothing is lost, by a change around a watched path: links turned
//! elsewhere, wildcards that find less, moves between monitors, a policy that comes and goes.

mod compared;
mod content;
mod orphans;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::util::{Mount, Run, Sandbox, is_root};

/// A tree with a configuration beside it.
struct Configured {
    sandbox: Sandbox,
    file: PathBuf,
}

impl Configured {
    /// Writes the configuration; `@` stands for the tree.
    fn new(files: &[(&str, &str)], config: &str) -> Configured {
        let sandbox = Sandbox::with(files);
        let file = sandbox.home().join("waxseal.toml");
        let configured = Configured { sandbox, file };
        configured.write(config);
        configured
    }

    fn write(&self, config: &str) {
        let tree = self.sandbox.tree();
        fs::write(&self.file, config.replace('@', tree.to_str().unwrap())).unwrap();
    }

    fn run(&self, args: &[&str]) -> Run {
        let mut all = vec!["--config", self.file.to_str().unwrap(), "--format=ndjson"];
        all.extend(args);
        self.sandbox.waxseal(&all)
    }

    /// Runs a verb and returns `action path` of each file event, below the tree.
    fn events(&self, verb: &str) -> Vec<String> {
        let run = self.run(&[verb]);
        let top = format!("{}/", self.sandbox.tree().display());
        let told = run
            .documents()
            .into_iter()
            .filter(|document| document["file"].is_object());
        let line = |document: Value| {
            let path = document["file"]["path"]
                .as_str()
                .unwrap()
                .replacen(&top, "", 1);
            format!(
                "{} {path}",
                document["event"]["action"][0].as_str().unwrap()
            )
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
fn a_parent_turned_into_a_link_takes_nothing_out_of_the_policy_and_brings_nothing_in() {
    let config = "[[monitor]]\nname = \"app\"\npaths = [\"@/app/etc\"]\n";
    let it = Configured::new(&[("app/etc/f", "good"), ("evil/etc/f", "bad")], config);
    it.run(&["scan"]).exits(0);
    fs::rename(it.sandbox.path("app"), it.sandbox.path("app.bak")).unwrap();
    symlink("evil", it.sandbox.path("app")).unwrap();
    let expected = [
        "deleted app/etc",
        "deleted app/etc/f",
        "created evil/etc",
        "created evil/etc/f",
    ];
    assert_eq!(it.events("check"), expected);
    assert_eq!(it.events("scan"), expected);
    it.run(&["scan"]).exits(1);
    assert_eq!(it.events("check"), expected);
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
fn what_a_link_is_turned_to_is_new_however_the_scan_is_asked_for() {
    for named_again in [true, false] {
        let sandbox = Sandbox::with(&[("good/f", "1"), ("evil/f", "2")]);
        symlink("good", sandbox.path("lnk")).unwrap();
        sandbox.waxseal(&["scan", "lnk"]).exits(0);
        fs::remove_file(sandbox.path("lnk")).unwrap();
        symlink("evil", sandbox.path("lnk")).unwrap();
        let mut args = vec!["scan", "--format=ndjson"];
        args.extend(named_again.then_some("lnk"));
        let run = sandbox.waxseal(&args).exits(1);
        let told = run.changes();
        let created = |name: &str| {
            let path = sandbox.path(name).to_str().unwrap().to_owned();
            told.contains(&("created".to_owned(), path))
        };
        assert!(created("evil") && created("evil/f"), "{told:?}");
        assert_eq!(run.summary()["joined"], json!(0));
        let check = sandbox.waxseal(&["check", "--format=ndjson"]).exits(1);
        assert_eq!(check.changes().len(), 3, "{}", check.stdout);
    }
}

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
    let sandbox = Sandbox::with(&[("old", "1")]);
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
        state.display()
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
fn scan_and_check_count_the_same_paths_as_open() {
    let sandbox = Sandbox::with(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]);
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

#[test]
fn a_check_of_a_link_looks_at_the_place_it_leads_to() {
    let sandbox = Sandbox::with(&[("real/f", "1"), ("other/f", "1")]);
    symlink("real", sandbox.path("l")).unwrap();
    symlink("other", sandbox.path("o")).unwrap();
    sandbox.waxseal(&["scan", "real"]).exits(0);
    sandbox.waxseal(&["check", "l"]).exits(0);
    sandbox.write("real/f", "2");
    let check = sandbox.waxseal(&["check", "l", "--format=ndjson"]).exits(1);
    let path = sandbox.path("real/f").to_str().unwrap().to_owned();
    assert_eq!(check.changes(), [("updated".to_owned(), path)]);
    let refused = sandbox.waxseal(&["check", "o"]).exits(2);
    refused.complains("o has no baseline");
    symlink(sandbox.tree(), sandbox.home().join("up")).unwrap();
    let up = sandbox.home().join("up");
    sandbox.waxseal(&["check", up.to_str().unwrap()]).exits(1);
}
