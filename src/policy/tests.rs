//! The rules of precedence, the stored form, and what errors and explanations say.

mod random;
mod roots;
#[cfg(unix)]
mod unix;

use std::ffi::OsStr;
use std::path::PathBuf;

use waxseal_hashers::{HashType, HashTypes};
use waxseal_platform::bytes::bytes_to_path;

use super::*;
use crate::state::sample::{self, NO_TEXT};

fn monitor(name: &str, paths: &[&str]) -> MonitorSpec {
    let paths = paths
        .iter()
        .map(|path| PathPattern::parse(&sample::rooted(path)).unwrap())
        .collect();
    MonitorSpec::new(name, paths)
}

/// Returns patterns as they are written here.
fn patterns(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| sample::rooted(text)).collect()
}

fn compile(monitors: Vec<MonitorSpec>) -> Policy {
    Policy::compile(&PolicySpec { monitors }).unwrap()
}

/// Returns the decision in words, asked in both ways.
fn decided(policy: &Policy, path: &Path, kind: Kind) -> String {
    let decision = in_words(policy.decide(path, kind));
    if let (Some(dir), Some(name)) = (path.parent(), path.file_name()) {
        assert_eq!(
            in_words(policy.enter(dir).decide(name, kind)),
            decision,
            "{path:?}"
        );
    }
    decision
}

fn in_words(decision: Decision<'_>) -> String {
    match decision {
        Decision::Watched(rule) => rule.name.clone(),
        Decision::Excluded { rule, by } => format!("{} but {by}", rule.name),
        Decision::Uncovered => "-".to_owned(),
    }
}

fn check_files(policy: &Policy, table: &[(&str, &str)]) {
    for (path, expected) in table {
        let expected = match expected.split_once(" but ") {
            Some((monitor, by)) => format!("{monitor} but {}", sample::rooted(by)),
            None => (*expected).to_owned(),
        };
        let decision = decided(policy, &sample::path(path), Kind::File);
        assert_eq!(decision, expected, "{path}");
    }
}

#[test]
fn the_deepest_path_wins_and_the_later_monitor_among_equals() {
    let policy = compile(vec![
        monitor("ssh", &["/etc/ssh", "/home/*/.ssh"]),
        monitor("etc", &["/etc"]),
        monitor("home", &["/home"]),
        monitor("again", &["/etc"]),
    ]);
    check_files(
        &policy,
        &[
            ("/etc/passwd", "again"),
            ("/etc", "again"),
            ("/etc/ssh", "ssh"),
            ("/etc/ssh/a/b", "ssh"),
            ("/etc/sshx", "again"),
            ("/home/u/.ssh/id", "ssh"),
            ("/home/u/x", "home"),
            ("/home/.ssh", "home"),
            ("/", "-"),
            ("/usr", "-"),
        ],
    );
}

#[test]
fn a_monitor_that_is_not_recursive_ends_at_direct_children() {
    let mut flat = monitor("flat", &["/a/b"]);
    flat.recursive = false;
    let policy = compile(vec![flat, monitor("deep", &["/a"])]);
    check_files(
        &policy,
        &[
            ("/a/b", "flat"),
            ("/a/b/c", "flat"),
            ("/a/b/c/d", "deep"),
            ("/a/x", "deep"),
        ],
    );
    assert!(policy.enter(&sample::path("/a/b")).descend(OsStr::new("c")));

    let mut alone = monitor("flat", &["/a/b"]);
    alone.recursive = false;
    let policy = compile(vec![alone]);
    check_files(&policy, &[("/a/b/c", "flat"), ("/a/b/c/d", "-")]);
    assert!(policy.enter(&sample::path("/a")).descend(OsStr::new("b")));
    assert!(!policy.enter(&sample::path("/a/b")).descend(OsStr::new("c")));
}

#[test]
fn an_excluded_directory_takes_all_below_it_along() {
    let mut etc = monitor("etc", &["/etc"]);
    etc.exclude_files = patterns(&["cache", "*.swp", "/etc/a/*", "re:~$"]);
    let policy = compile(vec![etc, monitor("inside", &["/etc/x/cache/keep"])]);
    check_files(
        &policy,
        &[
            ("/etc/x/cache", "etc but cache"),
            ("/etc/x/cache/y/z.swp", "etc but cache"),
            ("/etc/x/cache/keep", "inside"),
            ("/etc/x/cache/keep/a.swp", "inside"),
            ("/etc/x.swp", "etc but *.swp"),
            ("/etc/a", "etc"),
            ("/etc/a/b/c", "etc but /etc/a/*"),
            ("/etc/old~/b", "etc but re:~$"),
        ],
    );
    let inside_x = policy.enter(&sample::path("/etc/x"));
    assert!(
        inside_x.descend(OsStr::new("cache")),
        "a configured path lies inside"
    );
    assert!(
        !policy
            .enter(&sample::path("/etc/y"))
            .descend(OsStr::new("cache"))
    );
    assert!(
        !policy
            .enter(&sample::path("/etc/a"))
            .descend(OsStr::new("b"))
    );
    assert!(policy.enter(&sample::path("/etc")).descend(OsStr::new("a")));
}

