//! What launchd is told and what it says: the property list of the service, and the answer of
//! `launchctl print`. Pure, so that it is tested on every system.

use std::path::Path;

use super::ServiceError;

/// The property list as packages install it.
const PLIST: &str = include_str!("../../../packaging/launchd/waxseal.plist");

/// The program of that property list.
const PROGRAM: &str = "/usr/local/bin/waxseal";

/// The name of the service.
pub(super) const LABEL: &str = "waxseal";

/// Where it writes what it says; the property list has the path, too.
pub(super) const LOG: &str = "/var/log/waxseal.log";

/// What launchd says of a service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Printed {
    /// The lines that are about this run of it.
    pub(super) lines: Vec<String>,
    /// Whether it runs.
    pub(super) is_running: bool,
}

/// Returns the property list of a program.
pub(super) fn plist_for(program: &Path) -> Result<String, ServiceError> {
    let odd = || ServiceError::OddPath(program.to_owned());
    let text = program.to_str().ok_or_else(odd)?;
    // XML has no way to write control characters.
    if !program.is_absolute() || text.chars().any(|c| c.is_control() || c >= '\u{fffe}') {
        return Err(odd());
    }
    Ok(PLIST.replace(PROGRAM, &escaped(text)))
}

/// Returns the line of a property list that shows who wrote it.
pub(super) fn mark(plist: &str) -> Option<&str> {
    plist.lines().nth(1)
}

/// Reads what `launchctl print` says of one service.
pub(super) fn read_printed(text: &str) -> Printed {
    const KEYS: [&str; 6] = ["path", "state", "program", "runs", "pid", "last exit code"];
    let mut lines = Vec::new();
    let mut is_running = false;
    for line in text.lines() {
        // What is deeper is about parts of it, such as its sockets, which have a state as well.
        let Some((key, value)) = line
            .strip_prefix('\t')
            .filter(|line| !line.starts_with('\t'))
            .and_then(|line| line.split_once(" = "))
        else {
            continue;
        };
        if KEYS.contains(&key) {
            lines.push(format!("{key} = {value}"));
        }
        is_running |= key == "state" && value == "running";
    }
    Printed { lines, is_running }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use plist::{Dictionary, Value};

    use super::*;

    fn parsed(program: &str) -> Dictionary {
        let text = plist_for(Path::new(program)).unwrap();
        let value = Value::from_reader(Cursor::new(text)).unwrap();
        value.into_dictionary().unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn the_property_list_starts_the_program_that_installs_it() {
        for program in [
            PROGRAM,
            "/opt/waxseal 1.0/bin/waxseal",
            "/a&b<c>\"d'/é/waxseal",
        ] {
            let plist = parsed(program);
            let arguments = plist.get("ProgramArguments").unwrap().as_array().unwrap();
            let arguments: Vec<_> = arguments.iter().filter_map(Value::as_string).collect();
            assert_eq!(arguments, [program, "watch"]);
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_property_list_says_what_this_module_knows_of_it() {
        let plist = parsed("/opt/waxseal");
        assert_eq!(plist.get("Label").unwrap().as_string(), Some(LABEL));
        for output in ["StandardOutPath", "StandardErrorPath"] {
            assert_eq!(plist.get(output).unwrap().as_string(), Some(LOG));
        }
        let umask = plist.get("Umask").unwrap().as_signed_integer();
        assert_eq!(umask, Some(0o077));
        assert_eq!(PLIST.matches(PROGRAM).count(), 1);
        assert!(mark(PLIST).unwrap().contains("service of launchd"));
    }

    #[test]
    fn a_path_that_xml_cannot_hold_is_refused() {
        for path in ["waxseal", "/a\nb", "/a\u{1}", "/\u{ffff}"] {
            plist_for(Path::new(path)).unwrap_err();
        }
    }

    #[test]
    fn what_launchctl_prints_is_read() {
        let running = "system/waxseal = {\n\tactive count = 1\n\tpath = /Library/LaunchDaemons/waxseal.plist\n\
            \ttype = LaunchDaemon\n\tstate = running\n\n\tprogram = /usr/local/bin/waxseal\n\targuments = {\n\
            \t\t/usr/local/bin/waxseal\n\t\twatch\n\t}\n\truns = 1\n\tpid = 412\n\tlast exit code = (never exited)\n\
            \tendpoints = {\n\t\tx = {\n\t\t\tstate = inactive\n\t\t}\n\t}\n}\n";
        let printed = read_printed(running);
        assert!(printed.is_running);
        assert_eq!(
            printed.lines,
            [
                "path = /Library/LaunchDaemons/waxseal.plist",
                "state = running",
                "program = /usr/local/bin/waxseal",
                "runs = 1",
                "pid = 412",
                "last exit code = (never exited)",
            ]
        );
        let waiting = running.replace("\tstate = running", "\tstate = not running");
        assert!(!read_printed(&waiting).is_running);
        let parts = "x = {\n\t\tstate = running\n}\n";
        assert!(!read_printed(parts).is_running);
        assert!(!read_printed("").is_running);
    }
}
