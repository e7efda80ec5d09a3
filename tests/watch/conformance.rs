//! One script of actions, run with every backend, and the events that each action gives.
//!
//! The expectation is the same for all of them. Where a backend cannot see an action, the table
//! [`UNSEEN`] says so with the reason, and a scan finds it.
//!
//! Each step has a directory of its own, so that polling may look at one phase of all steps at
//! once: a look costs a second.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, UNIX_EPOCH};

use rustix::fs::{
    CWD, FallocateFlags, FileType, Mode, RenameFlags, XattrFlags, fallocate, makedev, mknodat,
    renameat_with, setxattr,
};

use super::Watch;
use crate::util::{Mount, Sandbox, is_root};

/// What a file holds before anything happens to it.
const BEFORE: &str = "what was there before";

/// How long mounts may take to be told of: no canary follows them.
const PATIENCE: Duration = Duration::from_secs(30);

/// An action and a path in the directory of the step.
type Told = (&'static str, &'static str);

const UPDATED: [Told; 2] = [("attributes_modified", "f"), ("updated", "f")];

/// What happens in one go, and what is to be told of it.
struct Phase {
    act: fn(&mut Place),
    told: Vec<Told>,
}

/// Phases that build on each other.
struct Step {
    name: &'static str,
    /// Files that are there before; a name that ends in `/` is a directory.
    files: &'static [&'static str],
    phases: Vec<Phase>,
    /// Whether mounts are told of, which no canary follows.
    has_mounts: bool,
}

/// Where a step happens, and what it must keep.
struct Place {
    dir: PathBuf,
    /// A directory of which nobody watches anything.
    outside: PathBuf,
    mounts: Vec<Mount>,
    mapper: Option<Mapper>,
    socket: Option<UnixListener>,
}

impl Place {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn outside(&self, name: &str) -> PathBuf {
        self.outside.join(name)
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }
}

/// A backend and the actions that it does not see.
struct Unseen {
    backend: &'static str,
    step: &'static str,
    phase: usize,
    /// What of the phase is not told.
    missing: &'static [Told],
    reason: &'static str,
}

const LINKED: [Told; 1] = [("attributes_modified", "f")];
const NO_NAME: &str = "the kernel says of the file that its link count moved, but not where it is";
const NO_CALL: &str = "a store to memory is no call of the system; the file is still open";

const UNSEEN: [Unseen; 4] = [
    Unseen {
        backend: "fanotify",
        step: "hard_link",
        phase: 0,
        missing: &LINKED,
        reason: NO_NAME,
    },
    Unseen {
        backend: "inotify",
        step: "hard_link",
        phase: 0,
        missing: &LINKED,
        reason: NO_NAME,
    },
    Unseen {
        backend: "fanotify",
        step: "mmap",
        phase: 0,
        missing: &UPDATED,
        reason: NO_CALL,
    },
    Unseen {
        backend: "inotify",
        step: "mmap",
        phase: 0,
        missing: &UPDATED,
        reason: NO_CALL,
    },
];

/// A program that has mapped a file and goes on living.
struct Mapper(Child);

impl Mapper {
    /// Maps a file, writes to it and has it written back; the mapping and the file stay open.
    fn write(path: &Path) -> Mapper {
        const PROGRAM: &str = "\
import mmap, sys
file = open(sys.argv[1], 'r+b')
memory = mmap.mmap(file.fileno(), 0)
memory[0:4] = b'MMAP'
memory.flush()
print('done', flush=True)
sys.stdin.read()
";
        let mut child = Command::new("python3")
            .args(["-c", PROGRAM])
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut said)
            .unwrap();
        assert_eq!(said, "done\n");
        Mapper(child)
    }
}

impl Drop for Mapper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

fn phase(act: fn(&mut Place), told: &[Told]) -> Phase {
    Phase {
        act,
        told: told.to_vec(),
    }
}

