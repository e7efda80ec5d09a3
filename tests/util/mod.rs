//! What the integration tests share: [`Sandbox`], a tree to watch beside a store of its own.

#![allow(dead_code, reason = "not every topic uses all of it")]

#[cfg(unix)]
mod mount;

#[cfg(unix)]
pub use mount::Mount;

use std::ffi::OsStr;
use std::fs;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use waxseal_platform::place;

/// Returns the program under test.
///
/// The test may run elsewhere than where it was built; whoever moves it names the program.
pub fn program() -> PathBuf {
    let moved = std::env::var_os("CARGO_BIN_EXE_waxseal");
    moved.map_or_else(|| env!("CARGO_BIN_EXE_waxseal").into(), PathBuf::from)
}

/// What a monitor compares where it says nothing else, but for the time of creation: all that Wine
/// knows of that is when a file or a directory last changed.
pub const NO_CREATED: &str = "attributes = [\"-created\"]";

/// A tree to watch, and a state directory, both removed at the end.
pub struct Sandbox {
    /// Keeps the directories alive.
    _temp: TempDir,
    top: PathBuf,
    /// The configuration that each command is given.
    config: Option<PathBuf>,
}

impl Sandbox {
    /// Makes an empty tree; no store exists yet.
    pub fn new() -> Sandbox {
        let temp = tempfile::Builder::new()
            .prefix("waxseal-")
            .tempdir()
            .unwrap();
        // The temporary directory may be reached through a link; reports show real places.
        let top = place::real(temp.path()).unwrap();
        fs::create_dir(top.join("tree")).unwrap();
        fs::create_dir(top.join("home")).unwrap();
        Sandbox {
            _temp: temp,
            top,
            config: None,
        }
    }

    /// Makes a tree of these files; a name that ends in `/` is a directory.
    pub fn with(files: &[(&str, &str)]) -> Sandbox {
        let sandbox = Sandbox::new();
        files
            .iter()
            .for_each(|(name, content)| sandbox.write(name, content));
        sandbox
    }

    /// Configures one monitor for the tree, which compares no times of creation.
    pub fn without_created(mut self) -> Sandbox {
        let config = self.home().join("waxseal.toml");
        let tree = self.written(&self.tree());
        let monitor = format!("[[monitor]]\nname = \"tree\"\npaths = [\"{tree}\"]\n{NO_CREATED}\n");
        fs::write(&config, monitor).unwrap();
        self.config = Some(config);
        self
    }

    /// Returns the directory that is watched.
    pub fn tree(&self) -> PathBuf {
        self.top.join("tree")
    }

    /// Returns the state directory.
    pub fn state_dir(&self) -> PathBuf {
        self.top.join("state")
    }

    /// Returns the home directory, in which nothing is watched.
    pub fn home(&self) -> PathBuf {
        self.top.join("home")
    }

    /// Returns a path in the tree.
    pub fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.tree().join(name.as_ref())
    }

    /// Returns a path of a report as a name in the tree, with slashes; `None` outside of it.
    pub fn name(&self, path: &str) -> Option<String> {
        let name = Path::new(path).strip_prefix(self.tree()).ok()?;
        Some(name.to_str().unwrap().replace(MAIN_SEPARATOR, "/"))
    }

    /// Returns a path as it is written in a configuration: with slashes, which no quotes change.
    pub fn written(&self, path: &Path) -> String {
        path.to_str().unwrap().replace(MAIN_SEPARATOR, "/")
    }

    /// Writes a file in the tree with the directories above it; a name that ends in `/` is a
    /// directory.
    pub fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        if name.ends_with('/') {
            return fs::create_dir_all(path).unwrap();
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Returns a command of the program that uses this store and no configuration of this machine.
    pub fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(program());
        command.arg("--state-dir").arg(self.state_dir());
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        command.args(args).current_dir(self.tree());
        command
            .env("HOME", self.home())
            .env("XDG_CONFIG_HOME", self.home().join("config"));
        command
            .env("NO_COLOR", "1")
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub fn waxseal<S: AsRef<OsStr>>(&self, args: &[S]) -> Run {
        Run::of(self.command(args).output().unwrap())
    }

    /// Scans the whole tree, which must succeed in taking a baseline.
    pub fn baseline(&self) {
        self.waxseal(&[OsStr::new("scan"), self.tree().as_os_str()])
            .exits(0);
    }

    /// Runs the program for the whole tree with one JSON document a line.
    pub fn ndjson(&self, verb: &str, options: &[&str]) -> Run {
        let mut args = vec![OsStr::new(verb), OsStr::new("--format=ndjson")];
        args.extend(options.iter().map(OsStr::new));
        let tree = self.tree();
        args.push(tree.as_os_str());
        self.waxseal(&args)
    }
}

/// What a run came to.
pub struct Run {
    /// Its exit status.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Run {
    /// Takes over the output of a process that was not killed.
    pub fn of(output: Output) -> Run {
        Run {
            code: output.status.code().expect("it ended by itself"),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails with everything printed unless the exit status is this one.
    #[track_caller]
    pub fn exits(self, code: i32) -> Run {
        let Run { stdout, stderr, .. } = &self;
        assert_eq!(
            self.code, code,
            "\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n---"
        );
        self
    }

    /// Fails unless the standard output holds this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Run {
        let Run { stdout, stderr, .. } = &self;
        assert!(
            stdout.contains(text),
            "no {text:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n---"
        );
        self
    }

    /// Fails unless standard error holds this text.
    #[track_caller]
    pub fn complains(self, text: &str) -> Run {
        let Run { stdout, stderr, .. } = &self;
        assert!(
            stderr.contains(text),
            "no {text:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n---"
        );
        self
    }

    /// Returns the documents of a run with `--format ndjson`, the summary aside.
    pub fn documents(&self) -> Vec<Value> {
        let lines = self
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &Value| line.pointer("/waxseal/summary").is_none())
            .collect()
    }

    /// Returns the summary of a run with `--format ndjson`.
    pub fn summary(&self) -> Value {
        let last = self.stdout.lines().last().expect("there is a summary");
        let line: Value = serde_json::from_str(last).unwrap();
        line.pointer("/waxseal/summary")
            .expect("the last line is the summary")
            .clone()
    }

    /// Returns first action and path of each document, in the order of the report.
    pub fn changes(&self) -> Vec<(String, String)> {
        let documents = self.documents();
        documents
            .iter()
            .map(|document| (action(document), file_path(document)))
            .collect()
    }
}

/// Returns the first action of a document.
pub fn action(document: &Value) -> String {
    let action = &document["event"]["action"];
    action.get(0).unwrap_or(action).as_str().unwrap().to_owned()
}

/// Returns the path of a document.
pub fn file_path(document: &Value) -> String {
    document["file"]["path"].as_str().unwrap().to_owned()
}

/// Returns the names of the fields that differ.
pub fn changed_fields(document: &Value) -> Vec<String> {
    let names = document["waxseal"]["changed"].as_array();
    names
        .into_iter()
        .flatten()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

/// Says whether this process acts as root; otherwise says that a test is skipped.
pub fn is_root() -> bool {
    let is_root = waxseal_platform::host::is_privileged();
    if !is_root {
        eprintln!("skipped: needs root");
    }
    is_root
}
