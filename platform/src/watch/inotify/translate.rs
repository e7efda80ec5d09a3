//! Records become signals. Pure but for a look at what arrived, which the caller gives.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::decode::Told;
use super::renames::{Departed, Renames};
use crate::stat::{Kind, Stat};
use crate::watch::covered::{Covered, Identity};
use crate::watch::{BackendKind, Changes, LostReason, Signal};

/// Everything that the meaning of the next record depends on.
#[derive(Debug)]
pub(super) struct Translator {
    canary: PathBuf,
    pub(super) covered: Covered,
    pub(super) renames: Renames,
    /// Canaries that were heard, each with the time until which names that left before are waited
    /// for: it tells of everything that came before it, so it must not overtake those.
    beats: VecDeque<Instant>,
}

impl Translator {
    /// Returns one that covers nothing, for a canary in a directory that nobody else watches.
    pub(super) fn new(canary: PathBuf) -> Translator {
        Translator {
            canary,
            covered: Covered::default(),
            renames: Renames::default(),
            beats: VecDeque::new(),
        }
    }

    /// Returns what a record means; `look` tells what is at a path now, following no link.
    pub(super) fn translate(
        &mut self,
        told: Told,
        now: Instant,
        look: impl Fn(&Path) -> Option<Stat>,
    ) -> Option<Signal> {
        match told {
            Told::Touched {
                path,
                changes,
                is_directory,
            } => self.touched(path, changes, is_directory, now),
            Told::From { path, .. } | Told::To { path, .. } if self.is_ours(&path) => None,
            Told::From { path, cookie } => {
                let is_directory = self.covered.contains(&path);
                self.leave(&path);
                let pushed_out = self.renames.depart(path, is_directory, cookie, now);
                pushed_out.map(gone)
            }
            Told::To { path, cookie } => Some(self.arrived(path, cookie, look)),
            Told::SelfMoved { path } => self.self_moved(path),
            Told::Unmounted { path } => {
                // Each watched directory tells it; those below the first are dropped with it.
                let is_news = self.covered.contains(&path);
                self.covered.remove(&path);
                is_news.then_some(Signal::Lost {
                    below: Some(path),
                    reason: LostReason::Unmounted,
                })
            }
            Told::Lost { below, reason } => Some(Signal::Lost { below, reason }),
            Told::Nothing => None,
        }
    }

    /// Returns what it means that a name that left did not arrive in time, or that a canary was
    /// heard and nothing from before it is waited for.
    pub(super) fn give_up(&mut self, now: Instant) -> Option<Signal> {
        let departed = self.renames.give_up(now).map(gone);
        departed.or_else(|| {
            self.beats.pop_front_if(|due| *due <= now)?;
            let backend = BackendKind::Inotify;
            Some(Signal::Alive { backend })
        })
    }

