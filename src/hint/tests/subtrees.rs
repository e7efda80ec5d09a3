//! A subtree in doubt absorbs what is at and below it.

use super::*;

#[test]
fn it_absorbs_what_is_pending_and_what_comes_until_it_is_taken() {
    let mut desk = Desk::new(100);
    desk.file("/a/x", W)
        .file("/a/b/c/y", W)
        .file("/ab", W)
        .file("/a", A);
    desk.wait(10)
        .subtree("/a", Reason::LostSync)
        .file("/a/z", W)
        .file("/a", A);
    assert_eq!(desk.pending.len(), 2);
    let counts = desk.pending.counts();
    assert_eq!((counts.hints, counts.subtrees, counts.absorbed), (1, 1, 5));
    let work = desk.wait(250).take();
    assert_eq!(paths(&work), ["/a/**", "/ab"]);
    let subtree = &work.subtrees[0];
    assert_eq!((subtree.reason, subtree.absorbed), (Reason::LostSync, 5));
    assert_eq!(subtree.first, desk.start);

    // Whoever takes it may already have looked: what comes now is new.
    desk.file("/a/x", W).wait(250);
    assert_eq!(desk.paths(), ["/a/x"]);
    assert_eq!(desk.pending.counts().subtrees, 0);
}

#[test]
fn it_absorbs_subtrees_below_it() {
    let mut desk = Desk::new(100);
    desk.subtree("/a/b", Reason::LostSync).file("/a/b/x", W);
    desk.subtree("/a", Reason::Requested)
        .subtree("/a/c", Reason::Appeared);
    let work = desk.take();
    assert_eq!(paths(&work), ["/a/**"]);
    assert_eq!(
        (work.subtrees[0].reason, work.subtrees[0].absorbed),
        (Reason::Requested, 1)
    );
}

#[test]
fn the_empty_path_is_everything() {
    let mut desk = Desk::new(100);
    desk.file("/x", W)
        .file("relative", W)
        .subtree("", Reason::LostSync)
        .file("/y", W);
    let work = desk.wait(250).take();
    assert_eq!(paths(&work), ["/**"]);
    assert_eq!(work.subtrees[0].path, sample::path(""));
    assert_eq!(work.subtrees[0].absorbed, 3);
    desk.subtree("/", Reason::LostSync).file("/y", W).wait(250);
    assert_eq!(desk.take().subtrees[0].path, sample::path("/"));
}

#[test]
fn a_storm_is_waited_for_and_anything_else_is_due_at_once() {
    let table = [
        (Reason::Requested, 0),
        (Reason::Appeared, 0),
        (Reason::Appeared, 0),
        (Reason::Collapsed, 250),
        (Reason::LostSync, 250),
    ];
    for (reason, due) in table {
        let mut desk = Desk::new(100);
        desk.subtree("/a", reason);
        assert_eq!(desk.due_in(), Some(due), "{reason:?}");
        // More of it puts a storm off, but not for ever.
        desk.wait(100).file("/a/x", W);
        assert_eq!(desk.due_in(), Some(due), "{reason:?}");
        for _ in 0..19 {
            desk.wait(100).file("/a/x", W);
        }
        assert_eq!(desk.due_in(), Some(0), "{reason:?}");
    }
}

#[test]
fn of_two_reasons_for_one_path_the_stronger_stays() {
    let mut desk = Desk::new(100);
    desk.subtree("/a", Reason::Appeared)
        .subtree("/a", Reason::LostSync);
    desk.subtree("/a", Reason::Requested);
    let work = desk.take();
    assert_eq!(work.subtrees.len(), 1);
    assert_eq!(work.subtrees[0].reason, Reason::LostSync);
}

#[test]
fn one_that_could_not_be_looked_at_comes_again() {
    let mut desk = Desk::new(100);
    desk.file("/a/x", W).subtree("/a", Reason::Appeared);
    let work = desk.take();
    desk.wait(5000).file("/a/y", W);
    desk.requeue(work);
    assert_eq!(desk.due_in(), Some(250));
    let work = desk.wait(250).take();
    assert_eq!(paths(&work), ["/a/**"]);
    let subtree = &work.subtrees[0];
    assert_eq!((subtree.absorbed, subtree.reason), (2, Reason::Appeared));
    assert_eq!(subtree.first, desk.start);
}
