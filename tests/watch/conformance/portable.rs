//! What every system can do.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::time::UNIX_EPOCH;

use super::{Step, UPDATED, phase, step};

/// Returns the steps.
pub(super) fn steps() -> Vec<Step> {
    let mut steps = content_steps();
    steps.extend(name_steps());
    steps
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
            "same_size",
            &["f"],
            vec![phase(
                |at| {
                    let mut file = OpenOptions::new().write(true).open(at.path("f")).unwrap();
                    file.write_all(b"W").unwrap();
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
            "utimes",
            &["f"],
            vec![phase(
                |at| {
                    let file = OpenOptions::new().write(true).open(at.path("f")).unwrap();
                    file.set_modified(UNIX_EPOCH).unwrap();
                },
                &[("attributes_modified", "f")],
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
    ]
}
