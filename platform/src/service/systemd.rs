//! Services of systemd: a unit file, and `systemctl`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::ServiceError;
use super::definition::{self, file};

/// The unit as packages install it.
const UNIT: &str = include_str!("../../../packaging/systemd/waxseal.service");

/// The program of that unit.
const PROGRAM: &str = "/usr/bin/waxseal";

/// Its name.
const NAME: &str = "waxseal.service";

/// Where units of the administrator are.
const UNITS: &str = "/etc/systemd/system";

/// Where systemd links what starts with the system, by the unit's `WantedBy`.
const WANTED: &str = "/etc/systemd/system/multi-user.target.wants";

/// Where units of packages are, in the order in which systemd takes them.
const PACKAGED: [&str; 3] = [
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Is there while systemd is what runs the system (sd_booted(3)).
const BOOTED: &str = "/run/systemd/system";

const SYSTEMCTL: &str = "systemctl";

pub(super) fn install(program: &Path) -> Result<PathBuf, ServiceError> {
    is_running()?;
    definition::refuse_unsafe(program)?;
    let unit = unit_for(program)?;
    let own = Path::new(UNITS).join(NAME);
    let path = match packaged_for(program, &PACKAGED)? {
        Some(packaged) => {
            // It would hide the package's unit, also after an upgrade has mended that.
            if is_ours(&own)? {
                definition::remove(&own)?;
            }
            packaged
        }
        None => {
            write(&own, &unit)?;
            own
        }
    };
    systemctl(&["daemon-reload"])?;
    // Not `enable`, which would leave a link to the unit that was there before.
    systemctl(&["reenable", NAME])?;
    Ok(path)
}

pub(super) fn uninstall() -> Result<PathBuf, ServiceError> {
    is_running()?;
    let own = Path::new(UNITS).join(NAME);
    if is_ours(&own)? {
        systemctl(&["disable", "--now", NAME])?;
        definition::remove(&own)?;
        systemctl(&["daemon-reload"])?;
        return Ok(own);
    }
    // The unit of a package goes with the package; what starts it with the system is a link.
    let link = Path::new(WANTED).join(NAME);
    if link.symlink_metadata().is_err() {
        return Err(ServiceError::NotInstalled);
    }
    systemctl(&["disable", "--now", NAME])?;
    Ok(link)
}

pub(super) fn start() -> Result<(), ServiceError> {
    is_installed()?;
    systemctl(&["start", NAME])
}

pub(super) fn stop() -> Result<(), ServiceError> {
    is_installed()?;
    systemctl(&["stop", NAME])
}

pub(super) fn status() -> Result<bool, ServiceError> {
    is_installed()?;
    // By its documentation 0 says that the unit is active.
    Ok(call(&["--no-pager", "--full", "status", NAME])?.success())
}

pub(super) fn run(work: Box<dyn FnOnce() -> u8 + Send>) -> Result<u8, ServiceError> {
    Ok(work())
}

/// Finds out whether systemd runs this system.
fn is_running() -> Result<(), ServiceError> {
    match Path::new(BOOTED).is_dir() {
        true => Ok(()),
        false => Err(ServiceError::NoManager(
            ", systemd does not run this system",
        )),
    }
}

/// Finds out whether there is a unit, ours or that of a package.
fn is_installed() -> Result<(), ServiceError> {
    is_running()?;
    let mut places = [UNITS].into_iter().chain(PACKAGED);
    match places.any(|dir| Path::new(dir).join(NAME).exists()) {
        true => Ok(()),
        false => Err(ServiceError::NotInstalled),
    }
}

/// Returns the unit of a package that starts this program, if it is the one that systemd takes.
fn packaged_for(program: &Path, dirs: &[&str]) -> Result<Option<PathBuf>, ServiceError> {
    for dir in dirs {
        let path = Path::new(dir).join(NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(file("read", &path, error)),
        };
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart="));
        let started = line.and_then(|command| command.split_whitespace().next());
        let is_same = started.is_some_and(|started| Path::new(started) == program);
        return Ok(is_same.then_some(path));
    }
    Ok(None)
}

/// Returns the unit of a program.
fn unit_for(program: &Path) -> Result<String, ServiceError> {
    let odd = || ServiceError::OddPath(program.to_owned());
    let text = program.to_str().ok_or_else(odd)?;
    // systemd splits, expands and unquotes the line: only what it leaves alone may stand there.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if !program.is_absolute() || !text.chars().all(is_plain) {
        return Err(odd());
    }
    Ok(UNIT.replace(PROGRAM, text))
}

