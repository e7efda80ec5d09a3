//! What the kernel does not tell any more, and what it refuses.

use std::process::Command;

use super::*;
use crate::own_mounts::{mount, unmount, with_own_mounts};
use crate::watch::LostReason;

#[test]
fn after_an_overflow_everything_can_be_covered_again() {
    let queued = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let queued: usize = queued.trim().parse().unwrap();
    if queued > 100_000 {
        eprintln!("skipped: the kernel's queue takes {queued} events");
        return;
    }
    let gate = Arc::new(Mutex::new(()));
    let passes = Arc::clone(&gate);
    let watch = Watch::with(move |signal| {
        drop(passes.lock().unwrap());
        signal
    });
    for name in ["", "a", "c"] {
        if !name.is_empty() {
            watch.mkdir(name);
        }
        watch.cover(name).unwrap();
    }
    watch.settle();
    // Not before: covering waits for the thread that tells.
    let closed = gate.lock().unwrap();
    // That thread soon stands before the gate with what it has read, while the queue
    // fills up. Equal events that follow each other would be one, so names alternate.
    for number in 0..queued + 1000 {
        let name = if number % 2 == 0 { "even" } else { "odd" };
        let mut options = fs::File::options();
        drop(
            options
                .create(true)
                .append(true)
                .open(watch.path(name))
                .unwrap(),
        );
    }
    // Nobody hears of these.
    watch.rename("a", "b");
    watch.mkdir("a");
    watch.rename("c", "d");
    drop(closed);
    let seen = watch.until(|signal| matches!(signal, Signal::Lost { .. }));
    let Some(Signal::Lost { below, reason }) = seen.last() else {
        panic!("{seen:?}");
    };
    assert_eq!((below, reason), (&None, &LostReason::Overflow));
    assert!(moves(&seen).is_empty());
    assert_eq!(watch.backend.health().overflows, 1);

    watch.settle();
    for name in ["", "a", "b", "d"] {
        watch.cover(name).unwrap();
    }
    assert_eq!(watch.backend.health().directories, 4);
    for name in ["file", "a/file", "b/file", "d/file"] {
        watch.write(name);
        let seen = watch.settled();
        let told = changes_of(&seen, &watch.path(name), false);
        assert!(told.contains(Changes::CLOSED), "{name}: {seen:?}");
    }
}

#[test]
fn a_limit_that_is_reached_is_named_and_the_rest_goes_on() {
    // A namespace of users has a limit of its own, so that of the machine stays as it is.
    let test = "watch::inotify::tests::losses::with_seven_watches";
    let script = r#"echo 7 > /proc/sys/user/max_inotify_watches && exec "$0" "$@""#;
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("WAXSEAL_TEST_WATCHES", "7")
        .output();
    let Ok(output) = output else {
        eprintln!("skipped: needs unshare");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if !text.contains("running 1 test") {
        eprintln!("skipped: needs namespaces of users: {text}");
        return;
    }
    assert!(
        output.status.success() && text.contains("reached"),
        "{text}"
    );
}

/// Not a test of its own: the child of the one above.
#[test]
fn with_seven_watches() {
    if std::env::var_os("WAXSEAL_TEST_WATCHES").is_none() {
        return;
    }
    // The canary and the root have two of them.
    let watch = Watch::start();
    let mut covered = Vec::new();
    let refused = loop {
        let name = format!("d{}", covered.len());
        watch.mkdir(&name);
        match watch.cover(&name) {
            Ok(()) => covered.push(name),
            Err(refused) => break refused,
        }
    };
    assert_eq!(covered.len(), 5);
    assert!(
        refused
            .reason
            .contains("user.max_inotify_watches, which is 7"),
        "{refused:?}"
    );
    let health = watch.backend.health();
    assert_eq!(health.directories, 6);
    assert!(health.limits.contains(&refused.reason), "{health:?}");
    watch.settle();
    watch.write("d0/file");
    assert!(!watch.settled().is_empty());
    // What is forgotten makes room.
    watch.backend.forget(&watch.path("d0"));
    watch.cover("d5").unwrap();
    println!("reached");
}

#[test]
fn unmounting_is_a_loss_below_the_mount() {
    with_own_mounts(|| {
        let watch = Watch::start();
        watch.mkdir("m");
        let place = watch.path("m");
        mount(Path::new("none"), &place, c"tmpfs", 0);
        watch.mkdir("m/d");
        watch.cover("m").unwrap();
        watch.cover("m/d").unwrap();
        watch.settle();
        unmount(&place);
        let seen = watch.settled();
        let lost = seen.iter().filter_map(|signal| match signal {
            Signal::Lost { below, reason } => Some((below.as_deref(), reason)),
            _ => None,
        });
        let lost: Vec<_> = lost.collect();
        assert!(
            lost.contains(&(Some(&*place), &LostReason::Unmounted)),
            "{seen:?}"
        );
        assert_eq!(watch.backend.health().directories, 1);
        watch.cover("m").unwrap();
        watch.write("m/below");
        assert!(!watch.settled().is_empty());
    });
}

#[test]
fn a_directory_that_has_two_paths_is_told_under_one_and_refused_under_the_other() {
    with_own_mounts(|| {
        let watch = Watch::start();
        for name in ["one", "two"] {
            watch.mkdir(name);
        }
        mount(&watch.path("one"), &watch.path("two"), c"", libc::MS_BIND);
        watch.cover("one").unwrap();
        let refused = watch.cover("two").unwrap_err();
        assert!(refused.reason.contains("the same directory"), "{refused:?}");
        watch.settle();
        watch.write("two/file");
        let told = changes_of(&watch.settled(), &watch.path("one/file"), false);
        assert!(told.contains(Changes::CLOSED), "{told:?}");
        watch.backend.forget(&watch.path("one"));
        watch.cover("two").unwrap();
        watch.write("one/other");
        let told = changes_of(&watch.settled(), &watch.path("two/other"), false);
        assert!(told.contains(Changes::CLOSED), "{told:?}");
    });
}