#[test]
fn directories_above_the_configured_path_cannot_exclude_it() {
    let mut build = monitor("build", &["/srv/tmp/out"]);
    build.exclude_files = patterns(&["tmp"]);
    let policy = compile(vec![build]);
    check_files(
        &policy,
        &[
            ("/srv/tmp/out/a", "build"),
            ("/srv/tmp/out/tmp", "build but tmp"),
        ],
    );
}

#[test]
fn a_wildcard_can_leave_out_some_of_what_it_finds() {
    let mut homes = monitor("homes", &["/home/*"]);
    homes.exclude_files = patterns(&["/home/guest"]);
    let policy = compile(vec![homes]);
    check_files(
        &policy,
        &[
            ("/home/guest/a", "homes but /home/guest"),
            ("/home/u/a", "homes"),
            ("/home", "-"),
        ],
    );
}

#[test]
fn include_files_chooses_files_and_exclude_files_beats_it() {
    let mut logs = monitor("conf", &["/srv"]);
    logs.include_files = patterns(&["*.conf"]);
    logs.exclude_files = patterns(&["old.conf"]);
    let policy = compile(vec![logs]);
    check_files(
        &policy,
        &[
            ("/srv/a/x.conf", "conf"),
            ("/srv/a/old.conf", "conf but old.conf"),
            ("/srv/a/x.txt", "conf but no match in include_files"),
        ],
    );
    assert_eq!(
        decided(&policy, &sample::path("/srv/a"), Kind::Directory),
        "conf"
    );
    assert_eq!(
        decided(&policy, &sample::path("/srv/a.conf/x"), Kind::Directory),
        "conf"
    );
    assert!(policy.enter(&sample::path("/srv")).descend(OsStr::new("a")));
}

#[test]
fn the_root_directory_can_be_watched() {
    let mut all = monitor("all", &["/"]);
    all.exclude_files = patterns(&["/proc", "/sys"]);
    let policy = compile(vec![all]);
    check_files(
        &policy,
        &[("/", "all"), ("/x", "all"), ("/proc/1", "all but /proc")],
    );
    let root = policy.enter(&sample::path("/"));
    assert!(root.descend(OsStr::new("etc")));
    assert!(!root.descend(OsStr::new("proc")));
}

#[test]
fn names_are_bytes() {
    const OTHER: &[u8] = b"\xed\xa0\x81";
    let path = |dir: &str, below: &[&[u8]]| -> PathBuf {
        let below = bytes_to_path(&below.concat()).unwrap();
        sample::path(dir).join(below).components().collect()
    };
    let mut files = monitor("files", &["/srv/*"]);
    let literal = path("/lit", &[NO_TEXT]);
    files.paths.push(PathPattern::literal(&literal));
    files.exclude_files = patterns(&["*.\u{e4}"]);
    let policy = compile(vec![files]);
    let excluded: &[&[u8]] = &[OTHER, b"/", NO_TEXT, b".\xc3\xa4"];
    let table = [
        (path("/srv", &[OTHER, NO_TEXT, b"/a"]), "files"),
        (path("/srv", excluded), "files but *.\u{e4}"),
        (path("/lit", &[NO_TEXT]), "files"),
        (path("/lit", &[NO_TEXT, b"/b"]), "files"),
        (path("/lit", &[OTHER]), "-"),
    ];
    for (path, expected) in table {
        assert_eq!(decided(&policy, &path, Kind::File), expected, "{path:?}");
    }
}

#[test]
fn paths_from_the_command_line_are_never_globs() {
    let paths = ["/srv/a[1].txt", "/srv/*"].map(sample::path);
    let spec = PolicySpec::builtin(&paths, Some(HashTypes::single(HashType::Xxh64)));
    let policy = Policy::compile(&spec).unwrap();
    check_files(
        &policy,
        &[
            ("/srv/a[1].txt", "command line"),
            ("/srv/a1.txt", "-"),
            ("/srv/*/x", "command line"),
            ("/srv/y", "-"),
        ],
    );
    let rule = &policy.rules()[0];
    assert!(rule.recursive);
    assert_eq!(rule.attributes, Attributes::DEFAULT);
    assert_eq!(rule.hash_types, HashTypes::single(HashType::Xxh64));
}

