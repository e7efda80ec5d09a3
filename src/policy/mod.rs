//! What is looked at, and which fields of it count: the compiled [`Policy`].
//!
//! `config` or the command line makes a [`PolicySpec`]; `Policy::compile` checks it and turns it
//! into rules; `scan`, `watch` and `explain` ask. Of all configured paths that reach a path, the
//! deepest decides, at equal depth the later monitor; `exclude_files` and `include_files` of the
//! deciding rule alone count. An excluded directory takes everything below it along, up to a
//! configured path further down.
//!
//! Decisions are pure: they depend on the policy and the path only, so that the rules of an
//! earlier run can be compiled again and asked the same. Only `roots` and `links` read the file
//! system: where the configured paths are, and where symbolic links in them lead. Paths are absolute, without `.`, `..` and trailing slashes, and compared as bytes.

mod attributes;
mod changed;
mod explain;
mod left_out;
mod links;
mod path_pattern;
mod pattern;
mod roots;
mod rule;
mod scope;
mod spec;
mod tree;

#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(test)]
mod tests;

pub use attributes::{ACCEPTED as ACCEPTED_ATTRIBUTES, AttributeError, Attributes};
pub use explain::{Candidate, Explanation};
pub use links::real_parent;
pub use path_pattern::PathPattern;
pub use pattern::{PatternError, check_pattern};
pub use roots::Root;
pub use rule::{Decision, NOT_INCLUDED, Rule};
pub use scope::DirScope;
pub use spec::{Accept, MonitorSpec, PolicySpec};

use std::collections::BTreeSet;
use std::path::Path;

use sha2::{Digest, Sha256};
use waxseal_platform::stat::Kind;

use tree::{Cover, Place, Tree};

/// Compiled rules that answer for any path.
#[derive(Debug)]
pub struct Policy {
    spec: PolicySpec,
    rules: Vec<Rule>,
    tree: Tree,
}

impl Policy {
    /// Checks and compiles a policy without looking at the file system.
    pub fn compile(spec: &PolicySpec) -> Result<Policy, PolicyError> {
        let mut names = BTreeSet::new();
        let mut rules = Vec::with_capacity(spec.monitors.len());
        let mut tree = Tree::new();
        for (index, monitor) in spec.monitors.iter().enumerate() {
            if !names.insert(&monitor.name) {
                return Err(PolicyError::SameName {
                    monitor: monitor.name.clone(),
                });
            }
            let rule = Rule::compile(monitor)?;
            for (entry, path) in rule.paths.iter().enumerate() {
                let place = Place {
                    rule: index,
                    path: entry,
                };
                tree.insert(&path.segments, place, rule.recursive);
            }
            rules.push(rule);
        }
        Ok(Policy {
            spec: spec.clone(),
            rules,
            tree,
        })
    }

    /// Returns what the policy was compiled from.
    pub fn spec(&self) -> &PolicySpec {
        &self.spec
    }

    /// Returns the rules in the order of the configuration.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Returns the SHA-256 of the policy's stored form, in hex.
    pub fn digest(&self) -> String {
        // Strings, numbers and lists only: writing them to memory as JSON cannot fail.
        let json = serde_json::to_vec(&self.spec).unwrap_or_default();
        Sha256::digest(&json)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Decides about an absolute path.
    pub fn decide(&self, path: &Path, kind: Kind) -> Decision<'_> {
        let position = self.tree.position(path);
        let Some(cover) = position.cover() else {
            return Decision::Uncovered;
        };
        let rule = self.rule(cover);
        // The root directory has no parent; nothing can be excluded above it.
        let parent = path.parent().zip(position.depth.checked_sub(1));
        match parent.and_then(|(dir, depth)| self.excluded_down_to(dir, depth, cover)) {
            Some(by) => Decision::Excluded { rule, by },
            None => rule.decide(path.as_os_str().as_encoded_bytes(), kind),
        }
    }

    /// Prepares the decisions about the entries of one directory.
    pub fn enter(&self, dir: &Path) -> DirScope<'_> {
        DirScope::new(self, dir)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a cover is only made from a rule's own paths"
    )]
    fn rule(&self, cover: Cover) -> &Rule {
        &self.rules[cover.place.rule]
    }

    /// Returns the pattern that excludes `dir`, or a directory between it and the cover.
    ///
    /// Of several patterns it is the one that excludes the directory nearest to the root, which
    /// is where a walk would stop.
    fn excluded_down_to(&self, dir: &Path, depth: usize, cover: Cover) -> Option<&str> {
        let rule = self.rule(cover);
        if rule.takes_everything() {
            return None;
        }
        let from_cover = (depth + 1).saturating_sub(cover.depth);
        let directories = dir.ancestors().take(from_cover);
        directories
            .filter_map(|dir| rule.excludes(dir.as_os_str().as_encoded_bytes()))
            .last()
    }
}

/// Why a policy cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Two monitors share a name, so reports could not tell them apart.
    #[error("two monitors are called {monitor:?}: rename one")]
    SameName {
        /// The name.
        monitor: String,
    },
    /// A path or pattern cannot be used.
    #[error("monitor {monitor:?}, {key}: {source}")]
    Pattern {
        /// The monitor's name.
        monitor: String,
        /// The list the pattern is in.
        key: &'static str,
        /// What is wrong.
        source: PatternError,
    },
    /// The list of attributes cannot be used.
    #[error("monitor {monitor:?}, attributes: {source}")]
    Attributes {
        /// The monitor's name.
        monitor: String,
        /// What is wrong.
        source: AttributeError,
    },
}
