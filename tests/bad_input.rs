//! Hostile trees, broken stores, impossible places: each gets a clear message, the documented exit
//! status, and loses nothing.

mod places;
mod trees;
mod usage;

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::util::{Mount, Run, Sandbox, is_root, program};

/// Makes a FIFO.
fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Returns the names of changed paths below the tree, as printed.
fn changed(sandbox: &Sandbox, run: &Run) -> Vec<String> {
    let top = format!("{}/", sandbox.tree().display());
    let paths = run.changes().into_iter().map(|(_, path)| path);
    paths.map(|path| path.replacen(&top, "", 1)).collect()
}

/// Returns a command that runs another one, with its environment and its directory.
fn through<S: AsRef<OsStr>>(wrapper: &[S], command: &Command) -> Command {
    let mut outer = Command::new(&wrapper[0]);
    outer.args(&wrapper[1..]);
    outer.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        outer.current_dir(dir);
    }
    outer.stdin(Stdio::null());
    outer
}

/// Runs a command that must end by itself in due time.
fn run(command: &Command) -> Run {
    let run = Run::of(through(&["timeout", "60"], command).output().unwrap());
    assert_ne!(run.code, 124, "it hangs: {command:?}");
    run
}

/// Returns a copy of the program where everybody may run it: the original may stand where only
/// root may look.
fn copied_program(sandbox: &Sandbox) -> PathBuf {
    let copy = sandbox.home().join("waxseal");
    if !copy.exists() {
        // Not by this process: a test that starts a program meanwhile would hand on the file while
        // it is open for writing, and a program that somebody may write to cannot be started.
        let mut cp = Command::new("cp");
        assert!(cp.arg(program()).arg(&copy).status().unwrap().success());
    }
    copy
}

/// Runs a command as nobody when this process is root; as itself otherwise.
fn unprivileged(sandbox: &Sandbox, args: &[&str]) -> Run {
    let mut command = sandbox.command(args);
    if waxseal_platform::host::is_privileged() {
        let mut as_nobody = Command::new(copied_program(sandbox));
        as_nobody.args(command.get_args()).uid(65534).gid(65534);
        as_nobody.env("HOME", sandbox.home()).stdin(Stdio::null());
        as_nobody.current_dir("/");
        command = as_nobody;
    }
    Run::of(command.output().unwrap())
}

/// Lets nobody walk and write where a sandbox is.
fn open_to_nobody(sandbox: &Sandbox) {
    let top = sandbox.tree().parent().unwrap().to_owned();
    for dir in [top.clone(), sandbox.tree(), sandbox.home()] {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o777)).unwrap();
    }
    fs::create_dir(sandbox.state_dir()).unwrap();
    if waxseal_platform::host::is_privileged() {
        std::os::unix::fs::chown(sandbox.state_dir(), Some(65534), Some(65534)).unwrap();
    }
    fs::set_permissions(sandbox.state_dir(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn what_may_not_be_read_is_told_each_time_and_hides_nothing_else() {
    let sandbox = Sandbox::with(&[("open", "1"), ("closed", "2"), ("dir/inside", "3")]);
    open_to_nobody(&sandbox);
    let tree = sandbox.tree();
    let tree = tree.to_str().unwrap();
    unprivileged(&sandbox, &["scan", tree]).exits(0);
    for (name, mode) in [("closed", 0o000), ("dir", 0o000)] {
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let run = unprivileged(&sandbox, &["--format=ndjson", "scan", tree]).exits(1);
    let told = changed(&sandbox, &run);
    assert_eq!(told, ["closed", "dir"], "{}", run.stdout);
    assert!(
        run.stderr.contains("closed: Permission denied"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("dir: Permission denied"),
        "{}",
        run.stderr
    );
    assert!(
        run.summary()["unreadable"].as_u64().unwrap() >= 2,
        "{}",
        run.stdout
    );
    unprivileged(&sandbox, &["accept", "--all", "--reason", "locked"]).exits(0);
    let run = unprivileged(&sandbox, &["--format=ndjson", "scan", tree]).exits(3);
    assert_eq!(changed(&sandbox, &run), Vec::<String>::new());
    for name in ["closed", "dir"] {
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(0o700)).unwrap();
    }
    let run = unprivileged(&sandbox, &["--format=ndjson", "check", tree]).exits(1);
    assert_eq!(changed(&sandbox, &run), ["closed", "dir"]);
}

#[test]
fn a_file_that_never_holds_still_is_unstable_or_right_and_never_wrong() {
    let sandbox = Sandbox::with(&[("log", "start\n"), ("still", "1")]);
    sandbox.baseline();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut log = OpenOptions::new()
                .append(true)
                .open(sandbox.path("log"))
                .unwrap();
            let block = vec![b'x'; 64 * 1024];
            let mut round = 0;
            while !stop.load(Ordering::Relaxed) {
                log.write_all(&block).unwrap();
                round += 1;
                if round % 64 == 0 {
                    log.set_len(7).unwrap();
                }
            }
        });
        for _ in 0..5 {
            let run = sandbox.ndjson("scan", &["--full"]);
            assert!([1, 3].contains(&run.code), "{}", run.stdout);
            assert!(changed(&sandbox, &run).iter().all(|name| name == "log"));
            let summary = run.summary();
            let is_told = !changed(&sandbox, &run).is_empty() || summary["unstable"] == json!(1);
            assert!(is_told || summary["open"] == json!(1), "{summary}");
        }
        stop.store(true, Ordering::Relaxed);
    });
    sandbox.ndjson("scan", &["--full"]).exits(1);
    sandbox
        .waxseal(&["accept", "--all", "--reason", "grown"])
        .exits(0);
    sandbox.ndjson("check", &["--full"]).exits(0);
}

