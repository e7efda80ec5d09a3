//! How a running watch is asked from outside: [`Remote`], and the socket behind `waxseal status`.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;
use serde_json::Value;
use waxseal_platform::local_socket::{Listener, connect};

use super::inbox::Inbox;
use super::waiting::Request;

/// The socket's name in the state directory.
const SOCKET: &str = "watch.sock";

/// How long either side waits for the other. An answer comes after what was heard before.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer is some kilobytes; more would be no answer.
const MOST: u64 = 16 << 20;

/// Asks a running watch for something; may be kept anywhere.
#[derive(Clone)]
pub struct Remote(pub(super) Arc<Inbox>);

impl Remote {
    /// Asks it to end.
    pub fn stop(&self) {
        self.0.request_end(Request::Stop);
    }

    /// Asks it to read its configuration again.
    pub fn reload(&self) {
        self.0.request_end(Request::Reload);
    }

    /// Asks how it is going, once what happened before is known to it; during the start scan, how
    /// far that is. `None` if it does not answer.
    pub fn ask(&self) -> Option<Value> {
        let (asker, answer) = bounded(1);
        self.0.ask(asker);
        answer.recv_timeout(PATIENCE).ok()
    }

    /// Answers everybody who asks at the socket of a state directory, on a thread that ends with
    /// the process.
    pub fn answer_at(&self, state_dir: &Path) -> io::Result<()> {
        let listener = Listener::bind(state_dir, SOCKET)?;
        let remote = self.clone();
        let builder = thread::Builder::new().name("waxseal-answer".to_owned());
        builder.spawn(move || remote.answer(&listener))?;
        Ok(())
    }

    fn answer(&self, listener: &Listener) {
        // An error is that of one asker who went away, or of a lack of descriptors that may pass.
        loop {
            let Ok(mut stream) = listener.accept(PATIENCE) else {
                thread::sleep(Duration::from_millis(100));
                continue;
            };
            if let Some(state) = self.ask() {
                // Who does not listen any more needs no answer.
                let _ = stream.write_all(state.to_string().as_bytes());
            }
        }
    }
}

/// Asks the watch of a state directory how it is going; `None` when none runs.
pub fn ask(state_dir: &Path) -> io::Result<Option<Value>> {
    let stream = match connect(state_dir, SOCKET, PATIENCE) {
        Ok(stream) => stream,
        Err(error) => {
            use io::ErrorKind::{ConnectionRefused, NotFound, Unsupported};
            return match error.kind() {
                ConnectionRefused | NotFound | Unsupported => Ok(None),
                _ => Err(error),
            };
        }
    };
    let mut answer = String::new();
    let read = stream.take(MOST).read_to_string(&mut answer);
    read.map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            let seconds = PATIENCE.as_secs();
            io::Error::other(format!(
                "no answer within {seconds} s; is it stopped (SIGSTOP)?"
            ))
        }
        _ => error,
    })?;
    serde_json::from_str(&answer)
        .map(Some)
        .map_err(io::Error::other)
}
