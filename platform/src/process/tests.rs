use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};

use super::*;

/// A child that is ended and collected when the test is done with it.
struct Running {
    child: Child,
    pidfd: OwnedFd,
}

impl Running {
    fn start(command: &mut Command) -> Running {
        let child = command.stdin(Stdio::piped()).spawn().unwrap();
        let pidfd = open_pidfd(child.id());
        Running { child, pidfd }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn look(&self, processes: &Processes) -> Option<Arc<Process>> {
        processes.lookup(self.pid(), Some(self.pidfd.as_fd()))
    }

    /// Looks until the process is as wanted: between fork and exec a child is a copy of us.
    fn look_until(&self, processes: &Processes, wanted: impl Fn(&Process) -> bool) -> Arc<Process> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let seen = self.look(processes);
            if let Some(process) = seen.as_ref().filter(|process| wanted(process)) {
                return Arc::clone(process);
            }
            assert!(Instant::now() < deadline, "last seen: {seen:?}");
            std::thread::yield_now();
        }
    }

    fn send(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
    }

    fn lines(&mut self) -> BufReader<ChildStdout> {
        BufReader::new(self.child.stdout.take().unwrap())
    }

    /// Waits for the end without collecting.
    fn await_end(&self) {
        let pid = Pid::from_raw(self.pid().cast_signed());
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid.unwrap()), options).unwrap();
    }

    fn end(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn open_pidfd(pid: u32) -> OwnedFd {
    pidfd_open(
        Pid::from_raw(pid.cast_signed()).unwrap(),
        PidfdFlags::empty(),
    )
    .unwrap()
}

fn cat() -> Running {
    Running::start(&mut Command::new("cat"))
}

fn program(name: &str) -> PathBuf {
    Path::new("/bin").join(name).canonicalize().unwrap()
}

/// Says whether a process runs a program and is past the moment in which it has no arguments yet.
fn runs(process: &Process, path: &Path) -> bool {
    let executable = process.executable.as_ref();
    executable.is_some_and(|executable| executable.path == path) && !process.args.is_empty()
}

#[test]
fn a_running_child_is_described_as_it_was_started() {
    let temp = tempfile::tempdir().unwrap();
    let cwd = temp.path().canonicalize().unwrap();
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "read line", "", "tab\there"])
        .current_dir(&cwd);
    let running = Running::start(&mut command);

    let processes = Processes::new();
    let process = running.look_until(&processes, |process| runs(process, &program("sh")));
    assert_eq!(process.pid, running.pid());
    assert_eq!(process.name, "sh");
    let args = ["/bin/sh", "-c", "read line", "", "tab\there"];
    assert_eq!(process.args, args.map(OsString::from));
    assert!(!process.are_args_cut && !process.is_kernel_thread);
    let here = Location {
        path: cwd,
        is_deleted: false,
    };
    assert_eq!(process.working_directory, Some(here));
    let (uid, gid) = (rustix::process::getuid(), rustix::process::getgid());
    assert_eq!((process.uid, process.euid), (uid.as_raw(), uid.as_raw()));
    assert_eq!((process.gid, process.egid), (gid.as_raw(), gid.as_raw()));
    let login_uid = crate::host::login_user().map(|user| user.id);
    assert_eq!(process.login_uid.map(|uid| uid.to_string()), login_uid);
    let own_cgroup = std::fs::read("/proc/self/cgroup").unwrap();
    let own_cgroup =
        decode::cgroup(&own_cgroup).map(|path| String::from_utf8(path.to_vec()).unwrap());
    assert_eq!(process.cgroup, own_cgroup);
    let age = Timestamp::now().secs() - process.started.secs();
    assert!((0..120).contains(&age), "{:?}", process.started);
}

#[test]
fn the_parent_is_told() {
    let running = cat();
    let processes = Processes::new();
    let child = running.look_until(&processes, |process| runs(process, &program("cat")));
    let parent = child.parent.as_ref().unwrap();
    let own_stat = std::fs::read("/proc/self/stat").unwrap();
    let own_stat = decode::stat(&own_stat).unwrap();
    assert_eq!(parent.pid, std::process::id());
    assert_eq!(parent.start_ticks, own_stat.start_ticks);
    assert_eq!(parent.name.as_encoded_bytes(), own_stat.name);
    let executable = Location {
        path: std::env::current_exe().unwrap(),
        is_deleted: false,
    };
    assert_eq!(parent.executable, Some(executable));
    assert!(parent.start_ticks <= child.start_ticks && parent.started <= child.started);
}

