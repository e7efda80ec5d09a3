//! What only Unix has, and what its backends do not see.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::fs::{
    CWD, FallocateFlags, FileType, Mode, RenameFlags, XattrFlags, fallocate, makedev, mknodat,
    renameat_with, setxattr,
};

use super::{Performance, Step, Told, UPDATED, Unseen, phase, step};
use crate::util::{Mount, is_root};

const LINKED: [Told; 1] = [("attributes_modified", "f")];
const NO_NAME: &str = "the kernel says of the file that its link count moved, but not where it is";
const NO_CALL: &str = "a store to memory is no call of the system; the file is still open";

pub(super) const UNSEEN: [Unseen; 4] = [
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

fn content_steps() -> Vec<Step> {
    vec![step(
        "fallocate",
        &["f"],
        vec![phase(
            |at| {
                let file = OpenOptions::new().write(true).open(at.path("f")).unwrap();
                fallocate(&file, FallocateFlags::empty(), 0, 1 << 16).unwrap();
            },
            &UPDATED,
        )],
    )]
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
    ]
}

fn name_steps() -> Vec<Step> {
    vec![
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
            "special",
            &[],
            vec![phase(
                |at| {
                    let mode = Mode::from_raw_mode(0o600);
                    mknodat(CWD, at.path("fifo"), FileType::Fifo, mode, 0).unwrap();
                    at.keep(UnixListener::bind(at.path("socket")).unwrap());
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
                    at.keep(mount);
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
                |at| at.kept.clear(),
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
                    at.keep(mount);
                },
                &[
                    ("attributes_modified", "at"),
                    ("created", "at/f"),
                    ("deleted", "at/below"),
                ],
            ),
            phase(
                |at| at.kept.clear(),
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
            phase(|at| at.keep(Mapper::write(&at.path("f"))), &UPDATED),
            // That it was closed is told, and there is nothing new by then.
            phase(|at| at.kept.clear(), &[]),
        ],
    )]
}

/// Returns the steps.
pub(super) fn steps() -> Vec<Step> {
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
