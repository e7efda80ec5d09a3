//! Where signals arrive: [`Desk`], also while there is no watch yet to take them.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use waxseal_platform::signals::{Asked, Signals};
use waxseal_platform::supervisor;

use super::exit_code::ExitCode;
use super::pulse::Pulse;
use super::settings::warn;
use crate::engine::Remote;

/// Signals to stop that come within this time are one request.
const ONE_REQUEST: Duration = Duration::from_millis(500);

/// Passes on what the system asks for, on a thread of its own.
pub(super) fn listen(mut signals: Signals, desk: Arc<Desk>) -> io::Result<JoinHandle<()>> {
    let mut asked_first: Option<Instant> = None;
    let listen = move || {
        while let Some(asked) = signals.wait() {
            match asked {
                // One request may come twice: timeout(1) sends it to the process and to its group.
                Asked::Stop if asked_first.is_some_and(|first| first.elapsed() < ONE_REQUEST) => {}
                // Whoever asks again does not want to wait. It is as if it were killed: what was
                // journalled stays, and the next start finds the rest.
                Asked::Stop if asked_first.replace(Instant::now()).is_some() => {
                    warn("ended at once; the next start verifies the store");
                    supervisor::exit(ExitCode::Failure.number());
                }
                asked => desk.take(asked),
            }
        }
    };
    let builder = thread::Builder::new().name("waxseal-signals".to_owned());
    builder.spawn(listen)
}

/// Where signals go: to the watch, once there is one.
#[derive(Default)]
pub(super) struct Desk {
    watch: Mutex<Watch>,
    /// Whether somebody waits for a report already.
    is_reporting: Arc<AtomicBool>,
}

enum Watch {
    /// The store is not open yet; whether the configuration is to be read again once it is.
    Opening {
        reload: bool,
    },
    Open(Remote, Pulse),
}

impl Default for Watch {
    fn default() -> Watch {
        Watch::Opening { reload: false }
    }
}

impl Desk {
    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes everything on to this watch from now on.
    pub(super) fn open(&self, remote: Remote, pulse: Pulse) {
        let mut watch = self.watch();
        if matches!(*watch, Watch::Opening { reload: true }) {
            remote.reload();
        }
        *watch = Watch::Open(remote, pulse);
    }

    fn take(&self, asked: Asked) {
        match (&mut *self.watch(), asked) {
            (Watch::Open(remote, pulse), Asked::Stop) => {
                pulse.stopping();
                remote.stop();
            }
            (Watch::Open(remote, _), Asked::Reload) => remote.reload(),
            (Watch::Open(remote, _), Asked::Report) => self.report(remote),
            // Opening may wait for another process; nothing has begun.
            (Watch::Opening { .. }, Asked::Stop) => {
                warn("ended before the watch began");
                supervisor::exit(ExitCode::Clean.number());
            }
            (Watch::Opening { reload }, Asked::Reload) => *reload = true,
            (Watch::Opening { .. }, Asked::Report) => warn("the store is being opened"),
        }
    }

    /// Prints how the watch is going; whoever waits for that must not keep other signals waiting.
    fn report(&self, remote: &Remote) {
        if self.is_reporting.swap(true, Ordering::AcqRel) {
            return;
        }
        let (remote, is_reporting) = (remote.clone(), Arc::clone(&self.is_reporting));
        let report = move || {
            let state = remote.ask();
            is_reporting.store(false, Ordering::Release);
            match state {
                Some(state) => warn(&state.to_string()),
                None => warn("the watch is busy and does not answer"),
            }
        };
        let builder = thread::Builder::new().name("waxseal-report".to_owned());
        if let Err(error) = builder.spawn(report) {
            self.is_reporting.store(false, Ordering::Release);
            warn(&format!("cannot start a thread to report: {error}"));
        }
    }
}