fn step(name: &'static str, files: &'static [&'static str], phases: Vec<Phase>) -> Step {
    Step {
        name,
        files,
        phases,
        has_mounts: false,
    }
}

fn content_steps() -> Vec<Step> {
    vec![
        step(
            "create",
            &[],
            vec![
                phase(|at| at.write("f", ""), &[("created", "f")]),
                phase(|at| at.write("g", "content"), &[("created", "g")]),
            ],
        ),
        step(
            "write",
            &["f"],
            vec![phase(|at| at.write("f", "changed"), &UPDATED)],
        ),
        step(
            "many_writes",
            &["f"],
            vec![phase(
                |at| {
                    let mut file = fs::File::create(at.path("f")).unwrap();
                    (0..1000).for_each(|n| writeln!(file, "{n}").unwrap());
                },
                &UPDATED,
            )],
        ),
        step(
            "append",
            &["f"],
            vec![phase(
                |at| {
                    let mut file = OpenOptions::new().append(true).open(at.path("f")).unwrap();
                    file.write_all(b"more").unwrap();
                },
                &UPDATED,
            )],
        ),
        step(
            "same_size",
            &["f"],
            vec![phase(
                |at| {
                    let file = OpenOptions::new().write(true).open(at.path("f")).unwrap();
                    file.write_at(b"W", 0).unwrap();
                },
                &UPDATED,
            )],
        ),
        step(
            "truncate",
            &["f"],
            vec![phase(
                |at| {
                    let file = OpenOptions::new().write(true).open(at.path("f")).unwrap();
                    file.set_len(3).unwrap();
                },
                &UPDATED,
            )],
        ),
        step(
            "fallocate",
            &["f"],
            vec![phase(
                |at| {
                    let file = OpenOptions::new().write(true).open(at.path("f")).unwrap();
                    fallocate(&file, FallocateFlags::empty(), 0, 1 << 16).unwrap();
                },
                &UPDATED,
            )],
        ),
    ]
}

fn attribute_steps() -> Vec<Step> {
    const MODIFIED: [Told; 1] = [("attributes_modified", "f")];
    vec![
        step(
            "chmod",
            &["f", "d/"],
            vec![
                phase(
                    |at| {
                        let mode = fs::Permissions::from_mode(0o4711);
                        fs::set_permissions(at.path("f"), mode).unwrap();
                    },
                    &MODIFIED,
                ),
                phase(
                    |at| {
                        let mode = fs::Permissions::from_mode(0o700);
                        fs::set_permissions(at.path("d"), mode).unwrap();
                    },
                    &[("attributes_modified", "d")],
                ),
            ],
        ),
        step(
            "xattr",
            &["f"],
            vec![phase(
                |at| {
                    let none = XattrFlags::empty();
                    setxattr(at.path("f"), "user.waxseal", b"1", none).unwrap();
                },
                &MODIFIED,
            )],
        ),
        step(
            "acl",
            &["f"],
            vec![phase(
                |at| {
                    let mut command = Command::new("setfacl");
                    let status = command.args(["-m", "u:1:r"]).arg(at.path("f")).status();
                    assert!(status.unwrap().success());
                },
                &MODIFIED,
            )],
        ),
        step(
            "utimes",
            &["f"],
            vec![phase(
                |at| {
                    let file = OpenOptions::new().write(true).open(at.path("f")).unwrap();
                    file.set_modified(UNIX_EPOCH).unwrap();
                },
                &MODIFIED,
            )],
        ),
    ]
}

fn name_steps() -> Vec<Step> {
    vec![
        step(
            "hard_link",
            &["f"],
            vec![phase(
                |at| fs::hard_link(at.path("f"), at.path("g")).unwrap(),
                &[("attributes_modified", "f"), ("created", "g")],
            )],
        ),
        step(
            "symlink",
            &["f"],
            vec![
                phase(
                    |at| symlink("f", at.path("l")).unwrap(),
                    &[("created", "l")],
                ),
                phase(
                    |at| {
                        symlink("elsewhere", at.path(".l")).unwrap();
                        at.rename(".l", "l");
                    },
                    &[("attributes_modified", "l")],
                ),
            ],
        ),
        step(
            "directories",
            &[],
            vec![phase(
                |at| {
                    fs::create_dir_all(at.path("p/q/r")).unwrap();
                    at.write("p/a", "1");
                    at.write("p/q/r/b", "2");
                },
                &[
                    ("created", "p"),
                    ("created", "p/a"),
                    ("created", "p/q"),
                    ("created", "p/q/r"),
                    ("created", "p/q/r/b"),
                ],
            )],
        ),
        step(
            "rename",
            &["f", "g", "over", "d/", "out"],
            vec![
                phase(|at| at.rename("f", "d/f"), &[("moved", "d/f")]),
                phase(
                    |at| fs::rename(at.path("out"), at.outside("out")).unwrap(),
                    &[("deleted", "out")],
                ),
                phase(
                    |at| fs::rename(at.outside("out"), at.path("in")).unwrap(),
                    &[("created", "in")],
                ),
                phase(
                    |at| at.rename("g", "over"),
                    &[
                        ("attributes_modified", "over"),
                        ("moved", "over"),
                        ("updated", "over"),
                    ],
                ),
                phase(
                    |at| {
                        at.write(".over.swp", "saved");
                        at.rename(".over.swp", "over");
                    },
                    &[("attributes_modified", "over"), ("updated", "over")],
                ),
            ],
        ),
        step(
            "rename_directory",
            &["d/f", "d/e/g", "to/"],
            vec![
                phase(
                    |at| at.rename("d", "to/d"),
                    &[
                        ("moved", "to/d"),
                        ("moved", "to/d/e"),
                        ("moved", "to/d/e/g"),
                        ("moved", "to/d/f"),
                    ],
                ),
                phase(
                    |at| {
                        at.write("to/d/e/g", "changed");
                        at.write("to/d/e/new", "new");
                    },
                    &[
                        ("attributes_modified", "to/d/e/g"),
                        ("created", "to/d/e/new"),
                        ("updated", "to/d/e/g"),
                    ],
                ),
            ],
        ),
        step(
            "exchange",
            &["a", "b"],
            vec![phase(
                |at| {
                    let (a, b) = (at.path("a"), at.path("b"));
                    renameat_with(CWD, &a, CWD, &b, RenameFlags::EXCHANGE).unwrap();
                },
                &[("moved", "a"), ("moved", "b")],
            )],
        ),
        step(
            "delete",
            &["f", "d/e/g", "d/h"],
            vec![
                phase(
                    |at| fs::remove_file(at.path("f")).unwrap(),
                    &[("deleted", "f")],
                ),
                phase(
                    |at| fs::remove_dir_all(at.path("d")).unwrap(),
                    &[
                        ("deleted", "d"),
                        ("deleted", "d/e"),
                        ("deleted", "d/e/g"),
                        ("deleted", "d/h"),
                    ],
                ),
            ],
        ),
        step(
            "special",
            &[],
            vec![phase(
                |at| {
                    let mode = Mode::from_raw_mode(0o600);
                    mknodat(CWD, at.path("fifo"), FileType::Fifo, mode, 0).unwrap();
                    at.socket = Some(UnixListener::bind(at.path("socket")).unwrap());
                },
                &[("created", "fifo"), ("created", "socket")],
            )],
        ),
    ]
}

/// What only root may do.
fn root_steps() -> Vec<Step> {
    let mut mounted = step(
        "mount",
        &["m/below"],
        vec![
            phase(
                |at| {
                    let mount = Mount::tmpfs(at.path("m"), "size=1m");
                    fs::write(mount.at().join("inside"), "1").unwrap();
                    at.mounts.push(mount);
                },
                &[
                    ("attributes_modified", "m"),
                    ("created", "m/inside"),
                    ("deleted", "m/below"),
                ],
            ),
            phase(
                |at| at.write("m/inside", "changed"),
                &[("attributes_modified", "m/inside"), ("updated", "m/inside")],
            ),
            phase(
                |at| at.mounts.clear(),
                &[
                    ("attributes_modified", "m"),
                    ("created", "m/below"),
                    ("deleted", "m/inside"),
                ],
            ),
            phase(
                |at| at.write("m/below", "changed"),
                &[("attributes_modified", "m/below"), ("updated", "m/below")],
            ),
        ],
    );
    mounted.has_mounts = true;
    let mut bound = step(
        "bind",
        &["from/f", "at/below"],
        vec![
            phase(
                |at| {
                    let mount = Mount::bind(&at.path("from"), at.path("at"));
                    at.mounts.push(mount);
                },
                &[
                    ("attributes_modified", "at"),
                    ("created", "at/f"),
                    ("deleted", "at/below"),
                ],
            ),
            phase(
                |at| at.mounts.clear(),
                &[
                    ("attributes_modified", "at"),
                    ("created", "at/below"),
                    ("deleted", "at/f"),
                ],
            ),
        ],
    );
    bound.has_mounts = true;
    vec![
        step(
            "chown",
            &["f"],
            vec![phase(
                |at| chown(at.path("f"), Some(1), Some(2)).unwrap(),
                &[("attributes_modified", "f")],
            )],
        ),
        step(
            "device",
            &[],
            vec![phase(
                |at| {
                    let mode = Mode::from_raw_mode(0o600);
                    let (kind, null) = (FileType::CharacterDevice, makedev(1, 3));
                    mknodat(CWD, at.path("null"), kind, mode, null).unwrap();
                },
                &[("created", "null")],
            )],
        ),
        mounted,
        bound,
    ]
}

/// What needs a program that maps files.
fn mapping_steps() -> Vec<Step> {
    vec![step(
        "mmap",
        &["f"],
        vec![
            phase(
                |at| at.mapper = Some(Mapper::write(&at.path("f"))),
                &UPDATED,
            ),
            // That it was closed is told, and there is nothing new by then.
            phase(|at| at.mapper = None, &[]),
        ],
    )]
}

fn script() -> Vec<Step> {
    let mut steps = content_steps();
    steps.extend(attribute_steps());
    steps.extend(name_steps());
    if is_root() {
        steps.extend(root_steps());
    }
    if has("python3") {
        steps.extend(mapping_steps());
    }
    if !has("setfacl") {
        steps.retain(|step| step.name != "acl");
    }
    steps
}

fn has(tool: &str) -> bool {
    let quiet = || Stdio::null();
    let mut command = Command::new(tool);
    let started = command.arg("--version").stdout(quiet()).status();
    let is_there = started.is_ok_and(|status| status.success());
    if !is_there {
        eprintln!("skipped: needs {tool}");
    }
    is_there
}

/// The script on its way with one backend.
struct Performance {
    backend: &'static str,
    steps: Vec<Step>,
    places: Vec<Place>,
    watch: Watch,
    sandbox: Sandbox,
}

impl Performance {
    fn begin(backend: &'static str) -> Performance {
        let sandbox = Sandbox::new();
        let steps = script();
        let place = |step: &Step| Place {
            dir: sandbox.path(step.name),
            outside: sandbox.home(),
            mounts: Vec::new(),
            mapper: None,
            socket: None,
        };
        let places = steps.iter().map(place).collect();
        for step in &steps {
            sandbox.write(&format!("{}/", step.name), "");
            for file in step.files {
                // A content of its own: nothing moves by accident.
                let name = format!("{}/{file}", step.name);
                sandbox.write(&name, &format!("{BEFORE} in {name}"));
            }
        }
        let settings = format!("backends = [\"{backend}\"]\npoll_interval = \"1s\"");
        let mut watch = Watch::configured(&sandbox, &settings);
        watch.take();
        let state = watch.settle();
        let covers = |entry: &serde_json::Value| entry["directories"].as_u64() > Some(0);
        let backends = state["backends"].as_array().unwrap();
        let used: Vec<&str> = backends
            .iter()
            .filter(|entry| covers(entry))
            .map(|entry| entry["name"].as_str().unwrap())
            .collect();
        let expected: &[&str] = if backend == "poll" { &[] } else { &[backend] };
        assert_eq!(used, expected, "{state}");
        Performance {
            backend,
            steps,
            places,
            watch,
            sandbox,
        }
    }

    /// Does one phase of a step.
    fn act(&mut self, step: usize, phase: usize) {
        (self.steps[step].phases[phase].act)(&mut self.places[step]);
    }

    /// Returns what is to be told of a phase.
    fn told(&self, step: usize, phase: usize) -> Vec<(String, String)> {
        let step = &self.steps[step];
        let told = step.phases.get(phase).map_or(&[][..], |phase| &phase.told);
        let in_tree = |(action, path): &Told| {
            let path = format!("{}/{path}", step.name);
            ((*action).to_owned(), path)
        };
        told.iter().map(in_tree).collect()
    }

    /// Returns what this backend does not tell of a phase, and why.
    fn unseen(&self, step: usize, phase: usize) -> Option<&'static Unseen> {
        let step = self.steps[step].name;
        let is_it = |unseen: &&Unseen| {
            (unseen.backend, unseen.step, unseen.phase) == (self.backend, step, phase)
        };
        UNSEEN.iter().find(is_it)
    }

    /// Does one phase after the other and compares what is told of each.
    fn one_by_one(&mut self) {
        for step in 0..self.steps.len() {
            for phase in 0..self.steps[step].phases.len() {
                self.act(step, phase);
                let expected = self.told(step, phase);
                let title = format!("{}: {}, phase {phase}", self.backend, self.steps[step].name);
                if let Some(unseen) = self.unseen(step, phase) {
                    let is_missing = |(_, (action, path)): &(usize, &Told)| {
                        unseen.missing.contains(&(action, path))
                    };
                    let named = self.steps[step].phases[phase].told.iter().enumerate();
                    let missing: Vec<usize> = named.filter(is_missing).map(|(n, _)| n).collect();
                    let pick = |wanted: bool| {
                        let all = expected.iter().enumerate();
                        let picked = all.filter(|(n, _)| missing.contains(n) == wanted);
                        picked.map(|(_, told)| told.clone()).collect::<Vec<_>>()
                    };
                    let told = self.watch.news(&self.sandbox);
                    assert_eq!(told, pick(false), "{title}: {}", unseen.reason);
                    self.is_found_by_a_scan(&pick(true));
                } else if self.steps[step].has_mounts {
                    self.is_told_in_time(&expected, &title);
                } else {
                    assert_eq!(self.watch.news(&self.sandbox), expected, "{title}");
                }
            }
        }
    }

    /// Does the first phase of all steps and waits for one look, then the second of all, and so on.
    fn together(&mut self) {
        let phases = self.steps.iter().map(|step| step.phases.len()).max();
        for phase in 0..phases.unwrap() {
            let mut expected = Vec::new();
            for step in 0..self.steps.len() {
                if phase < self.steps[step].phases.len() {
                    self.act(step, phase);
                    expected.extend(self.told(step, phase));
                }
            }
            expected.sort();
            // Mounts have places looked at beside the polling.
            self.is_told_in_time(&expected, &format!("polling, phase {phase}"));
            self.watch.polled();
            assert_eq!(self.watch.news(&self.sandbox), [], "phase {phase}, later");
        }
    }

    /// Waits for what is told of mounts, and for nothing more.
    fn is_told_in_time(&mut self, expected: &[(String, String)], title: &str) {
        let until = Instant::now() + PATIENCE;
        let mut told = Vec::new();
        while told.len() < expected.len() && Instant::now() < until {
            told.extend(self.watch.news(&self.sandbox));
        }
        told.extend(self.watch.news(&self.sandbox));
        told.sort();
        assert_eq!(told, expected, "{title}");
    }

    /// Proves that a scan finds what the backend does not tell of.
    fn is_found_by_a_scan(&mut self, expected: &[(String, String)]) {
        let config = self.sandbox.home().join("config.toml");
        let options = [
            "scan",
            "--format=ndjson",
            "--config",
            config.to_str().unwrap(),
        ];
        let scan = self.sandbox.waxseal(&options).exits(1);
        let tree = format!("{}/", self.sandbox.tree().display());
        let mut found: Vec<(String, String)> = Vec::new();
        for document in scan.documents() {
            let path = crate::util::file_path(&document);
            let path = path.strip_prefix(&tree).unwrap().to_owned();
            let actions = document["event"]["action"].as_array().unwrap();
            let action = |action: &serde_json::Value| action.as_str().unwrap().to_owned();
            found.extend(actions.iter().map(|one| (action(one), path.clone())));
        }
        found.sort();
        assert_eq!(found, expected);
        // It is journalled, so the watch delivers it as well.
        assert_eq!(self.watch.news(&self.sandbox), expected);
    }

    /// Compares the store with the tree once everything is over.
    fn end(self) {
        self.watch.stop().exits(0);
        let scan = self.sandbox.ndjson("scan", &[]);
        assert_eq!(scan.changes(), [], "a fresh scan finds nothing new");
        let full = self.sandbox.ndjson("scan", &["--full"]);
        assert_eq!(full.changes(), [], "nor does one that reads everything");
        let status = self.sandbox.waxseal(&["status", "--format=json"]).exits(0);
        let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
        let check = self.sandbox.ndjson("check", &[]).exits(1);
        // What moved is one difference of two paths.
        let mut paths = BTreeSet::new();
        for document in check.documents() {
            paths.insert(crate::util::file_path(&document));
            let before = document["waxseal"]["before"]["path"].as_str();
            paths.extend(before.map(str::to_owned));
        }
        assert_eq!(status["open"], paths.len(), "check and store agree");
        self.sandbox.waxseal(&["log", "--verify"]).exits(0);
        let log = self.sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
        let documents = log.documents();
        let named = documents
            .iter()
            .filter_map(|document| document["waxseal"]["backend"].as_str());
        let named: BTreeSet<&str> = named.collect();
        let expected = Some(self.backend).filter(|backend| *backend != "poll");
        assert!(named.into_iter().eq(expected), "who told is named");
    }
}

#[test]
fn fanotify_tells_what_the_script_does() {
    if !is_root() {
        return;
    }
    let mut performance = Performance::begin("fanotify");
    performance.one_by_one();
    performance.end();
}

#[test]
fn inotify_tells_what_the_script_does() {
    let mut performance = Performance::begin("inotify");
    performance.one_by_one();
    performance.end();
}

#[test]
fn polling_tells_what_the_script_does() {
    let mut performance = Performance::begin("poll");
    performance.together();
    performance.end();
}
