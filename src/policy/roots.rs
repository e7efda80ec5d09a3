//! Where walks start on this machine: [`Policy::roots`].
//!
//! Paths without a wildcard are listed as they are, wildcards are looked for name by name. No
//! symbolic link that a wildcard found is followed: whoever may write to a home directory must
//! not be able to point the monitor elsewhere. What cannot be looked at is listed as if it were
//! there, so that the walk stumbles over it and reports it: nothing is missed silently.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use globset::Candidate;
use waxseal_platform::bytes::bytes_to_os;
use waxseal_platform::dir::{Dir, is_absence};
use waxseal_platform::place;
use waxseal_platform::stat::Kind;

use super::Policy;
use super::path_pattern::Segment;
use super::rule::{ConfiguredPath, Decision};

/// Where a walk starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The path; its parents are no symbolic links when the policy was made from a resolved spec.
    pub path: PathBuf,
    /// Which of [`Policy::rules`] decides about it.
    pub rule: usize,
    /// False when nothing is there, which a walk need not find out again.
    pub exists: bool,
}

impl Policy {
    /// Lists where the configured paths are on this machine, in the order of the paths.
    ///
    /// A path without wildcards is listed also when nothing is there, since it may appear later.
    /// A directory in which a wildcard could not be looked for stands for what it may hide. A root
    /// that its own rule excludes is left out. Roots inside others are listed too.
    pub fn roots(&self) -> Vec<Root> {
        let mut search = Search::default();
        for (rule, configured) in self.rules.iter().enumerate() {
            for path in &configured.paths {
                search.look_for(path, rule);
            }
        }
        let places = search.places.into_iter();
        places
            .filter_map(|(path, (found, rule))| self.root(path, found, rule))
            .collect()
    }

    /// Returns the directories below which a wildcard finds roots.
    pub fn wildcard_bases(&self) -> Vec<PathBuf> {
        let configured = self.rules.iter().flat_map(|rule| &rule.paths);
        let wild = configured.filter(|path| path.fixed < path.segments.len());
        let mut bases: Vec<PathBuf> = wild.map(|path| path.pattern.fixed_part()).collect();
        bases.sort();
        bases.dedup();
        bases
    }

    /// Returns what is configured: each path as far as it has no wildcard. Looks at no file system.
    pub fn places(&self) -> Vec<PathBuf> {
        let configured = self.rules.iter().flat_map(|rule| &rule.paths);
        let mut places: Vec<PathBuf> = configured.map(|path| path.pattern.fixed_part()).collect();
        places.sort();
        places.dedup();
        places
    }

    /// Says whether a path itself is configured, by name or by a wildcard.
    pub fn is_configured(&self, path: &Path) -> bool {
        self.tree.position(path).here.is_some()
    }

    fn root(&self, path: PathBuf, found: Found, looking: usize) -> Option<Root> {
        if let Found::Object(kind) = found
            && matches!(self.decide(&path, kind), Decision::Excluded { .. })
        {
            return None;
        }
        // A place that may hide roots can belong to no rule: then it goes to the one that looked.
        let cover = self.tree.position(&path).cover();
        let rule = cover.map_or(looking, |cover| cover.place.rule);
        Some(Root {
            path,
            rule,
            exists: found != Found::Nothing,
        })
    }
}

/// What a look at a path found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// An object.
    Object(Kind),
    Nothing,
    /// The look failed.
    Unknown,
}

impl Found {
    fn of(kind: io::Result<Kind>) -> Found {
        match kind {
            Ok(kind) => Found::Object(kind),
            Err(error) if is_absence(&error) => Found::Nothing,
            Err(_) => Found::Unknown,
        }
    }
}

/// Collects what the configured paths match, and which rule looked for it.
#[derive(Default)]
struct Search {
    places: BTreeMap<PathBuf, (Found, usize)>,
    /// Where the wildcards that are looked for begin.
    start: PathBuf,
}

impl Search {
    fn look_for(&mut self, configured: &ConfiguredPath, rule: usize) {
        let fixed = configured.pattern.fixed_part();
        match configured.segments.get(configured.fixed..) {
            Some([]) | None => {
                let found = Found::of(place::kind(&fixed));
                self.places.insert(fixed, (found, rule));
            }
            Some(segments) => {
                self.start.clone_from(&fixed);
                self.expand(&fixed, segments, rule);
            }
        }
    }

    /// Finds what matches the segments below a directory.
    fn expand(&mut self, dir: &Path, segments: &[Segment], rule: usize) {
        let Some((first, rest)) = segments.split_first() else {
            return;
        };
        match first {
            Segment::Name(name) => {
                if let Ok(name) = bytes_to_os(name) {
                    let path = dir.join(name);
                    let found = Found::of(place::kind(&path));
                    self.matched(path, found, rest, rule);
                }
            }
            Segment::Wild(_, matcher) => {
                let is_match = |name: &OsStr| {
                    matcher.is_match_candidate(&Candidate::from_bytes(name.as_encoded_bytes()))
                };
                for (path, found) in self.list(dir, rule, is_match) {
                    self.matched(path, found, rest, rule);
                }
            }
            Segment::AnyDepth => {
                self.expand(dir, rest, rule);
                for (path, found) in self.list(dir, rule, |_| true) {
                    match found {
                        Found::Object(Kind::Directory) => self.expand(&path, segments, rule),
                        Found::Unknown => self.stumble(path, rule),
                        Found::Object(_) | Found::Nothing => {}
                    }
                }
            }
        }
    }

    fn matched(&mut self, path: PathBuf, found: Found, rest: &[Segment], rule: usize) {
        match found {
            Found::Object(Kind::Directory) if !rest.is_empty() => self.expand(&path, rest, rule),
            Found::Object(_) if rest.is_empty() => {
                self.places.insert(path, (found, rule));
            }
            Found::Unknown => self.stumble(path, rule),
            Found::Object(_) | Found::Nothing => {}
        }
    }

    /// Looks at what is in a directory by the names that are wanted; one that cannot be listed
    /// becomes a root itself.
    fn list(
        &mut self,
        dir: &Path,
        rule: usize,
        is_wanted: impl Fn(&OsStr) -> bool,
    ) -> Vec<(PathBuf, Found)> {
        let listed = self
            .open(dir)
            .and_then(|opened| opened.names().map(|names| (opened, names)));
        let (opened, names) = match listed {
            Ok(listed) => listed,
            Err(error) => {
                if !is_absence(&error) {
                    self.stumble(dir.to_owned(), rule);
                }
                return Vec::new();
            }
        };
        let wanted = names.into_iter().filter(|name| is_wanted(name));
        let found = wanted.map(|name| {
            let kind = opened.stat_child(&name).map(|stat| stat.kind);
            (dir.join(&name), Found::of(kind))
        });
        found.collect()
    }

    /// Opens a directory. Only where the wildcards begin it may be a link: one stays in the policy
    /// where its place is no text.
    fn open(&self, dir: &Path) -> io::Result<Dir> {
        match Dir::open(dir) {
            Err(error) if is_absence(&error) && dir == self.start => Dir::open(&place::real(dir)?),
            opened => opened,
        }
    }

    /// Has a walk begin where something could not be looked at, which then tells of it.
    fn stumble(&mut self, path: PathBuf, rule: usize) {
        self.places.entry(path).or_insert((Found::Unknown, rule));
    }
}
