//! Events of `notify` as records of one thing each. Pure: no clock, no file system.

use std::path::PathBuf;

use notify::event::{AccessKind, AccessMode, Event, EventKind, ModifyKind, RemoveKind, RenameMode};

use crate::watch::notified::{Untold, about_a_path, created_directory, removed_directory};
use crate::watch::{Changes, LostReason};

/// What one event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Something happened to what a path names.
    Touched {
        path: PathBuf,
        changes: Changes,
        /// `None` where the event does not say.
        is_directory: Option<bool>,
    },
    /// A name left; where to is told under the same cookie, if that place is covered.
    From { path: PathBuf, cookie: usize },
    /// A name arrived.
    To { path: PathBuf, cookie: usize },
    /// A watched directory was renamed, told by itself and not by the directory that it was in.
    SelfMoved { path: PathBuf },
    /// The file system that a watched directory is on was unmounted.
    Unmounted { path: PathBuf },
    /// Events were dropped, or may have been, at and below a path.
    Lost {
        below: Option<PathBuf>,
        reason: LostReason,
    },
    /// Nothing that counts, or what was told before.
    Nothing,
}

/// How `notify` marks that a file system was unmounted.
const UNMOUNT: &str = "unmount";

/// Reads what `notify` calls us with.
pub(super) fn decode(event: notify::Result<Event>) -> Told {
    let (path, event) = match about_a_path(event) {
        Ok(told) => told,
        Err(Untold { below, reason }) => return Told::Lost { below, reason },
    };
    let (changes, is_directory) = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => (Changes::CLOSED, None),
        EventKind::Access(_) => return Told::Nothing,
        EventKind::Create(kind) => (Changes::CREATED, created_directory(kind)),
        EventKind::Remove(RemoveKind::Other) if event.info() == Some(UNMOUNT) => {
            return Told::Unmounted { path };
        }
        EventKind::Remove(kind) => (Changes::DELETED, removed_directory(kind)),
        EventKind::Modify(ModifyKind::Data(_)) => (Changes::WRITTEN, None),
        EventKind::Modify(ModifyKind::Metadata(_)) => (Changes::ATTRIBUTES, None),
        EventKind::Modify(ModifyKind::Name(mode)) => return renamed(mode, path, event.tracker()),
        EventKind::Modify(ModifyKind::Any | ModifyKind::Other)
        | EventKind::Any
        | EventKind::Other => (Changes::WRITTEN.union(Changes::ATTRIBUTES), None),
    };
    Told::Touched {
        path,
        changes,
        is_directory,
    }
}

fn renamed(mode: RenameMode, path: PathBuf, cookie: Option<usize>) -> Told {
    match (mode, cookie) {
        (RenameMode::From, Some(cookie)) => Told::From { path, cookie },
        (RenameMode::From, None) => Told::SelfMoved { path },
        (RenameMode::To, Some(cookie)) => Told::To { path, cookie },
        // Follows the two above and adds nothing.
        (RenameMode::Both, _) => Told::Nothing,
        (RenameMode::To, None) => appeared_or_vanished(path, Changes::CREATED),
        (RenameMode::Any | RenameMode::Other, _) => {
            appeared_or_vanished(path, Changes::CREATED.union(Changes::DELETED))
        }
    }
}

