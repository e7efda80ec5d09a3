//! The policy of a run: the monitors of the configuration and those that the command line asked
//! for and the store remembers.
//!
//! At equal depth the last monitor wins: a path that was merely named gives way to the file, one
//! that was given `--hash-types` does not. The state directory is left out wherever a monitor would reach it: every scan changes it, and
//! opening its files beside SQLite would break SQLite's locks.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use waxseal_hashers::HashTypes;
use waxseal_platform::place;
use waxseal_platform::stat::Kind;

use super::exit_code::usage;
use super::paths;
use super::settings::{Loaded, Settings};
use crate::baseline::{Baseline, Reader};
use crate::policy::{Decision, MonitorSpec, PathPattern, Policy, PolicyError, PolicySpec, Root};
use crate::state::escape;

/// Where the store keeps the monitors of the command line.
const REMEMBERED: &str = "adhoc_monitors";

/// The monitors that the command line asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remembered {
    /// Of paths that were named; the configuration wins over them.
    named: Vec<MonitorSpec>,
    /// Of paths given with hash types of their own; they win over the configuration.
    given_hash_types: Vec<MonitorSpec>,
}

impl Remembered {
    /// Takes out the monitor of just this path.
    fn take(&mut self, pattern: &PathPattern) -> Option<MonitorSpec> {
        let is_it =
            |monitor: &MonitorSpec| monitor.paths.as_slice() == std::slice::from_ref(pattern);
        let lists = [&mut self.named, &mut self.given_hash_types];
        lists.into_iter().find_map(|list| {
            let place = list.iter().position(is_it)?;
            Some(list.remove(place))
        })
    }
}

/// Everything that is watched, and why.
#[derive(Debug)]
pub(super) struct Watched {
    /// The compiled policy, links in its paths resolved.
    pub policy: Policy,
    /// The configuration, if there is one.
    pub loaded: Option<Loaded>,
    remembered: Remembered,
    /// The policies of the scans that the store remembers, with the places they led to.
    earlier: Vec<PolicySpec>,
    state_dir: PathBuf,
}

/// What adding a path did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It was watched already, and as wanted.
    Nothing,
    /// It was watched and is now watched otherwise.
    Changed,
    /// It was not watched before.
    Joined,
}

impl Watched {
    /// Reads the configuration and what the store remembers.
    pub(super) fn load(settings: &Settings, reader: Option<&Reader>) -> anyhow::Result<Watched> {
        let loaded = settings.config()?;
        let remembered = match reader
            .map(|reader| reader.meta(REMEMBERED))
            .transpose()?
            .flatten()
        {
            None => Remembered::default(),
            Some(json) => serde_json::from_str(&json)
                .context("the paths remembered from the command line cannot be read")?,
        };
        let earlier = reader
            .map(earlier_policies)
            .transpose()?
            .unwrap_or_default();
        let state_dir = real_state_dir(&settings.state_dir()?)?;
        let policy = compile(loaded.as_ref(), &remembered, &earlier, &state_dir)?;
        Ok(Watched {
            policy,
            loaded,
            remembered,
            earlier,
            state_dir,
        })
    }

    /// Says whether nothing is watched.
    pub(super) fn is_nothing(&self) -> bool {
        self.policy.spec().monitors.is_empty()
    }

    /// Says whether a path itself is watched.
    pub(super) fn watches(&self, path: &Path) -> bool {
        let kind = paths::kind(path).unwrap_or(Kind::File);
        matches!(self.policy.decide(path, kind), Decision::Watched(_))
    }

    /// Says whether a path itself is watched, or something below it is configured.
    pub(super) fn reaches(&self, path: &Path) -> bool {
        let is_inside = |root: &Root| root.path.starts_with(path);
        self.watches(path) || self.policy.roots().iter().any(is_inside)
    }

    /// Returns the bytes a second that scans may read.
    pub(super) fn rate(&self) -> u64 {
        self.loaded
            .as_ref()
            .map_or(0, |loaded| loaded.config.settings.scan_rate_per_sec)
    }

    /// Watches a path from now on, and with these hash types if any are given.
    pub(super) fn add(
        &mut self,
        path: &Path,
        hash_types: Option<HashTypes>,
    ) -> anyhow::Result<Added> {
        let was_watched = self.watches(path);
        let pattern = PathPattern::literal(path);
        match hash_types {
            None if was_watched => return Ok(Added::Nothing),
            None => {
                let monitor = self.monitor_for(path, pattern, None);
                self.remembered.named.push(monitor);
            }
            Some(_) => {
                let monitor = self.monitor_for(path, pattern.clone(), hash_types);
                self.remembered.take(&pattern);
                self.remembered.given_hash_types.push(monitor);
            }
        }
        self.policy = compile(
            self.loaded.as_ref(),
            &self.remembered,
            &self.earlier,
            &self.state_dir,
        )?;
        if !self.watches(path) {
            let shown = escape::path(path);
            let reason = if path.starts_with(&self.state_dir) {
                "is in the state directory, which every scan changes"
            } else {
                "is excluded; `waxseal explain` says by what"
            };
            return Err(usage(format!("{shown} cannot be watched: it {reason}")));
        }
        Ok(if was_watched {
            Added::Changed
        } else {
            Added::Joined
        })
    }

    /// Keeps the monitors of the command line in the store.
    pub(super) fn remember(&self, baseline: &mut Baseline) -> anyhow::Result<()> {
        let json = serde_json::to_string(&self.remembered)?;
        let mut batch = baseline.batch()?;
        if batch.meta(REMEMBERED)?.as_deref() != Some(json.as_str()) {
            batch.put_meta(REMEMBERED, &json)?;
            batch.commit()?;
        }
        Ok(())
    }