#[test]
fn files_that_come_and_go_during_a_scan_end_as_what_is_there() {
    let sandbox = Sandbox::with(&[("kept", "1")]);
    sandbox.baseline();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for n in 0..50 {
                    sandbox.write(&format!("d{n}/deep/f"), "x");
                }
                for n in 0..50 {
                    fs::remove_dir_all(sandbox.path(format!("d{n}"))).unwrap();
                }
            }
        });
        for _ in 0..10 {
            let run = sandbox.ndjson("scan", &[]);
            assert!([0, 1, 3].contains(&run.code), "{}", run.stderr);
        }
        stop.store(true, Ordering::Relaxed);
    });
    // Whatever was met on the way is gone by now, and the store ends as the tree is.
    sandbox.ndjson("scan", &[]).exits(0);
    sandbox.ndjson("check", &["--full"]).exits(0);
    sandbox.waxseal(&["log", "--verify"]).exits(0);
}

#[test]
fn nothing_but_regular_files_is_opened_and_loops_end() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    fifo(&sandbox.path("pipe"));
    let _listener = UnixListener::bind(sandbox.path("socket")).unwrap();
    symlink("loop-b", sandbox.path("loop-a")).unwrap();
    symlink("loop-a", sandbox.path("loop-b")).unwrap();
    symlink(".", sandbox.path("self")).unwrap();
    symlink("nowhere", sandbox.path("dangling")).unwrap();
    sandbox.baseline();
    fs::remove_file(sandbox.path("f")).unwrap();
    fifo(&sandbox.path("f"));
    fs::remove_file(sandbox.path("dangling")).unwrap();
    symlink("elsewhere", sandbox.path("dangling")).unwrap();
    let run = sandbox.ndjson("scan", &["--full"]).exits(1);
    assert_eq!(changed(&sandbox, &run), ["dangling", "f"]);
}

/// Names that the file system allows and a careless program does not.
fn odd_names() -> Vec<OsString> {
    let names: [&[u8]; 8] = [
        b"new\nline",
        b"\x1b[31mred",
        b"not\xffutf8",
        "rtl\u{202e}txt.exe".as_bytes(),
        b"back\\slash",
        b" lead and trail ",
        b"-rf",
        &[b'n'; 255],
    ];
    names.map(|name| OsString::from_vec(name.to_vec())).into()
}

