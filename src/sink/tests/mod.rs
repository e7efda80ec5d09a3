//! Tests of the sinks as the engine uses them, one file per promise; shared values are here.

mod delivery;
mod file;
mod model;
mod rotation;
mod stdout;
#[cfg(unix)]
mod unix;

use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use waxseal_platform::append::Place;
use waxseal_platform::private::create_dir_private;
use waxseal_platform::stat::Timestamp;

use super::{FileSink, Sink, SinkError};
use crate::baseline::StoredEvent;
use crate::config::FileOutput;

/// The name of the output file.
const EVENTS: &str = "events.ndjson";

/// An event whose number can be read from its line; lines differ in length.
fn event(seq: u64) -> StoredEvent {
    let padding = "x".repeat((seq % 7) as usize);
    StoredEvent {
        seq,
        id: format!("{:016x}-{seq:012}", 0),
        at: Timestamp::new(1, 0),
        body: format!("{{\"seq\":{seq},\"x\":\"{padding}\"}}"),
    }
}

fn events(seqs: RangeInclusive<u64>) -> Vec<StoredEvent> {
    seqs.map(event).collect()
}

/// Returns the number of each line, every one of which must be a whole document.
fn seqs(text: &str) -> Vec<u64> {
    assert!(text.is_empty() || text.ends_with('\n'), "torn: {text:?}");
    let seq = |line: &str| {
        let document: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("torn: {line:?} in {text:?}"));
        document["seq"].as_u64().unwrap()
    };
    text.lines().map(seq).collect()
}

/// A private directory for one output file, and a clock for its sink.
struct Log {
    /// Keeps the directory alive.
    _temp: TempDir,
    dir: PathBuf,
    clock: Arc<AtomicU64>,
    output: FileOutput,
}

impl Log {
    fn new() -> Log {
        Log::at(TempDir::new().unwrap())
    }

    /// Returns one in memory where there is such a place: for thousands of deliveries, each of
    /// which waits for the disk otherwise.
    fn quick() -> Log {
        Log::at(TempDir::new_in("/dev/shm").unwrap_or_else(|_| TempDir::new().unwrap()))
    }

    fn at(temp: TempDir) -> Log {
        let dir = temp.path().join("logs");
        create_dir_private(&dir).unwrap();
        let path = dir.join(EVENTS);
        Log {
            _temp: temp,
            dir,
            clock: Arc::default(),
            output: FileOutput {
                rotate_size: 0,
                ..FileOutput::new(path)
            },
        }
    }

    fn path(&self) -> &Path {
        &self.output.path
    }

    /// Returns another path in the directory.
    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Returns a sink as a newly started process has it.
    fn sink(&self) -> FileSink {
        let passed = Arc::clone(&self.clock);
        let now = move || SystemTime::now() + Duration::from_secs(passed.load(Ordering::Relaxed));
        FileSink::with_clock(self.output.clone(), Box::new(now))
    }

    /// Appends to a private file in the directory, whatever the umask.
    fn put(&self, name: &str, content: &str) {
        let place = Place::open(&self.file(name)).unwrap();
        let mut file = place.open_file().unwrap();
        assert_eq!(file.append(content.as_bytes()).unwrap(), content.len());
    }

    fn pass(&self, time: Duration) {
        self.clock.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    fn seqs(&self) -> Vec<u64> {
        seqs(&fs::read_to_string(self.path()).unwrap())
    }

    fn seqs_of(&self, name: &str) -> Vec<u64> {
        seqs(&fs::read_to_string(self.file(name)).unwrap())
    }

    fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(&self.dir).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

fn refused(sink: &mut FileSink, seqs: RangeInclusive<u64>) -> SinkError {
    sink.deliver(&events(seqs)).unwrap_err()
}
