//! A full disk, on a small file system of the test's own (needs root).

use std::fs;
use std::process::Command;

use super::super::*;

struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_loses_nothing_repeats_nothing_and_tears_nothing() {
    if !waxseal_platform::host::is_privileged() {
        eprintln!("skipped: needs root");
        return;
    }
    let log = Log::new();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs"]);
    if !mount
        .arg(&log.dir)
        .status()
        .is_ok_and(|status| status.success())
    {
        eprintln!("skipped: cannot mount a tmpfs");
        return;
    }
    let _mounted = Mounted(log.dir.clone());
    // Pages of memory make the space; each ballast file gives back another one.
    for number in 0..8 {
        fs::write(log.file(&format!("ballast{number}")), [0; 4096]).unwrap();
    }
    let mut sink = log.sink();
    let mut next = 1;
    let mut failures = 0;
    let mut ballast = (0..8).map(|number| log.file(&format!("ballast{number}")));
    loop {
        let page = events(next..=next + 99);
        match sink.deliver(&page) {
            Ok(()) => next += 100,
            Err(error) => {
                assert!(matches!(error, SinkError::Full { .. }), "{error:?}");
                failures += 1;
                refused(&mut sink, next..=next + 99);
                let Some(file) = ballast.next() else { break };
                fs::remove_file(file).unwrap();
            }
        }
    }
    assert_eq!(failures, 9);
    let text = fs::read_to_string(log.path()).unwrap();
    assert!(text.len() > 50_000);
    let (whole, torn) = text.split_at(text.rfind('\n').unwrap() + 1);
    let written = seqs(whole);
    let last = *written.last().unwrap();
    assert!(written.into_iter().eq(1..=last));
    assert!(event(last + 1).body.starts_with(torn));
}
