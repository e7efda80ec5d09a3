//! The ways to be told of changes that `watch` tries: the key `backends`.

use waxseal_platform::watch::BackendKind;

use super::section::{Section, Source};

const KEY: &str = "backends";

/// A way to learn of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The kernel tells, and who did it.
    Fanotify,
    /// The kernel tells.
    Inotify,
    /// The system tells, of whole trees: macOS.
    FsEvents,
    /// The system tells, of whole trees: Windows.
    ReadDirectoryChanges,
    /// Looking again and again. What no other covers is always polled.
    Poll,
}

impl Backend {
    /// Every one of every operating system, in the order in which they are best tried.
    pub const ALL: [Backend; 5] = [
        Backend::Fanotify,
        Backend::Inotify,
        Backend::FsEvents,
        Backend::ReadDirectoryChanges,
        Backend::Poll,
    ];

    /// Returns those that this operating system can have.
    pub fn native() -> Vec<Backend> {
        let is_native = |backend: &Backend| {
            let kind = backend.kind();
            kind.is_none_or(|kind| BackendKind::native().contains(&kind))
        };
        Backend::ALL.into_iter().filter(is_native).collect()
    }

    /// Returns what the platform knows it as; `None` for looking again and again.
    pub fn kind(self) -> Option<BackendKind> {
        match self {
            Backend::Fanotify => Some(BackendKind::Fanotify),
            Backend::Inotify => Some(BackendKind::Inotify),
            Backend::FsEvents => Some(BackendKind::FsEvents),
            Backend::ReadDirectoryChanges => Some(BackendKind::ReadDirectoryChanges),
            Backend::Poll => None,
        }
    }

    /// Returns the name it has in configuration.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Fanotify => "fanotify",
            Backend::Inotify => "inotify",
            Backend::FsEvents => "fsevents",
            Backend::ReadDirectoryChanges => "read_directory_changes",
            Backend::Poll => "poll",
        }
    }
}

/// Reads the list.
pub(super) fn read_backends(top: &Section<'_>, source: &mut Source<'_>) -> Vec<Backend> {
    let Some((texts, place)) = top.texts(KEY, source) else {
        return Backend::native();
    };
    if texts.is_empty() {
        let next = "write [\"poll\"] for looking again and again only";
        source.error(place, format!("{KEY} is empty: {next}"));
    }
    let mut backends = Vec::new();
    for (text, span) in texts {
        let known = Backend::ALL.into_iter().find(|known| known.name() == text);
        match known {
            None => {
                let names = Backend::ALL.map(|known| format!("{:?}", known.name()));
                let next = format!("use one of {}", names.join(", "));
                source.error(span, format!("unknown backend {text:?}: {next}"));
            }
            Some(known) if backends.contains(&known) => {
                source.error(
                    span,
                    format!("{text:?} stands twice in {KEY}: remove the second"),
                );
            }
            Some(_) if backends.contains(&Backend::Poll) => {
                let next = "write \"poll\" at the end";
                source.error(span, format!("{text:?} would never be tried: {next}"));
            }
            Some(known) => backends.push(known),
        }
    }
    backends
}
