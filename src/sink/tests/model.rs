//! Random hands on the output file, as an interpreter of file system actions: whatever happens,
//! every event is in some file, on a whole line of its own.

use std::fs;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Action {
    /// Delivers the next events.
    Deliver(u64),
    /// Delivers some events once more, as after a crash before the cursor was stored.
    Again(u64),
    /// The process dies while it writes: so many bytes of the next events are in the file.
    Killed(usize),
    /// The process starts anew.
    Restart,
    /// Somebody renames the file and may make a new one.
    Rename { creates: bool },
    /// Time passes.
    Days(u64),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (0_u64..12).prop_map(Action::Deliver),
        1 => (1_u64..5).prop_map(Action::Again),
        2 => (1_usize..200).prop_map(Action::Killed),
        1 => Just(Action::Restart),
        1 => any::<bool>().prop_map(|creates| Action::Rename { creates }),
        1 => (0_u64..4).prop_map(Action::Days),
    ]
}

/// Writes the beginning of what the next delivery would have written.
fn write_torn(log: &Log, next: u64, bytes: usize) {
    let lines: String = events(next..=next + 12)
        .iter()
        .map(|event| format!("{}\n", event.body))
        .collect();
    log.put(EVENTS, &lines[..bytes.min(lines.len())]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        // A share of the usual number, which PROPTEST_CASES sets: each case is hundreds of files.
        cases: ProptestConfig::default().cases * 3 / 8,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_event_is_on_a_whole_line(
        rotate_size in prop_oneof![Just(0_u64), 1_u64..300],
        actions in vec(action(), 1..40),
    ) {
        let mut log = Log::quick();
        log.output.rotate_size = rotate_size;
        log.output.rotate_age = Some(Duration::from_secs(2 * 24 * 60 * 60));
        log.output.keep = 1000;
        let mut sink = log.sink();
        let mut next = 1;
        let mut renamed = 0;
        for action in actions {
            match action {
                Action::Deliver(count) => {
                    sink.deliver(&events(next..=next + count - 1)).unwrap();
                    next += count;
                }
                Action::Again(count) => {
                    sink = log.sink();
                    let from = next.saturating_sub(count).max(1);
                    sink.deliver(&events(from..=next - 1)).unwrap();
                }
                Action::Killed(bytes) => {
                    write_torn(&log, next, bytes);
                    sink = log.sink();
                    // The page that was being written comes again, and maybe more behind it.
                    sink.deliver(&events(next..=next + 12)).unwrap();
                    next += 13;
                }
                Action::Restart => sink = log.sink(),
                Action::Rename { creates } => {
                    renamed += 1;
                    let _ = fs::rename(log.path(), log.file(&format!("renamed{renamed}")));
                    if creates {
                        log.put(EVENTS, "");
                    }
                }
                Action::Days(days) => log.pass(Duration::from_secs(days * 24 * 60 * 60)),
            }
        }
        let mut found = BTreeSet::new();
        for name in log.names() {
            let seqs = log.seqs_of(&name);
            let mut highest = None;
            for seq in seqs {
                prop_assert!(highest.is_none_or(|highest| seq <= highest + 1), "{} in {}", seq, name);
                highest = highest.max(Some(seq));
                found.insert(seq);
            }
        }
        prop_assert!(found.into_iter().eq(1..next));
    }
}
