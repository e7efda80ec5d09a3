//! `waxseal hash`: digests of files, without a baseline.
//!
//! Files are read by the same stable-read protocol as in a scan. Several files are shared out
//! among the threads and printed in the order they were named; one large file with several hash
//! types is shared out by type.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Map, Value, json};
use waxseal_hashers::{Digests, HashType, HashTypes, Hasher, hex};
use waxseal_platform::bytes::path_to_bytes;
use waxseal_platform::dir::Dir;
use waxseal_platform::place;
use waxseal_platform::stat::Kind;

use super::exit_code::ExitCode;
use super::settings::{Settings, warn};
use crate::baseline::split_path;
use crate::event::{path_bytes, path_text};
use crate::inspect::{
    Inspector, Observation, Present, Progress, Request, Throttle, Unread, Wanted,
};
use crate::report::{Format, Output};
use crate::state::escape;

/// Bytes read at once from standard input: enough to share among threads.
const CHUNK: usize = 4 << 20;

/// Arguments of `waxseal hash`.
#[derive(Args, Debug)]
#[command(after_help = "\
One hash type prints lines as sha256sum does, so that `sha256sum --check` understands them;
several print `TYPE  DIGEST  FILE`. `-` is standard input.

Examples:
  waxseal hash /usr/bin/sudo
  waxseal hash --hash-types sha256,blake3 *.iso
  curl -s https://example.org/x | waxseal hash -
  waxseal hash * > SHA256SUMS && sha256sum --check SHA256SUMS")]
pub(super) struct HashArgs {
    /// Digests to compute, separated by commas
    #[arg(long, value_name = "LIST", default_value = "sha256", value_parser = super::scan::hash_types)]
    pub hash_types: HashTypes,
    /// Files to read
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// Runs `waxseal hash`.
pub(super) fn run(args: &HashArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut printer = Printer::new(settings, args.hash_types);
    let mut failed = false;
    hash_all(args, settings.threads, &mut |file, digests| {
        match digests {
            Ok(digests) => printer.print(file, &digests),
            Err(error) => {
                failed = true;
                warn(&format!("error: {}: {error}", escape::path(file)));
            }
        }
        !printer.output.is_closed()
    });
    printer.finish()?;
    Ok(if failed {
        ExitCode::Failure
    } else {
        ExitCode::Clean
    })
}

/// Hashes all files and hands the results over in their order, until `take` says no.
fn hash_all(
    args: &HashArgs,
    threads: usize,
    take: &mut dyn FnMut(&Path, io::Result<Digests>) -> bool,
) {
    let workers = threads.clamp(1, args.files.len().max(1));
    let next = AtomicUsize::new(0);
    let (sender, results) = crossbeam_channel::bounded(2 * workers);
    thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                let (progress, throttle) = (Progress::default(), Throttle::new(0));
                let mut inspector = Inspector::new(threads / workers, &progress, &throttle);
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = args.files.get(index) else {
                        return;
                    };
                    let digests = digests(&mut inspector, file, args.hash_types, threads);
                    if sender.send((index, file, digests)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut due = 0;
        // Consumed by value, so that the threads end when nobody takes any more.
        for (index, file, digests) in results {
            early.insert(index, (file, digests));
            while let Some((file, digests)) = early.remove(&due) {
                due += 1;
                if !take(file, digests) {
                    return;
                }
            }
        }
    });
}

fn digests(
    inspector: &mut Inspector<'_>,
    file: &Path,
    hash_types: HashTypes,
    threads: usize,
) -> io::Result<Digests> {
    if file.as_os_str() == "-" {
        return hash_stdin(hash_types, threads);
    }
    // A named link is followed, as sha256sum does.
    let real = place::real(file)?;
    let (parent, name) = split_path(&real);
    if parent.as_os_str().is_empty() {
        return Err(not_readable(Kind::Directory));
    }
    let wanted = Wanted {
        hash_types,
        max_file_size: None,
    };
    let kind = Kind::File;
    match inspector.look(&Dir::open(parent)?, Request { name, kind, wanted }) {
        Observation::Present(Present {
            state,
            unread: None,
            ..
        }) => match state.stat.kind {
            Kind::File => Ok(state.digests),
            other => Err(not_readable(other)),
        },
        Observation::Present(Present {
            unread: Some(Unread::Refused(error)),
            ..
        })
        | Observation::Unreadable(error) => Err(error),
        Observation::Present(_) => Err(io::Error::other("not read")),
        Observation::Absent => Err(io::ErrorKind::NotFound.into()),
        Observation::Unstable => Err(io::Error::other("changed during every attempt to read it")),
    }
}

fn not_readable(kind: Kind) -> io::Error {
    let next = match kind {
        Kind::Directory => "; use `waxseal scan` for whole directories",
        _ => "; its content can be read as standard input, `-`",
    };
    io::Error::other(format!("not a regular file but a {kind}{next}"))
}

