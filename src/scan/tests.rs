//! What observations mean, case by case.

mod streams;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use waxseal_platform::dir::Dir;
use waxseal_platform::place;
use waxseal_platform::stat::{Kind, Timestamp};

use super::judge::{Settled, Update, Verdict, judge, settle};
use super::{Batch, Coverage, Plan, Survey, survey};
use crate::baseline::{Baseline, Reader, Row, Scope, Seen};
use crate::inspect::Progress;
use crate::policy::{Attributes, Policy, PolicySpec, Rule};
use crate::state::FileState;
use crate::state::sample::{self, digests, file, with};

fn row(trusted: Option<&FileState>, seen: Option<Seen>) -> Row {
    Row {
        name: OsString::from("f"),
        trusted: trusted.cloned(),
        seen,
    }
}

fn seen(state: Option<&FileState>, drift: bool) -> Seen {
    Seen {
        state: state.cloned(),
        drift,
        since: Timestamp::new(1, 0),
    }
}

fn policy() -> Policy {
    Policy::compile(&PolicySpec::builtin(&[sample::path("/w")], None)).unwrap()
}

fn rule(policy: &Policy) -> &Rule {
    policy
        .decide(&sample::path("/w/f"), Kind::File)
        .watched()
        .unwrap()
}

fn verdict(row: Option<&Row>, now: Option<&FileState>, covered: bool) -> String {
    match judge(row, now, covered, Attributes::DEFAULT) {
        Verdict::Unchanged => "unchanged",
        Verdict::Joined => "joined",
        Verdict::Extended => "extended",
        Verdict::Differs => "differs",
    }
    .to_owned()
}

#[test]
fn a_path_is_judged_by_its_last_look() {
    let (old, new) = (file(b"old"), file(b"new"));
    let trusted = row(Some(&old), None);
    let drifting = row(Some(&old), Some(seen(Some(&new), true)));
    let deleted = row(Some(&old), Some(seen(None, true)));
    let unapproved = row(None, Some(seen(Some(&new), true)));
    let rehashed = with(&old, |s| s.digests = digests(b"old", "sha256,sha512"));
    let other_ctime = with(&old, |s| s.stat.changed = Timestamp::new(99, 0));
    type Case<'c> = (
        &'c str,
        Option<&'c Row>,
        Option<&'c FileState>,
        bool,
        &'c str,
    );
    let table: [Case<'_>; 12] = [
        ("never watched", None, Some(&new), false, "joined"),
        ("new", None, Some(&new), true, "differs"),
        ("as approved", Some(&trusted), Some(&old), true, "unchanged"),
        ("changed", Some(&trusted), Some(&new), true, "differs"),
        ("gone", Some(&trusted), None, true, "differs"),
        (
            "reported already",
            Some(&drifting),
            Some(&new),
            true,
            "unchanged",
        ),
        (
            "back to approved",
            Some(&drifting),
            Some(&old),
            true,
            "differs",
        ),
        ("still gone", Some(&deleted), None, true, "unchanged"),
        ("back again", Some(&deleted), Some(&old), true, "differs"),
        ("new one gone", Some(&unapproved), None, true, "differs"),
        (
            "new hash type",
            Some(&trusted),
            Some(&rehashed),
            true,
            "extended",
        ),
        (
            "only what does not count",
            Some(&trusted),
            Some(&other_ctime),
            true,
            "unchanged",
        ),
    ];
    for (case, row, now, covered, expected) in table {
        assert_eq!(verdict(row, now, covered), expected, "{case}");
    }
}