#[test]
fn without_digests_hash_is_not_compared() {
    let mut bare = monitor("bare", &["/etc"]);
    bare.hash_types = HashTypes::empty();
    let policy = compile(vec![bare]);
    assert!(
        !policy.rules()[0]
            .compared(Kind::File)
            .contains(Attributes::HASH)
    );
}

#[test]
fn the_digest_follows_the_policy_and_survives_storing() {
    let spec = PolicySpec {
        monitors: vec![monitor("etc", &["/etc", "/home/*/.ssh"])],
    };
    let json = serde_json::to_string(&spec).unwrap();
    let again: PolicySpec = serde_json::from_str(&json).unwrap();
    assert_eq!(again, spec);

    let digest = Policy::compile(&spec).unwrap().digest();
    assert_eq!(digest.len(), 64);
    assert_eq!(Policy::compile(&again).unwrap().digest(), digest);
    let mut other = spec.clone();
    other.monitors[0].tags.push("pci".to_owned());
    assert_ne!(Policy::compile(&other).unwrap().digest(), digest);
}

#[test]
fn the_stored_form_stays_readable() {
    // Baselines in the field hold this text: changing it must keep old ones readable.
    let json = r#"{"monitors":[{"name":"etc","paths":[ETC,{"bytes":"2feda080"}],"recursive":true,"exclude_files":["*.swp"],"include_files":[],"hash_types":["sha256","xxh64"],"attributes":["+all"],"accept":"auto","realtime":true,"tags":["pci"],"one_file_system":false,"max_file_size":1024}]}"#;
    let etc = serde_json::to_string(&sample::path("/etc")).unwrap();
    let json = json.replace("ETC", &etc);
    let spec: PolicySpec = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&spec).unwrap(), json);
}

#[test]
fn what_cannot_be_compiled_is_said_with_monitor_and_list() {
    type Change = fn(&mut MonitorSpec);
    let changes: [(&str, Change); 5] = [
        ("exclude_files: bad glob \"[\"", |m| {
            m.exclude_files.push("[".into())
        }),
        ("include_files: bad regex \"re:(\"", |m| {
            m.include_files.push("re:(".into())
        }),
        ("attributes: unknown attribute \"sha1\"", |m| {
            m.attributes = vec!["sha1".into()]
        }),
        ("relative path", |m| {
            m.paths.push(PathPattern::literal(Path::new("x")))
        }),
        ("contains `..`", |m| {
            m.paths.push(PathPattern::literal(&sample::path("/x/../y")))
        }),
    ];
    for (expected, change) in changes {
        let mut spec = monitor("etc", &["/etc"]);
        change(&mut spec);
        let error = Policy::compile(&PolicySpec {
            monitors: vec![spec],
        })
        .unwrap_err();
        let message = error.to_string();
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("monitor \"etc\""), "{message}");
    }
    let twice = vec![monitor("etc", &["/etc"]), monitor("etc", &["/usr"])];
    let error = Policy::compile(&PolicySpec { monitors: twice }).unwrap_err();
    assert!(error.to_string().contains("rename one"));
}

#[test]
fn an_explanation_lists_winners_and_losers() {
    let mut flat = monitor("flat", &["/etc"]);
    flat.recursive = false;
    let mut ssh = monitor("ssh", &["/etc/*"]);
    ssh.exclude_files = patterns(&["*.pub"]);
    ssh.tags = vec!["pci".to_owned()];
    let policy = compile(vec![ssh, monitor("all", &["/"]), flat]);

    let path = sample::path("/etc/ssh/key");
    let explanation = policy.explain(&path, Kind::File);
    let candidates = &explanation.candidates;
    // On Windows the drive is a name.
    let above = candidates[1].depth;
    let shown: Vec<_> = candidates
        .iter()
        .enumerate()
        .map(|(place, one)| {
            (
                one.rule.name.as_str(),
                one.depth - above,
                one.reaches,
                one.why(place == 0).split(' ').next(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("ssh", 2, true, Some("deepest")),
            ("all", 0, true, Some("a")),
            ("flat", 1, false, Some("does")),
        ]
    );
    assert_eq!(explanation.candidates[0].root, sample::path("/etc/ssh"));
    assert_eq!(explanation.tags, ["pci"]);
    assert_eq!(explanation.hash_types, HashTypes::single(HashType::Sha256));

    let excluded = policy.explain(&sample::path("/etc/ssh/key.pub"), Kind::File);
    assert_eq!(in_words(excluded.decision), "ssh but *.pub");
    assert!(excluded.attributes.is_empty() && excluded.hash_types.is_empty());

    let directory = policy.explain(&sample::path("/etc/ssh"), Kind::Directory);
    assert!(directory.hash_types.is_empty());
    assert!(directory.attributes.contains(Attributes::MODE));
}
