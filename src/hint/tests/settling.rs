//! When a path is looked at, and what its hint says then.

use super::*;

#[test]
fn a_file_is_due_when_its_writer_closes_it() {
    let mut desk = Desk::new(100);
    desk.file("/etc/motd", C).wait(10).file("/etc/motd", W);
    assert_eq!(desk.due_in(), Some(250));
    desk.wait(5).file("/etc/motd", S);
    // It is new: the next may be that it is renamed.
    assert_eq!(desk.due_in(), Some(5));
    let work = desk.wait(5).take();
    let [hint] = work.hints.as_slice() else {
        panic!("{work:?}")
    };
    assert_eq!(hint.path, sample::path("/etc/motd"));
    assert_eq!(hint.changes, C | W | S);
    assert_eq!(hint.first, desk.start);
    assert_eq!(single(&hint.actors), Some(&"someone"));
    assert!(!hint.is_directory && !hint.is_short_lived() && hint.group.is_none());
    assert!(desk.pending.is_empty() && desk.due_in().is_none());
}

#[test]
fn the_first_moment_of_each_change() {
    // What happens, whether to a directory, and in how many milliseconds it is due.
    let table: [(&[Changes], bool, u64); 12] = [
        (&[C], false, 250),
        (&[W], false, 250),
        (&[A], false, 250),
        (&[D], false, 250),
        (&[S], false, 0),
        (&[W | S], false, 0),
        (&[C], true, 0),
        (&[A], true, 250),
        (&[D], true, 250),
        // Closed by a writer that still had it open when it was removed.
        (&[D, S], false, 250),
        (&[C | D | S], false, 250),
        // Removed and made again, as `rm x; cp y x` does it.
        (&[D, C, W, S], false, 5),
    ];
    for (changes, is_directory, due) in table {
        let mut desk = Desk::new(100);
        for changes in changes {
            match is_directory {
                true => desk.dir("/x", *changes),
                false => desk.file("/x", *changes),
            };
        }
        assert_eq!(desk.due_in(), Some(due), "{changes:?}");
    }
}

#[test]
fn a_closed_file_that_is_changed_again_settles_again() {
    let mut desk = Desk::new(100);
    desk.file("/x", W | S).file("/x", A);
    assert_eq!(desk.due_in(), Some(250));
    desk.wait(100).file("/x", W);
    assert_eq!(desk.due_in(), Some(250));
    desk.wait(249);
    assert_eq!(desk.paths(), [""; 0]);
    assert_eq!(desk.wait(1).paths(), ["/x"]);
}

#[test]
fn a_log_that_is_appended_for_ten_seconds_is_taken_every_two() {
    let mut desk = Desk::new(100);
    let mut taken = Vec::new();
    for _ in 0..100 {
        desk.file("/var/log/syslog", W);
        if !desk.paths().is_empty() {
            taken.push(desk.now);
        }
        desk.wait(100);
    }
    // After the first of each round, nobody waits longer than two seconds.
    assert_eq!(taken, [2000, 4100, 6200, 8300]);
    assert_eq!(desk.wait(250).paths(), ["/var/log/syslog"]);
}

#[test]
fn nothing_is_taken_before_its_time_and_the_longest_due_first() {
    let mut desk = Desk::new(100);
    desk.file("/b", W)
        .wait(50)
        .file("/a", W)
        .wait(50)
        .file("/c", W)
        .wait(149);
    assert_eq!(desk.paths(), [""; 0]);
    desk.wait(1);
    assert_eq!(desk.paths(), ["/b"]);
    desk.wait(200);
    let first = desk.take_up_to(1);
    assert_eq!(paths(&first), ["/a"]);
    assert_eq!(desk.paths(), ["/c"]);
}

#[test]
fn only_content_that_was_created_and_deleted_unseen_is_short_lived() {
    // What happens to /x, and whether a short-lived file was there.
    let table: [(&str, &[Changes], bool); 14] = [
        ("a file is made, written and removed", &[C, W, S, D], true),
        ("the same in one signal", &[C | W | D], true),
        ("the same in two", &[C | W, S | D], true),
        ("an empty file is made and removed", &[C, S, D], false),
        ("a file that was there is removed", &[D], false),
        (
            "a file that was there is written and removed",
            &[W, S, D],
            false,
        ),
        ("a file is replaced", &[D, C, W, S], false),
        (
            "a file is replaced and removed again",
            &[D, C, W, S, D],
            true,
        ),
        (
            "a file is made, removed and made again",
            &[C, W, D, C, W],
            false,
        ),
        ("then only an empty one is removed", &[C, W, D, C, D], false),
        ("a file is made and kept", &[C, W, S], false),
        (
            "attributes between do not matter",
            &[C, A, W, A, D, A],
            true,
        ),
        ("only the mode is changed", &[A], false),
        ("a link is made and removed", &[C, D], false),
    ];
    for (story, changes, expected) in table {
        let mut desk = Desk::new(100);
        desk.each("/x", changes).wait(250);
        assert_eq!(
            hint(&desk.take(), "/x").is_short_lived(),
            expected,
            "{story}"
        );
    }
}

