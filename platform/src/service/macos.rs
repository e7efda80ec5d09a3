//! Services of macOS: a property list in `/Library/LaunchDaemons`, and `launchctl`.
//!
//! launchd runs what it has loaded, and loads at its start what stands there. So installing only
//! writes the file, starting loads it, and stopping unloads it until the next start of the system.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::launchd::{LABEL, LOG, Printed, mark, plist_for, read_printed};
use super::{ServiceError, definition};

/// Where the service is described.
const PLIST_PATH: &str = "/Library/LaunchDaemons/waxseal.plist";

/// The service, as `launchctl` names it.
const TARGET: &str = "system/waxseal";

/// Where services of the whole system belong.
const DOMAIN: &str = "system";

const LAUNCHCTL: &str = "/bin/launchctl";

/// How long an end is waited for: somewhat more than launchd does before it kills.
const PATIENCE: Duration = Duration::from_secs(100);
/// How often launchd is asked whether the service has ended.
const ASK_EVERY: Duration = Duration::from_millis(200);

pub(super) fn install(program: &Path) -> Result<PathBuf, ServiceError> {
    let path = PathBuf::from(PLIST_PATH);
    definition::refuse_unsafe(program)?;
    let plist = plist_for(program)?;
    definition::is_ours(&path, &plist, mark)?;
    make_log()?;
    definition::write(&path, &plist)?;
    // A service that somebody disabled would not be loaded.
    launchctl(&["enable", TARGET])?;
    Ok(path)
}

pub(super) fn uninstall() -> Result<PathBuf, ServiceError> {
    let path = is_installed()?;
    if printed()?.is_some() {
        unload()?;
    }
    definition::remove(&path)?;
    Ok(path)
}

pub(super) fn run(work: Box<dyn FnOnce() -> u8 + Send>) -> Result<u8, ServiceError> {
    Ok(work())
}

pub(super) fn start() -> Result<(), ServiceError> {
    is_installed()?;
    match printed()? {
        None => launchctl(&["bootstrap", DOMAIN, PLIST_PATH]),
        Some(Printed {
            is_running: true, ..
        }) => Ok(()),
        Some(_) => launchctl(&["kickstart", TARGET]),
    }
}

pub(super) fn stop() -> Result<(), ServiceError> {
    is_installed()?;
    match printed()? {
        None => Ok(()),
        Some(_) => unload(),
    }
}

pub(super) fn status() -> Result<bool, ServiceError> {
    is_installed()?;
    let Some(printed) = printed()? else {
        println!("{LABEL} is installed and not loaded");
        return Ok(false);
    };
    for line in printed.lines {
        println!("{line}");
    }
    Ok(printed.is_running)
}

/// Returns where the property list is, if it is there and ours.
fn is_installed() -> Result<PathBuf, ServiceError> {
    let path = PathBuf::from(PLIST_PATH);
    let plist = plist_for(Path::new("/"))?;
    match definition::is_ours(&path, &plist, mark)? {
        true => Ok(path),
        false => Err(ServiceError::NotInstalled),
    }
}

/// Makes the file for what the service says: launchd would let everybody read it.
fn make_log() -> Result<(), ServiceError> {
    let made = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(LOG);
    made.map(drop)
        .map_err(|source| definition::file("make", Path::new(LOG), source))
}

/// Ends the service and waits until it has ended.
fn unload() -> Result<(), ServiceError> {
    let asked = launchctl(&["bootout", TARGET]);
    // launchctl may say that the end is under way, as an error, or that all is well before the end.
    let deadline = Instant::now() + PATIENCE;
    while printed()?.is_some() {
        if Instant::now() >= deadline {
            return asked.and(Err(ServiceError::StillRunning(PATIENCE)));
        }
        // launchd has nothing to wait for.
        thread::sleep(ASK_EVERY);
    }
    Ok(())
}

/// Returns what launchd says of the service; `None` when it has not loaded it.
fn printed() -> Result<Option<Printed>, ServiceError> {
    let output = call(&["print", TARGET], Stdio::null())?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(output.status.success().then(|| read_printed(&text)))
}

fn launchctl(args: &[&str]) -> Result<(), ServiceError> {
    let output = call(args, Stdio::inherit())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(ServiceError::Refused {
            command: format!("{LAUNCHCTL} {}", args.join(" ")),
            status: output.status,
        }),
    }
}

fn call(args: &[&str], errors: Stdio) -> Result<Output, ServiceError> {
    let ran = Command::new(LAUNCHCTL)
        .args(args)
        .stdin(Stdio::null())
        .stderr(errors)
        .output();
    ran.map_err(|source| ServiceError::Run {
        program: LAUNCHCTL,
        source,
    })
}
