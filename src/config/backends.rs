//! The ways to be told of changes that `watch` tries: the key `backends`.

use super::section::{Section, Source};

const KEY: &str = "backends";

/// A way to learn of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The kernel tells, and who did it.
    Fanotify,
    /// The kernel tells.
    Inotify,
    /// Looking again and again. What no other covers is always polled.
    Poll,
}

impl Backend {
    /// Every one, in the order in which they are best tried.
    pub const ALL: [Backend; 3] = [Backend::Fanotify, Backend::Inotify, Backend::Poll];

    /// Returns the name it has in configuration.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Fanotify => "fanotify",
            Backend::Inotify => "inotify",
            Backend::Poll => "poll",
        }
    }
}

/// Reads the list.
pub(super) fn read_backends(top: &Section<'_>, source: &mut Source<'_>) -> Vec<Backend> {
    let Some((texts, place)) = top.texts(KEY, source) else {
        return Backend::ALL.to_vec();
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
                let next = "use \"fanotify\", \"inotify\" or \"poll\"";
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
