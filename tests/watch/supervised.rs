//! A watch that a supervisor keeps running: the protocol of sd_notify(3), and the unit of systemd.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::Watch;
use crate::util::{Sandbox, program};

/// The end of a supervisor.
struct Supervisor {
    socket: UnixDatagram,
    path: std::path::PathBuf,
}

impl Supervisor {
    fn new(sandbox: &Sandbox) -> Supervisor {
        let path = sandbox.home().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let patience = Some(Duration::from_secs(60));
        socket.set_read_timeout(patience).unwrap();
        Supervisor { socket, path }
    }

    /// Returns the lines of the next news.
    fn next(&self) -> Vec<String> {
        let mut buffer = [0; 4096];
        let len = self.socket.recv(&mut buffer).unwrap();
        let text = std::str::from_utf8(&buffer[..len]).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits for a line; returns everything before it.
    fn wait_for(&self, line: &str) -> Vec<Vec<String>> {
        let until = Instant::now() + Duration::from_secs(60);
        let mut before = Vec::new();
        loop {
            let news = self.next();
            if news.iter().any(|told| told == line) {
                return before;
            }
            before.push(news);
            assert!(Instant::now() < until, "{line} is not told: {before:?}");
        }
    }
}

#[test]
fn a_supervisor_is_told_when_it_watches_that_it_lives_and_when_it_stops() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    let supervisor = Supervisor::new(&sandbox);
    let mut command = Watch::command(&sandbox, "");
    command.env("NOTIFY_SOCKET", &supervisor.path);
    command.env("WATCHDOG_USEC", "3000000");
    let watch = Watch::spawn(command);
    let before = supervisor.wait_for("READY=1");
    for news in &before {
        assert!(
            news.iter()
                .any(|line| line.starts_with("EXTEND_TIMEOUT_USEC=")),
            "{news:?}"
        );
    }
    let log = sandbox.waxseal(&["log", "--format=ndjson"]).exits(0);
    let is_start = |event: &serde_json::Value| event["event"]["action"] == "started";
    assert!(
        log.documents().iter().any(is_start),
        "it watches when it is ready"
    );
    supervisor.wait_for("WATCHDOG=1");
    watch.signal(Signal::TERM);
    supervisor.wait_for("STOPPING=1");
    watch.ended().exits(0);
}

#[test]
fn a_start_scan_is_told_to_get_on() {
    let sandbox = Sandbox::with(&[("a", "1")]);
    let slow = std::fs::File::create(sandbox.path("slow")).unwrap();
    slow.set_len(16 << 20).unwrap();
    let supervisor = Supervisor::new(&sandbox);
    let mut command = Watch::command(&sandbox, "scan_rate_per_sec = \"1 KiB\"\n");
    command.env("NOTIFY_SOCKET", &supervisor.path);
    let watch = Watch::spawn(command);
    let news = supervisor.next();
    let says = |start: &str| news.iter().any(|line| line.starts_with(start));
    assert!(says("STATUS=scanning before it watches: "), "{news:?}");
    assert!(says("EXTEND_TIMEOUT_USEC="), "{news:?}");
    watch.stop().exits(0);
}

#[test]
fn the_unit_is_one_that_systemd_understands() {
    let sandbox = Sandbox::new();
    let unit = std::fs::read_to_string("packaging/systemd/waxseal.service").unwrap();
    let unit = unit.replace("/usr/bin/waxseal", program().to_str().unwrap());
    let path = sandbox.home().join("waxseal.service");
    std::fs::write(&path, unit).unwrap();
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&path)
        .output();
    let Ok(verified) = verify else {
        eprintln!("skipped: needs systemd-analyze");
        return;
    };
    let told = String::from_utf8_lossy(&verified.stderr);
    // What it says of other units of the machine is not ours.
    let ours: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("waxseal"))
        .collect();
    assert!(verified.status.success() && ours.is_empty(), "{told}");
}
