//! `waxseal log`: the journal, printed, followed or verified.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use jiff::Zoned;
use serde_json::{Value, json};
use waxseal_platform::stat::Timestamp;

use super::exit_code::ExitCode;
use super::paths;
use super::settings::Settings;
use super::since;
use crate::baseline::{BaselineError, ChainReport, Reader, StoredEvent};
use crate::report::{Format, Reporter, count, earlier_path, journal_line, parsed, path};

/// Events read at once.
const PAGE: usize = 1000;

/// How often `--follow` looks for new events.
const PAUSE: Duration = Duration::from_millis(250);

/// Arguments of `waxseal log`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  waxseal log                        everything, oldest first
  waxseal log -n 20                  the last twenty
  waxseal log /etc --since '2 days'  what happened to /etc
  waxseal log --follow --format ndjson
  waxseal log --verify               prove that the journal is as it was written")]
pub(super) struct LogArgs {
    /// Only what happened to these paths and below
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only what was recorded since a time, a date, or so long ago
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only the last N
    #[arg(short = 'n', long = "lines", value_name = "N")]
    pub lines: Option<usize>,
    /// Go on and print what is recorded from now on, until interrupted
    #[arg(short, long)]
    pub follow: bool,
    /// Recompute the hash chain instead
    #[arg(long, conflicts_with_all = ["paths", "since", "lines", "follow"])]
    pub verify: bool,
}

/// Runs `waxseal log`.
pub(super) fn run(args: &LogArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let since =
        match &args.since {
            None => None,
            Some(text) => {
                let parsed = since::parse(text, &Zoned::now());
                Some(parsed.map_err(|reason| {
                    super::exit_code::usage(format!("--since {text:?}: {reason}"))
                })?)
            }
        };
    let wanted = Wanted {
        under: paths::absolute_all(&args.paths)?,
        since,
    };
    let reader = settings.open_reader()?;
    if args.verify {
        return verify(&reader, settings);
    }
    let mut printer = Printer {
        reporter: settings.reporter(),
        settings,
    };
    let mut last = printer.recorded(&reader, &wanted, args.lines)?;
    while args.follow && printer.reporter.flush() {
        thread::sleep(PAUSE);
        last = printer.newer(&reader, &wanted, last)?;
    }
    printer
        .reporter
        .finish(None)
        .context("cannot write the report")?;
    Ok(ExitCode::Clean)
}

/// Which events to print.
struct Wanted {
    under: Vec<PathBuf>,
    since: Option<Timestamp>,
}

impl Wanted {
    fn includes(&self, event: &StoredEvent, document: &Value) -> bool {
        if self.since.is_some_and(|since| event.at < since) {
            return false;
        }
        let is_under = |path: PathBuf| self.under.iter().any(|top| path.starts_with(top));
        self.under.is_empty()
            || path(document).is_some_and(is_under)
            || earlier_path(document).is_some_and(is_under)
    }

    /// Returns the next page of events that may be wanted.
    fn page(&self, reader: &Reader, after: u64) -> Result<Vec<StoredEvent>, BaselineError> {
        match self.since {
            Some(since) => reader.events_since(since, after, PAGE),
            None => reader.events(after, PAGE),
        }
    }
}

/// Prints events.
struct Printer<'s> {
    reporter: Reporter,
    settings: &'s Settings,
}

impl Printer<'_> {
    /// Prints what is recorded, or the last of it, and returns the number of the last event.
    fn recorded(
        &mut self,
        reader: &Reader,
        wanted: &Wanted,
        lines: Option<usize>,
    ) -> anyhow::Result<u64> {
        let Some(lines) = lines else {
            return Ok(self.newer(reader, wanted, 0)?);
        };
        if wanted.under.is_empty() && wanted.since.is_none() {
            let events = reader.last_events(lines)?;
            let last = reader.last_events(1)?.last().map_or(0, |event| event.seq);
            events
                .iter()
                .for_each(|event| self.print(event, &document(event)));
            return Ok(events.last().map_or(last, |event| event.seq));
        }
        let mut kept: VecDeque<(StoredEvent, Value)> = VecDeque::new();
        let mut last = 0;
        loop {
            let page = wanted.page(reader, last)?;
            let Some(end) = page.last() else { break };
            last = end.seq;
            for event in page {
                let document = document(&event);
                if wanted.includes(&event, &document) {
                    kept.push_back((event, document));
                }
                if kept.len() > lines {
                    kept.pop_front();
                }
            }
        }
        kept.iter()
            .for_each(|(event, document)| self.print(event, document));
        Ok(last)
    }

    /// Prints what was recorded after an event and returns the number of the last one.
    fn newer(
        &mut self,
        reader: &Reader,
        wanted: &Wanted,
        mut last: u64,
    ) -> Result<u64, BaselineError> {
        loop {
            let page = wanted.page(reader, last)?;
            let Some(end) = page.last() else {
                return Ok(last);
            };
            last = end.seq;
            for event in &page {
                let document = document(event);
                if wanted.includes(event, &document) {
                    self.print(event, &document);
                }
            }
            if !self.reporter.flush() {
                return Ok(last);
            }
        }
    }

    fn print(&mut self, event: &StoredEvent, document: &Value) {
        if self.settings.format == Format::Text {
            let line = journal_line(document, self.settings.style);
            self.reporter.say(&line);
        } else {
            self.reporter.document(&event.body);
        }
    }
}

/// Returns the document of an event, which the store has checked to be what was written.
fn document(event: &StoredEvent) -> Value {
    parsed(&event.body)
}

fn verify(reader: &Reader, settings: &Settings) -> anyhow::Result<ExitCode> {
    let report = reader.verify_chain()?;
    let ChainReport {
        events,
        head,
        faults,
        fault_count,
    } = &report;
    let mut lines: Vec<String> = faults
        .iter()
        .map(|fault| format!("broken: {fault}"))
        .collect();
    let events_counted = count(*events, "event");
    match head {
        _ if !report.is_intact() => lines.push(format!(
            "the journal is not as it was written: {} in {events_counted}; {}",
            count(*fault_count, "fault"),
            next_step(reader.state_dir())
        )),
        Some(head) => lines.push(format!(
            "the journal is intact: {events_counted}, head {} {}",
            head.seq, head.chain
        )),
        None => lines.push("the journal is intact: no events yet".to_owned()),
    }
    let object = json!({
        "intact": report.is_intact(),
        "events": events,
        "head": head.as_ref().map(|head| json!({ "seq": head.seq, "chain": head.chain })),
        "faults": faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "fault_count": fault_count,
    });
    settings.print(&lines, &object)?;
    Ok(if report.is_intact() {
        ExitCode::Clean
    } else {
        ExitCode::Damaged
    })
}

fn next_step(state_dir: &Path) -> String {
    let shown = crate::state::escape::path(state_dir).into_owned();
    format!("keep {shown} as evidence and compare with a copy of the events kept elsewhere")
}
