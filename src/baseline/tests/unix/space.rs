//! Full and read-only disks, on a small filesystem of the test's own (needs root).

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::super::{append, at, put, state};
use super::is_root;
use crate::baseline::{Baseline, BaselineError, Reader};

/// A mounted tmpfs, unmounted at the end.
struct Disk {
    dir: TempDir,
}

impl Disk {
    fn new(options: &str) -> Option<Self> {
        if !is_root() {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(dir.path())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            Some(Self { dir })
        } else {
            eprintln!("skipped: cannot mount a tmpfs");
            None
        }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn make_read_only(&self) {
        let remounted = Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(self.path())
            .status()
            .unwrap();
        assert!(remounted.success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn put_batch(store: &mut Baseline, number: u64) -> Result<(), BaselineError> {
    let mut batch = store.batch()?;
    let dir = batch.dir(Path::new("/d"))?;
    for row in 0..100 {
        let name = format!("{number:04}-{row:04}-some-file-name");
        batch.put_trusted(dir, name.as_ref(), &state(row))?;
        batch.append_event(at(1), |_| name.clone())?;
    }
    batch.commit()
}

#[test]
fn a_full_disk_loses_nothing_and_goes_on_once_there_is_space() {
    let Some(disk) = Disk::new("size=3m") else {
        return;
    };
    let state_dir = disk.path().join("state");
    let ballast = disk.path().join("ballast");
    let mut store = Baseline::open(&state_dir).unwrap();
    put_batch(&mut store, 0).unwrap();
    fs::write(&ballast, vec![0; 1 << 20]).unwrap();
    let mut batches = 1;
    let error = loop {
        match put_batch(&mut store, batches) {
            Ok(()) => batches += 1,
            Err(error) => break error,
        }
        assert!(batches < 1000, "the disk never fills");
    };
    assert!(matches!(error, BaselineError::Full { .. }), "{error:?}");
    assert!(error.to_string().contains("free some space"), "{error}");
    let count = |reader: &Reader| {
        let counts = reader.counts().unwrap();
        assert!(reader.verify_chain().unwrap().is_intact());
        (counts.trusted, counts.events)
    };
    assert_eq!(
        count(&store.reader().unwrap()),
        (batches * 100, batches * 100)
    );

    // As good as new when the space is back, with the same process and with the next one.
    fs::remove_file(&ballast).unwrap();
    put_batch(&mut store, batches).unwrap();
    batches += 1;
    store.close().unwrap();
    let reader = Reader::open(&state_dir).unwrap();
    assert_eq!(count(&reader), (batches * 100, batches * 100));
}

#[test]
fn a_first_start_on_a_full_disk_leaves_nothing_behind_that_hinders_the_next() {
    let Some(disk) = Disk::new("size=1m") else {
        return;
    };
    let state_dir = disk.path().join("state");
    let ballast = disk.path().join("ballast");
    let mut size = 1 << 20;
    while fs::write(&ballast, vec![0; size]).is_err() {
        size -= 4096;
    }
    let error = Baseline::open(&state_dir).map(drop).unwrap_err();
    assert!(matches!(error, BaselineError::Full { .. }), "{error:?}");
    fs::remove_file(&ballast).unwrap();
    Baseline::open(&state_dir).unwrap().close().unwrap();
}

#[test]
fn a_closed_store_on_a_read_only_disk_can_be_read() {
    let Some(disk) = Disk::new("size=4m") else {
        return;
    };
    let state_dir = disk.path().join("state # 1");
    let mut store = Baseline::open(&state_dir).unwrap();
    put(&mut store, &[("/a/b", 1)]);
    append(&mut store, &["{}"]);
    store.close().unwrap();
    disk.make_read_only();
    let reader = Reader::open(&state_dir).unwrap();
    assert_eq!(reader.counts().unwrap().trusted, 1);
    let another = reader.another().unwrap();
    assert_eq!(
        another.row(Path::new("/a/b")).unwrap().unwrap().trusted,
        Some(state(1))
    );
    let error = Baseline::open(&state_dir).map(drop).unwrap_err();
    assert!(matches!(error, BaselineError::ReadOnly { .. }), "{error}");
}

#[test]
fn an_unclosed_store_on_a_read_only_disk_is_read_or_refused_but_never_read_in_part() {
    let Some(disk) = Disk::new("size=4m") else {
        return;
    };
    let original = disk.path().join("original");
    let state_dir = disk.path().join("state");
    let mut store = Baseline::open(&original).unwrap();
    put(&mut store, &[("/a/b", 1)]);
    waxseal_platform::private::create_dir_private(&state_dir).unwrap();
    for name in ["baseline.db", "baseline.db-wal"] {
        fs::copy(original.join(name), state_dir.join(name)).unwrap();
    }
    store.close().unwrap();
    disk.make_read_only();
    match Reader::open(&state_dir) {
        Ok(reader) => assert_eq!(reader.counts().unwrap().trusted, 1),
        Err(error) => assert!(error.to_string().contains("cp -a"), "{error}"),
    }
}