#[test]
fn a_process_that_executes_another_program_is_read_anew() {
    let mut running = Running::start(Command::new("sh").args(["-c", "read line; exec cat -u"]));
    let processes = Processes::new();
    let before = running.look_until(&processes, |process| runs(process, &program("sh")));
    assert!(
        Arc::ptr_eq(&before, &running.look(&processes).unwrap()),
        "not remembered"
    );

    running.send("go");
    let deadline = Instant::now() + Duration::from_secs(20);
    while std::fs::read(format!("/proc/{}/cmdline", running.pid())).unwrap() != b"cat\0-u\0" {
        assert!(Instant::now() < deadline);
    }
    let after = running.look(&processes).unwrap();
    assert!(runs(&after, &program("cat")), "{after:?}");
    assert_eq!(after.args, ["cat", "-u"].map(OsString::from));
    assert_eq!(
        (after.pid, after.start_ticks),
        (before.pid, before.start_ticks)
    );
}

#[test]
fn the_same_program_with_other_arguments_is_read_anew() {
    let script = "read line; exec sh -c 'read line' second";
    let mut running = Running::start(Command::new("sh").args(["-c", script, "first"]));
    let processes = Processes::new();
    let is_nth = |name: &'static str| {
        move |process: &Process| process.args.last().is_some_and(|last| last == name)
    };
    running.look_until(&processes, is_nth("first"));
    running.send("go");
    let second = running.look_until(&processes, is_nth("second"));
    assert_eq!(second.args.len(), 4);
}

#[test]
fn a_change_of_user_is_seen_though_the_program_stays() {
    if !crate::host::is_privileged() {
        eprintln!("skipped: needs root");
        return;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "process::tests::becomes_another_user",
            "--nocapture",
        ])
        .env("WAXSEAL_TEST_USER", "12345")
        .stdout(Stdio::piped());
    let mut running = Running::start(&mut command);
    let mut lines = running.lines().lines();
    let mut await_line = |wanted: &str| {
        while !lines.next().unwrap().unwrap().ends_with(wanted) {}
    };
    await_line("ready");
    let processes = Processes::new();
    let before = running.look(&processes).unwrap();
    assert_eq!((before.uid, before.euid), (0, 0));
    running.send("go");
    await_line("changed");
    let after = running.look(&processes).unwrap();
    assert_eq!((after.uid, after.euid), (0, 12345));
    assert_eq!(after.start_ticks, before.start_ticks);
}