fn appeared_or_vanished(path: PathBuf, changes: Changes) -> Told {
    Told::Touched {
        path,
        changes,
        is_directory: None,
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, Flag, MetadataKind};

    use super::*;

    fn event(kind: EventKind, paths: &[&str]) -> Event {
        let event = Event::new(kind);
        paths
            .iter()
            .fold(event, |event, path| event.add_path(PathBuf::from(path)))
    }

    fn name(mode: RenameMode) -> EventKind {
        EventKind::Modify(ModifyKind::Name(mode))
    }

    #[track_caller]
    fn assert_touched(kind: EventKind, changes: Changes, is_directory: Option<bool>) {
        let expected = Told::Touched {
            path: PathBuf::from("/d/f"),
            changes,
            is_directory,
        };
        assert_eq!(decode(Ok(event(kind, &["/d/f"]))), expected);
    }

    #[test]
    fn what_happens_to_one_path_is_touched() {
        let close = EventKind::Access(AccessKind::Close(AccessMode::Write));
        assert_touched(close, Changes::CLOSED, None);
        let file = EventKind::Create(CreateKind::File);
        assert_touched(file, Changes::CREATED, Some(false));
        let folder = EventKind::Create(CreateKind::Folder);
        assert_touched(folder, Changes::CREATED, Some(true));
        let removed = EventKind::Remove(RemoveKind::Folder);
        assert_touched(removed, Changes::DELETED, Some(true));
        let removed = EventKind::Remove(RemoveKind::Other);
        assert_touched(removed, Changes::DELETED, None);
        let data = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        assert_touched(data, Changes::WRITTEN, None);
        let metadata = EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any));
        assert_touched(metadata, Changes::ATTRIBUTES, None);
    }

    #[test]
    fn what_is_not_known_is_a_reason_to_look() {
        let all = Changes::WRITTEN.union(Changes::ATTRIBUTES);
        assert_touched(EventKind::Any, all, None);
        assert_touched(EventKind::Other, all, None);
        assert_touched(EventKind::Modify(ModifyKind::Other), all, None);
        let either = Changes::CREATED.union(Changes::DELETED);
        assert_touched(name(RenameMode::Any), either, None);
        assert_touched(name(RenameMode::To), Changes::CREATED, None);
    }

    #[test]
    fn reading_is_nothing() {
        for kind in [
            AccessKind::Close(AccessMode::Read),
            AccessKind::Open(AccessMode::Any),
            AccessKind::Read,
        ] {
            let event = event(EventKind::Access(kind), &["/d/f"]);
            assert_eq!(decode(Ok(event)), Told::Nothing);
        }
    }

    #[test]
    fn a_rename_is_told_by_its_halves() {
        let path = PathBuf::from("/d/a");
        let tracked = |mode, paths: &[&str]| decode(Ok(event(name(mode), paths).set_tracker(7)));
        let from = tracked(RenameMode::From, &["/d/a"]);
        let cookie = 7;
        let path_and_cookie = |path| Told::From { path, cookie };
        assert_eq!(from, path_and_cookie(path.clone()));
        let to = tracked(RenameMode::To, &["/d/a"]);
        assert_eq!(
            to,
            Told::To {
                path: path.clone(),
                cookie
            }
        );
        let both = tracked(RenameMode::Both, &["/d/a", "/d/b"]);
        assert_eq!(both, Told::Nothing);
        let own = decode(Ok(event(name(RenameMode::From), &["/d/a"])));
        assert_eq!(own, Told::SelfMoved { path });
    }

    #[test]
    fn losses_are_told() {
        let overflow = event(EventKind::Other, &[]).set_flag(Flag::Rescan);
        let lost = |below| Told::Lost {
            below,
            reason: LostReason::Overflow,
        };
        assert_eq!(decode(Ok(overflow)), lost(None));
        let below = Some(PathBuf::from("/d"));
        let partly = event(EventKind::Other, &["/d"]).set_flag(Flag::Rescan);
        assert_eq!(decode(Ok(partly)), lost(below));
        let unmounted = event(EventKind::Remove(RemoveKind::Other), &["/d"]).set_info(UNMOUNT);
        let path = PathBuf::from("/d");
        assert_eq!(decode(Ok(unmounted)), Told::Unmounted { path });
        let without_path = decode(Ok(event(EventKind::Any, &[])));
        assert!(
            matches!(
                without_path,
                Told::Lost {
                    below: None,
                    reason: LostReason::Error(_)
                }
            ),
            "{without_path:?}"
        );
        let error = notify::Error::generic("broken").add_path(PathBuf::from("/d"));
        let Told::Lost {
            below,
            reason: LostReason::Error(reason),
        } = decode(Err(error))
        else {
            panic!("an error is a loss");
        };
        assert_eq!(below, Some(PathBuf::from("/d")));
        assert!(reason.contains("broken"), "{reason}");
    }
}