    /// Says when there is something to give up.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let beat = self.beats.front().copied();
        self.renames.next_due().into_iter().chain(beat).min()
    }

    fn touched(
        &mut self,
        path: PathBuf,
        changes: Changes,
        is_directory: Option<bool>,
        now: Instant,
    ) -> Option<Signal> {
        if self.is_ours(&path) {
            if path == self.canary && changes == Changes::CLOSED {
                self.beats.push_back(self.renames.last_due().unwrap_or(now));
            }
            return None;
        }
        if !self.is_covered(&path) {
            return None;
        }
        let is_directory = is_directory.unwrap_or_else(|| self.covered.contains(&path));
        if changes.contains(Changes::DELETED) {
            self.leave(&path);
        }
        Some(Signal::Touched {
            path,
            changes,
            is_directory,
            actor: None,
        })
    }

    fn arrived(
        &mut self,
        path: PathBuf,
        cookie: usize,
        look: impl Fn(&Path) -> Option<Stat>,
    ) -> Signal {
        let found = look(&path);
        // A directory that was there before is gone, and `notify` does not drop it. Whoever covers
        // may have been faster than this record: then what is covered is what arrived.
        let identity = found.as_ref().map(Identity::from);
        if self.covered.at(&path) != identity {
            self.covered.retire(&path);
        }
        let from = self.renames.arrive(cookie);
        let was_directory = from.as_ref().is_some_and(|from| from.is_directory);
        let is_directory = found.is_some_and(|found| found.kind == Kind::Directory);
        Signal::Moved {
            from: from.map(|from| from.path),
            to: Some(path),
            is_directory: is_directory || was_directory,
            actor: None,
        }
    }

    /// A directory that tells of its own move was told before by the one it was in, and is covered
    /// no longer, if that one is covered.
    fn self_moved(&mut self, path: PathBuf) -> Option<Signal> {
        if !self.covered.contains(&path) {
            return None;
        }
        self.covered.retire(&path);
        Some(Signal::Moved {
            from: Some(path),
            to: None,
            is_directory: true,
            actor: None,
        })
    }

    /// Drops what was covered at and below a name that is there no longer.
    fn leave(&mut self, path: &Path) {
        // `notify` drops what it watches at the path, and with it all below.
        if self.covered.contains(path) {
            self.covered.remove(path);
        } else {
            self.covered.retire(path);
        }
    }

    /// Says whether a path is that of a covered directory, or in one. Any other is a former path:
    /// `notify` tells by that of a directory until it has read all that is there, though the
    /// directory was renamed meanwhile. Whoever is told of the rename walks what is in it.
    fn is_covered(&self, path: &Path) -> bool {
        let parent = path.parent();
        self.covered.contains(path) || parent.is_some_and(|parent| self.covered.contains(parent))
    }

    fn is_ours(&self, path: &Path) -> bool {
        let home = self.canary.parent();
        home.is_some_and(|home| path.starts_with(home))
    }
}

