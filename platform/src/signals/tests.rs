//! Against real signals, sent to this very process.

use std::thread;

use rustix::process::{Signal, getpid, kill_process};

use super::*;

#[test]
fn signals_are_told_in_words_until_nobody_listens() {
    let mut signals = Signals::catch().unwrap();
    let closer = signals.closer();
    let table = [
        (Signal::HUP, Asked::Reload),
        (Signal::USR1, Asked::Report),
        (Signal::TERM, Asked::Stop),
        (Signal::INT, Asked::Stop),
    ];
    for (signal, asked) in table {
        kill_process(getpid(), signal).unwrap();
        assert_eq!(signals.wait(), Some(asked));
    }
    let waiting = thread::spawn(move || signals.wait());
    closer.close();
    assert_eq!(waiting.join().unwrap(), None);
}