    /// Returns the monitor of one path: as the path is watched now, but for the hash types.
    fn monitor_for(
        &self,
        path: &Path,
        pattern: PathPattern,
        hash_types: Option<HashTypes>,
    ) -> MonitorSpec {
        let name = format!("command line: {}", escape::path(path));
        let kind = paths::kind(path).unwrap_or(Kind::File);
        let present = self.policy.decide(path, kind).watched();
        let monitors = &self.policy.spec().monitors;
        let present = present.and_then(|rule| monitors.iter().find(|spec| spec.name == rule.name));
        let mut monitor = match present {
            Some(present) => MonitorSpec {
                name,
                paths: vec![pattern],
                written: Vec::new(),
                ..present.clone()
            },
            None => MonitorSpec::new(&name, vec![pattern]),
        };
        monitor.hash_types = hash_types.unwrap_or(monitor.hash_types);
        monitor
    }
}

/// Returns a monitor's path as text to print.
pub(super) fn shown_pattern(pattern: &PathPattern) -> String {
    match pattern {
        PathPattern::Literal(path) => escape::path(path).into_owned(),
        PathPattern::Glob(text) => escape::bytes(text.as_bytes()).into_owned(),
    }
}

/// Compiles all monitors with links resolved, as they lead now and as they led in earlier runs,
/// and the state directory left out.
fn compile(
    loaded: Option<&Loaded>,
    remembered: &Remembered,
    earlier: &[PolicySpec],
    state_dir: &Path,
) -> Result<Policy, PolicyError> {
    let configured = loaded.map_or_else(Vec::new, |loaded| loaded.config.policy.monitors.clone());
    let named = remembered.named.iter().cloned();
    let given = remembered.given_hash_types.iter().cloned();
    let monitors = named.chain(configured).chain(given).collect();
    let mut spec = PolicySpec { monitors }.resolved();
    earlier.iter().for_each(|known| spec.keep_places_of(known));
    spec.leave_out(state_dir);
    Policy::compile(&spec)
}

/// Returns the policies under which the scopes of the store were scanned.
fn earlier_policies(reader: &Reader) -> anyhow::Result<Vec<PolicySpec>> {
    let scopes = reader.scopes()?.into_iter();
    scopes
        .map(|scope| {
            let known = serde_json::from_str(&scope.policy);
            known.with_context(|| {
                let place = escape::path(&scope.path).into_owned();
                format!("the policy stored for {place} cannot be read")
            })
        })
        .collect()
}

/// Returns where the state directory is or will be, without links.
fn real_state_dir(state_dir: &Path) -> anyhow::Result<PathBuf> {
    match place::real(state_dir) {
        Ok(real) => Ok(real),
        Err(_) => paths::absolute(state_dir),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::sample;
    use waxseal_platform::bytes::bytes_to_path;

    fn spec(path: &str) -> Remembered {
        Remembered {
            named: PolicySpec::builtin(&[sample::path(path)], None).monitors,
            given_hash_types: Vec::new(),
        }
    }

    #[test]
    fn the_file_wins_over_a_path_merely_named_but_not_over_given_hash_types() {
        let nowhere = sample::rooted("/nowhere");
        let configured = format!("[[monitor]]\nname = \"m\"\npaths = [\"{nowhere}\"]\n");
        let loaded = Loaded {
            path: PathBuf::from("waxseal.toml"),
            config: crate::config::Config::parse(&configured, "waxseal.toml").unwrap(),
        };
        let mut remembered = spec("/nowhere");
        let winner = |remembered: &Remembered| {
            let state_dir = sample::path("/state");
            let policy = compile(Some(&loaded), remembered, &[], &state_dir).unwrap();
            let file = sample::path("/nowhere/f");
            let rule = policy.decide(&file, Kind::File).watched();
            rule.unwrap().name.clone()
        };
        assert_eq!(winner(&remembered), "m");
        std::mem::swap(&mut remembered.named, &mut remembered.given_hash_types);
        assert_ne!(winner(&remembered), "m");
    }

    #[test]
    fn the_state_directory_is_left_out_of_what_reaches_it() {
        let state_dir = &sample::path("/nowhere/state [1]");
        let policy = compile(None, &spec("/nowhere"), &[], state_dir).unwrap();
        let decide = |path: &str| policy.decide(&sample::path(path), Kind::File);
        assert!(matches!(
            decide("/nowhere/state [1]/baseline.db"),
            Decision::Excluded { .. }
        ));
        assert!(matches!(decide("/nowhere/state 1"), Decision::Watched(_)));
        let inside = compile(None, &spec("/nowhere/state [1]/*"), &[], state_dir).unwrap();
        assert!(matches!(
            inside.decide(&state_dir.join("baseline.db"), Kind::File),
            Decision::Excluded { .. } | Decision::Uncovered
        ));
        let elsewhere = compile(None, &spec("/elsewhere"), &[], state_dir).unwrap();
        assert!(elsewhere.spec().monitors[0].exclude_files.is_empty());
    }

    #[test]
    fn a_state_directory_of_any_bytes_can_be_left_out() {
        let named = |end: &[u8]| {
            let name = [b"a", sample::NO_TEXT, end].concat();
            sample::path("/nowhere").join(bytes_to_path(&name).unwrap())
        };
        let odd = named(b".b");
        let policy = compile(None, &spec("/nowhere"), &[], &odd).unwrap();
        assert!(matches!(
            policy.decide(&odd, Kind::Directory),
            Decision::Excluded { .. }
        ));
        let other = named(b"xb");
        assert!(matches!(
            policy.decide(&other, Kind::Directory),
            Decision::Watched(_)
        ));
    }
}