/// Not a test of its own: the child of the one above.
#[test]
fn becomes_another_user() {
    let Some(user) = std::env::var_os("WAXSEAL_TEST_USER") else {
        return;
    };
    let user = user.to_str().unwrap().parse().unwrap();
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    // SAFETY: the call takes numbers only.
    assert_eq!(unsafe { libc::seteuid(user) }, 0);
    println!("changed");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn a_process_that_is_gone_is_not_known() {
    let mut running = cat();
    let processes = Processes::new();
    running.look_until(&processes, |process| runs(process, &program("cat")));
    running.end();
    assert_eq!(running.look(&processes), None);
    assert_eq!(running.look(&Processes::new()), None);
}

/// What a number that was used again comes to: the number is taken, the descriptor is of another.
#[test]
fn a_number_that_is_used_again_is_not_believed() {
    let mut old = cat();
    let new = cat();
    let processes = Processes::new();
    let asked = || processes.lookup(new.pid(), Some(old.pidfd.as_fd()));
    assert_eq!(asked(), None, "the descriptor is of another process");
    let of_new = new.look_until(&processes, |process| runs(process, &program("cat")));
    assert_eq!(asked(), None, "what is remembered is of another process");
    old.end();
    let asked = || processes.lookup(new.pid(), Some(old.pidfd.as_fd()));
    assert_eq!(asked(), None, "the descriptor's process is gone");
    assert_eq!(new.look(&processes), Some(of_new));
    assert_eq!(
        processes.lookup(new.pid(), None),
        None,
        "a number is no proof"
    );
}

#[test]
fn a_descriptor_of_something_else_proves_nothing() {
    let running = cat();
    let file = std::fs::File::open("/proc/self/status").unwrap();
    let processes = Processes::new();
    assert_eq!(processes.lookup(running.pid(), Some(file.as_fd())), None);
    running.look_until(&processes, |process| runs(process, &program("cat")));
    assert_eq!(processes.lookup(running.pid(), Some(file.as_fd())), None);
}

#[test]
fn a_process_that_ended_and_is_not_collected_keeps_its_name_and_user() {
    let mut running = Running::start(Command::new("sh").args(["-c", "read line"]));
    let processes = Processes::new();
    let before = running.look_until(&processes, |process| runs(process, &program("sh")));
    running.send("");
    running.await_end();
    for processes in [&processes, &Processes::new()] {
        let after = running.look(processes).unwrap();
        assert_eq!(after.name, "sh");
        assert_eq!(
            (after.uid, after.start_ticks),
            (before.uid, before.start_ticks)
        );
        assert_eq!(
            (&after.executable, &after.working_directory),
            (&None, &None)
        );
        assert!(after.args.is_empty());
        assert_eq!(after.parent.as_ref().unwrap().pid, std::process::id());
    }
}

#[test]
fn a_long_command_line_is_cut_and_says_so() {
    let long = "x".repeat(10_000);
    let running = Running::start(Command::new("sh").args(["-c", "read line", &long]));
    let process = running.look_until(&Processes::new(), |process| process.args.len() == 4);
    assert!(process.are_args_cut);
    let len: usize = process.args.iter().map(|arg| arg.len() + 1).sum();
    assert_eq!(len, MAX_ARGS_LEN + 1);
    assert!(long.starts_with(process.args[3].to_str().unwrap()));
}

#[test]
fn a_deleted_program_is_told_from_one_with_such_a_name() {
    let temp = tempfile::tempdir().unwrap();
    let temp = temp.path().canonicalize().unwrap();
    let gone = temp.join("gone");
    std::fs::create_dir(&gone).unwrap();
    for (name, is_deleted) in [("cat (deleted)", false), ("cat2", true)] {
        let path = temp.join(name);
        // Not by us: another test's child would have the copy open for writing, and so keep it
        // from being executed.
        let copied = Command::new("cp").args([&program("cat"), &path]).status();
        assert!(copied.unwrap().success());
        let running = Running::start(Command::new(&path).current_dir(&gone));
        let processes = Processes::new();
        let of_it = |process: &Process| process.args.first().is_some_and(|arg| arg == &path);
        running.look_until(&processes, of_it);
        if is_deleted {
            std::fs::remove_file(&path).unwrap();
            std::fs::remove_dir(&gone).unwrap();
        }
        let process = running.look(&processes).unwrap();
        let executable = Location { path, is_deleted };
        assert_eq!(process.executable, Some(executable));
        let directory = Location {
            path: gone.clone(),
            is_deleted,
        };
        assert_eq!(process.working_directory, Some(directory));
    }
}

#[test]
fn a_kernel_thread_is_marked() {
    let is_thread = std::fs::read("/proc/2/comm").is_ok_and(|name| name == b"kthreadd\n");
    if !is_thread {
        eprintln!("skipped: kernel threads are not visible here");
        return;
    }
    let process = Processes::new()
        .lookup(2, Some(open_pidfd(2).as_fd()))
        .unwrap();
    assert!(process.is_kernel_thread);
    assert_eq!(process.name, OsStr::new("kthreadd"));
    assert_eq!((&process.executable, &process.parent), (&None, &None));
    assert!(process.args.is_empty());
}

#[test]
fn no_more_than_the_last_processes_are_remembered() {
    let running: Vec<Running> = (0..linux::REMEMBERED + 3).map(|_| cat()).collect();
    let processes = Processes::new();
    let is_cat = |process: &Process| runs(process, &program("cat"));
    for child in &running {
        child.look_until(&processes, is_cat);
    }
    assert_eq!(processes.os.remembered(), linux::REMEMBERED);
    // The first went to make room; it is found all the same.
    assert!(running[0].look(&processes).is_some());
    assert_eq!(processes.os.remembered(), linux::REMEMBERED);
}
