//! One compiled `[[monitor]]`: [`Rule`], and what it says of a path: [`Decision`].
//!
//! A rule answers for one path alone. Which rule is asked, and that an excluded directory takes
//! all below it along, is decided by `Policy` and `DirScope`.

use waxseal_hashers::HashTypes;
use waxseal_platform::stat::Kind;

use super::PolicyError;
use super::attributes::Attributes;
use super::path_pattern::{PathPattern, Segment, names};
use super::pattern::{PatternError, PatternSet};
use super::spec::{Accept, MonitorSpec};

/// What [`Decision::Excluded`] names when `include_files` left the file out.
pub const NOT_INCLUDED: &str = "no match in include_files";

/// What the policy says of one path.
#[derive(Clone, Copy, Debug)]
pub enum Decision<'p> {
    /// The path is watched under this rule.
    Watched(&'p Rule),
    /// The rule that would watch it leaves it out.
    Excluded {
        /// The rule the path belongs to.
        rule: &'p Rule,
        /// The pattern as written, or [`NOT_INCLUDED`].
        by: &'p str,
    },
    /// No rule names the path.
    Uncovered,
}

impl<'p> Decision<'p> {
    /// Returns the rule under which the path is watched.
    pub fn watched(self) -> Option<&'p Rule> {
        match self {
            Decision::Watched(rule) => Some(rule),
            Decision::Excluded { .. } | Decision::Uncovered => None,
        }
    }
}

/// A compiled monitor.
#[derive(Debug)]
pub struct Rule {
    /// What reports call the rule.
    pub name: String,
    /// What is compared; see [`Rule::compared`] for one kind of object.
    pub attributes: Attributes,
    /// The digests computed of each file.
    pub hash_types: HashTypes,
    /// What becomes of a change.
    pub accept: Accept,
    /// Words copied to each event.
    pub tags: Vec<String>,
    /// Whether `watch` follows it as it happens.
    pub realtime: bool,
    /// Whether everything below its paths is watched, or only the direct children.
    pub recursive: bool,
    /// Whether the walk stays on the file system of each root.
    pub one_file_system: bool,
    /// Files and streams above this many bytes are not hashed.
    pub max_file_size: Option<u64>,
    pub(super) paths: Vec<ConfiguredPath>,
    exclude: PatternSet,
    include: PatternSet,
}

/// One entry of a rule's `paths`, ready to be looked for.
#[derive(Debug)]
pub(super) struct ConfiguredPath {
    pub pattern: PathPattern,
    pub segments: Vec<Segment>,
    /// How many of the segments come before the first wildcard.
    pub fixed: usize,
}

impl Rule {
    pub(super) fn compile(spec: &MonitorSpec) -> Result<Rule, PolicyError> {
        let name = || spec.name.clone();
        let compile_set = |key, texts| {
            PatternSet::compile(texts).map_err(|source| PolicyError::Pattern {
                monitor: name(),
                key,
                source,
            })
        };
        let exclude = compile_set("exclude_files", &spec.exclude_files)?;
        let include = compile_set("include_files", &spec.include_files)?;
        let attributes =
            Attributes::parse(&spec.attributes).map_err(|source| PolicyError::Attributes {
                monitor: name(),
                source,
            })?;
        // Nothing is hashed, so there is nothing to compare: reports should not claim otherwise.
        let no_digests = spec.hash_types.is_empty();
        let not_compared = if no_digests {
            Attributes::HASH
        } else {
            Attributes::empty()
        };

        let mut paths = Vec::with_capacity(spec.paths.len());
        for pattern in &spec.paths {
            let path =
                ConfiguredPath::new(pattern.clone()).map_err(|source| PolicyError::Pattern {
                    monitor: name(),
                    key: "paths",
                    source,
                })?;
            paths.push(path);
        }
        Ok(Rule {
            name: spec.name.clone(),
            attributes: attributes.difference(not_compared),
            hash_types: spec.hash_types,
            accept: spec.accept,
            tags: spec.tags.clone(),
            realtime: spec.realtime,
            recursive: spec.recursive,
            one_file_system: spec.one_file_system,
            max_file_size: spec.max_file_size,
            paths,
            exclude,
            include,
        })
    }

    /// Returns what is compared of an object of this kind.
    pub fn compared(&self, kind: Kind) -> Attributes {
        self.attributes.for_kind(kind)
    }

    /// Tells whether every path that belongs to the rule is watched.
    pub(super) fn takes_everything(&self) -> bool {
        self.exclude.is_empty() && self.include.is_empty()
    }

    /// Returns the pattern that excludes this path itself.
    pub(super) fn excludes(&self, path: &[u8]) -> Option<&str> {
        if self.exclude.is_empty() {
            None
        } else {
            self.exclude.first_match(path)
        }
    }

    /// Decides about a path that belongs to this rule and is below no excluded directory.
    pub(super) fn decide(&self, path: &[u8], kind: Kind) -> Decision<'_> {
        if let Some(by) = self.excludes(path) {
            return Decision::Excluded { rule: self, by };
        }
        let must_match = !self.include.is_empty() && kind != Kind::Directory;
        if must_match && self.include.first_match(path).is_none() {
            return Decision::Excluded {
                rule: self,
                by: NOT_INCLUDED,
            };
        }
        Decision::Watched(self)
    }
}

impl ConfiguredPath {
    fn new(pattern: PathPattern) -> Result<Self, PatternError> {
        let segments = pattern.segments()?;
        let fixed = names(&pattern.fixed_part()).count();
        Ok(ConfiguredPath {
            pattern,
            segments,
            fixed,
        })
    }
}
