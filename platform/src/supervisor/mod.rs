//! Whoever keeps this program running and wants to know how it is: [`Supervisor`].
//!
//! With systemd on Linux that is the protocol of [sd_notify(3)]: one datagram for each piece of news, to a
//! socket that the environment names. On Windows it is the service manager, when it has called us.
//! Where nobody asked for news there is no supervisor.
//!
//! [sd_notify(3)]: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as os;
#[cfg(windows)]
pub(crate) mod windows;
#[cfg(windows)]
use windows as os;
#[cfg(not(any(target_os = "linux", windows)))]
mod unsupported;
#[cfg(not(any(target_os = "linux", windows)))]
use unsupported as os;

use std::io;
use std::time::Duration;

/// Something that a supervisor is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It has not started yet, and needs at most so long until it is ready or tells again.
    Starting(Duration),
    /// It does its work from now on.
    Ready,
    /// It does its work still.
    Alive,
    /// It ends.
    Stopping,
    /// How it is, in one line for people.
    Status(String),
}

/// Who is told.
#[derive(Debug)]
pub struct Supervisor {
    os: os::Supervisor,
}

impl Supervisor {
    /// Returns who waits for news of this process, if somebody does.
    pub fn find() -> Option<Supervisor> {
        os::Supervisor::find().map(|os| Supervisor { os })
    }

    /// Returns after what time without [`News::Alive`] it takes this process for dead, if ever.
    pub fn patience(&self) -> Option<Duration> {
        self.os.patience()
    }

    /// Tells several things at once.
    pub fn tell(&self, news: &[News]) -> io::Result<()> {
        self.os.tell(news)
    }
}

/// Ends this process with a status, at once, having told that to whoever wants to be told.
pub fn exit(code: u8) -> ! {
    os::exit(code)
}
