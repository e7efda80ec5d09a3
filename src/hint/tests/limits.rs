//! Memory stays within its bound, whatever happens, and nothing is lost by that.

use super::*;

#[test]
fn the_fullest_directory_collapses_first() {
    let mut desk = Desk::new(16);
    for number in 0..6 {
        desk.file(&format!("/a/{number}"), W);
    }
    for number in 0..10 {
        desk.file(&format!("/b/{number}"), W);
    }
    assert_eq!(desk.pending.len(), 16);
    desk.file("/c/x", W);
    assert_eq!(desk.pending.len(), 8);
    let counts = desk.pending.counts();
    assert_eq!(
        (counts.collapsed, counts.absorbed, counts.subtrees),
        (1, 10, 1)
    );
    let work = desk.wait(250).take();
    assert_eq!(work.hints.len(), 7);
    assert_eq!(work.subtrees[0].path, sample::path("/b"));
    assert_eq!(work.subtrees[0].reason, Reason::Collapsed);
    assert_eq!(work.subtrees[0].absorbed, 10);
}

#[test]
fn lone_files_collapse_into_the_directory_above_theirs() {
    let mut desk = Desk::new(16);
    for number in 0..16 {
        desk.file(&format!("/srv/{number}/deep/x"), W);
    }
    desk.file("/etc/hosts", W);
    assert_eq!(desk.wait(250).paths(), ["/etc/hosts", "/srv/**"]);
}

#[test]
fn renames_outlast_other_hints() {
    let mut desk = Desk::new(32);
    for number in 0..10 {
        desk.moved(&format!("/a/{number}"), &format!("/a/{number}.old"));
    }
    for number in 0..13 {
        desk.file(&format!("/b/{number}"), W);
    }
    let work = desk.wait(250).take();
    assert_eq!(work.hints.len(), 20);
    assert_eq!(paths(&work).last().unwrap(), "/b/**");
}

#[test]
fn a_rename_whose_end_collapses_is_taken_with_the_subtree() {
    let mut desk = Desk::new(8);
    desk.moved("/a/x", "/b/x");
    for number in 0..10 {
        desk.file(&format!("/b/{number}"), W);
    }
    let work = desk.wait(250).take_up_to(1);
    assert_eq!(paths(&work), ["/a/x", "/b/**"]);
}

#[test]
fn a_storm_of_a_million_stays_under_the_bound() {
    for (hints, files_per_dir) in [
        (1_000_000, 1000),
        (200_000, 200_000),
        (200_000, 10),
        (200_000, 1),
    ] {
        let mut desk = Desk::new(10_000);
        for number in 0..hints {
            let dir = number / files_per_dir;
            desk.file(&format!("/data/{}/{dir}/{number}", dir % 7), C | W);
            assert!(desk.pending.len() <= 10_000);
        }
        assert!(desk.pending.tree.nodes() <= 3 * 10_000 + 8192);
        desk.wait(2000);
        let mut told = 0;
        while !desk.pending.is_empty() {
            let work = desk.take_up_to(1000);
            assert!(work.hints.len() + work.subtrees.len() <= 1000);
            let absorbed = work
                .subtrees
                .iter()
                .map(|subtree| subtree.absorbed as usize);
            told += work.hints.len() + absorbed.sum::<usize>();
        }
        assert_eq!(told, hints);
        assert_eq!(desk.pending.tree.nodes(), 1);
    }
}

#[test]
fn one_group_of_all_is_taken_whole_and_stays_within_the_bound() {
    let mut desk = Desk::new(1000);
    for number in 0..100_000 {
        let name = |number| format!("/d{}/{number}", number % 10);
        desk.moved(&name(number), &name(number + 1));
    }
    assert!(desk.pending.len() <= 1000);
    desk.wait(250).take_up_to(1);
    assert!(desk.pending.is_empty());
}

#[test]
fn a_few_files_at_the_bottom_of_long_chains_take_no_more_than_their_share() {
    let mut desk = Desk::new(1000);
    let chain = "/d".repeat(1900);
    for number in 0..500 {
        desk.file(&format!("/srv/{number}{chain}/x"), W);
        assert!(desk.pending.tree.nodes() <= 3 * 1000 + 8192);
    }
    let work = desk.wait(2000).take();
    let absorbed: u64 = work.subtrees.iter().map(|subtree| subtree.absorbed).sum();
    assert_eq!(absorbed as usize + work.hints.len(), 500);
}

#[test]
fn a_bound_of_one_holds() {
    let mut desk = Desk::new(0);
    desk.file("/a/x", W)
        .file("/a/y", W)
        .moved("/b/x", "relative");
    assert_eq!(desk.pending.len(), 1);
    assert_eq!(desk.wait(2000).paths(), ["/**"]);
}

#[test]
fn the_queue_does_not_grow_while_nobody_takes() {
    let mut desk = Desk::new(100);
    for round in 0..1000 {
        for number in 0..50 {
            desk.file(&format!("/{round}/{number}"), W);
        }
        desk.subtree("", Reason::Requested).take();
    }
    for number in 0..100_000 {
        desk.wait(1)
            .file("/x", W)
            .file(&format!("/{}/y", number % 200), W | S);
        assert!(desk.pending.queue.len() <= 2 * 100 + 65);
    }
}
