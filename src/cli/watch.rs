//! `waxseal watch`: real-time monitoring in the foreground.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use clap::Args;
use waxseal_platform::heap;
use waxseal_platform::signals::Signals;
use waxseal_platform::watch::{BackendKind, Options};

use super::desk::{Desk, listen};
use super::exit_code::ExitCode;
use super::look;
use super::paths;
use super::progress::Bar;
use super::pulse::Pulse;
use super::scan::{join, refuse_early};
use super::settings::{Settings, warn};
use super::watched::Watched;
use crate::config;
use crate::engine::{End, Engine, Mandate, canary_dir};
use crate::policy::Policy;
use crate::report::Format;
use crate::state::escape;

/// Arguments of `waxseal watch`.
#[derive(Args, Debug, Default)]
#[command(after_help = "\
Examples:
  waxseal watch                       watch what the configuration says, until interrupted
  waxseal watch /etc /usr/bin         watch these too, from now on and in later scans
  waxseal watch --format ndjson | jq  each event as it is journalled
  kill -HUP PID                       read the configuration again

Without a baseline it takes one first. Differences stay open until `waxseal accept`, which works
while the watch runs.")]
pub(super) struct WatchArgs {
    /// Watch these files and directories too
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// Runs `waxseal watch`.
pub(super) fn run(args: &WatchArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    // Before the first thread: each reload ends some and starts others.
    heap::limit_arenas();
    let asked = paths::absolute_all(&args.paths)?;
    refuse_early(&asked, settings)?;
    let signals = Signals::catch().context("cannot catch signals")?;
    let closer = signals.closer();
    let told_of = Arc::new(OnceLock::new());
    let pulse = Pulse::start(Arc::clone(&told_of)).context("cannot start a thread")?;
    let desk = Arc::new(Desk::default());
    let listening = listen(signals, Arc::clone(&desk)).context("cannot start a thread")?;
    let mut baseline = settings.open_baseline()?;
    // Before anything is remembered: beside another watch nothing may change.
    baseline.claim_watch()?;
    let reader = baseline.reader()?;
    let mut watched = Watched::load(settings, Some(&reader))?;
    join(&mut watched, &asked, None, &reader)?;
    watched.remember(&mut baseline)?;
    let options = Options {
        backends: backends(&outputs(&watched, settings)),
        quiet_dir: Some(reader.state_dir().to_owned()),
        ..Options::new(canary_dir(reader.state_dir()))
    };
    let threads = settings.threads.min(look::threads_affordable());
    drop(reader);

    let mut engine = Engine::start(baseline, options)?;
    let remote = engine.remote();
    let state_dir = engine.baseline().state_dir();
    if let Err(error) = remote.answer_at(state_dir) {
        // Whoever keeps it from answering must not keep it from watching.
        let shown = escape::path(state_dir);
        warn(&format!(
            "cannot listen for `waxseal status` in {shown}, watching all the same: {error}"
        ));
    }
    told_of.get_or_init(|| remote.clone());
    desk.open(remote, pulse);
    let served = serve(&mut engine, watched, settings, threads);
    closer.close();
    listening
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    // Whatever ended it, what was journalled is written back.
    let closed = engine.close();
    served?;
    closed?;
    Ok(ExitCode::Clean)
}

/// Serves one configuration after the other until the watch is asked to end.
fn serve(
    engine: &mut Engine,
    mut watched: Watched,
    settings: &Settings,
    threads: usize,
) -> anyhow::Result<()> {
    let mut mistake = None;
    loop {
        let mandate = Mandate {
            policy: Arc::new(Policy::compile(watched.policy.spec())?),
            settings: outputs(&watched, settings),
            style: settings.style,
            mistake: mistake.take(),
            threads,
            backends: backends(&outputs(&watched, settings)),
        };
        let bar = Bar::counting(settings);
        // It leaves the screen when the scan is over.
        let end = engine.serve(&mandate, move |progress| bar.observe(progress))?;
        if end == End::Stop {
            return Ok(());
        }
        let reader = engine.baseline().reader()?;
        match Watched::load(settings, Some(&reader)) {
            Ok(reloaded) => watched = reloaded,
            // A mistake in the file must not end the watch.
            Err(error) => {
                let reason = super::chain(&error);
                warn(&format!(
                    "error: {reason}\nwaxseal: the configuration before stays in force"
                ));
                mistake = Some(reason);
            }
        }
    }
}

/// Returns the settings of the configuration, with the form that the command line wants.
fn outputs(watched: &Watched, settings: &Settings) -> config::Settings {
    let configured = watched.loaded.as_ref();
    let mut outputs = configured.map_or_else(config::Settings::default, |loaded| {
        loaded.config.settings.clone()
    });
    if settings.format != Format::Text && outputs.stdout.is_some() {
        outputs.stdout = Some(config::StdoutForm::Ndjson);
    }
    outputs
}

/// Returns the backends that the configuration wants; what none of them covers is polled.
fn backends(settings: &config::Settings) -> Vec<BackendKind> {
    let kinds = settings.backends.iter().map(|backend| backend.kind());
    kinds.flatten().collect()
}