#[test]
fn names_of_any_bytes_go_round_through_store_report_and_arguments() {
    let sandbox = Sandbox::new();
    for name in odd_names() {
        fs::write(sandbox.path(&name), "1").unwrap();
    }
    sandbox.baseline();
    sandbox.ndjson("scan", &[]).exits(0);
    for name in odd_names() {
        fs::write(sandbox.path(&name), "changed").unwrap();
    }
    let run = sandbox.ndjson("scan", &[]).exits(1);
    assert_eq!(run.changes().len(), odd_names().len());
    let tree = sandbox.tree();
    let text = sandbox
        .waxseal(&[OsStr::new("check"), tree.as_os_str()])
        .exits(1)
        .stdout;
    let is_plain = |c: char| c == '\n' || !(c.is_control() || c == '\u{202e}');
    assert!(
        text.chars().all(is_plain),
        "raw bytes reach the terminal: {text:?}"
    );
    for name in odd_names() {
        let path = sandbox.path(&name).into_os_string();
        let words = ["accept", "--reason", "odd"].map(OsString::from);
        sandbox
            .waxseal(&[&words[..], std::slice::from_ref(&path)].concat())
            .exits(0);
        let words = ["log", "--format=ndjson"].map(OsString::from);
        let told = sandbox.waxseal(&[&words[..], &[path]].concat()).exits(0);
        assert!(!told.stdout.is_empty(), "the journal knows {name:?}");
    }
    sandbox.ndjson("check", &["--full"]).exits(0);
}

#[test]
fn paths_longer_than_the_system_takes_are_watched_to_the_end() {
    let sandbox = Sandbox::new();
    let name = "d".repeat(200);
    let at_the_end = |act: &dyn Fn(&Path)| {
        let mut dir = fs::canonicalize(sandbox.tree()).unwrap();
        // Each step is taken from an open directory, by its name under /proc.
        let mut open = File::open(&dir).unwrap();
        for _ in 0..30 {
            dir = PathBuf::from(format!(
                "/proc/self/fd/{}",
                std::os::fd::AsRawFd::as_raw_fd(&open)
            ));
            let _ = fs::create_dir(dir.join(&name));
            open = File::open(dir.join(&name)).unwrap();
        }
        act(&PathBuf::from(format!(
            "/proc/self/fd/{}",
            std::os::fd::AsRawFd::as_raw_fd(&open)
        )));
    };
    at_the_end(&|dir| fs::write(dir.join("f"), "1").unwrap());
    sandbox.baseline();
    at_the_end(&|dir| fs::write(dir.join("f"), "changed").unwrap());
    let run = sandbox.ndjson("scan", &[]).exits(1);
    let told = changed(&sandbox, &run);
    assert_eq!(told.len(), 1);
    assert!(told[0].len() > 4096 && told[0].ends_with("/f"));
}

#[test]
fn a_directory_of_many_entries_and_times_out_of_the_ordinary_are_fine() {
    let sandbox = Sandbox::new();
    for n in 0..20_000 {
        File::create(sandbox.path(format!("f{n}"))).unwrap();
    }
    let touch = |name: &str, when: &str| {
        let status = Command::new("touch")
            .arg("-d")
            .arg(when)
            .arg(sandbox.path(name))
            .status();
        assert!(status.unwrap().success());
    };
    touch("f1", "1901-12-14 00:00:00");
    touch("f2", "2300-01-01 00:00:00");
    sandbox.baseline();
    sandbox.ndjson("scan", &[]).exits(0);
    touch("f1", "1901-12-15 00:00:00");
    touch("f2", "2301-01-01 00:00:00");
    let run = sandbox.ndjson("scan", &[]).exits(1);
    assert_eq!(changed(&sandbox, &run), ["f1", "f2"]);
    let mtime = |n: usize| run.documents()[n].pointer("/file/mtime").cloned().unwrap();
    assert_eq!(mtime(0), json!("1901-12-15T00:00:00Z"));
    assert_eq!(mtime(1), json!("2301-01-01T00:00:00Z"));
}

