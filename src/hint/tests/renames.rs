//! Both ends of a rename come together, and all that is linked to them.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[test]
fn vim_saves_by_a_backup_and_a_new_file() {
    let mut desk = Desk::new(100);
    desk.each("/etc/4913", &[C, A, S, D]);
    desk.moved("/etc/hosts", "/etc/hosts~");
    desk.each("/etc/hosts", &[C, W, S, A])
        .file("/etc/hosts~", D);
    assert_eq!(desk.due_in(), Some(250));
    let work = desk.wait(250).take();
    assert_eq!(paths(&work), ["/etc/4913", "/etc/hosts", "/etc/hosts~"]);
    assert!(work.hints.iter().all(|hint| !hint.is_short_lived()));
    let (file, backup) = (hint(&work, "/etc/hosts"), hint(&work, "/etc/hosts~"));
    assert_eq!(file.group, backup.group);
    assert!(file.group.is_some() && hint(&work, "/etc/4913").group.is_none());
    assert_eq!(file.changes, C | W | S | A);
}

#[test]
fn sed_replaces_by_rename() {
    let mut desk = Desk::new(100);
    desk.each("/etc/sedA1b2", &[C, W, S, A])
        .moved("/etc/sedA1b2", "/etc/hosts");
    let work = desk.wait(250).take();
    assert_eq!(paths(&work), ["/etc/hosts", "/etc/sedA1b2"]);
    let file = hint(&work, "/etc/hosts");
    assert!(file.changes.is_empty());
    assert_eq!(file.group, hint(&work, "/etc/sedA1b2").group);
    assert!(file.group.is_some());
    assert!(!hint(&work, "/etc/sedA1b2").is_short_lived());
}

#[test]
fn dpkg_unpacks_beside_and_renames() {
    let mut desk = Desk::new(1000);
    for number in 0..20 {
        let file = format!("/usr/bin/tool{number}");
        desk.each(&format!("{file}.dpkg-new"), &[C, W, S, A]);
        desk.file(&format!("{file}.dpkg-tmp"), C);
        desk.moved(&format!("{file}.dpkg-new"), &file);
        desk.file(&format!("{file}.dpkg-tmp"), D);
    }
    let work = desk.wait(250).take();
    assert_eq!(work.hints.len(), 60);
    for number in 0..20 {
        let file = format!("/usr/bin/tool{number}");
        let group = hint(&work, &file).group;
        assert!(group.is_some());
        assert_eq!(hint(&work, &format!("{file}.dpkg-new")).group, group);
        let backup = hint(&work, &format!("{file}.dpkg-tmp"));
        assert!(!backup.is_short_lived() && backup.group.is_none());
    }
}

#[test]
fn a_chain_of_renames_is_one_group() {
    let mut desk = Desk::new(100);
    desk.moved("/a", "/b")
        .wait(100)
        .moved("/b", "/c")
        .wait(100)
        .moved("/c", "/d");
    // Due with its earliest member.
    assert_eq!(desk.due_in(), Some(50));
    let work = desk.wait(50).take_up_to(1);
    assert_eq!(paths(&work), ["/a", "/b", "/c", "/d"]);
    let group = work.hints[0].group;
    assert!(work.hints.iter().all(|hint| hint.group == group));
    assert!(desk.pending.is_empty());
}

#[test]
fn two_files_swap_their_names() {
    let mut desk = Desk::new(100);
    desk.moved("/a", "/tmp/x")
        .moved("/b", "/a")
        .moved("/tmp/x", "/b")
        .wait(250);
    let work = desk.take();
    assert_eq!(paths(&work), ["/a", "/b", "/tmp/x"]);
    let group = work.hints[0].group;
    assert!(group.is_some() && work.hints.iter().all(|hint| hint.group == group));
}

#[test]
fn rotated_logs_are_one_group() {
    let mut desk = Desk::new(1000);
    for number in (0..100).rev() {
        let name = |number| format!("/var/log/syslog.{number}");
        desk.moved(&name(number), &name(number + 1));
    }
    desk.each("/var/log/syslog.0", &[C, W, S]).wait(5);
    assert_eq!(desk.take_up_to(1).hints.len(), 101);
}

