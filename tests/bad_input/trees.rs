//! Trees that hide, block or change under the eyes of a scan.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;
use waxseal_hashers::{HashType, HashTypes, Hasher, hex};

use super::{changed, fifo, open_to_nobody, run, through, unprivileged};
use crate::util::{Mount, Sandbox, changed_fields, is_root};

#[test]
fn content_that_may_not_be_read_stays_in_doubt_until_it_may() {
    let sandbox = Sandbox::with(&[("f", "approved"), ("dir/inside", "3")]);
    open_to_nobody(&sandbox);
    let tree = sandbox.tree();
    let tree = tree.to_str().unwrap();
    let allow = |name: &str, mode: u32| {
        fs::set_permissions(sandbox.path(name), Permissions::from_mode(mode)).unwrap();
    };
    let unreadable = |verb: &str| {
        let run = unprivileged(&sandbox, &["--format=ndjson", verb, tree]);
        (run.code, run.summary()["unreadable"].clone())
    };
    // The temporary files of root may be read by nobody only because everybody may.
    unprivileged(&sandbox, &["scan", tree]).exits(0);
    sandbox.write("f", "tampered");
    let owner = waxseal_platform::host::is_privileged().then_some(65534);
    for name in ["f", "dir"] {
        std::os::unix::fs::chown(sandbox.path(name), owner, None).unwrap();
        allow(name, 0);
    }
    for verb in ["scan", "scan", "check"] {
        assert_eq!(unreadable(verb), (1, json!(2)), "{verb}");
    }
    unprivileged(&sandbox, &["accept", "--all", "--reason", "locked"]).exits(0);
    for verb in ["scan", "check"] {
        assert_eq!(unreadable(verb), (3, json!(2)), "{verb} after the approval");
    }
    unprivileged(&sandbox, &["scan", &format!("{tree}/dir/inside")])
        .exits(3)
        .complains("dir/inside: Permission denied");

    allow("f", 0o644);
    allow("dir", 0o755);
    let run = unprivileged(&sandbox, &["--format=ndjson", "scan", tree]).exits(1);
    assert_eq!(changed(&sandbox, &run), ["dir", "f"], "inside is as it was");
    let fields = changed_fields(&run.documents()[1]);
    assert!(
        fields.contains(&"hash.sha256".to_owned()),
        "what nobody has seen was not approved: {fields:?}"
    );
}

#[test]
fn a_first_baseline_with_gaps_says_so_and_fills_them_later() {
    let sandbox = Sandbox::with(&[("dir/inside", "3"), ("open", "1")]);
    open_to_nobody(&sandbox);
    let tree = sandbox.tree();
    let tree = tree.to_str().unwrap();
    let allow = |mode| {
        fs::set_permissions(sandbox.path("dir"), Permissions::from_mode(mode)).unwrap();
    };
    allow(0o700);
    if waxseal_platform::host::is_privileged() {
        std::os::unix::fs::chown(sandbox.path("dir"), Some(4242), None).unwrap();
    } else {
        allow(0);
    }
    unprivileged(&sandbox, &["scan", tree])
        .exits(3)
        .says("1 path could not be looked at")
        .complains("dir: Permission denied");
    allow(0o755);
    let run = unprivileged(&sandbox, &["--format=ndjson", "scan", tree]).exits(1);
    assert_eq!(changed(&sandbox, &run), ["dir", "dir/inside"]);
}

/// Returns the digest of a file that is nothing but so many `x`.
fn digest(size: u64) -> String {
    let mut hasher = Hasher::new(HashTypes::single(HashType::Sha256));
    hasher.update(&vec![b'x'; usize::try_from(size).unwrap()]);
    hex(hasher.finish().get(HashType::Sha256).unwrap())
}

/// Lets a file grow, shrink, vanish, come back and be replaced; it is always nothing but `x`.
fn torment(sandbox: &Sandbox, stop: &AtomicBool) {
    let block = vec![b'x'; 256 * 1024];
    let (file, spare) = (sandbox.path("f"), sandbox.path("spare"));
    while !stop.load(Ordering::Relaxed) {
        let mut open = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&file)
            .unwrap();
        for part in [1, 70_000, 256 * 1024] {
            open.write_all(&block[..part]).unwrap();
        }
        open.set_len(1000).unwrap();
        fs::write(&spare, &block[..5000]).unwrap();
        fs::rename(&spare, &file).unwrap();
        open.write_all(b"nobody sees this").unwrap();
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn a_digest_always_belongs_to_the_size_beside_it() {
    let sandbox = Sandbox::with(&[("still", "1")]);
    sandbox.baseline();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| torment(&sandbox, &stop));
        for round in 0..40 {
            let verb = if round % 4 == 3 { "check" } else { "scan" };
            let run = sandbox.ndjson(verb, &["--full"]);
            assert!([0, 1, 3].contains(&run.code), "{}", run.stderr);
        }
        stop.store(true, Ordering::Relaxed);
    });
    let mut known = HashMap::new();
    let log = sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
    let documents = log.documents();
    let files = documents
        .iter()
        .flat_map(|document| [&document["file"], &document["waxseal"]["before"]]);
    let files = files.filter(|file| {
        file["path"]
            .as_str()
            .is_some_and(|p| !p.ends_with("/still"))
    });
    for file in files.filter(|file| file["type"] == "file") {
        let Some(hash) = file["hash"]["sha256"].as_str() else {
            continue;
        };
        let size = file["size"].as_u64().unwrap();
        let right = known.entry(size).or_insert_with(|| digest(size));
        assert_eq!(hash, right, "{file}");
    }
    sandbox.ndjson("scan", &["--full"]);
    sandbox
        .waxseal(&["accept", "--all", "--reason", "done"])
        .exits(0);
    sandbox.ndjson("check", &["--full"]).exits(0);
    sandbox.waxseal(&["log", "--verify"]).exits(0);
}

