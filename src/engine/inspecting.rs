//! Looking at the paths of a round: [`Lookers`], one for each inspecting thread.
//!
//! Every path is reached through its directory, opened without following any link: the kernel named
//! real places.

use std::io;
use std::path::{Path, PathBuf};

use waxseal_platform::dir::Dir;
use waxseal_platform::stat::Kind;

use super::round::{Reason, Sighting, Wish};
use crate::baseline::{BaselineError, Reader};
use crate::inspect::{Inspector, Observation, Present, Request, Wanted};
use crate::policy::{Policy, Rule};
use crate::scan::wanted_types;

/// Wishes about one directory.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) dir: PathBuf,
    pub(super) wishes: Vec<Wish>,
}

impl Group {
    /// Sorts wishes by directory, at most so many in one group.
    pub(super) fn all(mut wishes: Vec<Wish>, most: usize) -> Vec<Group> {
        wishes.sort_by(|a, b| {
            let key = |wish: &Wish| wish.path.parent().map(Path::to_owned);
            key(a).cmp(&key(b))
        });
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

/// Looks at groups of paths; one for each thread.
pub(super) struct Looker<'p, 's> {
    policy: &'p Policy,
    reader: Reader,
    inspector: Inspector<'s>,
}

/// What will be asked about one watched object.
struct Question<'p> {
    index: usize,
    kind: Kind,
    rule: &'p Rule,
    wanted: Wanted,
}

impl<'p, 's> Looker<'p, 's> {
    pub(super) fn new(
        policy: &'p Policy,
        reader: Reader,
        inspector: Inspector<'s>,
    ) -> Looker<'p, 's> {
        Looker {
            policy,
            reader,
            inspector,
        }
    }

    /// Looks at every path of a group.
    pub(super) fn look(&mut self, group: Group) -> Result<Vec<Sighting<'p>>, BaselineError> {
        let is_heard = |wish: &Wish| matches!(wish.reason, Reason::Heard(_));
        self.inspector
            .read_at_once(group.wishes.iter().all(is_heard));
        let is_top = group.dir.as_os_str().is_empty();
        let opened = Dir::open_real(if is_top { Path::new("/") } else { &group.dir });
        match opened {
            Ok(dir) if is_top => Ok(self.top(&dir, group.wishes)),
            Ok(dir) => self.entries(&dir, group),
            Err(error) => Ok(unopened(group.wishes, &error)),
        }
    }

    /// Looks at `/`, which has no directory to be reached through.
    fn top(&self, dir: &Dir, wishes: Vec<Wish>) -> Vec<Sighting<'p>> {
        let look = |wish: Wish| Sighting {
            observed: match dir.metadata() {
                Ok(metadata) => Observation::Present(Present {
                    state: metadata.into(),
                    unread: None,
                }),
                Err(error) => Observation::Unreadable(error),
            },
            rule: self.policy.decide(&wish.path, Kind::Directory).watched(),
            wish,
        };
        wishes.into_iter().map(look).collect()
    }

    fn entries(&mut self, dir: &Dir, group: Group) -> Result<Vec<Sighting<'p>>, BaselineError> {
        let scope = self.policy.enter(&group.dir);
        let mut sightings = Vec::with_capacity(group.wishes.len());
        let mut questions = Vec::new();
        for (index, wish) in group.wishes.into_iter().enumerate() {
            let (mut observed, mut rule) = (Observation::Absent, None);
            if let Some(name) = wish.path.file_name() {
                match dir.stat_child(name) {
                    Ok(found) => {
                        rule = scope.decide(name, found.kind).watched();
                        if let Some(rule) = rule {
                            let row = self.reader.row(&wish.path)?;
                            questions.push(Question {
                                index,
                                kind: found.kind,
                                rule,
                                wanted: Wanted {
                                    hash_types: wanted_types(row.as_ref(), rule),
                                    max_file_size: rule.max_file_size,
                                },
                            });
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => observed = Observation::Unreadable(error),
                }
            }
            sightings.push(Sighting {
                wish,
                observed,
                rule,
            });
        }
        self.ask(dir, &questions, &mut sightings);
        Ok(sightings)
    }

    fn ask(&mut self, dir: &Dir, questions: &[Question<'p>], sightings: &mut [Sighting<'p>]) {
        let names: Vec<_> = questions
            .iter()
            .filter_map(|asked| sightings.get(asked.index)?.wish.path.file_name())
            .map(ToOwned::to_owned)
            .collect();
        let requests: Vec<Request<'_>> = names
            .iter()
            .zip(questions)
            .map(|(name, asked)| Request {
                name,
                kind: asked.kind,
                wanted: asked.wanted,
            })
            .collect();
        let observed = self.inspector.look_all(dir, &requests);
        for (asked, observed) in questions.iter().zip(observed) {
            if let Some(sighting) = sightings.get_mut(asked.index) {
                // By now it may be of another kind than when it was asked for.
                sighting.rule = match &observed {
                    Observation::Present(present) => {
                        let kind = present.state.stat.kind;
                        self.policy.decide(&sighting.wish.path, kind).watched()
                    }
                    _ => Some(asked.rule),
                };
                sighting.observed = observed;
            }
        }
    }
}

/// Says of every path what its directory came to.
fn unopened<'p>(wishes: Vec<Wish>, error: &io::Error) -> Vec<Sighting<'p>> {
    use io::ErrorKind::{NotADirectory, NotFound};
    let is_gone = matches!(error.kind(), NotFound | NotADirectory);
    let look = |wish| Sighting {
        wish,
        observed: match is_gone {
            true => Observation::Absent,
            // One error for many paths.
            false => Observation::Unreadable(match error.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => io::Error::from(error.kind()),
            }),
        },
        rule: None,
    };
    wishes.into_iter().map(look).collect()
}
