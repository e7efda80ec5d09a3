//! systemd, and whatever else speaks its protocol.

use std::io;
use std::time::Duration;

use sd_notify::NotifyState;

use super::News;

/// Where the protocol says that the socket is named.
const SOCKET: &str = "NOTIFY_SOCKET";

#[derive(Debug)]
pub(super) struct Supervisor;

impl Supervisor {
    pub(super) fn find() -> Option<Supervisor> {
        std::env::var_os(SOCKET).map(|_| Supervisor)
    }

    pub(super) fn patience(&self) -> Option<Duration> {
        sd_notify::watchdog_enabled()
    }

    pub(super) fn tell(&self, news: &[News]) -> io::Result<()> {
        let states: Vec<NotifyState<'_>> = news.iter().map(state).collect();
        sd_notify::notify(&states)
    }
}

pub(super) fn exit(code: u8) -> ! {
    // Whoever started it sees how it ended.
    std::process::exit(code.into())
}

fn state(news: &News) -> NotifyState<'_> {
    match news {
        News::Starting(patience) => {
            let micros = u32::try_from(patience.as_micros()).unwrap_or(u32::MAX);
            NotifyState::ExtendTimeoutUsec(micros)
        }
        News::Ready => NotifyState::Ready,
        News::Alive => NotifyState::Watchdog,
        News::Stopping => NotifyState::Stopping,
        News::Status(line) => NotifyState::Status(line),
    }
}