#[test]
fn unsuitable_places_for_the_store_are_refused_with_the_reason() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    let home = sandbox.home();
    let at = |dir: &Path| {
        let mut command = Command::new(program());
        command
            .arg("--state-dir")
            .arg(dir)
            .arg("scan")
            .arg(sandbox.tree());
        Run::of(
            command
                .env("HOME", &home)
                .stdin(Stdio::null())
                .output()
                .unwrap(),
        )
    };
    at(&home.join("missing/mount/state"))
        .exits(4)
        .complains("does not exist");
    let writable = home.join("writable");
    fs::create_dir(&writable).unwrap();
    fs::set_permissions(&writable, fs::Permissions::from_mode(0o777)).unwrap();
    at(&writable).exits(4).complains("chmod");
    fs::write(home.join("file"), "").unwrap();
    at(&home.join("file")).exits(4);
    symlink(&writable, home.join("link")).unwrap();
    at(&home.join("link")).exits(4);
    if is_root() {
        let others = home.join("others");
        fs::create_dir(&others).unwrap();
        std::os::unix::fs::chown(&others, Some(4242), None).unwrap();
        let run = unprivileged(&sandbox, &["--version"]).exits(0);
        drop(run);
        at(&others).exits(4).complains("belongs to user 4242");
    }
}

#[test]
fn a_full_disk_loses_nothing_and_works_again_after_space_is_freed() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    for n in 0..3000 {
        sandbox.write(&format!("d{}/{n}", n % 30), "1");
    }
    let disk = Mount::tmpfs(sandbox.home().join("disk"), "size=600k,mode=0755");
    let state = disk.at().join("state");
    let run = |verb: &[&str]| {
        let mut command = Command::new(program());
        command
            .arg("--state-dir")
            .arg(&state)
            .args(verb)
            .arg(sandbox.tree());
        Run::of(
            command
                .env("HOME", sandbox.home())
                .stdin(Stdio::null())
                .output()
                .unwrap(),
        )
    };
    run(&["scan"]).exits(4).complains("no space is left");
    disk.remount("size=100m");
    run(&["scan"])
        .exits(0)
        .says("first baseline taken of 3031 paths");
    sandbox.write("d1/new", "1");
    disk.remount("ro");
    run(&["check"]).exits(1).says("created");
    run(&["scan"]).exits(4).complains("read-only");
    disk.remount("rw");
    run(&["scan"]).exits(1).says("created");
}

#[test]
fn a_damaged_store_is_refused_with_the_way_out_and_never_made_anew() {
    let sandbox = Sandbox::new();
    for n in 0..200 {
        sandbox.write(&format!("f{n}"), "1");
    }
    sandbox.baseline();
    let db = sandbox.state_dir().join("baseline.db");
    let whole = fs::read(&db).unwrap();
    let mut damages: Vec<Vec<u8>> = vec![b"not a store".to_vec(), vec![0; 4096], Vec::new()];
    damages.extend([1, 100, 4096, whole.len() - 1].map(|length| whole[..length].to_vec()));
    for place in [
        0,
        20,
        100,
        whole.len() / 3,
        whole.len() / 2,
        whole.len() - 1,
    ] {
        let mut flipped = whole.clone();
        flipped[place] ^= 0x10;
        damages.push(flipped);
    }
    for damaged in damages {
        fs::write(&db, &damaged).unwrap();
        for verb in ["scan", "check"] {
            let run = sandbox.ndjson(verb, &[]).exits(5);
            let message = &run.stderr;
            assert!(message.contains(" aside, to "), "{message}");
        }
        assert_eq!(fs::read(&db).unwrap(), damaged, "it is left as it was");
    }
    fs::write(&db, &whole).unwrap();
    sandbox.ndjson("scan", &[]).exits(0);
}

