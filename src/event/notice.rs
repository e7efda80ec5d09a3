//! The monitor speaking of itself: [`Notice`].

use std::path::Path;

use serde_json::{Map, Value, json};
use waxseal_platform::stat::Timestamp;

use super::{path_bytes, path_text};

/// What a notice is about: `event.action` of its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeAction {
    /// A scan took a baseline for paths that had none.
    BaselineTaken,
    /// The policy changed: paths left or joined it, or new hash types were recorded.
    ConfigChange,
    /// Someone approved changes.
    Approved,
    /// One path was approved.
    PathApproved,
    /// A scan could not look at everything.
    BlindSpots,
    /// The watch has begun.
    Started,
    /// The watch ends in good order.
    Stopped,
    /// What happened at or below a path, or anywhere, is unknown; a rescan follows.
    LostSync,
    /// The rescan after a loss is done.
    Resynced,
    /// A place that is watched is not there any more.
    RootGone,
    /// It is there again.
    RootBack,
    /// A part of the watch works worse than it should: another backend, polling, no processes.
    Degraded,
    /// That part works as it should again.
    Recovered,
    /// More paths wait to be looked at than are kept one by one; whole directories are looked at.
    Collapsed,
    /// A sink takes no events; they wait in the journal.
    SinkFailed,
    /// It takes them again.
    SinkRecovered,
    /// The configuration was read again and holds from now on.
    Reloaded,
    /// The configuration could not be read again; the one before stays in force.
    ReloadFailed,
    /// The thread that reads the system's notifications was started anew; a rescan follows.
    WatchThreadRestarted,
    /// The system clock was set.
    ClockChanged,
}

impl NoticeAction {
    /// Returns the value of `event.action`.
    pub fn name(self) -> &'static str {
        match self {
            NoticeAction::BaselineTaken => "baseline_taken",
            NoticeAction::ConfigChange => "config_change",
            NoticeAction::Approved => "approved",
            NoticeAction::PathApproved => "path_approved",
            NoticeAction::BlindSpots => "blind_spots",
            NoticeAction::Started => "started",
            NoticeAction::Stopped => "stopped",
            NoticeAction::LostSync => "lost_sync",
            NoticeAction::Resynced => "resynced",
            NoticeAction::RootGone => "root_gone",
            NoticeAction::RootBack => "root_back",
            NoticeAction::Degraded => "degraded",
            NoticeAction::Recovered => "recovered",
            NoticeAction::Collapsed => "collapsed",
            NoticeAction::SinkFailed => "sink_failed",
            NoticeAction::SinkRecovered => "sink_recovered",
            NoticeAction::Reloaded => "reloaded",
            NoticeAction::ReloadFailed => "reload_failed",
            NoticeAction::WatchThreadRestarted => "watch_thread_restarted",
            NoticeAction::ClockChanged => "clock_changed",
        }
    }
}

/// One notice, with further top-level fields of its document.
#[derive(Clone, Debug)]
pub struct Notice {
    /// What it is about.
    pub action: NoticeAction,
    /// When.
    pub at: Timestamp,
    /// One line for a reader.
    pub message: String,
    /// Further fields of the document, by top-level key.
    pub fields: Map<String, Value>,
}

impl Notice {
    /// Returns a notice of this moment.
    pub fn now(action: NoticeAction, message: String) -> Notice {
        Notice {
            action,
            at: Timestamp::now(),
            message,
            fields: Map::new(),
        }
    }

    /// Adds a top-level field.
    pub fn with(mut self, key: &str, value: Value) -> Notice {
        self.fields.insert(key.to_owned(), value);
        self
    }

    /// Adds the path it is about.
    pub fn about(self, path: &Path) -> Notice {
        let mut file = json!({ "path": path_text(path) });
        if let (Some(encoded), Some(object)) = (path_bytes(path), file.as_object_mut()) {
            object.insert("path_bytes".to_owned(), encoded);
        }
        self.with("file", file)
    }
}
