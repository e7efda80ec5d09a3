//! Events of `notify` as records of one thing each. Pure: no clock, no file system.

use std::path::PathBuf;

use notify::event::{Event, EventKind, ModifyKind};

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
    /// A name appeared or vanished by a rename, which of both is not said.
    Renamed { path: PathBuf },
    /// A tree that was asked for, or a directory above it, was renamed or removed.
    RootChanged { path: PathBuf },
    /// A file system was mounted.
    Mounted { path: PathBuf },
    /// A file system was unmounted.
    Unmounted { path: PathBuf },
    /// Events were dropped, or may have been, at and below a path.
    Lost {
        below: Option<PathBuf>,
        reason: LostReason,
    },
    /// Nothing that counts.
    Nothing,
}

/// How `notify` marks what is of a root, and what is of a mount.
const ROOT_CHANGED: &str = "root changed";
const MOUNT: &str = "mount";

/// Reads what `notify` calls us with.
pub(super) fn decode(event: notify::Result<Event>) -> Told {
    let (path, event) = match about_a_path(event) {
        Ok(told) => told,
        Err(Untold { below, reason }) => return Told::Lost { below, reason },
    };
    match (event.info(), event.kind) {
        (Some(ROOT_CHANGED), _) => return Told::RootChanged { path },
        (Some(MOUNT), EventKind::Create(_)) => return Told::Mounted { path },
        (Some(MOUNT), EventKind::Remove(_)) => return Told::Unmounted { path },
        _ => {}
    }
    let (changes, is_directory) = match event.kind {
        EventKind::Access(_) => return Told::Nothing,
        EventKind::Modify(ModifyKind::Name(_)) => return Told::Renamed { path },
        EventKind::Create(kind) => (Changes::CREATED, created_directory(kind)),
        EventKind::Remove(kind) => (Changes::DELETED, removed_directory(kind)),
        // The kernel tells of new content when the file is closed.
        EventKind::Modify(ModifyKind::Data(_)) => {
            (Changes::WRITTEN.union(Changes::CLOSED), Some(false))
        }
        EventKind::Modify(ModifyKind::Metadata(_)) => (Changes::ATTRIBUTES, None),
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

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, Flag, MetadataKind, RemoveKind, RenameMode};

    use super::*;

    /// What `notify` makes of the flags of FSEvents, for one path.
    fn event(kind: EventKind) -> Event {
        Event::new(kind).add_path(PathBuf::from("/d/f"))
    }

    fn path() -> PathBuf {
        PathBuf::from("/d/f")
    }

    #[track_caller]
    fn assert_touched(kind: EventKind, changes: Changes, is_directory: Option<bool>) {
        let path = path();
        let expected = Told::Touched {
            path,
            changes,
            is_directory,
        };
        assert_eq!(decode(Ok(event(kind))), expected);
    }

    #[test]
    fn what_happens_to_one_path_is_touched() {
        let file = EventKind::Create(CreateKind::File);
        assert_touched(file, Changes::CREATED, Some(false));
        let folder = EventKind::Remove(RemoveKind::Folder);
        assert_touched(folder, Changes::DELETED, Some(true));
        let link = EventKind::Create(CreateKind::Other);
        assert_touched(link, Changes::CREATED, None);
        let content = EventKind::Modify(ModifyKind::Data(DataChange::Content));
        let closed = Changes::WRITTEN.union(Changes::CLOSED);
        assert_touched(content, closed, Some(false));
        for kind in [
            MetadataKind::Any,
            MetadataKind::Ownership,
            MetadataKind::Extended,
            MetadataKind::Other,
        ] {
            let metadata = EventKind::Modify(ModifyKind::Metadata(kind));
            assert_touched(metadata, Changes::ATTRIBUTES, None);
        }
    }

    #[test]
    fn what_is_not_known_is_a_reason_to_look() {
        let all = Changes::WRITTEN.union(Changes::ATTRIBUTES);
        assert_touched(EventKind::Any, all, None);
        assert_touched(EventKind::Other, all, None);
    }

    #[test]
    fn a_rename_says_nothing_of_its_other_end() {
        for mode in [RenameMode::Any, RenameMode::From, RenameMode::To] {
            let event = event(EventKind::Modify(ModifyKind::Name(mode)));
            assert_eq!(decode(Ok(event)), Told::Renamed { path: path() });
        }
    }

    #[test]
    fn roots_and_mounts_are_told_apart_from_files() {
        let renamed = EventKind::Modify(ModifyKind::Name(RenameMode::From));
        for kind in [renamed, EventKind::Remove(RemoveKind::Folder)] {
            let event = event(kind).set_info("root changed");
            assert_eq!(decode(Ok(event)), Told::RootChanged { path: path() });
        }
        let mounted = event(EventKind::Create(CreateKind::Other)).set_info("mount");
        assert_eq!(decode(Ok(mounted)), Told::Mounted { path: path() });
        let unmounted = event(EventKind::Remove(RemoveKind::Other)).set_info("mount");
        assert_eq!(decode(Ok(unmounted)), Told::Unmounted { path: path() });
        // Other information changes nothing.
        let cloned = event(EventKind::Create(CreateKind::File)).set_info("is: clone");
        assert!(matches!(decode(Ok(cloned)), Told::Touched { .. }));
    }

    #[test]
    fn losses_are_told() {
        let rescan = event(EventKind::Other).set_flag(Flag::Rescan);
        let dropped = rescan.set_info("rescan: user dropped");
        let below = Some(path());
        let reason = LostReason::Overflow;
        assert_eq!(decode(Ok(dropped)), Told::Lost { below, reason });
        let without_path = decode(Ok(Event::new(EventKind::Any)));
        assert!(matches!(
            without_path,
            Told::Lost {
                below: None,
                reason: LostReason::Error(_)
            }
        ));
        let error = notify::Error::generic("broken").add_path(path());
        let Told::Lost {
            below,
            reason: LostReason::Error(reason),
        } = decode(Err(error))
        else {
            panic!("an error is a loss");
        };
        assert_eq!(below, Some(path()));
        assert!(reason.contains("broken"), "{reason}");
    }
}