#[test]
fn one_end_may_be_out_of_sight() {
    let mut desk = Desk::new(100);
    desk.moved("/home/x", "-")
        .moved("-", "/etc/y")
        .moved("-", "-")
        .wait(250);
    let work = desk.take();
    assert_eq!(paths(&work), ["/etc/y", "/home/x"]);
    assert!(work.hints.iter().all(|hint| hint.group.is_none()));
}

#[test]
fn an_end_that_is_absorbed_keeps_its_link() {
    let mut desk = Desk::new(100);
    desk.moved("/old", "/new")
        .subtree("/new", Reason::Appeared)
        .file("/new/x", W);
    let work = desk.take();
    assert_eq!(paths(&work), ["/new/**", "/old"]);
    assert_eq!(work.subtrees[0].group, hint(&work, "/old").group);
    assert!(work.subtrees[0].group.is_some());

    // The other way round: the subtree was there first.
    desk.subtree("/in", Reason::LostSync)
        .wait(100)
        .moved("/out", "/in/deep/x");
    desk.wait(150);
    assert_eq!(desk.paths(), [""; 0]);
    assert_eq!(desk.wait(100).paths(), ["/in/**", "/out"]);
}

#[test]
fn a_group_that_comes_back_is_still_one() {
    let mut desk = Desk::new(100);
    desk.moved("/a", "/b").wait(250);
    let work = desk.take();
    desk.requeue(work).wait(250);
    assert_eq!(paths(&desk.take_up_to(1)), ["/a", "/b"]);
}

#[test]
fn whoever_looks_for_another_reason_claims_the_hint_with_what_is_linked_to_it() {
    let mut desk = Desk::new(100);
    desk.file("/d/a", C | W).moved("/d/b", "/d/c");
    let at = desk.at(desk.now);
    let paths = |hints: Vec<Hint<&'static str>>| -> Vec<String> {
        let mut paths: Vec<String> = hints
            .iter()
            .map(|hint| sample::written(&hint.path))
            .collect();
        paths.sort();
        paths
    };
    assert_eq!(
        paths(desk.pending.claim(&sample::path("/d/none"), at)),
        [""; 0]
    );
    assert_eq!(paths(desk.pending.claim(&sample::path("/d"), at)), [""; 0]);
    assert_eq!(
        paths(desk.pending.claim(&sample::path("/d/a"), at)),
        ["/d/a"]
    );
    assert_eq!(
        paths(desk.pending.claim(&sample::path("/d/c"), at)),
        ["/d/b", "/d/c"]
    );
    assert!(desk.pending.is_empty());
}

#[test]
fn what_was_heard_in_a_directory_follows_it_to_its_new_path() {
    let mut desk = Desk::new(100);
    desk.dir("/d", C);
    desk.each("/d/f", &[C, W, S]).file("/other", W);
    let work = desk.relocated("/d", "/e").wait(2000).take();
    assert_eq!(paths(&work), ["/e", "/e/f", "/other"]);
    let file = hint(&work, "/e/f");
    assert_eq!(file.changes, C | W | S);
    assert!(single(&file.actors).is_some(), "who made it is known still");
}

#[test]
fn what_was_heard_is_looked_at_in_time_however_often_its_directory_is_renamed() {
    for is_other_pending in [false, true] {
        let mut desk = Desk::new(100);
        desk.file("/d/f", W);
        if is_other_pending {
            desk.file("/e/g", W);
        }
        let mut looked = Vec::new();
        for step in 0..30 {
            let (from, to) = match step % 2 {
                0 => ("/d", "/e"),
                _ => ("/e", "/d"),
            };
            desk.relocated(from, to);
            looked.extend(paths(&desk.wait(100).take()));
        }
        assert!(looked.iter().any(|path| path.ends_with("/f")), "{looked:?}");
        assert!(desk.pending.is_empty());
    }
}

