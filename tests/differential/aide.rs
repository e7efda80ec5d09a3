//! The same tree, the same mutations, looked at by AIDE: both must name the same paths.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::world::{Manner, World};
use super::{each_seed, report};
use crate::random::Random;
use crate::util::{Sandbox, is_root};

const SEEDS: u64 = 8;

/// The attributes that both know; times of creation and inode flags of other sorts are left out.
const ATTRIBUTES: &str = r#"["type", "size", "inode", "links", "mode", "uid", "gid", "mtime",
    "target", "acl", "capability", "xattr", "hash"]"#;

/// Paths that were added, removed and changed.
#[derive(Debug, Default, PartialEq)]
struct Differences {
    added: BTreeSet<String>,
    removed: BTreeSet<String>,
    changed: BTreeSet<String>,
}

#[test]
fn aide_finds_the_same_paths() {
    let Ok(found) = Command::new("aide").arg("--version").output() else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "aide is missing in CI"
        );
        eprintln!("skipped: aide is not installed");
        return;
    };
    assert!(found.status.success(), "{found:?}");
    is_root();
    each_seed(SEEDS, one_tree);
}

fn one_tree(seed: u64) {
    let sandbox = Sandbox::new();
    let manner = Manner {
        keeps: false,
        plain: true,
    };
    let random = Random::new(1000 + seed);
    let Some(mut world) = World::grow(&sandbox, random, manner) else {
        return;
    };
    let tree = sandbox.tree();
    let config = sandbox.home().join("waxseal.toml");
    let quoted = serde_json::to_string(&tree).unwrap();
    let text = format!(
        "[[monitor]]\nname = \"tree\"\npaths = [{quoted}]\nattributes = {ATTRIBUTES}\n\
         hash_types = [\"sha256\"]\n"
    );
    fs::write(&config, text).unwrap();
    let waxseal = |verb: &str| {
        let args = [OsStr::new("--config"), config.as_os_str(), OsStr::new(verb)];
        let format = OsStr::new("--format=ndjson");
        sandbox.waxseal(&[&args[..], &[format]].concat())
    };
    waxseal("scan").exits(0);
    aide(&sandbox, "--init");

    let number = 5 + world.random.below(30);
    world.mutate(number);
    world.verify();
    let theirs = theirs(&aide(&sandbox, "--check"), &tree);
    let ours = ours(&waxseal("check").documents(), &tree);
    assert_eq!(ours, theirs);
}

/// Runs AIDE on the tree of a sandbox.
fn aide(sandbox: &Sandbox, what: &str) -> Value {
    let (tree, home) = (sandbox.tree(), sandbox.home());
    let (tree, home) = (tree.display(), home.display());
    // Of directories neither counts what follows from their entries.
    let common = "p+u+g+i+ftype+acl+xattrs+caps";
    let config = format!(
        "database_in=file:{home}/aide.db\ndatabase_out=file:{home}/aide.db\ngzip_dbout=no\n\
         report_format=json\nreport_url=stdout\nlog_level=error\n\
         {tree} d {common}\n{tree} f,l,p,s,b,c {common}+s+m+n+l+sha256\n"
    );
    let path = sandbox.home().join("aide.conf");
    fs::write(&path, config).unwrap();
    let mut command = Command::new("aide");
    command.arg("--config").arg(path).arg(what);
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(
        status.code().is_some_and(|code| code < 8),
        "{status}: {stderr}"
    );
    serde_json::from_slice(&stdout).unwrap()
}

fn theirs(found: &Value, tree: &Path) -> Differences {
    let paths = |section: &str| {
        let paths = found
            .get(section)
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        let relative = |path: &String| Path::new(path).strip_prefix(tree).unwrap().to_owned();
        paths
            .map(|(path, _)| relative(path).to_str().unwrap().to_owned())
            .collect()
    };
    Differences {
        added: paths("added"),
        removed: paths("removed"),
        changed: paths("changed"),
    }
}

/// Takes moves apart as AIDE would.
fn ours(documents: &[Value], tree: &Path) -> Differences {
    let all: Vec<_> = documents
        .iter()
        .map(|document| report::read(tree, document))
        .collect();
    let mut found = Differences::default();
    for told in &all {
        let path = told.path.to_str().unwrap().to_owned();
        let was_there = told.replaced.is_some()
            || all
                .iter()
                .any(|other| other.from.as_ref() == Some(&told.path));
        match told.actions[0].as_str() {
            "created" => found.added.insert(path),
            "deleted" => found.removed.insert(path),
            "moved" if !was_there => found.added.insert(path),
            _ => found.changed.insert(path),
        };
        let left = told
            .from
            .iter()
            .filter(|from| all.iter().all(|other| other.path != **from));
        found
            .removed
            .extend(left.map(|from| from.to_str().unwrap().to_owned()));
    }
    found
}