#[test]
fn what_differs_stays_open_until_approved_and_nothing_is_trusted_by_itself() {
    let policy = policy();
    let rule = rule(&policy);
    let (old, new) = (file(b"old"), file(b"new"));
    let trusted = row(Some(&old), None);

    let changed = settle(Some(&trusted), Some(&new), rule);
    assert_eq!(changed.trusted, Update::Keep);
    let Update::Put(open) = changed.seen else {
        panic!("the change is not kept")
    };
    assert!(open.drift);
    assert_eq!(open.state, Some(new.clone()));

    let again = row(Some(&old), Some(open.clone()));
    assert!(settle(Some(&again), Some(&new), rule).is_nothing());
    let back = settle(Some(&again), Some(&old), rule);
    assert_eq!(
        back,
        Settled {
            trusted: Update::Keep,
            seen: Update::Remove
        }
    );

    let gone = settle(Some(&trusted), None, rule);
    assert_eq!(gone.trusted, Update::Keep);
    assert!(matches!(
        gone.seen,
        Update::Put(Seen {
            state: None,
            drift: true,
            ..
        })
    ));

    let created = settle(None, Some(&new), rule);
    assert_eq!(created.trusted, Update::Keep);
    assert!(matches!(
        created.seen,
        Update::Put(Seen {
            state: Some(_),
            drift: true,
            ..
        })
    ));
    let unapproved = row(None, Some(seen(Some(&new), true)));
    let gone_again = settle(Some(&unapproved), None, rule);
    assert_eq!(
        gone_again,
        Settled {
            trusted: Update::Keep,
            seen: Update::Remove
        }
    );
}

#[test]
fn an_open_difference_keeps_the_date_it_was_first_seen() {
    let policy = policy();
    let old = file(b"old");
    let drifting = row(Some(&old), Some(seen(Some(&file(b"new")), true)));
    let settled = settle(Some(&drifting), Some(&file(b"newer")), rule(&policy));
    let Update::Put(open) = settled.seen else {
        panic!("the change is not kept")
    };
    assert_eq!(open.since, Timestamp::new(1, 0));
}

#[test]
fn what_does_not_count_is_remembered_without_being_open() {
    let policy = policy();
    let old = file(b"old");
    let touched = with(&old, |s| s.stat.changed = Timestamp::new(99, 0));
    let settled = settle(Some(&row(Some(&old), None)), Some(&touched), rule(&policy));
    assert_eq!(settled.trusted, Update::Keep);
    let Update::Put(kept) = settled.seen else {
        panic!("it would be read again each time")
    };
    assert!(!kept.drift);
}

#[test]
fn new_digests_are_adopted_only_for_approved_content() {
    let policy = policy();
    let rule = rule(&policy);
    let old = file(b"old");
    let rehashed = with(&old, |s| s.digests = digests(b"old", "sha256,sha512"));
    let settled = settle(Some(&row(Some(&old), None)), Some(&rehashed), rule);
    assert_eq!(
        settled,
        Settled {
            trusted: Update::Put(rehashed),
            seen: Update::Keep
        }
    );

    let tampered = with(&old, |s| s.digests = digests(b"new", "sha256,sha512"));
    let settled = settle(Some(&row(Some(&old), None)), Some(&tampered), rule);
    assert_eq!(settled.trusted, Update::Keep);
}

#[test]
fn automatic_acceptance_trusts_what_is_seen() {
    let mut spec = PolicySpec::builtin(&[sample::path("/w")], None);
    spec.monitors[0].accept = crate::policy::Accept::Auto;
    let policy = Policy::compile(&spec).unwrap();
    let (old, new) = (file(b"old"), file(b"new"));
    let trusted = row(Some(&old), None);
    let settled = settle(Some(&trusted), Some(&new), rule(&policy));
    assert_eq!(
        settled,
        Settled {
            trusted: Update::Put(new),
            seen: Update::Keep
        }
    );
    let settled = settle(Some(&trusted), None, rule(&policy));
    assert_eq!(
        settled,
        Settled {
            trusted: Update::Remove,
            seen: Update::Keep
        }
    );
    assert!(settle(Some(&trusted), Some(&old), rule(&policy)).is_nothing());
}

#[test]
fn the_deepest_scope_says_what_was_covered() {
    let (w, x) = (sample::path("/w"), sample::path("/x"));
    let now = Policy::compile(&PolicySpec::builtin(&[w.clone(), x], None)).unwrap();
    let before = PolicySpec::builtin(&[w], None);
    let stored = |path: &str, spec: &PolicySpec| Scope {
        path: sample::path(path),
        policy: serde_json::to_string(spec).unwrap(),
    };
    let scopes = vec![stored("/", &before), stored("/x/new", now.spec())];
    let coverage = Coverage::new(scopes, &now).unwrap();
    let covered = |path: &str| coverage.covers(&sample::path(path), Kind::File);
    assert!(covered("/w/f"));
    assert!(!covered("/x/f"));
    assert!(covered("/x/new/f"));
    assert!(coverage.is_outdated_for(&sample::path("/w")));
    assert!(coverage.is_outdated_for(&sample::path("/")));
    assert!(Coverage::new(Vec::new(), &now).unwrap().is_empty());
}