#[test]
fn each_mistake_in_a_configuration_is_told_with_its_line() {
    let sandbox = Sandbox::with(&[("f", "1")]);
    let file = sandbox.home().join("waxseal.toml");
    let monitor = |more: &str| format!("[[monitor]]\nname = \"m\"\npaths = [\"/srv\"]\n{more}\n");
    let table = [
        (monitor("colour = \"red\""), ":4:", "colour"),
        (monitor("exclude_files = [\"a[\"]"), ":4:", "a["),
        (monitor("exclude_files = [\"re:(\"]"), ":4:", "re:("),
        (monitor("max_file_size = \"ten\""), ":4:", "ten"),
        (monitor("hash_types = [\"crc32\"]"), ":4:", "sha256"),
        (monitor("attributes = [\"colour\"]"), ":4:", "mode"),
        (monitor(&monitor("")), ":5:", "m"),
        (
            "[[monitor]]\nname = \"m\"\npaths = [\"srv\"]\n".to_owned(),
            ":3:",
            "srv",
        ),
        ("[[monitor]]\nname = \"m\"\n".to_owned(), ":1:", "paths"),
        ("scan_at_start = maybe\n".to_owned(), ":1:", ""),
        ("schedule = \"sometimes\"\n".to_owned(), ":1:", "daily at"),
    ];
    let check =
        |name: &Path| sandbox.waxseal(&["--config", name.to_str().unwrap(), "config", "check"]);
    for (config, line, word) in table {
        fs::write(&file, &config).unwrap();
        let run = check(&file).exits(2);
        assert!(
            run.stderr.contains(line) && run.stderr.contains(word),
            "{config}: {}",
            run.stderr
        );
    }
    fs::write(&file, b"name = \"\xff\"\n").unwrap();
    check(&file).exits(2).complains("UTF-8");
    check(&sandbox.home().join("gone.toml"))
        .exits(2)
        .complains("gone.toml");
    check(&sandbox.home()).exits(2);
    let pipe = sandbox.home().join("pipe");
    fifo(&pipe);
    check(&pipe).exits(2).complains("not a regular file");
}

#[test]
fn paths_are_understood_however_they_are_written() {
    let sandbox = Sandbox::with(&[("dir/f", "1"), ("one", "1")]);
    let tree = sandbox.tree();
    let tree = tree.to_str().unwrap();
    sandbox.waxseal(&["scan", ""]).exits(2);
    sandbox
        .waxseal(&["scan", "/no/such/path"])
        .exits(2)
        .complains("/no/such/path");
    let written = [
        format!("{tree}/"),
        format!("{tree}/dir/../dir"),
        format!("{tree}/dir"),
        ".".into(),
    ];
    let mut args = vec!["scan", "--format=ndjson"];
    args.extend(written.iter().map(String::as_str));
    let summary = sandbox.waxseal(&args).exits(0).summary();
    assert_eq!(summary["joined"], json!(4), "each path is looked at once");
    sandbox.waxseal(&["scan", "one"]).exits(0);
    fs::remove_file(sandbox.path("one")).unwrap();
    let run = sandbox
        .waxseal(&["scan", "--format=ndjson", "one"])
        .exits(1);
    assert_eq!(run.changes()[0].0, "deleted");
}

#[test]
fn threads_and_descriptors_may_be_scarce() {
    let sandbox = Sandbox::new();
    for n in 0..300 {
        sandbox.write(&format!("a{}/b{}/f{n}", n % 20, n % 7), "1");
    }
    sandbox.waxseal(&["--threads", "0", "status"]).exits(2);
    sandbox.baseline();
    sandbox.write("a1/b1/new", "1");
    for threads in ["1", "2", "64"] {
        let tree = sandbox.tree();
        let check = ["--threads", threads, "check", "--full"].map(OsStr::new);
        sandbox
            .waxseal(&[&check[..], &[tree.as_os_str()]].concat())
            .exits(1)
            .says("created");
    }
    let mut limited = Command::new("sh");
    limited.arg("-c").arg("ulimit -n 32; exec \"$@\"").arg("sh");
    let check = sandbox.command(&["check", "--full"]);
    limited.arg(check.get_program()).args(check.get_args());
    limited.env("HOME", sandbox.home()).current_dir("/");
    Run::of(limited.output().unwrap()).exits(1).says("created");
}

#[test]
fn a_directory_mounted_below_itself_ends() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::with(&[("a/b/", ""), ("a/f", "1")]);
    let mounted = sandbox.path("a/b");
    let unmount = Mount::bind(&sandbox.tree(), mounted);
    let run = sandbox.ndjson("scan", &[]);
    drop(unmount);
    let run = run.exits(3);
    assert!(
        run.stderr.contains("the same directory as one above it"),
        "{}",
        run.stderr
    );
    let told: Vec<Value> = run.documents();
    assert!(told.is_empty(), "a first baseline reports no change");
}
