//! A running watch: [`Watch`] reads what it prints and knows when it has come to rest.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use waxseal_platform::signals::{self, Asked};

use crate::util::{Run, Sandbox, action, file_path};

/// No test waits longer than this for anything.
const DEADLINE: Duration = Duration::from_secs(60);

/// Further settings of the monitor. Wine shows as the time of creation when a file last changed.
const MONITOR: &str = match cfg!(windows) {
    true => "attributes = [\"-created\"]",
    false => "",
};

/// A watch of a sandbox's tree, ended with the value.
pub struct Watch {
    child: Child,
    stdout: Receiver<Value>,
    stderr: Receiver<String>,
    /// What it printed since somebody asked last.
    events: Vec<Value>,
    /// What it complained about beside its answers.
    complaints: RefCell<Vec<String>>,
    /// The id of the last event that it printed.
    last: Value,
}

#[cfg_attr(windows, allow(dead_code, reason = "fewer tests run there"))]
impl Watch {
    /// Starts to watch the whole tree and waits until it does.
    pub fn start(sandbox: &Sandbox) -> Watch {
        let tree = sandbox.tree();
        let mut command = sandbox.command(&["watch", "--format=ndjson"]);
        command.arg(&tree);
        Watch::run(command)
    }

    /// Watches the whole tree with further settings, and waits until it does.
    pub fn configured(sandbox: &Sandbox, settings: &str) -> Watch {
        Watch::run(Watch::command(sandbox, settings))
    }

    /// Returns a command that watches the whole tree with further settings.
    pub fn command(sandbox: &Sandbox, settings: &str) -> Command {
        let config = sandbox.home().join("config.toml");
        let text = format!(
            "{settings}\n[[monitor]]\nname = \"m\"\npaths = [{:?}]\n{}\n",
            sandbox.tree(),
            MONITOR
        );
        std::fs::write(&config, text).unwrap();
        let mut command = sandbox.command(&["watch", "--format=ndjson", "--config"]);
        // It must not keep the tree from being unmounted.
        command.arg(&config).current_dir(sandbox.home());
        command
    }

    /// Runs a command that watches, and waits until it does.
    pub fn run(command: Command) -> Watch {
        let mut watch = Watch::spawn(command);
        watch.wait_for(|document| action(document) == "started");
        watch
    }

    /// Runs a command that will watch once its start scan is over.
    pub fn spawn(mut command: Command) -> Watch {
        let spawned = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = spawned.unwrap();
        let stdout = documents(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Watch {
            child,
            stdout,
            stderr,
            events: Vec::new(),
            complaints: RefCell::default(),
            last: Value::Null,
        }
    }

    /// Waits for a document unless it came since somebody took what came; what comes is kept.
    #[track_caller]
    pub fn wait_for(&mut self, mut is_it: impl FnMut(&Value) -> bool) -> Value {
        if let Some(known) = self.events.iter().find(|event| is_it(event)) {
            return known.clone();
        }
        let until = Instant::now() + DEADLINE;
        loop {
            let patience = until.saturating_duration_since(Instant::now());
            match self.stdout.recv_timeout(patience) {
                Ok(document) => {
                    self.last = document["event"]["id"].clone();
                    self.events.push(document.clone());
                    if is_it(&document) {
                        return document;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let errors: Vec<String> = self.stderr.try_iter().collect();
                    panic!(
                        "it did not come; what came: {:#?}\n{}",
                        self.events,
                        errors.join("\n")
                    );
                }
            }
        }
    }

    /// Asks how it is going.
    pub fn state(&self) -> Value {
        self.ask(Asked::Report);
        let until = Instant::now() + DEADLINE;
        loop {
            let patience = until.saturating_duration_since(Instant::now());
            let line = self.stderr.recv_timeout(patience).expect("it answers");
            let json = line.trim_start_matches("waxseal: ");
            match serde_json::from_str::<Value>(json) {
                Ok(state) => return state,
                Err(_) => self.complaints.borrow_mut().push(line),
            }
        }
    }

    /// Waits until nothing is left to be looked at.
    pub fn settle(&self) -> Value {
        let until = Instant::now() + DEADLINE;
        loop {
            // Everything that happened before it was asked is counted in.
            let state = self.state();
            if state["idle"] == json!(true) {
                return state;
            }
            assert!(Instant::now() < until, "it does not come to rest: {state}");
            thread::yield_now();
        }
    }

    /// Waits until one more look at what tells of nothing by itself is over.
    pub fn polled(&self) {
        // At rest none is under way, so the next one begins later.
        let surveys = |state: &Value| state["totals"]["surveys"].as_u64().unwrap();
        let before = surveys(&self.settle());
        let until = Instant::now() + DEADLINE;
        while surveys(&self.settle()) <= before {
            assert!(Instant::now() < until, "nothing is polled");
        }
    }

    /// Waits until it has come to rest, and returns what it journalled about files since the last
    /// time: actions and paths below the tree.
    pub fn news(&mut self, sandbox: &Sandbox) -> Vec<(String, String)> {
        self.settle();
        self.drain(sandbox);
        let events = self.take();
        let about_files = events
            .iter()
            .filter(|event| event["event"]["dataset"] == "file");
        let mut news: Vec<(String, String)> = about_files
            .flat_map(|event| {
                let path = sandbox.name(&file_path(event)).unwrap_or_default();
                let actions = event["event"]["action"].as_array().unwrap().clone();
                actions
                    .into_iter()
                    .map(move |action| (action.as_str().unwrap().to_owned(), path.clone()))
            })
            .collect();
        news.sort();
        news
    }

    /// Returns everything it printed since somebody asked last.
    pub fn take(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }

    /// Reads what is journalled by now to the end.
    fn drain(&mut self, sandbox: &Sandbox) {
        let mut log = sandbox.command(&["log", "-n1", "--format=ndjson"]);
        // The tree may be gone.
        let log = Run::of(log.current_dir(sandbox.home()).output().unwrap()).exits(0);
        let Some(last) = log.documents().pop() else {
            return;
        };
        let id = last["event"]["id"].clone();
        if self.last != id {
            self.wait_for(|event| event["event"]["id"] == id);
        }
    }

    /// Asks it for something, as an operator would.
    fn ask(&self, asked: Asked) {
        signals::send(self.child.id(), asked).unwrap();
    }

    /// Says whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ends it in good order and returns what it came to.
    pub fn stop(self) -> Run {
        self.ask(Asked::Stop);
        self.ended()
    }

    /// Waits for its end and returns what it came to.
    pub fn ended(mut self) -> Run {
        let status = self.child.wait().unwrap();
        let mut stderr = self.complaints.take();
        stderr.extend(self.stderr.iter());
        let stdout: Vec<String> = self
            .stdout
            .iter()
            .map(|document| document.to_string())
            .collect();
        Run {
            code: status.code().expect("it ended by itself"),
            stdout: stdout.join("\n"),
            stderr: stderr.join("\n"),
        }
    }

    /// Ends it as a crash would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn documents(stdout: ChildStdout) -> Receiver<Value> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            let document = serde_json::from_str(&line.unwrap()).unwrap();
            if sender.send(document).is_err() {
                return;
            }
        }
    });
    receiver
}

fn lines(stderr: ChildStderr) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines() {
            if sender.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    receiver
}
