//! Why the policy decides as it does about one path: [`Explanation`], for `waxseal explain`.
//!
//! Every configured path that matches is listed, also those that lose. Slow and simple: each is
//! tried on its own, independently of the tree that decisions use.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use waxseal_hashers::HashTypes;
use waxseal_platform::stat::Kind;

use super::attributes::Attributes;
use super::rule::{ConfiguredPath, Decision, Rule};
use super::tree::{Place, Tree};
use super::{PathPattern, Policy};

/// The whole reasoning about one path.
#[derive(Debug)]
pub struct Explanation<'p> {
    /// The path asked about.
    pub path: PathBuf,
    /// What kind of object it was taken for.
    pub kind: Kind,
    /// Every configured path that matches, the winner first, then by falling depth.
    pub candidates: Vec<Candidate<'p>>,
    /// The outcome.
    pub decision: Decision<'p>,
    /// What is compared of such an object; nothing unless it is watched.
    pub attributes: Attributes,
    /// The digests computed of it; none unless it is a watched file.
    pub hash_types: HashTypes,
    /// The words its events carry.
    pub tags: &'p [String],
}

/// One configured path that matches the path or an ancestor of it.
#[derive(Debug)]
pub struct Candidate<'p> {
    /// The rule it belongs to.
    pub rule: &'p Rule,
    /// The entry of the rule's `paths`; once links are resolved, its real place.
    pub pattern: &'p PathPattern,
    /// The path or ancestor that it matches.
    pub root: PathBuf,
    /// How many names deep that is.
    pub depth: usize,
    /// Whether the path is within reach; a rule that is not recursive ends at direct children.
    pub reaches: bool,
}

impl Candidate<'_> {
    /// Says in a few words why the candidate wins or loses.
    pub fn why(&self, is_winner: bool) -> &'static str {
        match (self.reaches, is_winner) {
            (true, true) => "deepest match",
            (true, false) => "a deeper match, or an equally deep one of a later monitor, wins",
            (false, _) => "does not reach: recursive = false ends at direct children",
        }
    }
}

impl Policy {
    /// Explains what the policy decides about an absolute path.
    pub fn explain(&self, path: &Path, kind: Kind) -> Explanation<'_> {
        let mut candidates = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            for (entry, configured) in rule.paths.iter().enumerate() {
                let place = Place {
                    rule: index,
                    path: entry,
                };
                let found = candidate(rule, configured, place, path);
                candidates.extend(found.map(|candidate| (place, candidate)));
            }
        }
        candidates.sort_by_key(|(place, candidate)| {
            Reverse((candidate.reaches, candidate.depth, *place))
        });
        let decision = self.decide(path, kind);
        let rule = decision.watched();
        let hashed = rule.filter(|_| kind == Kind::File);
        Explanation {
            path: path.to_owned(),
            kind,
            candidates: candidates
                .into_iter()
                .map(|(_, candidate)| candidate)
                .collect(),
            decision,
            attributes: rule.map_or(Attributes::empty(), |rule| rule.compared(kind)),
            hash_types: hashed.map_or(HashTypes::empty(), |rule| rule.hash_types),
            tags: rule.map_or(&[], |rule| &rule.tags),
        }
    }
}

fn candidate<'p>(
    rule: &'p Rule,
    configured: &'p ConfiguredPath,
    place: Place,
    path: &Path,
) -> Option<Candidate<'p>> {
    let mut alone = Tree::new();
    // As if recursive, to find also what matches without reaching.
    alone.insert(&configured.segments, place, true);
    let position = alone.position(path);
    let depth = position.cover()?.depth;
    let above = position.depth - depth;
    let root = path.ancestors().nth(above)?.to_owned();
    let reaches = rule.recursive || above <= 1;
    Some(Candidate {
        rule,
        pattern: &configured.pattern,
        root,
        depth,
        reaches,
    })
}