#[test]
fn a_name_that_changes_hands_never_leads_a_scan_astray() {
    let sandbox = Sandbox::with(&[("kept", "1")]);
    fs::create_dir(sandbox.home().join("secret")).unwrap();
    fs::write(sandbox.home().join("secret/f"), "not watched").unwrap();
    sandbox.baseline();
    let (stop, place) = (AtomicBool::new(false), sandbox.path("place"));
    let swap = || {
        while !stop.load(Ordering::Relaxed) {
            fs::create_dir(&place).unwrap();
            fs::write(place.join("f"), "watched").unwrap();
            fs::remove_dir_all(&place).unwrap();
            symlink(sandbox.home().join("secret"), &place).unwrap();
            fs::remove_file(&place).unwrap();
            fifo(&place);
            fs::remove_file(&place).unwrap();
            fs::write(&place, "a file").unwrap();
            fs::remove_file(&place).unwrap();
        }
    };
    thread::scope(|scope| {
        scope.spawn(swap);
        for _ in 0..20 {
            let mut scan = sandbox.command(&["scan", "--full", "--format=ndjson"]);
            let run = run(scan.arg(sandbox.tree()));
            assert!([0, 1, 3].contains(&run.code), "{}", run.stderr);
            assert!(!run.stdout.contains("secret/f"), "{}", run.stdout);
        }
        stop.store(true, Ordering::Relaxed);
    });
    let secret = "89c7e7fd36e5b9f3f0ff0bb2a3d8b5ae";
    let log = sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
    assert!(!log.stdout.contains(secret));
    sandbox.ndjson("scan", &["--full"]).exits(0);
    sandbox.ndjson("check", &["--full"]).exits(0);
}

#[test]
fn pipes_and_devices_are_objects_of_their_own_also_as_a_path() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    fifo(&sandbox.path("pipe"));
    run(&sandbox.command(&["scan", "pipe"])).exits(0);
    run(&sandbox.command(&["scan", "--full", "."])).exits(0);
    run(&sandbox.command(&["check", "--full", "pipe"])).exits(0);
    if !is_root() {
        return;
    }
    let device = |name: &str, numbers: [&str; 3]| {
        let mut make = Command::new("mknod");
        assert!(
            make.arg(sandbox.path(name))
                .args(numbers)
                .status()
                .unwrap()
                .success()
        );
    };
    // A terminal that nobody sits at, a disk that is not there, and zeros without end.
    device("terminal", ["c", "5", "0"]);
    device("disk", ["b", "7", "250"]);
    device("zero", ["c", "1", "5"]);
    run(&sandbox.command(&["scan", "--full", "."])).exits(1);
    run(&sandbox.command(&["accept", "--all", "--reason", "new"])).exits(0);
    fs::remove_file(sandbox.path("zero")).unwrap();
    device("zero", ["c", "1", "3"]);
    run(&sandbox.command(&["check", "--full"]))
        .exits(1)
        .says("rdev 1:5→1:3");
}

#[test]
fn what_lies_beyond_the_longest_path_can_be_named_too() {
    let sandbox = Sandbox::with(&[("top", "1")]);
    let name = "d".repeat(250);
    let mut deep = sandbox.tree();
    // Built from the inside out: each round puts what there is into one more directory.
    fs::create_dir(sandbox.home().join("0")).unwrap();
    fs::write(sandbox.home().join("0/f"), "1").unwrap();
    for round in 0..20 {
        let (inner, outer) = (round.to_string(), (round + 1).to_string());
        fs::create_dir(sandbox.home().join(&outer)).unwrap();
        let place = sandbox.home().join(&outer).join(&name);
        fs::rename(sandbox.home().join(&inner), place).unwrap();
        deep.push(&name);
    }
    fs::rename(sandbox.home().join("20").join(&name), sandbox.path(&name)).unwrap();
    let file = deep.join("f");
    assert!(file.as_os_str().len() > 4096);
    sandbox.baseline();

    let with_file = |words: &[&str]| {
        let mut command = sandbox.command(words);
        run(command.arg(&file))
    };
    with_file(&["check"]).exits(0);
    with_file(&["explain"])
        .exits(0)
        .says("last seen: as approved");
    // Too deep to be changed by its path, so the tree is moved instead.
    fs::rename(sandbox.path(&name), sandbox.home().join("away")).unwrap();
    with_file(&["check"]).exits(1).says("deleted");
    with_file(&["scan"]).exits(1).says("deleted");
    with_file(&["log"]).exits(0).says("deleted");
    with_file(&["accept", "--reason", "moved"])
        .exits(0)
        .says("1 path approved");
}

