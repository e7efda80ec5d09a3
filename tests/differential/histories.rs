//! Histories of changed files, changed configurations and approvals: what was never approved is
//! never clean.
//!
//! The model is deliberately lenient. It knows which states of a path somebody may have approved:
//! by an approval, or by its joining the policy. At the end of a history, under a configuration
//! that compares all that counts here, a path that is not told must be in one of them. Times and
//! inodes are not compared, so that nothing but content, mode, owner and kind can tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use super::{each_seed, only_seed};
use crate::random::Random;
use crate::util::{Run, Sandbox};

const SEEDS: u64 = 24;
const STEPS: usize = 14;

/// Everything that is ever in the tree.
const PATHS: [&str; 7] = ["a", "b", "d", "d/a", "d/b", "d/e", "d/e/a"];

/// What the last check compares.
const FULL: Config = Config {
    attributes: r#"["content", "mode", "uid", "gid"]"#,
    hash_types: r#"["sha256", "xxh64"]"#,
    excluded: "",
    limit: "0",
};

#[test]
fn what_was_never_approved_is_never_clean_whatever_the_configuration_was() {
    each_seed(
        SEEDS.max(only_seed().map_or(0, |seed| seed + 1)),
        one_history,
    );
}

fn one_history(seed: u64) {
    let mut history = History::new(Random::new(5000 + seed));
    for _ in 0..STEPS {
        history.step();
    }
    history.configure(FULL);
    history.expect_honesty();
    history.scan(None);
    history.expect_honesty();
    history.scan(None);
    history.expect_honesty();
}

/// The settings that vary.
#[derive(Clone, Copy, Debug)]
struct Config {
    attributes: &'static str,
    hash_types: &'static str,
    /// What is left out with all below; nothing when empty.
    excluded: &'static str,
    limit: &'static str,
}

impl Config {
    fn random(random: &mut Random) -> Config {
        let attributes = [
            FULL.attributes,
            FULL.attributes,
            r#"["default"]"#,
            r#"["content"]"#,
            r#"["mode"]"#,
            r#"["type"]"#,
        ];
        let hash_types = [
            r#"["sha256"]"#,
            r#"["blake3"]"#,
            r#"["xxh64"]"#,
            r#"["sha256", "blake3"]"#,
            "[]",
        ];
        Config {
            attributes: random.pick(&attributes),
            hash_types: random.pick(&hash_types),
            excluded: random.pick(&["", "", "", "a", "d", "d/e"]),
            limit: random.pick(&["0", "0", "0", "1"]),
        }
    }

    fn watches(&self, path: &str) -> bool {
        self.excluded.is_empty() || !Path::new(path).starts_with(self.excluded)
    }
}

/// What counts of an object: kind, mode, owner, group, and content or target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State(char, u32, u32, u32, Vec<u8>);

struct History {
    sandbox: Sandbox,
    random: Random,
    config: Config,
    file: PathBuf,
    /// What each path was at its last scan, and whether the configuration watched it then.
    scanned: BTreeMap<&'static str, (Option<State>, bool)>,
    /// What somebody may have approved of each path; `None` that it is absent.
    approved: BTreeMap<&'static str, BTreeSet<Option<State>>>,
    /// For people.
    told: Vec<String>,
}

impl History {
    fn new(random: Random) -> History {
        let sandbox = Sandbox::new();
        let file = sandbox.home().join("waxseal.toml");
        let mut history = History {
            sandbox,
            random,
            config: FULL,
            file,
            scanned: BTreeMap::new(),
            approved: BTreeMap::new(),
            told: Vec::new(),
        };
        for path in ["a", "b", "d/a", "d/b", "d/e/a"] {
            history.write(path);
        }
        let config = Config::random(&mut history.random);
        history.configure(config);
        history.scan(None);
        history
    }

    fn step(&mut self) {
        match self.random.below(10) {
            0..3 => {
                let config = Config::random(&mut self.random);
                self.configure(config);
            }
            3 => self.accept(),
            _ => {
                for _ in 0..=self.random.below(3) {
                    self.mutate();
                }
            }
        }
        match self.random.below(8) {
            0 => {}
            1 => self.scan(Some("d")),
            _ => self.scan(None),
        }
    }

    fn configure(&mut self, config: Config) {
        let tree = self.sandbox.tree();
        let tree = tree.display();
        let Config {
            attributes,
            hash_types,
            excluded,
            limit,
        } = config;
        let exclude = match excluded {
            "" => String::new(),
            excluded => format!("\"{tree}/{excluded}\""),
        };
        let text = format!(
            "[[monitor]]\nname = \"m\"\npaths = [\"{tree}\"]\nattributes = {attributes}\n\
             hash_types = {hash_types}\nexclude_files = [{exclude}]\nmax_file_size = \"{limit}\"\n"
        );
        fs::write(&self.file, text).unwrap();
        self.config = config;
        self.told.push(format!("{config:?}"));
    }

    fn run(&self, args: &[&str]) -> Run {
        let config = self.file.to_str().unwrap();
        let mut all = vec!["--config", config, "--format=ndjson"];
        all.extend(args);
        self.sandbox.waxseal(&all)
    }