fn gone(departed: Departed) -> Signal {
    Signal::Moved {
        from: Some(departed.path),
        to: None,
        is_directory: departed.is_directory,
        actor: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stat::{InodeFlags, Timestamp};

    fn directory(inode: u64) -> Stat {
        Stat {
            kind: Kind::Directory,
            device: 1,
            inode,
            mode: 0o755,
            links: 2,
            uid: 0,
            gid: 0,
            rdev: 0,
            size: 0,
            blocks: 0,
            accessed: Timestamp::default(),
            modified: Timestamp::default(),
            changed: Timestamp::default(),
            created: None,
            flags: InodeFlags::default(),
        }
    }

    fn translator(covered: &[(&str, u64)]) -> Translator {
        let mut translator = Translator::new(PathBuf::from("/state/canary/file"));
        for (path, inode) in covered {
            let identity = Identity::from(&directory(*inode));
            translator.covered.insert(Path::new(path), identity);
        }
        translator
    }

    fn touched(path: &str, changes: Changes) -> Told {
        Told::Touched {
            path: PathBuf::from(path),
            changes,
            is_directory: None,
        }
    }

    fn to(path: &str) -> Told {
        Told::To {
            path: PathBuf::from(path),
            cookie: 1,
        }
    }

    fn nothing(_path: &Path) -> Option<Stat> {
        None
    }

    #[test]
    fn a_directory_that_arrives_where_another_was_covered_takes_its_place() {
        let mut translator = translator(&[("/d", 1), ("/d/e", 2)]);
        translator.translate(to("/d"), Instant::now(), |_| Some(directory(3)));
        assert_eq!(translator.covered.len(), 0);
        assert_eq!(translator.covered.take_stale().len(), 2);
    }

    #[test]
    fn a_directory_that_was_covered_before_its_arrival_is_heard_stays() {
        let mut translator = translator(&[("/d", 1)]);
        let signal = translator.translate(to("/d"), Instant::now(), |_| Some(directory(1)));
        assert!(translator.covered.contains(Path::new("/d")));
        assert!(
            matches!(
                signal,
                Some(Signal::Moved {
                    is_directory: true,
                    ..
                })
            ),
            "{signal:?}"
        );
    }

    #[test]
    fn a_name_that_arrives_too_late_is_told_twice_in_halves() {
        let mut translator = translator(&[("/d", 1)]);
        let start = Instant::now();
        let from = Told::From {
            path: PathBuf::from("/d"),
            cookie: 1,
        };
        assert!(translator.translate(from, start, nothing).is_none());
        let later = start + super::super::renames::PATIENCE;
        let Some(Signal::Moved { from, to: None, .. }) = translator.give_up(later) else {
            panic!("it has waited for long enough");
        };
        assert_eq!(from, Some(PathBuf::from("/d")));
        let signal = translator.translate(to("/e"), later, nothing);
        let Some(Signal::Moved { from: None, to, .. }) = signal else {
            panic!("{signal:?}");
        };
        assert_eq!(to, Some(PathBuf::from("/e")));
    }

    #[test]
    fn a_file_system_that_goes_is_told_by_its_first_directory() {
        let mut translator = translator(&[("/m", 1), ("/m/d", 2), ("/n", 3)]);
        let unmounted = |path| Told::Unmounted {
            path: PathBuf::from(path),
        };
        let now = Instant::now();
        let signal = translator.translate(unmounted("/m"), now, nothing);
        assert!(
            matches!(&signal, Some(Signal::Lost { below: Some(below), .. }) if below == Path::new("/m")),
            "{signal:?}"
        );
        assert!(
            translator
                .translate(unmounted("/m/d"), now, nothing)
                .is_none()
        );
        assert_eq!(translator.covered.len(), 1);
    }

    #[test]
    fn a_canary_does_not_overtake_a_name_that_left_before() {
        let mut translator = translator(&[("/d", 1)]);
        let now = Instant::now();
        let left = Told::From {
            path: PathBuf::from("/d/f"),
            cookie: 1,
        };
        assert!(translator.translate(left, now, nothing).is_none());
        let closed = touched("/state/canary/file", Changes::CLOSED);
        assert!(translator.translate(closed, now, nothing).is_none());
        assert!(translator.give_up(now).is_none());
        let due = translator.next_due().unwrap();
        let gone = translator.give_up(due);
        assert!(matches!(gone, Some(Signal::Moved { .. })), "{gone:?}");
        let alive = translator.give_up(due);
        assert!(matches!(alive, Some(Signal::Alive { .. })), "{alive:?}");
        assert_eq!(translator.next_due(), None);
    }

    #[test]
    fn what_is_told_by_the_former_path_of_a_directory_is_not_believed() {
        let mut translator = translator(&[("/d", 1), ("/d/e", 2)]);
        let now = Instant::now();
        let left = Told::From {
            path: PathBuf::from("/d/e"),
            cookie: 1,
        };
        assert!(translator.translate(left, now, nothing).is_none());
        let mut tell = |path| translator.translate(touched(path, Changes::CREATED), now, nothing);
        assert!(tell("/d/e/file").is_none());
        let beside = tell("/d/file");
        assert!(matches!(beside, Some(Signal::Touched { .. })), "{beside:?}");
    }

    #[test]
    fn only_the_closing_of_the_canary_is_a_sign_of_life() {
        let mut translator = translator(&[("/state", 1)]);
        let now = Instant::now();
        let closed = touched("/state/canary/file", Changes::CLOSED);
        assert!(translator.translate(closed, now, nothing).is_none());
        let alive = translator.give_up(now);
        assert!(matches!(alive, Some(Signal::Alive { .. })), "{alive:?}");
        let mut tell = |told| {
            let signal = translator.translate(told, now, nothing);
            assert!(translator.give_up(now).is_none());
            signal
        };
        for told in [
            touched("/state/canary/file", Changes::CREATED),
            touched("/state/canary/other", Changes::CLOSED),
            touched("/state/canary", Changes::DELETED),
            to("/state/canary/file"),
        ] {
            assert!(tell(told).is_none());
        }
        let beside = tell(touched("/state/canary2", Changes::CLOSED));
        assert!(matches!(beside, Some(Signal::Touched { .. })), "{beside:?}");
    }
}