#[test]
fn a_dead_mount_hides_nothing_but_itself() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::with(&[("web1/conf/f", "1"), ("web2/conf/f", "2")]);
    let Some(dead) = Mount::dead(sandbox.path("zzz")) else {
        eprintln!("skipped: needs /dev/fuse");
        return;
    };
    let configured = |path: &str| {
        let config = sandbox.home().join("waxseal.toml");
        let path = sandbox.path(path);
        fs::write(
            &config,
            format!("[[monitor]]\nname = \"m\"\npaths = [{path:?}]\n"),
        )
        .unwrap();
        format!("--config={}", config.display())
    };
    // Nobody has asked for it.
    let web = configured("web*/conf");
    let scan = sandbox.waxseal(&["scan", &web]).exits(0).says("of 4 paths");
    assert_eq!(scan.stderr, "");
    // Whoever does is told, once, by whatever way it is named.
    let name = dead.at().to_str().unwrap();
    for words in [
        vec!["scan".to_owned(), configured("*")],
        vec!["check".to_owned(), configured("*")],
        vec!["scan".to_owned(), name.to_owned()],
        vec!["check".to_owned(), name.to_owned()],
    ] {
        let run = sandbox.waxseal(&words).exits(3);
        let told = run.stderr.matches(name).count();
        assert_eq!(told, 1, "{words:?}: {}", run.stderr);
    }
}

#[test]
fn without_proc_links_and_pipes_are_told_as_not_looked_at() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::with(&[("f", "1")]);
    symlink("f", sandbox.path("link")).unwrap();
    let scan = sandbox.command(&["scan", "."]);
    let hide = [
        "unshare",
        "-m",
        "sh",
        "-c",
        "umount -l /proc; exec \"$@\"",
        "sh",
    ];
    run(&through(&hide, &scan))
        .exits(3)
        .complains("link: reading extended attributes needs /proc");
}

#[test]
fn the_state_directory_is_not_read_under_another_name() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::with(&[("f", "1"), ("mounted/", "")]);
    sandbox.baseline();
    let mount = Mount::bind(&sandbox.state_dir(), sandbox.path("mounted"));
    let inside = mount.at().join("baseline.db");
    let runs = [
        sandbox.ndjson("scan", &[]).exits(1),
        sandbox.ndjson("check", &[]).exits(1),
    ];
    let one = sandbox.waxseal(&[OsStr::new("scan"), inside.as_os_str()]);
    drop(mount);
    for run in runs {
        assert_eq!(changed(&sandbox, &run), ["mounted"], "nothing in it");
        assert_eq!(run.summary()["unreadable"], 1);
        run.complains("the state directory under another name");
    }
    one.exits(3)
        .complains("the state directory under another name");
    sandbox.ndjson("scan", &[]).exits(0);
}

#[test]
fn what_was_found_in_a_directory_that_is_gone_is_found_gone() {
    let sandbox = Sandbox::with(&[("kept", "1")]);
    // Looked at before the directories that sort behind it, and that takes a while.
    let large = fs::File::create(sandbox.path("a-large")).unwrap();
    large.set_len(7 << 20).unwrap();
    sandbox.baseline();
    let stop = AtomicBool::new(false);
    let come_and_go = || {
        let place = |n: usize| sandbox.path(format!("place{n}"));
        while !stop.load(Ordering::Relaxed) {
            for n in 0..8 {
                fs::create_dir_all(place(n).join("inside")).unwrap();
                fs::write(place(n).join("inside/f"), "1").unwrap();
            }
            for n in 0..8 {
                fs::remove_dir_all(place(n)).unwrap();
                fs::write(place(n), "no directory").unwrap();
            }
            (0..8).for_each(|n| fs::remove_file(place(n)).unwrap());
        }
    };
    thread::scope(|scope| {
        scope.spawn(come_and_go);
        for _ in 0..40 {
            let run = sandbox.ndjson("scan", &["--full"]);
            assert!([0, 1, 3].contains(&run.code), "{}", run.stderr);
        }
        stop.store(true, Ordering::Relaxed);
    });
    let summary = sandbox.ndjson("scan", &[]).exits(0).summary();
    assert_eq!(summary["open"], json!(0), "nothing is left behind");
    sandbox.waxseal(&["status"]).exits(0).says("3 paths");
}
