//! Where reports go: [`Output`], a buffer that outlives its reader.
//!
//! A scan must finish its writing to the store whether or not anybody reads its report, so
//! printing never fails: when the reader has gone (`| head`) the rest is dropped, and any other
//! failure is kept until [`Output::finish`]. `println!` would panic instead.

use std::io::{self, BufWriter, Write};

/// A destination of text that never fails before its end.
pub struct Output {
    writer: Box<dyn Write>,
    is_closed: bool,
    failure: Option<io::Error>,
}

impl Output {
    /// Returns the standard output, locked and buffered.
    pub fn stdout() -> Output {
        Output::to(Box::new(BufWriter::new(io::stdout().lock())))
    }

    fn to(writer: Box<dyn Write>) -> Output {
        Output {
            writer,
            is_closed: false,
            failure: None,
        }
    }

    /// Writes bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) {
        if !self.is_closed {
            let written = self.writer.write_all(bytes);
            self.note(written);
        }
    }

    /// Writes text and a line break.
    pub fn line(&mut self, text: &str) {
        self.write(text.as_bytes());
        self.write(b"\n");
    }

    /// Hands on what is buffered.
    pub fn flush(&mut self) {
        if !self.is_closed {
            let flushed = self.writer.flush();
            self.note(flushed);
        }
    }

    /// Says whether writing more is pointless.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Hands on the rest; fails when something could not be written though somebody was reading.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush();
        self.failure.map_or(Ok(()), Err)
    }

    fn note(&mut self, written: io::Result<()>) {
        let Err(error) = written else { return };
        self.is_closed = true;
        if error.kind() != io::ErrorKind::BrokenPipe {
            self.failure = Some(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// What was written to [`Output::to_memory`].
    #[derive(Clone, Default)]
    pub(in crate::report) struct Copy(Arc<Mutex<Vec<u8>>>);

    impl Copy {
        pub(in crate::report) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Copy {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Output {
        pub(in crate::report) fn to_memory() -> (Output, Copy) {
            let copy = Copy::default();
            (Output::to(Box::new(copy.clone())), copy)
        }
    }

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_failure() {
        let mut output = Output::to(Box::new(Failing(io::ErrorKind::BrokenPipe)));
        output.line("lost");
        assert!(output.is_closed());
        output.finish().unwrap();
    }

    #[test]
    fn a_full_disk_is_told_at_the_end() {
        let mut output = Output::to(Box::new(Failing(io::ErrorKind::StorageFull)));
        output.line("lost");
        output.line("not tried");
        assert_eq!(
            output.finish().unwrap_err().kind(),
            io::ErrorKind::StorageFull
        );
    }
}
