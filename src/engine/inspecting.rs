//! Looking at the paths of a round: [`Looker`], one for each inspecting thread.
//!
//! Every path is reached through its directory, opened without following any link: the kernel named
//! real places.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use waxseal_platform::dir::{Dir, is_absence};
use waxseal_platform::place;
use waxseal_platform::stat::{Kind, Stat};

use super::large::{LARGE, Reading, Readings};
use super::round::{Reason, Wish};
use crate::baseline::{BaselineError, Reader};
use crate::inspect::{Inspector, Observation, Request, Wanted};
use crate::policy::Policy;
use crate::scan::wanted_types;

/// How often a directory is looked at that is renamed while it is.
const TRIES: usize = 3;

/// Wishes about one directory.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) dir: PathBuf,
    pub(super) wishes: Vec<Wish>,
}

impl Group {
    /// Sorts wishes by directory, at most so many in one group.
    pub(super) fn all(mut wishes: Vec<Wish>, most: usize) -> Vec<Group> {
        wishes.sort_by(|a, b| a.path.parent().cmp(&b.path.parent()));
        let mut groups: Vec<Group> = Vec::new();
        for wish in wishes {
            let dir = wish.path.parent().unwrap_or(Path::new(""));
            match groups.last_mut() {
                Some(group) if group.dir == dir && group.wishes.len() < most => {
                    group.wishes.push(wish);
                }
                _ => groups.push(Group {
                    dir: dir.to_owned(),
                    wishes: vec![wish],
                }),
            }
        }
        groups
    }
}

/// What a look at one path came to.
#[derive(Debug)]
pub(super) enum Look {
    /// This was found.
    Seen {
        observed: Observation,
        /// As what it is to be watched, if the policy watches it; none where that does not matter.
        kind: Option<Kind>,
    },
    /// This was found a little earlier, and more has happened since.
    Outdated {
        observed: Observation,
        kind: Option<Kind>,
    },
    /// It is so large that it is to be read beside the round.
    Large,
}

/// Looks at groups of paths; one for each thread.
pub(super) struct Looker {
    pub(super) policy: Arc<Policy>,
    pub(super) reader: Reader,
    /// What was read of large files; `None` where they are read at once.
    pub(super) readings: Option<Arc<Readings>>,
}

/// What will be asked about one watched object.
struct Question {
    index: usize,
    kind: Kind,
    wanted: Wanted,
}

impl Looker {
    /// Looks at every path of a group; the answers stand in the order of its wishes.
    pub(super) fn look(
        &self,
        group: &Group,
        inspector: &mut Inspector<'_>,
    ) -> Result<Vec<Look>, BaselineError> {
        let is_heard = |wish: &Wish| matches!(wish.reason, Reason::Heard(_));
        inspector.read_at_once(group.wishes.iter().all(is_heard));
        let all = |look: &dyn Fn() -> Look| group.wishes.iter().map(|_| look()).collect();
        if group.dir.as_os_str().is_empty() {
            // `/`, or a drive.
            let look = |wish: &Wish| self.top(&wish.path, inspector);
            return Ok(group.wishes.iter().map(look).collect());
        }
        for _ in 0..TRIES {
            let dir = match Dir::open_real(&group.dir) {
                Ok(dir) => dir,
                Err(error) => return Ok(all(&|| unopened(&error))),
            };
            let looks = self.entries(&dir, group, inspector)?;
            if dir.is_at(&group.dir) {
                return Ok(looks);
            }
            // Renamed meanwhile: what was seen may never have been at these paths.
        }
        Ok(all(&|| Look::Seen {
            observed: Observation::Unstable,
            kind: None,
        }))
    }

    /// Looks at `/` or a drive, which has no directory to be reached through.
    fn top(&self, path: &Path, inspector: &Inspector<'_>) -> Look {
        let kind = Kind::Directory;
        let rule = self.policy.decide(path, kind).watched();
        let limit = rule.and_then(|rule| rule.max_file_size);
        match Dir::open_real(path) {
            Ok(dir) => Look::Seen {
                observed: inspector.look_at_top(&dir, limit),
                kind: Some(kind),
            },
            Err(error) => unopened(&error),
        }
    }

