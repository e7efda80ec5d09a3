//! Random policies against a second, naive reading of the rules.

use std::cell::RefCell;
use std::collections::HashMap;

use globset::{GlobBuilder, GlobMatcher};
use proptest::prelude::*;

use super::*;

const NAMES: [&str; 3] = ["a", "b", "c"];
const KINDS: [Kind; 2] = [Kind::File, Kind::Directory];

/// Returns every path of up to four names.
fn universe() -> Vec<String> {
    let mut paths = vec![String::new()];
    let mut last = paths.clone();
    for _ in 0..4 {
        last = last
            .iter()
            .flat_map(|dir| NAMES.map(|name| format!("{dir}/{name}")))
            .collect();
        paths.extend_from_slice(&last);
    }
    paths[0] = "/".to_owned();
    paths
}

fn configured_path() -> impl Strategy<Value = PathPattern> {
    let segment = prop::sample::select(vec!["a", "b", "*", "[ab]", "{b,c}", "**", "[!a]", "?"]);
    let last = prop::sample::select(vec!["a", "b", "c", "*", "[ab]"]);
    let glob = (prop::collection::vec(segment, 0..3), last)
        .prop_map(|(above, last)| format!("/{}", [above, vec![last]].concat().join("/")));
    let names = prop::collection::vec(prop::sample::select(NAMES.to_vec()), 0..4);
    let literal = names.prop_map(|names| format!("/{}", names.join("/")));
    prop_oneof![glob, literal].prop_map(|text| PathPattern::parse(&sample::rooted(&text)).unwrap())
}

fn patterns() -> impl Strategy<Value = Vec<String>> {
    let known = [
        "a",
        "b",
        "*",
        "{a,c}",
        "/a",
        "/a/b",
        "/a/*/c",
        "**/b/c",
        "b/c",
        "/b/**",
        "/**/c",
        "[!a]",
        "re:b$",
        r"re:^(.:)?[/\\]a[/\\]b",
        r"re:[/\\]c[/\\]",
    ];
    let one = prop::sample::select(known.to_vec()).prop_map(sample::rooted);
    prop::collection::vec(one, 0..3)
}

fn policies() -> impl Strategy<Value = PolicySpec> {
    let paths = prop::collection::vec(configured_path(), 1..3);
    let monitor = (paths, any::<bool>(), patterns(), patterns());
    prop::collection::vec(monitor, 1..4).prop_map(|monitors| {
        let build = |(index, (paths, recursive, exclude, include)): (usize, _)| {
            let mut monitor = MonitorSpec::new(&format!("m{index}"), paths);
            monitor.recursive = recursive;
            monitor.exclude_files = exclude;
            monitor.include_files = include;
            monitor
        };
        PolicySpec {
            monitors: monitors.into_iter().enumerate().map(build).collect(),
        }
    })
}

fn any_path() -> impl Strategy<Value = PathBuf> {
    let bytes = prop::collection::vec(1..=255_u8, 0..9);
    bytes.prop_filter_map("no path of this system", |bytes| bytes_to_path(&bytes).ok())
}

/// A compiled pattern of the naive reading.
enum Matcher {
    Glob(GlobMatcher),
    Regex(regex::Regex),
}

thread_local! {
    /// Compiling takes most of the time, and the same few patterns come again and again.
    static COMPILED: RefCell<HashMap<String, Matcher>> = RefCell::default();
}

/// Matches a whole path against a glob from the root, or a regular expression.
fn whole_matches(pattern: &str, path: &str) -> bool {
    COMPILED.with_borrow_mut(|compiled| {
        let matcher = compiled
            .entry(pattern.to_owned())
            .or_insert_with(|| compile_naively(pattern));
        match matcher {
            Matcher::Glob(glob) => glob.is_match(path),
            Matcher::Regex(regex) => regex.is_match(path),
        }
    })
}

fn compile_naively(pattern: &str) -> Matcher {
    if let Some(regex) = pattern.strip_prefix("re:") {
        return Matcher::Regex(regex::Regex::new(regex).unwrap());
    }
    // What `[!a]` means here; globset alone would let it match a slash.
    let glob = pattern.replace("[!a]", "[bc]");
    let built = GlobBuilder::new(&glob)
        .literal_separator(true)
        .build()
        .unwrap();
    Matcher::Glob(built.compile_matcher())
}