fn hash_stdin(hash_types: HashTypes, threads: usize) -> io::Result<Digests> {
    let mut input = io::stdin().lock();
    let mut hasher = Hasher::new(hash_types);
    let mut buffer = Vec::with_capacity(CHUNK);
    loop {
        buffer.clear();
        if input.by_ref().take(CHUNK as u64).read_to_end(&mut buffer)? == 0 {
            return Ok(hasher.finish());
        }
        hasher.update_parallel(&buffer, threads);
    }
}

/// Prints digests in the chosen form.
struct Printer {
    output: Output,
    format: Format,
    types: HashTypes,
    is_terminal: bool,
    printed: u64,
}

impl Printer {
    fn new(settings: &Settings, types: HashTypes) -> Printer {
        use std::io::IsTerminal as _;
        let is_terminal = io::stdout().is_terminal();
        Printer {
            output: Output::stdout(),
            format: settings.format,
            types,
            is_terminal,
            printed: 0,
        }
    }

    fn print(&mut self, file: &Path, digests: &Digests) {
        match self.format {
            Format::Text => {
                for (hash_type, digest) in digests.iter() {
                    self.line(file, hash_type, &hex(digest));
                }
            }
            Format::Ndjson => self.output.line(&object(file, digests).to_string()),
            Format::Json => {
                let lead = if self.printed == 0 {
                    "{\"files\":[\n"
                } else {
                    ",\n"
                };
                self.output.write(lead.as_bytes());
                self.output
                    .write(object(file, digests).to_string().as_bytes());
            }
        }
        self.printed += 1;
    }

    fn line(&mut self, file: &Path, hash_type: HashType, digest: &str) {
        let (name, is_escaped) = name(file, self.is_terminal);
        if self.types.len() > 1 {
            self.output
                .write(format!("{:<11}  ", hash_type.name()).as_bytes());
        } else if is_escaped {
            self.output.write(b"\\");
        }
        self.output.write(format!("{digest}  ").as_bytes());
        self.output.write(&name);
        self.output.write(b"\n");
    }

    fn finish(mut self) -> anyhow::Result<()> {
        if self.format == Format::Json {
            self.output.line(if self.printed == 0 {
                "{\"files\":[]}"
            } else {
                "\n]}"
            });
        }
        self.output.finish().context("cannot write the digests")
    }
}

/// Returns a name as sha256sum prints it, and whether it had to be escaped.
///
/// sha256sum escapes what would break a line and leaves every other byte, which is right for a
/// file of sums; on a terminal those bytes are escaped too. A backslash that separates names is no
/// part of one, and stays.
fn name(file: &Path, is_terminal: bool) -> (Vec<u8>, bool) {
    let raw = path_to_bytes(file);
    if is_terminal {
        let printable = escape::bytes(raw);
        return (printable.as_bytes().to_vec(), printable.as_bytes() != raw);
    }
    let mut escaped = Vec::with_capacity(raw.len());
    for byte in raw {
        match byte {
            b'\\' if !std::path::is_separator('\\') => escaped.extend(b"\\\\"),
            b'\n' => escaped.extend(b"\\n"),
            b'\r' => escaped.extend(b"\\r"),
            other => escaped.push(*other),
        }
    }
    let is_escaped = escaped.len() != raw.len();
    (escaped, is_escaped)
}

fn object(file: &Path, digests: &Digests) -> Value {
    let hashes: Map<String, Value> = digests
        .iter()
        .map(|(kind, digest)| (kind.name().to_owned(), json!(hex(digest))))
        .collect();
    let mut object = json!({ "file": { "path": path_text(file), "hash": hashes } });
    if let (Some(encoded), Some(fields)) = (
        path_bytes(file),
        object.get_mut("file").and_then(Value::as_object_mut),
    ) {
        fields.insert("path_bytes".to_owned(), encoded);
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_platform::bytes::bytes_to_path;

    #[test]
    fn names_are_escaped_as_sha256sum_does_and_more_on_a_terminal() {
        let separates = std::path::is_separator('\\');
        let backslash: &[u8] = if separates { b"a\\b" } else { b"a\\\\b" };
        let table: [(&[u8], &[u8], &[u8]); 4] = [
            (b"plain", b"plain", b"plain"),
            (b"a\nb", b"a\\nb", b"a\\nb"),
            (b"a\\b", backslash, backslash),
            (b"\x1b", b"\x1b", b"\\x1b"),
        ];
        for (raw, piped, shown) in table {
            let path = bytes_to_path(raw).unwrap();
            assert_eq!(name(&path, false).0, piped);
            assert_eq!(name(&path, true).0, shown);
        }
    }
}