/// Returns what a survey of a plan looks at or names as doubtful where nothing was ever covered.
fn found(plan: &Plan<'_>, reader: &Reader) -> Vec<PathBuf> {
    let coverage = Coverage::new(Vec::new(), plan.policy).unwrap();
    let job = Survey {
        plan,
        coverage: &coverage,
        progress: &Progress::default(),
    };
    let mut found = Vec::new();
    let take = &mut |batch: Batch<'_>| {
        let looked_at = batch.looks.iter().map(|look| &look.name);
        let names = looked_at.chain(&batch.doubtful);
        found.extend(names.map(|name| batch.dir.join(name)));
        Ok(())
    };
    survey(&job, &|| reader.another(), take, &mut |_| {}).unwrap();
    found.sort();
    found
}

#[test]
fn the_directory_of_a_root_is_entered_before_the_root_is_looked_at() {
    let temp = tempfile::tempdir().unwrap();
    let top = place::real(temp.path()).unwrap();
    let root = top.join("root");
    std::fs::write(&root, "x").unwrap();
    let policy = Policy::compile(&PolicySpec::builtin(std::slice::from_ref(&root), None)).unwrap();
    let baseline = Baseline::open(&top.join("state")).unwrap();
    let reader = baseline.reader().unwrap();
    // From then on it is heard what happens, and not before.
    let enter = |path: &Path, _: Result<&Dir, &io::Error>| {
        if path == top {
            let _ = std::fs::remove_file(&root);
        }
    };
    let mut plan = Plan::new(&policy, &[place::top().to_owned()], 1);
    plan.enter = Some(&enter);
    let found = found(&plan, &reader);
    assert_eq!(
        found,
        [] as [PathBuf; 0],
        "it was there when it was entered"
    );
}

#[test]
fn a_root_that_comes_before_its_directory_is_covered_is_not_missed() {
    let temp = tempfile::tempdir().unwrap();
    let top = place::real(temp.path()).unwrap();
    let (above, root) = (top.join("above"), top.join("above/root"));
    std::fs::create_dir(&above).unwrap();
    let baseline = Baseline::open(&top.join("state")).unwrap();
    let reader = baseline.reader().unwrap();
    let policy = Policy::compile(&PolicySpec::builtin(std::slice::from_ref(&root), None)).unwrap();
    // At the last moment at which nobody would hear of it.
    let enter = |path: &Path, _: Result<&Dir, &io::Error>| {
        if path == above && !root.exists() {
            std::fs::create_dir(&root).unwrap();
            std::fs::write(root.join("file"), "content").unwrap();
        }
    };
    let mut plan = Plan::new(&policy, &[place::top().to_owned()], 1);
    plan.only_names = true;
    plan.enter = Some(&enter);
    let found = found(&plan, &reader);
    assert_eq!(found, [root.clone(), root.join("file")]);
}

#[test]
fn what_is_seen_in_a_directory_that_was_renamed_meanwhile_is_not_told_at_its_old_path() {
    let temp = tempfile::tempdir().unwrap();
    let top = place::real(temp.path()).unwrap();
    let (root, old, new) = (top.join("root"), top.join("root/old"), top.join("new"));
    std::fs::create_dir_all(&old).unwrap();
    std::fs::write(old.join("file"), "before").unwrap();
    std::fs::write(root.join("other"), "content").unwrap();
    let baseline = Baseline::open(&top.join("state")).unwrap();
    let reader = baseline.reader().unwrap();
    let policy = Policy::compile(&PolicySpec::builtin(std::slice::from_ref(&root), None)).unwrap();
    // It is open by now, and will be listed and looked at wherever it is.
    let enter = |path: &Path, _: Result<&Dir, &io::Error>| {
        if path == old {
            std::fs::rename(&old, &new).unwrap();
            std::fs::write(new.join("file"), "never at the old path").unwrap();
        }
    };
    let mut plan = Plan::new(&policy, &[place::top().to_owned()], 1);
    plan.enter = Some(&enter);
    let found = found(&plan, &reader);
    assert!(found.contains(&root.join("other")), "{found:?}");
    assert!(!found.contains(&old.join("file")), "{found:?}");
}
