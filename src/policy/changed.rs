//! What another policy makes of the same machine: [`PolicySpec::places_changed_since`].

use std::path::PathBuf;

use waxseal_platform::place;

use super::path_pattern::PathPattern;
use super::spec::{MonitorSpec, PolicySpec};

impl PolicySpec {
    /// Returns the places at and below which this policy may decide otherwise than an earlier one;
    /// none lies below another.
    ///
    /// Those are the places of each monitor that one of the two has and the other has not, or has
    /// written otherwise. Of equally deep monitors the later wins, so where the order is another
    /// one, everything may be.
    pub fn places_changed_since(&self, earlier: &PolicySpec) -> Vec<PathBuf> {
        let is_kept = |monitor: &&MonitorSpec, other: &PolicySpec| other.monitors.contains(monitor);
        let kept = self.monitors.iter().filter(|one| is_kept(one, earlier));
        let kept_before = earlier.monitors.iter().filter(|one| is_kept(one, self));
        if !kept.eq(kept_before) {
            return vec![place::top().to_owned()];
        }
        let new = self.monitors.iter().filter(|one| !is_kept(one, earlier));
        let old = earlier.monitors.iter().filter(|one| !is_kept(one, self));
        let changed = new.chain(old).flat_map(|monitor| &monitor.paths);
        let mut places: Vec<PathBuf> = changed.map(PathPattern::fixed_part).collect();
        places.sort();
        places.dedup_by(|place, above| place.starts_with(above));
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::sample;

    fn monitor(name: &str, paths: &[&str]) -> MonitorSpec {
        let paths = paths.iter().map(|path| sample::rooted(path));
        let paths = paths.map(|path| PathPattern::parse(&path).unwrap());
        MonitorSpec::new(name, paths.collect())
    }

    fn changed(before: &[MonitorSpec], now: &[MonitorSpec]) -> Vec<PathBuf> {
        let spec = |monitors: &[MonitorSpec]| PolicySpec {
            monitors: monitors.to_vec(),
        };
        spec(now).places_changed_since(&spec(before))
    }

    #[test]
    fn only_the_places_of_monitors_that_differ_are_changed() {
        let (a, b) = (monitor("a", &["/a"]), monitor("b", &["/b", "/c"]));
        let with_tags = MonitorSpec {
            tags: vec!["pci".to_owned()],
            ..b.clone()
        };
        let both = [a.clone(), b.clone()];
        let wild = monitor("x", &["/h/*/.ssh", "/h/x"]);
        let places = |before: &[MonitorSpec], now: &[MonitorSpec], expected: &[&str]| {
            let expected: Vec<PathBuf> = expected.iter().map(|path| sample::path(path)).collect();
            assert_eq!(changed(before, now), expected);
        };
        places(&both, &both, &[]);
        places(std::slice::from_ref(&a), &both, &["/b", "/c"]);
        places(&both, &[b], &["/a"]);
        places(&both, &[a, with_tags], &["/b", "/c"]);
        places(&[], &[wild], &["/h"]);
    }

    #[test]
    fn another_order_may_change_everything() {
        let (a, b) = (monitor("a", &["/x"]), monitor("b", &["/x"]));
        assert_eq!(changed(&[a.clone(), b.clone()], &[b, a]), [place::top()]);
    }
}