#[test]
fn a_rename_does_not_hide_what_came_and_went() {
    let short_lived = |tell: fn(&mut Desk) -> &mut Desk| {
        let mut desk = Desk::new(100);
        let work = tell(&mut desk).wait(2000).take();
        let hints = work.hints.iter().filter(|hint| hint.is_short_lived());
        let mut paths: Vec<String> = hints.map(|hint| sample::written(&hint.path)).collect();
        paths.sort();
        paths.join(" ")
    };
    assert_eq!(
        short_lived(|desk| desk.each("/a", &[C, W, S]).moved("/a", "/b").file("/b", D)),
        "/b",
        "renamed and deleted"
    );
    assert_eq!(
        short_lived(|desk| {
            let desk = desk.each("/a", &[C, W, S]).moved("/a", "/b");
            desk.moved("/b", "/c").file("/c", D)
        }),
        "/c",
        "renamed twice"
    );
    assert_eq!(
        short_lived(|desk| desk.each("/a", &[C, W, S]).moved("/a", "-")),
        "/a",
        "moved to where nobody watches"
    );
    assert_eq!(
        short_lived(|desk| desk.moved("-", "/a").file("/a", D)),
        "/a",
        "moved here and deleted"
    );
    assert_eq!(
        short_lived(|desk| desk.moved("/a", "/b").file("/b", D)),
        "",
        "known"
    );
    assert_eq!(
        short_lived(|desk| desk.each("/a", &[C, W, S]).moved("/a", "/b")),
        "",
        "there under another name"
    );
    assert_eq!(
        short_lived(|desk| desk.each("/a", &[C]).moved("/a", "/b").file("/b", D)),
        "",
        "empty"
    );
}

#[test]
fn what_was_seen_before_is_deleted_and_not_short_lived() {
    let mut desk = Desk::new(100);
    desk.each("/x", &[C, W, S]).wait(5).take();
    desk.file("/x", D).wait(250);
    assert!(!hint(&desk.take(), "/x").is_short_lived());
}

#[test]
fn several_actors_are_told_apart() {
    let mut desk = Desk::new(100);
    desk.by(Some("cp"), "/x", C)
        .by(Some("chmod"), "/x", A)
        .by(Some("cp"), "/x", W);
    desk.by(Some("cp"), "/y", C).by(None, "/y", W).wait(250);
    let work = desk.take();
    let actors = &hint(&work, "/x").actors;
    assert!(actors.iter().eq(&["cp", "chmod"]) && single(actors).is_none());
    let actors = &hint(&work, "/y").actors;
    assert!(actors.iter().eq(&["cp"]) && single(actors).is_none() && actors.has_unnamed());
    assert_eq!(desk.pending.counts().merged, 3);
}

#[test]
fn git_checkout_replaces_each_file_by_unlink_and_create() {
    let mut desk = Desk::new(100);
    for path in ["/src/a.rs", "/src/b.rs"] {
        desk.file(path, D).wait(1).each(path, &[C, W, S]);
    }
    let work = desk.wait(5).take();
    assert_eq!(paths(&work), ["/src/a.rs", "/src/b.rs"]);
    for hint in work.hints {
        assert_eq!(hint.changes, D | C | W | S);
        assert!(!hint.is_short_lived());
    }
}

#[test]
fn tar_makes_directories_that_are_due_at_once_and_files_as_they_are_closed() {
    let mut desk = Desk::new(100);
    desk.dir("/opt/app", C).each("/opt/app/a", &[C, W]);
    assert_eq!(desk.paths(), ["/opt/app"]);
    desk.each("/opt/app/a", &[S]).each("/opt/app/b", &[C, W, S]);
    // The times and the mode of each are set after it is closed, those of the directory last.
    assert_eq!(desk.wait(5).paths(), ["/opt/app/a", "/opt/app/b"]);
    desk.file("/opt/app/a", A).dir("/opt/app", A);
    assert_eq!(desk.wait(250).paths(), ["/opt/app", "/opt/app/a"]);
}

#[test]
fn mkdir_p_is_due_at_once_on_every_level() {
    let mut desk = Desk::new(100);
    desk.dir("/a", C).dir("/a/b", C).dir("/a/b/c", C);
    assert_eq!(desk.paths(), ["/a", "/a/b", "/a/b/c"]);
}

#[test]
fn the_hints_of_one_directory_stand_together() {
    let mut desk = Desk::new(1000);
    for number in 0..50 {
        for dir in ["/a", "/b", "/a/c"] {
            desk.file(&format!("{dir}/{number}"), W);
        }
    }
    let work = desk.wait(250).take();
    let dirs = work
        .hints
        .chunk_by(|left, right| left.path.parent() == right.path.parent());
    assert_eq!(dirs.count(), 3);
    assert_eq!(work.hints.len(), 150);
}

#[test]
fn work_that_could_not_be_done_comes_again_after_a_pause() {
    let mut desk = Desk::new(100);
    desk.by(Some("cp"), "/x", C | W | S).wait(5);
    let work = desk.take();
    desk.wait(3000);
    desk.requeue(work);
    assert_eq!(desk.due_in(), Some(250));
    desk.wait(200).by(Some("rm"), "/x", D);
    let work = desk.wait(250).take();
    let hint = hint(&work, "/x");
    assert_eq!(hint.first, desk.start);
    assert_eq!(hint.changes, C | W | S | D);
    assert!(hint.is_short_lived());
    assert!(hint.actors.iter().eq(&["cp", "rm"]));
}

#[test]
fn work_that_comes_back_goes_before_what_was_heard_since() {
    let mut desk = Desk::new(100);
    desk.by(Some("cp"), "/x", C | W | S).wait(5);
    let work = desk.take();
    desk.wait(100).by(Some("rm"), "/x", D);
    desk.requeue(work);
    assert_eq!(desk.pending.len(), 1);
    let work = desk.wait(250).take();
    let hint = hint(&work, "/x");
    assert!(hint.is_short_lived());
    assert!(hint.actors.iter().eq(&["cp", "rm"]));
    assert_eq!(hint.first, desk.start);
}
