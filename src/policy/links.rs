//! Where configured paths really are: [`PolicySpec::resolved`].
//!
//! A walk never follows symbolic links, so a path that leads through one would find nothing: on a
//! merged Debian, `/bin` is a link to `/usr/bin`. Resolving is a step of its own, from one spec to
//! another, and the resolved one is what the store keeps: later runs see from it what an earlier
//! run really looked at, and go on looking there when a link was turned elsewhere.

use std::path::{Path, PathBuf};

use waxseal_platform::place;

use super::path_pattern::PathPattern;
use super::spec::{MonitorSpec, PolicySpec};

impl PolicySpec {
    /// Returns the policy with every path written as its real place on this machine.
    ///
    /// - Links above the last name, or above the first wildcard, are replaced by where they lead.
    /// - A path that is itself a link stays, to be watched as a link, and the place it leads to is
    ///   added. A link that leads nowhere is watched as a link only.
    /// - Nothing that a wildcard finds is followed.
    ///
    /// No path is listed twice in one monitor; one that does not exist stays as it is.
    pub fn resolved(&self) -> PolicySpec {
        let mut resolved = self.clone();
        for monitor in &mut resolved.monitors {
            if monitor.written.is_empty() {
                let places = monitor.paths.iter().flat_map(real_places).collect();
                monitor.written = std::mem::replace(&mut monitor.paths, places);
                drop_repeated(&mut monitor.paths);
            }
        }
        resolved
    }

    /// Adds to each monitor the places where its paths led when this earlier policy was resolved.
    ///
    /// Whoever turns a directory above a watched path into a link must not thereby take the old
    /// place out of the policy and bring the new one in: the old one is looked at still, and found
    /// gone.
    pub fn keep_places_of(&mut self, earlier: &PolicySpec) {
        for monitor in &mut self.monitors {
            let same = earlier
                .monitors
                .iter()
                .find(|known| known.has_paths_of(monitor));
            let places = same.into_iter().flat_map(|known| known.paths.clone());
            monitor.paths.extend(places);
            drop_repeated(&mut monitor.paths);
        }
    }

    /// Returns where paths lead now that led elsewhere when this earlier policy was resolved.
    ///
    /// Only of what was looked at in `scope` then. What stands there now is new there, not newly
    /// configured.
    pub fn turned_since(&self, earlier: &PolicySpec, scope: &Path) -> Vec<PathBuf> {
        let mut turned = Vec::new();
        for monitor in &self.monitors {
            let same = earlier
                .monitors
                .iter()
                .find(|known| known.has_paths_of(monitor));
            let was_looked_at = |known: &&MonitorSpec| {
                let mut places = known.paths.iter().map(PathPattern::fixed_part);
                places.any(|place| place.starts_with(scope) || scope.starts_with(&place))
            };
            let Some(known) = same.filter(was_looked_at) else {
                continue;
            };
            let new = monitor
                .paths
                .iter()
                .filter(|place| !known.paths.contains(place));
            turned.extend(new.map(PathPattern::fixed_part));
        }
        turned
    }

    /// Says whether two policies were written alike, wherever their paths led then.
    pub fn is_written_like(&self, other: &PolicySpec) -> bool {
        let pairs = self.monitors.iter().zip(&other.monitors);
        self.monitors.len() == other.monitors.len()
            && pairs
                .into_iter()
                .all(|(mine, others)| mine.is_written_like(others))
    }
}

fn drop_repeated(paths: &mut Vec<PathPattern>) {
    let mut kept: Vec<PathPattern> = Vec::with_capacity(paths.len());
    for path in paths.drain(..) {
        if !kept.contains(&path) {
            kept.push(path);
        }
    }
    *paths = kept;
}

fn real_places(written: &PathPattern) -> Vec<PathPattern> {
    match written {
        PathPattern::Literal(path) => {
            let object = real_parent(path);
            let target = place::real(&object).ok().filter(|target| *target != object);
            [Some(object), target]
                .into_iter()
                .flatten()
                .map(PathPattern::Literal)
                .collect()
        }
        PathPattern::Glob(text) => vec![real_glob(written, text)],
    }
}

/// Replaces the part of a glob before its first wildcard.
fn real_glob(written: &PathPattern, text: &str) -> PathPattern {
    let fixed = written.fixed_part();
    let real = real_existing(&fixed);
    let rest = Path::new(text)
        .strip_prefix(&fixed)
        .ok()
        .and_then(Path::to_str);
    // A glob is text: where the real place is not UTF-8, its files are reported through the link.
    match (real.to_str(), rest) {
        (Some(place), Some(rest)) if real != fixed => {
            let separator = if place.ends_with('/') { "" } else { "/" };
            PathPattern::Glob(format!("{}{separator}{rest}", globset::escape(place)))
        }
        _ => written.clone(),
    }
}

/// Resolves every link but the last name, as far as the path exists.
pub fn real_parent(path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => {
            let parent = real_existing(parent);
            let name = place::spelled(&parent, name);
            parent.join(name)
        }
        _ => path.to_owned(),
    }
}

/// Resolves every link in the part of the path that exists.
fn real_existing(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        let Ok(real) = place::real(ancestor) else {
            continue;
        };
        return match path.strip_prefix(ancestor) {
            Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
            _ => real,
        };
    }
    path.to_owned()
}
