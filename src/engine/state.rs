//! How the watch is going, as `status` shows it: the answer of the [`Coordinator`].

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use waxseal_platform::host;
use waxseal_platform::watch::BackendHealth;

use super::coordinator::Coordinator;
use super::inbox::Starting;
use crate::event::path_text;

impl Coordinator<'_, '_> {
    /// Returns how it is going.
    pub(super) fn state(&self) -> Value {
        let counts = self.inbox.with(|waiting| waiting.hints.counts());
        let backends: Vec<Value> = self.lifeline.health().iter().map(backend).collect();
        let polled = self.lifeline.polled();
        let polled: Vec<String> = polled.iter().map(|path| path_text(path)).collect();
        let reading: Vec<String> = self
            .rounds
            .large_paths()
            .map(|path| path_text(path))
            .collect();
        let journal_end = self.reader.journal_end().unwrap_or(0);
        json!({
            "pid": std::process::id(),
            "memory": host::resident_memory(),
            "outputs": self.sinks.objects(journal_end),
            "canary": self.lifeline.trouble(),
            "store": self.vitals.trouble(),
            "schedule": self.schedules.object(),
            "scanning": !self.walkers.scan.is_idle(),
            "reading": reading,
            "idle": self.is_idle(),
            "pending": { "paths": counts.hints, "subtrees": counts.subtrees },
            "heard": {
                "merged": counts.merged,
                "absorbed": counts.absorbed,
                "collapsed": counts.collapsed,
            },
            "roots": self.roots(),
            "backends": backends,
            "polled": polled,
            "totals": self.vitals.object(),
        })
    }
}

impl Coordinator<'_, '_> {
    /// Returns what is configured, and what tells of changes there: of a place that is not there, or
    /// is no directory, the directory above it.
    fn roots(&self) -> Vec<Value> {
        let root = |path: PathBuf| {
            let (covered, backend) = self.lifeline.covering(&path).unzip();
            json!({
                "path": path_text(&path),
                "backend": backend,
                "covered": covered.as_deref().map(path_text),
            })
        };
        self.policy.places().into_iter().map(root).collect()
    }
}

/// Returns how the start scan is going.
pub(super) fn starting(start: &Starting) -> Value {
    let progress = &start.progress;
    json!({
        "pid": std::process::id(),
        "memory": host::resident_memory(),
        "idle": false,
        "starting": {
            "waiting": start.is_waiting,
            "seconds": start.since.elapsed().as_secs(),
            "paths": progress.objects.load(Ordering::Relaxed),
            "files_read": progress.files_read.load(Ordering::Relaxed),
            "bytes_read": progress.bytes_read.load(Ordering::Relaxed),
        },
    })
}

fn backend(health: &BackendHealth) -> Value {
    json!({
        "name": health.kind.to_string(),
        "unusable": health.unusable,
        "directories": health.directories,
        "signals": health.signals,
        "own_dropped": health.own_dropped,
        "foreign_dropped": health.foreign_dropped,
        "unnamed_dropped": health.unnamed_dropped,
        "overflows": health.overflows,
        "limits": health.limits,
    })
}
