//! Renames are recognised, and nothing else is taken for one.

use std::path::Path;

use super::state;
use crate::baseline::{BaselineError, Paired, Pairing};
use crate::state::FileState;

/// One thing a scan found: path, inode before, inode now; 0 = nothing was or is there.
type Found = (&'static str, u64, u64);

/// Pairs and describes the results: `a > b`, `+ a`, `- a`; `!` when something was overwritten,
/// `*` when the old name holds something else now.
fn paired(found: &[Found]) -> Vec<String> {
    let found: Vec<_> = found
        .iter()
        .map(|(path, before, now)| {
            let some = |inode: u64| (inode > 0).then(|| state(inode));
            (*path, some(*before), some(*now))
        })
        .collect();
    paired_states(&found)
}

fn paired_states(found: &[(&str, Option<FileState>, Option<FileState>)]) -> Vec<String> {
    let mut pairing = Pairing::new().unwrap();
    for (path, before, now) in found {
        match (before, now) {
            (before, Some(now)) => pairing
                .arrive(Path::new(path), before.as_ref(), now)
                .unwrap(),
            (Some(last), None) => pairing.depart(Path::new(path), last).unwrap(),
            (None, None) => {}
        }
    }
    let mut lines = Vec::new();
    let mark = |on: bool, mark: &'static str| if on { mark } else { "" };
    pairing
        .finish(|paired| {
            lines.push(match paired {
                Paired::Arrived { path, replaced, .. } => {
                    format!("+ {}{}", path.display(), mark(replaced.is_some(), " !"))
                }
                Paired::Departed { path, .. } => format!("- {}", path.display()),
                Paired::Moved(moved) => {
                    assert_eq!(moved.before.stat.inode, moved.after.stat.inode);
                    let (from, to) = (moved.from.display(), moved.to.display());
                    let replaced = mark(moved.replaced.is_some(), " !");
                    let occupied = mark(!moved.vacated, " *");
                    format!("{from} > {to}{replaced}{occupied}")
                }
            });
            Ok::<(), BaselineError>(())
        })
        .unwrap();
    lines
}

#[test]
fn moves_are_told_from_creations_and_deletions() {
    let table: [(&str, &[Found], &[&str]); 13] = [
        ("nothing", &[], &[]),
        ("rename", &[("a", 1, 0), ("b", 0, 1)], &["a > b"]),
        (
            "rename, other order",
            &[("b", 0, 1), ("a", 1, 0)],
            &["a > b"],
        ),
        ("no relation", &[("a", 1, 0), ("b", 0, 2)], &["- a", "+ b"]),
        ("swap", &[("a", 1, 2), ("b", 2, 1)], &["b > a *", "a > b *"]),
        (
            "chain",
            &[("a", 1, 0), ("b", 2, 1), ("c", 0, 2)],
            &["a > b", "b > c *"],
        ),
        ("overwrite", &[("a", 1, 0), ("b", 2, 1)], &["a > b !"]),
        ("replaced by a new file", &[("a", 1, 2)], &["+ a !"]),
        (
            "rotated and made anew",
            &[("log", 1, 2), ("log.1", 0, 1)],
            &["+ log !", "log > log.1 *"],
        ),
        (
            "changed in place",
            &[("a", 1, 1), ("b", 0, 1)],
            &["+ a !", "+ b"],
        ),
        (
            "one of two names gone",
            &[("a", 1, 0), ("b", 1, 1)],
            &["- a", "+ b !"],
        ),
        (
            "several names, in path order",
            &[("a", 1, 0), ("b", 1, 0), ("x", 0, 1), ("y", 0, 1)],
            &["a > x", "b > y"],
        ),
        (
            "each departure once",
            &[("a", 1, 0), ("x", 0, 1), ("y", 0, 1)],
            &["a > x", "+ y"],
        ),
    ];
    for (what, found, expected) in table {
        assert_eq!(paired(found), expected, "{what}");
    }
}

#[test]
fn an_inode_number_alone_proves_nothing() {
    let old = state(1);
    let edit = |change: &dyn Fn(&mut FileState)| {
        let mut state = old.clone();
        change(&mut state);
        state
    };
    let at = super::at;
    let moved = ["a > b"];
    let other = ["- a", "+ b"];
    let no_birth = edit(&|s| s.stat.created = None);
    let table: [(&str, FileState, FileState, &[&str]); 8] = [
        (
            "another birth",
            old.clone(),
            edit(&|s| s.stat.created = Some(at(9))),
            &other,
        ),
        (
            "another device",
            old.clone(),
            edit(&|s| s.stat.device = 9),
            &other,
        ),
        (
            "another kind",
            old.clone(),
            edit(&|s| s.stat.kind = waxseal_platform::stat::Kind::Fifo),
            &other,
        ),
        (
            "renamed and changed",
            old.clone(),
            edit(&|s| s.stat.modified = at(9)),
            &moved,
        ),
        (
            "birth unknown, same times",
            old.clone(),
            no_birth.clone(),
            &moved,
        ),
        ("births unknown", no_birth.clone(), no_birth.clone(), &moved),
        (
            "births unknown, another time",
            no_birth.clone(),
            edit(&|s| {
                s.stat.created = None;
                s.stat.modified = at(9);
            }),
            &other,
        ),
        (
            "mode changed",
            old.clone(),
            edit(&|s| s.stat.mode = 0o600),
            &moved,
        ),
    ];
    for (what, before, now, expected) in table {
        let found = [("a", Some(before), None), ("b", None, Some(now))];
        assert_eq!(paired_states(&found), expected, "{what}");
    }
}

#[test]
fn a_reused_inode_at_the_same_path_is_a_replacement() {
    let old = state(1);
    let mut new = state(1);
    new.stat.created = Some(super::at(99));
    let found = [("a", Some(old), Some(new))];
    assert_eq!(paired_states(&found), ["+ a !"]);
}

#[test]
fn an_error_of_the_visitor_ends_the_visit() {
    let mut pairing = Pairing::new().unwrap();
    pairing.arrive(Path::new("a"), None, &state(1)).unwrap();
    pairing.arrive(Path::new("b"), None, &state(2)).unwrap();
    let mut visited = 0;
    let stopped = pairing.finish(|_| {
        visited += 1;
        let state_dir = "x".into();
        Err(BaselineError::Missing { state_dir })
    });
    assert!(matches!(stopped, Err(BaselineError::Missing { .. })));
    assert_eq!(visited, 1);
}