    fn entries(
        &self,
        dir: &Dir,
        group: &Group,
        inspector: &mut Inspector<'_>,
    ) -> Result<Vec<Look>, BaselineError> {
        let scope = self.policy.enter(&group.dir);
        let mut looks = Vec::with_capacity(group.wishes.len());
        let mut questions = Vec::new();
        for (index, wish) in group.wishes.iter().enumerate() {
            looks.push(Look::Seen {
                observed: Observation::Absent,
                kind: None,
            });
            let Some(name) = wish.path.file_name() else {
                continue;
            };
            let found = match dir.stat_child(name) {
                Ok(found) => found,
                Err(error) => {
                    set(&mut looks, index, unseen(error));
                    continue;
                }
            };
            let kind = found.kind;
            let Some(rule) = scope.decide(name, kind).watched() else {
                continue;
            };
            let row = self.reader.row(&wish.path)?;
            if may_be_gone(wish, row.is_some()) && place::is_respelled(&wish.path) {
                continue;
            }
            let max_file_size = rule.max_file_size;
            if let Some(look) = self.look_aside(wish, &found, max_file_size) {
                set(&mut looks, index, look);
                continue;
            }
            let wanted = Wanted {
                hash_types: wanted_types(row.as_ref(), rule),
                max_file_size,
            };
            questions.push(Question {
                index,
                kind,
                wanted,
            });
        }
        ask(dir, group, &questions, &mut looks, inspector);
        Ok(looks)
    }

    /// Answers for a large file from what was read of it beside the rounds.
    fn look_aside(&self, wish: &Wish, found: &Stat, limit: Option<u64>) -> Option<Look> {
        let readings = self.readings.as_ref()?;
        let is_read = found.kind == Kind::File && limit.is_none_or(|limit| found.size <= limit);
        if !is_read || found.size < LARGE || readings.is_full() {
            return None;
        }
        // What a survey found may be one end of a move, of which nobody knows the other: it is read
        // with the others as long as that does not take too long.
        if !matches!(wish.reason, Reason::Heard(_)) && readings.may_read_now(found.size) {
            return None;
        }
        let kind = Some(found.kind);
        Some(match readings.take(&wish.path, found) {
            Some(Reading::Current(observed)) => Look::Seen { observed, kind },
            Some(Reading::Outdated(observed)) => Look::Outdated { observed, kind },
            None => Look::Large,
        })
    }
}

/// Says whether a name may open what has it in other letters: on systems that ignore case, one that
/// is only written in others now is gone under the old one. What a survey has found and nobody knew
/// is there as it was listed.
fn may_be_gone(wish: &Wish, is_known: bool) -> bool {
    match &wish.reason {
        Reason::Heard(hint) => !hint.is_unfinished(),
        Reason::Confirmed(hint, _) => is_known || !hint.is_unfinished(),
        Reason::Surveyed(_) => is_known,
    }
}

/// Has the inspector look at what is watched.
fn ask(
    dir: &Dir,
    group: &Group,
    questions: &[Question],
    looks: &mut [Look],
    inspector: &mut Inspector<'_>,
) {
    let name = |asked: &Question| group.wishes.get(asked.index)?.path.file_name();
    let request = |asked| {
        Some(Request {
            name: name(asked)?,
            kind: asked.kind,
            wanted: asked.wanted,
        })
    };
    let requests: Vec<Request<'_>> = questions.iter().filter_map(request).collect();
    let observed = inspector.look_all(dir, &requests);
    for (asked, observed) in questions.iter().zip(observed) {
        // By now it may be of another kind than when it was asked for.
        let kind = match &observed {
            Observation::Present(present) => present.state.stat.kind,
            _ => asked.kind,
        };
        let kind = Some(kind);
        set(looks, asked.index, Look::Seen { observed, kind });
    }
}

fn set(looks: &mut [Look], index: usize, look: Look) {
    if let Some(slot) = looks.get_mut(index) {
        *slot = look;
    }
}

/// Says what the failure to look at an entry means.
fn unseen(error: io::Error) -> Look {
    let observed = match error.kind() {
        io::ErrorKind::NotFound => Observation::Absent,
        _ => Observation::Unreadable(error),
    };
    Look::Seen {
        observed,
        kind: None,
    }
}

/// Says of one path what the failure to open its directory means.
fn unopened(error: &io::Error) -> Look {
    let observed = match error.kind() {
        _ if is_absence(error) => Observation::Absent,
        // One error for many paths.
        kind => Observation::Unreadable(match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::from(kind),
        }),
    };
    Look::Seen {
        observed,
        kind: None,
    }
}
