//! The policy seen from one directory: [`DirScope`].
//!
//! A scan decides about each entry of each directory. What all entries of a directory share (the
//! rule they inherit, whether the directory is excluded, whether a configured path can be among
//! them) is worked out once by `Policy::enter`; an entry then costs nothing unless the rule has
//! patterns. The answers are those of `Policy::decide`, which a property test compares.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::path::{MAIN_SEPARATOR, Path};

use waxseal_platform::stat::Kind;

use super::Policy;
use super::rule::{Decision, Rule};
use super::tree::{Cover, Position};

/// Decides about the entries of one directory.
#[derive(Debug)]
pub struct DirScope<'p> {
    policy: &'p Policy,
    position: Position,
    /// What decides about entries that are not configured themselves.
    entries: Option<Inherited<'p>>,
    /// What decides about everything further down.
    below: Option<Inherited<'p>>,
    /// The directory with a trailing separator, and room for a name; kept between calls.
    path: RefCell<Vec<u8>>,
    prefix: usize,
}

/// A rule that reaches down from the directory or from above it.
#[derive(Clone, Copy, Debug)]
struct Inherited<'p> {
    rule: &'p Rule,
    /// The pattern that excludes the directory and so all of its entries.
    excluded: Option<&'p str>,
}

impl<'p> DirScope<'p> {
    pub(super) fn new(policy: &'p Policy, dir: &Path) -> DirScope<'p> {
        let position = policy.tree.position(dir);
        let inherit = |cover: Cover| Inherited {
            rule: policy.rule(cover),
            excluded: policy.excluded_down_to(dir, position.depth, cover),
        };
        let entries = position.cover_of_children().map(inherit);
        let below = position.recursive.map(inherit);

        let mut path = dir.as_os_str().as_encoded_bytes().to_vec();
        let separator = u8::try_from(MAIN_SEPARATOR).unwrap_or(b'/');
        if path.last() != Some(&separator) {
            path.push(separator);
        }
        let prefix = path.len();
        DirScope {
            policy,
            position,
            entries,
            below,
            path: RefCell::new(path),
            prefix,
        }
    }

    /// Decides about the entry with this name.
    pub fn decide(&self, name: &OsStr, kind: Kind) -> Decision<'p> {
        if let Some(own) = self.configured(name).and_then(|child| child.here) {
            let rule = self.policy.rule(own);
            return self.with_path(name, |path| rule.decide(path, kind));
        }
        let Some(Inherited { rule, excluded }) = self.entries else {
            return Decision::Uncovered;
        };
        match excluded {
            Some(by) => Decision::Excluded { rule, by },
            None if rule.takes_everything() => Decision::Watched(rule),
            None => self.with_path(name, |path| rule.decide(path, kind)),
        }
    }

    /// Tells whether anything below the subdirectory with this name may be watched.
    ///
    /// Also true of an excluded directory when a configured path may lie inside.
    pub fn descend(&self, name: &OsStr) -> bool {
        if let Some(child) = self.configured(name) {
            if child.leads_deeper() {
                return true;
            }
            if child
                .here
                .is_some_and(|own| !self.excludes(self.policy.rule(own), name))
            {
                return true;
            }
            // A recursive path that is the child itself hides what reaches down from above.
            if let Some(own) = child.recursive.filter(|own| own.depth == child.depth) {
                return !self.excludes(self.policy.rule(own), name);
            }
        }
        match self.below {
            Some(Inherited {
                rule,
                excluded: None,
            }) => !self.excludes(rule, name),
            Some(_) | None => false,
        }
    }

    /// Returns the entry's position when configured paths may be at or below it.
    fn configured(&self, name: &OsStr) -> Option<Position> {
        let leads_deeper = self.position.leads_deeper();
        leads_deeper.then(|| {
            self.policy
                .tree
                .step(&self.position, name.as_encoded_bytes())
        })
    }

    fn excludes(&self, rule: &Rule, name: &OsStr) -> bool {
        !rule.takes_everything() && self.with_path(name, |path| rule.excludes(path).is_some())
    }

    /// Calls `look` with the whole path of an entry, in a buffer that is used again.
    fn with_path<T>(&self, name: &OsStr, look: impl FnOnce(&[u8]) -> T) -> T {
        let mut path = self.path.borrow_mut();
        path.truncate(self.prefix);
        path.extend_from_slice(name.as_encoded_bytes());
        look(&path)
    }
}