    /// Scans the tree, or one path and what is below it.
    fn scan(&mut self, below: Option<&str>) {
        let place = self.sandbox.path(below.unwrap_or(""));
        let run = match below {
            None => self.run(&["scan"]),
            Some(_) => self.run(&["scan", place.to_str().unwrap()]),
        };
        self.told.push(format!("scan {below:?}: {}", run.code));
        if below.is_some() && run.code == 2 {
            return;
        }
        assert!(matches!(run.code, 0 | 1), "{}", run.stderr);
        for path in PATHS {
            if below.is_none_or(|below| Path::new(path).starts_with(below)) {
                self.may_join(path);
                let watched = self.config.watches(path);
                self.scanned.insert(path, (self.state(path), watched));
            }
        }
    }

    /// Takes note that a path which was not watched at its last scan may join as it is.
    fn may_join(&mut self, path: &'static str) {
        let was_watched = self.scanned.get(path).is_some_and(|(_, watched)| *watched);
        if !was_watched || !self.config.watches(path) {
            let state = self.state(path);
            let approved = self.approved.entry(path).or_default();
            approved.insert(None);
            approved.insert(state);
        }
    }

    fn accept(&mut self) {
        let path = self.random.pick(&PATHS);
        let place = self.sandbox.path(path);
        let run = match self.random.one_in(3) {
            true => self.run(&["accept", "--all", "--reason", "test"]),
            false => self.run(&["accept", place.to_str().unwrap(), "--reason", "test"]),
        };
        let accepted = if run.code == 0 {
            self.paths_of(&run)
        } else {
            BTreeSet::new()
        };
        for path in PATHS {
            if accepted.contains(&self.sandbox.path(path)) {
                let (seen, _) = self.scanned[path].clone();
                self.approved.entry(path).or_default().insert(seen);
            }
        }
        self.told.push(format!("accept {path}: {accepted:?}"));
    }

    /// Returns every path that a report names.
    fn paths_of(&self, run: &Run) -> BTreeSet<PathBuf> {
        let documents = run.documents();
        let named = documents.iter().flat_map(|document| {
            ["/file/path", "/waxseal/before/path"].map(|at| document.pointer(at))
        });
        named
            .flatten()
            .filter_map(Value::as_str)
            .map(PathBuf::from)
            .collect()
    }

    fn state(&self, path: &str) -> Option<State> {
        let place = self.sandbox.path(path);
        let found = place.symlink_metadata().ok()?;
        let (kind, content) = if found.is_dir() {
            ('d', Vec::new())
        } else if found.is_symlink() {
            let target = fs::read_link(&place).unwrap();
            ('l', target.into_os_string().into_encoded_bytes())
        } else {
            ('f', fs::read(&place).unwrap())
        };
        let mode = found.mode() & 0o7777;
        Some(State(kind, mode, found.uid(), found.gid(), content))
    }

    fn mutate(&mut self) {
        let path = self.random.pick(&PATHS);
        let place = self.sandbox.path(path);
        let what = self.random.below(8);
        let is_file = place.symlink_metadata().is_ok_and(|found| found.is_file());
        match what {
            0 | 1 => self.write(path),
            2 => remove(&place),
            3 if is_file => {
                let mode = self.random.pick(&[0o644, 0o600, 0o4755]);
                fs::set_permissions(&place, fs::Permissions::from_mode(mode)).unwrap();
            }
            4 if is_file && rustix::process::geteuid().is_root() => {
                chown(&place, Some(self.random.pick(&[0, 1])), None).unwrap();
            }
            5 if is_file => {
                let other = self
                    .sandbox
                    .path(self.random.pick(&["a", "b", "d/a", "d/b"]));
                if !other.is_dir() && other.parent().is_some_and(Path::is_dir) {
                    fs::rename(&place, other).unwrap();
                }
            }
            6 if place.parent().is_some_and(Path::is_dir) => {
                remove(&place);
                symlink("elsewhere", &place).unwrap();
            }
            _ => self.write(path),
        }
        self.told.push(format!("{what} {path}"));
    }

    /// Writes one of a few contents of the same length, with times that tell nothing.
    fn write(&mut self, path: &str) {
        let place = self.sandbox.path(path);
        for above in place.parent().unwrap().ancestors() {
            if above.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
                fs::remove_file(above).unwrap();
            }
        }
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        let is_link = place
            .symlink_metadata()
            .is_ok_and(|found| found.is_symlink());
        if place.is_dir() || is_link || self.random.one_in(3) {
            remove(&place);
        }
        let content = self.random.pick(&["good", "evil", "ugly"]);
        fs::write(&place, content).unwrap();
        let file = File::options().write(true).open(&place).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }

    /// Expects that a check tells every path that is in no state which somebody may have approved.
    #[track_caller]
    fn expect_honesty(&mut self) {
        let run = self.run(&["check", "--full"]);
        let told = self.paths_of(&run);
        assert_eq!(run.code, i32::from(!told.is_empty()), "{}", run.stderr);
        for path in PATHS {
            let was_watched = self.scanned.get(path).is_some_and(|(_, watched)| *watched);
            let state = self.state(path);
            let approved = self.approved.get(path);
            let is_approved = match &state {
                Some(_) => approved.is_some_and(|approved| approved.contains(&state)),
                None => approved.is_none_or(|approved| approved.contains(&None)),
            };
            assert!(
                told.contains(&self.sandbox.path(path)) || is_approved || !was_watched,
                "{path} is clean as {state:?}, approved {approved:?}\n{}\n{}",
                self.told.join("\n"),
                run.stdout
            );
        }
    }
}

fn remove(place: &Path) {
    match place.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(place).unwrap(),
        Ok(_) => fs::remove_file(place).unwrap(),
        Err(_) => {}
    }
}