#[test]
fn what_was_heard_of_a_renamed_directory_is_merged_with_what_is_pending_at_its_new_path() {
    let mut desk = Desk::new(100);
    desk.file("/d/f", W).file("/d/sub/g", W).file("/e/f", A);
    let work = desk.relocated("/d", "/e").wait(2000).take();
    assert_eq!(paths(&work), ["/e/f", "/e/sub/g"]);
    assert_eq!(hint(&work, "/e/f").changes, W | A);
}

#[test]
fn what_was_made_in_a_directory_that_left_was_not_short_lived() {
    let mut desk = Desk::new(100);
    desk.dir("/d", C);
    desk.each("/d/f", &[C, W, S]);
    let work = desk.relocated("/d", "-").wait(2000).take();
    assert_eq!(paths(&work), ["/d", "/d/f"]);
    let gone = |path| {
        let hint = hint(&work, path);
        !hint.is_unfinished() && !hint.is_short_lived() && !hint.was_written_anew()
    };
    assert!(gone("/d") && gone("/d/f"));
}

#[test]
fn what_is_looked_at_while_its_directory_is_renamed_comes_back_at_its_new_path() {
    let mut desk = Desk::new(100);
    desk.each("/d/f", &[C, W, S]).moved("/d/a", "/d/b");
    let work = desk.wait(2000).take();
    assert_eq!(paths(&work), ["/d/a", "/d/b", "/d/f"]);
    desk.relocated("/d", "/e").relocated("/e", "/x/y");
    // Of what was heard since, nothing is about it.
    desk.file("/d/f", W).requeue(work);
    let work = desk.wait(2000).take();
    assert_eq!(paths(&work), ["/d/f", "/x/y/a", "/x/y/b", "/x/y/f"]);
    assert_eq!(hint(&work, "/d/f").changes, W);
    assert_eq!(hint(&work, "/x/y/f").changes, C | W | S);
    let group = hint(&work, "/x/y/a").group;
    assert!(group.is_some() && hint(&work, "/x/y/b").group == group);
}

#[test]
fn what_is_looked_at_while_its_directory_leaves_was_not_short_lived() {
    let mut desk = Desk::new(100);
    let work = desk.each("/d/f", &[C, W, S]).wait(5).take();
    assert!(hint(&work, "/d/f").is_unfinished());
    desk.relocated("/d", "-").requeue(work);
    let work = desk.wait(2000).take();
    let hint = hint(&work, "/d/f");
    assert!(!hint.is_unfinished() && !hint.is_short_lived() && !hint.was_written_anew());
}

#[test]
fn what_is_looked_at_during_very_many_renames_comes_back_all_the_same() {
    let mut desk = Desk::new(100);
    let work = desk.each("/d/f", &[C, W, S]).wait(5).take();
    desk.relocated("/d", "/e");
    for number in 0..10_000 {
        desk.relocated(&format!("/{number}"), "/e");
    }
    assert_eq!(desk.requeue(work).wait(2000).paths(), ["/d/f"]);
}

fn directory() -> impl Strategy<Value = String> {
    let names = prop::sample::select(vec!["a", "b"]);
    vec(names, 1..4).prop_map(|names| format!("/{}", names.join("/")))
}

proptest! {
    #[test]
    fn what_is_taken_goes_the_way_of_what_is_pending(
        before in vec((directory(), directory()), 0..4),
        since in vec((directory(), prop::option::weighted(0.8, directory())), 0..8),
    ) {
        let came = |is_taken: bool| {
            let mut desk = Desk::new(100);
            desk.each("/a/b/a/f", &[C, W, S]);
            for (from, to) in &before {
                desk.relocated(from, to);
            }
            let work = is_taken.then(|| desk.wait(5).take());
            for (from, to) in &since {
                desk.relocated(from, to.as_deref().unwrap_or("-"));
            }
            work.into_iter().for_each(|work| {
                desk.requeue(work);
            });
            let work = desk.wait(2000).take();
            (paths(&work), work.hints[0].is_unfinished())
        };
        prop_assert_eq!(came(true), came(false));
    }
}