fn pattern_matches(pattern: &str, path: &str) -> bool {
    let is_anywhere = ["**/", "re:"]
        .iter()
        .any(|start| pattern.starts_with(start));
    if is_anywhere || Path::new(pattern).has_root() {
        whole_matches(pattern, path)
    } else {
        whole_matches(&format!("**/{pattern}"), path)
    }
}

/// Returns the path and its ancestors with their depth, from the root down.
fn lineage(path: &str) -> Vec<(usize, String)> {
    let mut lineage: Vec<String> = Path::new(path)
        .ancestors()
        .map(|dir| dir.to_str().unwrap().to_owned())
        .collect();
    lineage.reverse();
    lineage.into_iter().enumerate().collect()
}

/// Decides as the documentation says, in words.
fn naive(spec: &PolicySpec, path: &str, kind: Kind) -> String {
    let lineage = lineage(path);
    let own_depth = lineage.len() - 1;
    let mut winner: Option<(usize, usize)> = None;
    for (index, monitor) in spec.monitors.iter().enumerate() {
        for pattern in &monitor.paths {
            for (depth, ancestor) in &lineage {
                let here = sample::rooted(ancestor);
                let matches = match pattern {
                    PathPattern::Literal(literal) => literal == Path::new(&here),
                    // The root directory has no name, which globset takes for an empty one.
                    PathPattern::Glob(glob) => ancestor != "/" && whole_matches(glob, &here),
                };
                if matches && (monitor.recursive || own_depth - depth <= 1) {
                    winner = winner.max(Some((*depth, index)));
                }
            }
        }
    }
    let Some((from, index)) = winner else {
        return "-".to_owned();
    };
    let monitor = &spec.monitors[index];
    for (_, ancestor) in lineage.iter().filter(|(depth, _)| *depth >= from) {
        let by = monitor
            .exclude_files
            .iter()
            .find(|pattern| pattern_matches(pattern, &sample::rooted(ancestor)));
        if let Some(by) = by {
            return format!("{} but {by}", monitor.name);
        }
    }
    let includes = &monitor.include_files;
    let here = sample::rooted(path);
    let included = includes.is_empty() || includes.iter().any(|one| pattern_matches(one, &here));
    if kind == Kind::Directory || included {
        monitor.name.clone()
    } else {
        format!("{} but {NOT_INCLUDED}", monitor.name)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decisions_are_as_documented_from_the_path_and_from_its_directory(spec in policies()) {
        let policy = Policy::compile(&spec).unwrap();
        for path in universe() {
            for kind in KINDS {
                let decision = decided(&policy, &sample::path(&path), kind);
                prop_assert_eq!(decision, naive(&spec, &path, kind), "{}", path);
            }
        }
    }

    #[test]
    fn every_watched_path_can_be_walked_to(spec in policies()) {
        let policy = Policy::compile(&spec).unwrap();
        for path in universe() {
            let path = sample::path(&path);
            let watched = policy.decide(&path, Kind::File).watched().is_some();
            if !watched {
                continue;
            }
            let parent = path.parent().unwrap_or(&path);
            for dir in parent.ancestors().filter(|dir| dir.parent().is_some()) {
                let above = policy.enter(dir.parent().unwrap());
                prop_assert!(above.descend(dir.file_name().unwrap()), "{:?} at {:?}", path, dir);
            }
        }
    }

    #[test]
    fn the_explanation_names_the_rule_that_decides(spec in policies()) {
        let policy = Policy::compile(&spec).unwrap();
        for path in universe() {
            let explanation = policy.explain(&sample::path(&path), Kind::File);
            let first = explanation.candidates.first().filter(|first| first.reaches);
            let decides = match explanation.decision {
                Decision::Watched(rule) | Decision::Excluded { rule, .. } => Some(&rule.name),
                Decision::Uncovered => None,
            };
            prop_assert_eq!(first.map(|first| &first.rule.name), decides, "{}", path);
        }
    }

    #[test]
    fn storing_changes_nothing(spec in policies(), path in any_path()) {
        let mut spec = spec;
        let path = sample::path("/").join(path);
        spec.monitors[0].paths.push(PathPattern::literal(&path));
        let json = serde_json::to_string(&spec).unwrap();
        prop_assert_eq!(serde_json::from_str::<PolicySpec>(&json).unwrap(), spec);
    }
}
