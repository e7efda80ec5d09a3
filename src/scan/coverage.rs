//! What earlier runs have covered, and under which policy: [`Coverage`].
//!
//! A path without a row is new when an earlier policy watched it, and has merely joined when none
//! did. The store remembers for each scope the policy of its last complete scan; the deepest scope
//! above a path answers for it. Where a link was turned, what it leads to now counts as covered:
//! nobody has configured it anew.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use waxseal_platform::stat::Kind;

use super::ScanError;
use crate::baseline::Scope;
use crate::policy::{Decision, DirScope, Policy, PolicySpec};
use crate::state::escape;

/// The scopes of complete scans, each with the policy it was scanned under.
#[derive(Debug)]
pub struct Coverage {
    /// Deepest first.
    scopes: Vec<Covered>,
    /// Where a watched path leads now, because somebody turned a link since it was covered.
    turned: Vec<PathBuf>,
}

#[derive(Debug)]
struct Covered {
    path: PathBuf,
    policy: Policy,
    is_current: bool,
}

/// The answers of [`Coverage`] for the entries of one directory.
pub(super) enum CoveredDir<'c> {
    /// Nothing here was ever covered.
    Nothing,
    /// Everything the present policy watches here was covered.
    AsNow,
    /// What this earlier policy watches was covered.
    Earlier(Box<DirScope<'c>>),
}

/// Returns a scope that was looked at under a policy, as it is stored.
pub(crate) fn covered(path: PathBuf, policy: &Policy) -> Result<Scope, ScanError> {
    let policy = serde_json::to_string(policy.spec()).map_err(ScanError::UnstorablePolicy)?;
    Ok(Scope { path, policy })
}

impl Coverage {
    /// Compiles the policies of these scopes; `current` is the policy of this run.
    pub fn new(stored: Vec<Scope>, current: &Policy) -> Result<Coverage, ScanError> {
        let mut scopes = Vec::with_capacity(stored.len());
        let mut turned = Vec::new();
        for scope in stored {
            let unreadable = |reason: String| ScanError::StoredPolicy {
                scope: escape::path(&scope.path).into_owned(),
                reason,
            };
            let spec: PolicySpec = serde_json::from_str(&scope.policy)
                .map_err(|error| unreadable(error.to_string()))?;
            let policy = Policy::compile(&spec).map_err(|error| unreadable(error.to_string()))?;
            turned.extend(current.spec().turned_since(&spec, &scope.path));
            let is_current = spec.is_written_like(current.spec());
            scopes.push(Covered {
                path: scope.path,
                policy,
                is_current,
            });
        }
        scopes.sort_by_key(|scope| std::cmp::Reverse(scope.path.components().count()));
        Ok(Coverage { scopes, turned })
    }

    /// Says whether no scan was ever completed.
    pub fn is_empty(&self) -> bool {
        self.scopes.is_empty()
    }

    /// Says whether some complete scan included this path.
    pub fn includes(&self, path: &Path) -> bool {
        self.deepest(path).is_some()
    }

    /// Says whether some scope at or around these paths was scanned under another policy.
    pub fn is_outdated_for(&self, path: &Path) -> bool {
        self.scopes.iter().any(|scope| {
            !scope.is_current && (path.starts_with(&scope.path) || scope.path.starts_with(path))
        })
    }

    /// Says whether a path was watched by the policy under which it was last covered.
    pub(super) fn covers(&self, path: &Path, kind: Kind) -> bool {
        self.is_turned(path)
            || self.deepest(path).is_some_and(|scope| {
                scope.is_current || scope.policy.decide(path, kind).watched().is_some()
            })
    }

    /// Returns the answers for one directory.
    pub(super) fn enter(&self, dir: &Path) -> CoveredDir<'_> {
        match self.deepest(dir) {
            _ if self.is_turned(dir) => CoveredDir::AsNow,
            None => CoveredDir::Nothing,
            Some(scope) if scope.is_current => CoveredDir::AsNow,
            Some(scope) => CoveredDir::Earlier(Box::new(scope.policy.enter(dir))),
        }
    }

    fn is_turned(&self, path: &Path) -> bool {
        self.turned.iter().any(|place| path.starts_with(place))
    }

    fn deepest(&self, path: &Path) -> Option<&Covered> {
        self.scopes
            .iter()
            .find(|scope| path.starts_with(&scope.path))
    }
}

impl CoveredDir<'_> {
    /// Says whether an entry of this directory was covered.
    pub(super) fn covers(&mut self, name: &OsStr, kind: Kind) -> bool {
        match self {
            CoveredDir::Nothing => false,
            CoveredDir::AsNow => true,
            CoveredDir::Earlier(scope) => matches!(scope.decide(name, kind), Decision::Watched(_)),
        }
    }
}
