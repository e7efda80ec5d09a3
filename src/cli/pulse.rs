//! Tells whoever keeps the watch running how it is: [`Pulse`].
//!
//! Each sign of life is an answer of the watch itself, which has then heard its own canary: one whose
//! threads run and that hears nothing gives none.

use std::io;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use serde_json::Value;
use waxseal_platform::supervisor::{News, Supervisor};

use super::settings::warn;
use crate::engine::Remote;
use crate::report::count;

/// How often the watch is asked while it starts.
const STARTING: Duration = Duration::from_secs(1);

/// How often it is asked at least once it watches.
const WATCHING: Duration = Duration::from_secs(30);

/// How long the start may be silent.
const PATIENCE: Duration = Duration::from_secs(120);

/// A thread that tells; it ends with the process.
#[derive(Default)]
pub(super) struct Pulse(Option<Sender<()>>);

impl Pulse {
    /// Tells from now on how a watch is, if somebody wants to know; until there is one, that the store
    /// is being opened, which may take long.
    pub(super) fn start(watch: Arc<OnceLock<Remote>>) -> io::Result<Pulse> {
        let Some(supervisor) = Supervisor::find() else {
            return Ok(Pulse::default());
        };
        let (sender, stops) = bounded(1);
        let tell = move || {
            let mut teller = Teller::new(supervisor);
            let mut wait = STARTING;
            while stops.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                wait = match watch.get() {
                    Some(remote) => teller.tell(remote.ask().as_ref()),
                    None => teller.opening(),
                };
            }
            teller.send(&[News::Stopping]);
        };
        let builder = thread::Builder::new().name("waxseal-pulse".to_owned());
        builder.spawn(tell)?;
        Ok(Pulse(Some(sender)))
    }

    /// Tells that the watch ends.
    pub(super) fn stopping(&self) {
        if let Some(sender) = &self.0 {
            // Told already, or nobody to tell.
            let _ = sender.try_send(());
        }
    }
}

struct Teller {
    supervisor: Supervisor,
    is_ready: bool,
    has_failed: bool,
}

impl Teller {
    fn new(supervisor: Supervisor) -> Teller {
        Teller {
            supervisor,
            is_ready: false,
            has_failed: false,
        }
    }

    /// Tells that there is no watch to be asked yet.
    fn opening(&mut self) -> Duration {
        let status = "opening and verifying the store".to_owned();
        self.send(&[News::Status(status), News::Starting(PATIENCE)]);
        STARTING
    }

    /// Tells what the watch answered, if it did; returns how long to wait until it is asked again.
    fn tell(&mut self, state: Option<&Value>) -> Duration {
        let Some(state) = state else {
            // Silence is what the supervisor waits for.
            return STARTING;
        };
        let is_starting = state.get("starting").is_some();
        let mut news = vec![News::Status(line(state))];
        match (is_starting, self.is_ready) {
            (true, false) => news.push(News::Starting(PATIENCE)),
            (false, false) => news.push(News::Ready),
            (_, true) => {}
        }
        self.is_ready |= !is_starting;
        if self.is_ready {
            news.push(News::Alive);
        }
        self.send(&news);
        match self.is_ready {
            true => self
                .supervisor
                .patience()
                .map_or(WATCHING, |patience| WATCHING.min(patience / 3)),
            false => STARTING,
        }
    }

    fn send(&mut self, news: &[News]) {
        let sent = self.supervisor.tell(news);
        if let Err(error) = &sent
            && !self.has_failed
        {
            warn(&format!("warning: the supervisor cannot be told: {error}"));
        }
        self.has_failed = sent.is_err();
    }
}

/// Says in one line how a watch is.
fn line(state: &Value) -> String {
    let number = |pointer: &str| state.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    if state.get("starting").is_some() {
        let paths = count(number("/starting/paths"), "path");
        return match state.pointer("/starting/waiting") == Some(&Value::Bool(true)) {
            true => "waiting for another process that writes".to_owned(),
            false => format!("scanning before it watches: {paths} so far"),
        };
    }
    let events = count(number("/totals/events"), "event");
    let doing = match state.get("idle") == Some(&Value::Bool(true)) {
        true => "watching".to_owned(),
        false => {
            let waiting = number("/pending/paths") + number("/pending/subtrees");
            format!("watching, {} to be looked at", count(waiting, "path"))
        }
    };
    format!("{doing}; {events} journalled")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_line_says_what_the_watch_does() {
        let scanning = json!({ "starting": { "paths": 12_345, "waiting": false } });
        assert_eq!(
            line(&scanning),
            "scanning before it watches: 12345 paths so far"
        );
        let waiting = json!({ "starting": { "paths": 0, "waiting": true } });
        assert_eq!(line(&waiting), "waiting for another process that writes");
        let totals = json!({ "events": 1 });
        let idle = json!({ "idle": true, "totals": totals });
        assert_eq!(line(&idle), "watching; 1 event journalled");
        let busy = json!({
            "idle": false, "totals": totals, "pending": { "paths": 2, "subtrees": 1 }
        });
        assert_eq!(
            line(&busy),
            "watching, 3 paths to be looked at; 1 event journalled"
        );
    }
}
