//! How far a run has come, on standard error while it is a terminal: [`Bar`].
//!
//! With the totals of an earlier run of the same paths it is a bar with the time left; without
//! them it counts. It is gone before the report begins.

use std::io::IsTerminal as _;
use std::sync::atomic::Ordering;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::settings::Settings;
use crate::baseline::ScanRun;
use crate::inspect::Progress;
use crate::report::bytes;
use crate::scan::Plan;

/// A progress bar, or nothing where nobody would see it. Leaves the screen with the value.
pub(super) struct Bar {
    bar: Option<ProgressBar>,
    by: Measure,
    started: Instant,
}

/// What the bar measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    /// Objects looked at, of so many.
    Objects(u64),
    /// Bytes read, of so many.
    Bytes(u64),
    /// Neither is known before.
    Unknown,
}

impl Bar {
    /// Starts a bar for a run; `last` tells how much an earlier one had to do.
    pub(super) fn start(settings: &Settings, plan: &Plan<'_>, last: Option<&ScanRun>) -> Bar {
        Bar::of(settings, measure(plan, last))
    }

    /// Starts a bar for a run of which nothing is known before.
    pub(super) fn counting(settings: &Settings) -> Bar {
        Bar::of(settings, Measure::Unknown)
    }

    fn of(settings: &Settings, by: Measure) -> Bar {
        let is_seen = !settings.is_quiet && std::io::stderr().is_terminal();
        let bar = is_seen.then(|| draw(by));
        Bar {
            bar,
            by,
            started: Instant::now(),
        }
    }

    /// Shows how far the run has come.
    pub(super) fn observe(&self, progress: &Progress) {
        let Some(bar) = &self.bar else { return };
        let objects = progress.objects.load(Ordering::Relaxed);
        let read = progress.bytes_read.load(Ordering::Relaxed);
        match self.by {
            Measure::Objects(_) => bar.set_position(objects),
            Measure::Bytes(_) => bar.set_position(read),
            Measure::Unknown => bar.tick(),
        }
        let rate = read as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        bar.set_message(format!(
            "{objects} paths, {} ({}/s)",
            bytes(read),
            bytes(rate as u64)
        ));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Chooses what is known of the whole: bytes when all are read again, else objects.
fn measure(plan: &Plan<'_>, last: Option<&ScanRun>) -> Measure {
    let comparable = last.filter(|run| run.start.paths == plan.scopes);
    let Some((run, end)) = comparable.and_then(|run| Some((run, run.end.as_ref()?))) else {
        return Measure::Unknown;
    };
    if plan.full && run.start.full && end.bytes > 0 {
        Measure::Bytes(end.bytes)
    } else {
        Measure::Objects(end.entries)
    }
}

fn draw(by: Measure) -> ProgressBar {
    let (length, template) = match by {
        Measure::Objects(total) | Measure::Bytes(total) => {
            (Some(total), "{bar:30} {percent:>3}%  {msg}  {eta} left")
        }
        Measure::Unknown => (None, "{spinner} {msg}  {elapsed}"),
    };
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(10));
    let style = ProgressStyle::with_template(template);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
