//! The standard output, on a buffer in its place.

use std::io::{self, Write};
use std::sync::Mutex;

use super::*;
use crate::config::StdoutForm;
use crate::report::Style;
use crate::sink::StdoutSink;

/// What was written, and how many bytes more are taken.
#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<(Vec<u8>, usize)>>);

impl Pipe {
    fn with_room(room: usize) -> Pipe {
        Pipe(Arc::new(Mutex::new((Vec::new(), room))))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap()
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (written, room) = &mut *self.0.lock().unwrap();
        let taken = bytes.len().min(*room);
        written.extend_from_slice(&bytes[..taken]);
        *room -= taken;
        match taken {
            0 => Err(io::ErrorKind::BrokenPipe.into()),
            taken => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn sink(form: StdoutForm, pipe: &Pipe) -> StdoutSink {
    StdoutSink::to(Box::new(pipe.clone()), form, Style::PLAIN)
}

#[test]
fn ndjson_is_the_documents_and_text_is_the_lines_of_the_log() {
    let pipe = Pipe::with_room(1000);
    let mut ndjson = sink(StdoutForm::Ndjson, &pipe);
    ndjson.deliver(&events(1..=3)).unwrap();
    assert_eq!(seqs(&pipe.text()), [1, 2, 3]);
    assert_eq!(ndjson.name(), "stdout");

    let body = "{\"@timestamp\":\"2026-11-23T08:00:01.5Z\",\"event\":{\"dataset\":\"file\",\
                \"action\":[\"created\"]},\"file\":{\"path\":\"/a\\nb\"}}";
    let event = StoredEvent {
        body: body.to_owned(),
        ..event(1)
    };
    let pipe = Pipe::with_room(1000);
    sink(StdoutForm::Text, &pipe).deliver(&[event]).unwrap();
    assert_eq!(pipe.text(), "2026-11-23 08:00:01Z  created   /a\\nb\n");
}

#[test]
fn quiet_text_has_changes_and_warnings_only() {
    let said = |action: &str, dataset: &str| {
        let body = format!(
            "{{\"@timestamp\":\"2026-11-23T08:00:01Z\",\"event\":{{\"dataset\":\"{dataset}\",\
             \"action\":{action}}},\"message\":\"m\",\"file\":{{\"path\":\"/a\"}}}}"
        );
        let event = StoredEvent { body, ..event(1) };
        let pipe = Pipe::with_room(1000);
        let style = Style {
            is_quiet: true,
            ..Style::PLAIN
        };
        let mut sink = StdoutSink::to(Box::new(pipe.clone()), StdoutForm::Text, style);
        sink.deliver(&[event]).unwrap();
        !pipe.text().is_empty()
    };
    assert!(said("[\"created\"]", "file"));
    assert!(said("\"lost_sync\"", "waxseal.notice"));
    assert!(said("\"path_approved\"", "waxseal.notice"));
    assert!(!said("\"started\"", "waxseal.notice"));
}

#[test]
fn a_torn_line_swallows_nothing() {
    let pipe = Pipe::with_room(5);
    let mut sink = sink(StdoutForm::Ndjson, &pipe);
    sink.deliver(&events(1..=1)).unwrap_err();
    pipe.0.lock().unwrap().1 = 1000;
    sink.deliver(&events(1..=2)).unwrap();
    let text = pipe.text();
    let (torn, rest) = text.split_once('\n').unwrap();
    assert_eq!((torn, seqs(rest)), ("{\"seq", vec![1, 2]));
}
