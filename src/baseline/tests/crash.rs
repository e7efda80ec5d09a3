//! `kill -9` at any moment: what was committed is there, and nothing is there by half.
//!
//! The test starts its own binary again as the process to be killed.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{Place, at, below, state};
use crate::baseline::{Baseline, BaselineError};
use crate::state::sample;

const STATE_DIR: &str = "WAXSEAL_TEST_CRASH_DIR";
const ROWS_PER_BATCH: usize = 25;

/// Ends by itself should nobody kill it.
const BATCHES: usize = 3000;

/// Writes rows, each with an event that names it, and says what it does.
fn write_batches(store: &mut Baseline) -> Result<(), BaselineError> {
    let mut number = store.reader()?.counts()?.events;
    let mut out = std::io::stdout();
    for _ in 0..BATCHES {
        let mut batch = store.batch()?;
        for _ in 0..ROWS_PER_BATCH {
            number += 1;
            let dir = sample::path(&format!("/d{}", number % 7));
            let name = format!("{number:06}");
            let id = batch.dir(&dir)?;
            batch.put_trusted(id, name.as_ref(), &state(number))?;
            batch.append_event(at(1), |_| dir.join(&name).display().to_string())?;
        }
        let _ = writeln!(out, "committing");
        batch.commit()?;
        let _ = writeln!(out, "committed {number}");
        let _ = out.flush();
    }
    Ok(())
}

/// Does nothing unless it is started by the test below.
#[test]
fn child_writes_until_it_is_killed() {
    if let Some(state_dir) = std::env::var_os(STATE_DIR) {
        let mut store = Baseline::open(Path::new(&state_dir)).unwrap();
        write_batches(&mut store).unwrap();
    }
}

fn start_child(state_dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "baseline::tests::crash::child_writes_until_it_is_killed",
        ])
        .args(["--nocapture", "--test-threads=1"])
        .env(STATE_DIR, state_dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Lets the child say some lines, kills it, and returns the last number it said was committed.
fn kill_after(mut child: Child, lines: usize) -> u64 {
    let mut committed = 0;
    let mut said = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut count = |line: String| {
        if let Some(number) = line.strip_prefix("committed ") {
            committed = number.parse().unwrap();
        }
        line.starts_with("commit")
    };
    let mut counted = 0;
    while counted < lines {
        let line = said.next().expect("the child writes on until it is killed");
        counted += usize::from(count(line));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said between the last line read and its end.
    said.for_each(|line| {
        count(line);
    });
    committed
}

#[test]
fn killed_at_any_moment_nothing_committed_is_lost_and_nothing_is_half() {
    let place = Place::new();
    for lines in [1, 2, 3, 10, 31, 64, 2, 97] {
        let committed = kill_after(start_child(&place.state_dir), lines);
        let store = place.open();
        let reader = store.reader().unwrap();
        let report = reader.verify_chain().unwrap();
        assert!(report.is_intact(), "{:?}", report.faults);
        let events = reader.events(0, usize::MAX).unwrap();
        assert!(
            events.len() as u64 >= committed,
            "{} < {committed}",
            events.len()
        );
        assert_eq!(events.len() % ROWS_PER_BATCH, 0);
        let named: BTreeSet<PathBuf> = events
            .into_iter()
            .map(|event| PathBuf::from(event.body))
            .collect();
        let rows: BTreeSet<PathBuf> = below(&reader, "/")
            .unwrap()
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert!(named == rows, "rows and events differ after {lines} lines");
        // The next round starts from an unclosed store now and then.
        if lines % 2 == 0 {
            drop(reader);
            store.close().unwrap();
        }
    }
}
