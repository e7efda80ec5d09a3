//! Services of systemd: a unit file, and `systemctl`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::{ServiceError, definition};

/// The unit as packages install it.
const UNIT: &str = include_str!("../../../packaging/systemd/waxseal.service");

/// The program of that unit.
const PROGRAM: &str = "/usr/bin/waxseal";

/// Its name.
const NAME: &str = "waxseal.service";

/// Where units of the administrator are.
const UNITS: &str = "/etc/systemd/system";

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
    let unit = unit_for(program)?;
    let path = Path::new(UNITS).join(NAME);
    write(&path, &unit)?;
    systemctl(&["daemon-reload"])?;
    systemctl(&["enable", NAME])?;
    Ok(path)
}

pub(super) fn uninstall() -> Result<PathBuf, ServiceError> {
    is_running()?;
    let path = Path::new(UNITS).join(NAME);
    if !is_ours(&path)? {
        return Err(ServiceError::NotInstalled);
    }
    systemctl(&["disable", "--now", NAME])?;
    definition::remove(&path)?;
    systemctl(&["daemon-reload"])?;
    Ok(path)
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
    use std::fs;

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