/// Says whether a unit is there, and refuses one that we have not written.
fn is_ours(path: &Path) -> Result<bool, ServiceError> {
    definition::is_ours(path, UNIT, |text| text.lines().next())
}

fn write(path: &Path, unit: &str) -> Result<(), ServiceError> {
    is_ours(path)?;
    definition::write(path, unit)
}

fn systemctl(args: &[&str]) -> Result<(), ServiceError> {
    let status = call(args)?;
    match status.success() {
        true => Ok(()),
        false => Err(ServiceError::Refused {
            command: format!("{SYSTEMCTL} {}", args.join(" ")),
            status,
        }),
    }
}

fn call(args: &[&str]) -> Result<ExitStatus, ServiceError> {
    let ran = Command::new(SYSTEMCTL)
        .args(args)
        .stdin(Stdio::null())
        .status();
    ran.map_err(|source| ServiceError::Run {
        program: SYSTEMCTL,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_starts_the_program_that_installs_it() {
        let unit = unit_for(Path::new("/opt/waxseal-1.0/bin/waxseal")).unwrap();
        assert!(unit.contains("\nExecStart=/opt/waxseal-1.0/bin/waxseal watch\n"));
        assert!(!unit.contains(PROGRAM));
        assert_eq!(unit_for(Path::new(PROGRAM)).unwrap(), UNIT);
    }

    #[test]
    fn a_path_that_systemd_would_read_otherwise_is_refused() {
        for path in [
            "/a b",
            "/a%n",
            "/a$X",
            "/a\"",
            "/a\\x20",
            "a",
            "/a\nUser=x",
            "/ä",
        ] {
            unit_for(Path::new(path)).unwrap_err();
        }
    }

    #[test]
    fn the_unit_of_a_package_counts_for_its_own_program_only() {
        let temp = tempfile::tempdir().unwrap();
        let (local, packaged) = (temp.path().join("local"), temp.path().join("packaged"));
        fs::create_dir(&local).unwrap();
        fs::create_dir(&packaged).unwrap();
        let dirs = [local.to_str().unwrap(), packaged.to_str().unwrap()];
        let find = |program: &str| packaged_for(Path::new(program), &dirs).unwrap();
        assert_eq!(find(PROGRAM), None);

        fs::write(packaged.join(NAME), UNIT).unwrap();
        assert_eq!(find(PROGRAM), Some(packaged.join(NAME)));
        assert_eq!(find("/usr/local/sbin/waxseal"), None);
        assert_eq!(find("/usr/bin/wax"), None);

        // The first of them is the one that systemd takes.
        let other = UNIT.replace(PROGRAM, "/usr/local/sbin/waxseal");
        fs::write(local.join(NAME), other).unwrap();
        assert_eq!(find(PROGRAM), None);
        assert_eq!(find("/usr/local/sbin/waxseal"), Some(local.join(NAME)));
    }

    #[test]
    fn a_unit_of_somebody_else_is_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join(NAME);
        assert!(!is_ours(&path).unwrap());
        write(&path, UNIT).unwrap();
        assert!(is_ours(&path).unwrap());
        write(&path, UNIT).unwrap();
        fs::write(&path, "[Unit]\n").unwrap();
        assert!(matches!(write(&path, UNIT), Err(ServiceError::Foreign(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "[Unit]\n");
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/null", &path).unwrap();
        assert!(matches!(write(&path, UNIT), Err(ServiceError::Foreign(_))));
    }
}
