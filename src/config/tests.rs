//! Every mistake by its message, the defaults, and writing the configuration back.

use std::path::Path;
use std::time::Duration;

use waxseal_hashers::{HashType, HashTypes};
use waxseal_platform::stat::Kind;

use super::*;
use crate::policy::{Accept, PathPattern};
use crate::state::sample;

#[cfg(unix)]
mod unix;

const MONITOR: &str = "[[monitor]]\nname = \"etc\"\npaths = [\"/etc\"]\n";

/// Returns a configuration with its paths as they are written here.
fn here(content: &str) -> String {
    content.replace("\"/", &format!("\"{}", sample::rooted("/")))
}

fn parse(content: &str) -> Config {
    Config::parse(&here(content), "waxseal.toml").unwrap_or_else(|error| panic!("{error}"))
}

/// Returns a state directory that no test has.
fn nowhere() -> PathBuf {
    sample::path("/nowhere")
}

fn refused(content: &str) -> String {
    Config::parse(&here(content), "waxseal.toml")
        .unwrap_err()
        .to_string()
}

#[test]
fn a_short_file_gets_every_default() {
    let config = parse(MONITOR);
    assert_eq!(config.settings, Settings::default());
    assert!(config.settings.scan_at_start);
    assert_eq!(config.settings.stdout, Some(StdoutForm::Text));
    let expected = MonitorSpec::new("etc", vec![PathPattern::literal(&sample::path("/etc"))]);
    assert_eq!(config.policy.monitors, [expected]);
    assert!(config.policy.monitors[0].recursive && config.warnings.is_empty());
}

#[test]
fn every_key_is_read() {
    let config = parse(
        r#"
        scan_at_start = false
        scan_rate_per_sec = "50 MiB"
        schedule = "every 6h"
        full_schedule = "0 4 1 * *"
        schedule_max_delay = "15m"
        poll_interval = "5m"
        backends = ["inotify", "poll"]
        [[monitor]]
        name = "all"
        paths = ["/usr/bin", "/home/*/.ssh"]
        recursive = false
        exclude_files = ["**/*.swp", "re:~$"]
        include_files = ["*.conf"]
        hash_types = ["xxh64", "sha256"]
        attributes = ["+all", "-atime"]
        accept = "auto"
        realtime = false
        tags = ["pci"]
        one_file_system = true
        max_file_size = 1024
        [output.stdout]
        format = "ndjson"
        [output.file]
        path = "/var/log/events.ndjson"
        rotate_size = "1 GiB"
        rotate_age = "7d"
        keep = 5
        "#,
    );
    let settings = &config.settings;
    assert_eq!(
        (settings.scan_at_start, settings.scan_rate_per_sec),
        (false, 50 << 20)
    );
    assert_eq!(settings.schedule, "every 6h".parse().ok());
    assert_eq!(settings.full_schedule, "0 4 1 * *".parse().ok());
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    assert_eq!(
        (settings.schedule_max_delay, settings.poll_interval),
        (minutes(15), minutes(5))
    );
    assert_eq!(settings.backends, [Backend::Inotify, Backend::Poll]);
    let file = FileOutput {
        path: sample::path("/var/log/events.ndjson"),
        rotate_size: 1 << 30,
        rotate_age: Some(minutes(7 * 24 * 60)),
        keep: 5,
    };
    assert_eq!(settings.file, Some(file));
    assert_eq!(settings.stdout, Some(StdoutForm::Ndjson));
    let monitor = &config.policy.monitors[0];
    assert_eq!(monitor.exclude_files, ["**/*.swp", "re:~$"]);
    assert_eq!(monitor.include_files, ["*.conf"]);
    assert_eq!(monitor.attributes, ["+all", "-atime"]);
    assert_eq!(monitor.accept, Accept::Auto);
    assert_eq!(monitor.tags, ["pci"]);
    assert_eq!(monitor.max_file_size, Some(1024));
    assert!(!monitor.recursive && !monitor.realtime && monitor.one_file_system);
    let types: HashTypes = [HashType::Sha256, HashType::Xxh64].into_iter().collect();
    assert_eq!(monitor.hash_types, types);
}

#[test]
fn zero_lifts_the_size_limit_and_a_file_alone_silences_stdout() {
    let config = parse(&format!(
        "{MONITOR}max_file_size = \"0\"\n[output.file]\npath = \"/log\"\n"
    ));
    assert_eq!(config.policy.monitors[0].max_file_size, None);
    assert_eq!(config.settings.stdout, None);
    let file = config.settings.file.unwrap();
    assert_eq!(
        (file.rotate_size, file.rotate_age, file.keep),
        (100 << 20, None, 10)
    );
}

#[test]
fn everything_is_read_again_weekly_unless_that_is_off() {
    let settings = |top: &str| parse(&format!("{top}{MONITOR}")).settings;
    let shown = |settings: Settings| settings.full_schedule.map(|one| one.to_string());
    assert_eq!(shown(settings("")).as_deref(), Some("30 2 * * 6"));
    let off = settings("full_schedule = \"off\"\nschedule = \"off\"\n");
    assert_eq!((off.schedule.clone(), shown(off)), (None, None));
}

#[test]
fn an_output_file_whose_growth_would_be_an_event_is_refused() {
    let output = "[output.file]\npath = \"/etc/log[1]/events\"\n";
    let message = refused(&format!("{MONITOR}{output}"));
    assert!(
        message.starts_with("waxseal.toml:5:8: monitor \"etc\" watches this file"),
        "{message}"
    );
    assert!(
        message.contains(&here("\"/etc/log[[]1[]]/events*\"")),
        "{message}"
    );
    for excluded in [
        "exclude_files = [\"/etc/log[[]1[]]/events*\"]",
        "attributes = [\"permissions\"]",
        "recursive = false",
    ] {
        parse(&format!("{MONITOR}{excluded}\n{output}"));
    }
}

/// A directory with `watched`, `state`, and a configuration that watches the first and writes its
/// events to a file.
struct Outputs {
    _temp: tempfile::TempDir,
    top: PathBuf,
}

impl Outputs {
    fn new() -> Outputs {
        let temp = tempfile::tempdir().unwrap();
        let top = place::real(temp.path()).unwrap();
        for dir in ["watched", "state"] {
            fs::create_dir(top.join(dir)).unwrap();
        }
        Outputs { _temp: temp, top }
    }

    /// Reads the configuration with this output.
    fn load(&self, output: &str) -> Result<Config, ConfigError> {
        let top = self.top.to_str().unwrap().replace('\\', "/");
        let text = format!(
            "[[monitor]]\nname = \"m\"\npaths = [\"{top}/watched\"]\n\
             [output.file]\npath = \"{top}/{output}\"\n"
        );
        let main = self.top.join("waxseal.toml");
        fs::write(&main, text).unwrap();
        Config::load(&main, &self.top.join("state"))
    }

    fn refused(&self, output: &str, reason: &str) {
        let message = self.load(output).unwrap_err().to_string();
        assert!(message.contains(reason), "{output}: {message}");
    }
}

#[test]
fn an_output_file_is_found_however_its_path_is_written() {
    let outputs = Outputs::new();
    outputs.load("elsewhere").unwrap();
    for (output, reason) in [
        ("watched/log", "watches this file"),
        ("other/../watched/log", "contains `..`"),
        ("state/baseline.db", "is in the state directory"),
        ("state/new", "is in the state directory"),
        ("state/../state/new", "contains `..`"),
    ] {
        outputs.refused(output, reason);
    }
    if place::IGNORES_CASE {
        outputs.refused("WATCHED/log", "watches this file");
        outputs.refused("STATE/log", "is in the state directory");
    }
}

#[test]
fn each_mistake_is_told_with_its_place_and_the_next_step() {
    // What is added to a good monitor, where the mistake is, and two parts of the message.
    let absolute = format!("paths = [\"{}\"]", place::EXAMPLE);
    let table = [
        (
            "exclude = []",
            "4:1",
            "unknown key \"exclude\" in [[monitor]]",
            "exclude_files",
        ),
        (
            "exclude_files = [\"a\", \"b[\"]",
            "4:23",
            "bad glob \"b[\"",
            "unclosed",
        ),
        (
            "exclude_files = [\"re:(\"]",
            "4:18",
            "bad regex \"re:(\"",
            "unclosed group",
        ),
        (
            "include_files = [\"x/\"]",
            "4:18",
            "\"x/\" ends in a slash",
            "leave it out",
        ),
        (
            "exclude_files = \"*.swp\"",
            "4:17",
            "exclude_files is text",
            "[\"a\", \"b\"]",
        ),
        (
            "exclude_files = [1]",
            "4:18",
            "exclude_files is a number",
            "[\"a\", \"b\"]",
        ),
        (
            "max_file_size = \"1 lot\"",
            "4:17",
            "bad size \"1 lot\"",
            "\"100 MiB\"",
        ),
        ("max_file_size = -1", "4:17", "bad size \"-1\"", "MiB"),
        (
            "max_file_size = true",
            "4:17",
            "max_file_size is true or false",
            "\"100 MiB\"",
        ),
        ("hash_types = [\"SHA256\"]", "4:15", "\"SHA256\"", "sha256"),
        (
            "attributes = [\"sha1\"]",
            "4:15",
            "unknown attribute \"sha1\"",
            "mode, uid, gid",
        ),
        (
            "attributes = []",
            "4:14",
            "list of attributes is empty",
            "leave it out",
        ),
        (
            "attributes = [\"mode\", \"-mode\"]",
            "4:14",
            "no attribute is left",
            "name those",
        ),
        (
            "recursive = \"yes\"",
            "4:13",
            "recursive is text",
            "true or false",
        ),
        (
            "accept = \"never\"",
            "4:10",
            "unknown accept \"never\"",
            "\"manual\"",
        ),
        ("accept = 1", "4:10", "accept is a number", "text in quotes"),
        ("tags = [\"a\\nb\"]", "4:9", "bad tag", "printable"),
        ("paths = [\"/x\"]", "4:1", "not TOML: duplicate key", ""),
        (
            "[[monitor]]\npaths = [\"/x\"]",
            "4:1",
            "monitor without name",
            "name = ",
        ),
        (
            "[[monitor]]\nname = \" \"\npaths = [\"/x\"]",
            "5:8",
            "bad name",
            "printable",
        ),
        (
            "[[monitor]]\nname = \"x\"",
            "4:1",
            "monitor without paths",
            &absolute,
        ),
        (
            "[[monitor]]\nname = \"x\"\npaths = []",
            "6:9",
            "paths is empty",
            "absolute path",
        ),
        (
            "[[monitor]]\nname = \"x\"\npaths = [\"etc\"]",
            "6:10",
            "relative path",
            "from the root",
        ),
        (
            "[[monitor]]\nname = \"x\"\npaths = [\"~/x\"]",
            "6:10",
            "starts with ~",
            "/home/*/.ssh",
        ),
        (
            "[[monitor]]\nname = \"x\"\npaths = [\"/a/**\"]",
            "6:10",
            "ends in `**`",
            "recursive",
        ),
        (
            "[[monitor]]\nname = \"etc\"\npaths = [\"/x\"]",
            "5:8",
            "taken by",
            "waxseal.toml:2",
        ),
        (
            "[output.kafka]",
            "4:9",
            "unknown key \"kafka\" in [output.",
            "use stdout, file",
        ),
        (
            "[output.stdout]\nx = 1",
            "5:1",
            "unknown key \"x\"",
            "use format",
        ),
        (
            "[output.stdout]\nformat = \"json\"",
            "5:10",
            "unknown format \"json\"",
            "\"ndjson\"",
        ),
        (
            "[output.file]\nsize = 1",
            "4:1",
            "[output.file] without a path",
            "use path, rotate_size, rotate_age, keep",
        ),
        (
            "[output.file]\npath = \"/x\"\nkeep = 0",
            "6:8",
            "bad keep",
            "from 1 to 1000",
        ),
        (
            "[output.file]\npath = \"/x\"\nkeep = -99999999999",
            "6:8",
            "bad keep",
            "from 1 to 1000",
        ),
        (
            "[output.file]\npath = \"/x\"\nkeep = \"all\"",
            "6:8",
            "keep is text",
            "from 1 to 1000",
        ),
        (
            "[output.file]\npath = \"/x\"\nrotate_size = \"big\"",
            "6:15",
            "bad size \"big\"",
            "\"100 MiB\"",
        ),
        (
            "[output.file]\npath = \"/x\"\nrotate_age = \"1w\"",
            "6:14",
            "bad duration \"1w\"",
            "\"7d\"",
        ),
        (
            "[output.file]\npath = \"/var/log/\"",
            "5:8",
            "is a directory",
            place::EXAMPLE_LOG,
        ),
        (
            "[output.file]",
            "4:1",
            "[output.file] without a path",
            place::EXAMPLE_LOG,
        ),
        (
            "[output.file]\npath = \"x\"",
            "5:8",
            "relative path",
            place::EXAMPLE_LOG,
        ),
        (
            "[output]\nfile = \"/x\"",
            "5:8",
            "file is text",
            "[output.file]",
        ),
        ("what is this", "4:6", "not TOML", ""),
    ];
    for (added, place, what, next) in table {
        let message = refused(&format!("{MONITOR}{added}\n"));
        let start = format!("waxseal.toml:{place}: ");
        assert!(message.starts_with(&start), "{added}: {message}");
        assert!(
            message.contains(what) && message.contains(next),
            "{added}: {message}"
        );
    }
}

#[test]
fn settings_at_the_top_are_checked_too() {
    let table = [
        (
            "scan_rate = \"1 MiB\"",
            "unknown key \"scan_rate\" in the file",
            "scan_rate_per_sec",
        ),
        ("scan_rate_per_sec = \"fast\"", "bad size \"fast\"", "MiB"),
        (
            "schedule = \"at night\"",
            "bad schedule \"at night\"",
            "daily at 02:30",
        ),
        (
            "full_schedule = \"weekly\"",
            "bad schedule \"weekly\"",
            "\"off\"",
        ),
        (
            "schedule_max_delay = \"a bit\"",
            "bad duration \"a bit\"",
            "\"60s\"",
        ),
        (
            "poll_interval = 60",
            "poll_interval is a number",
            "text in quotes",
        ),
        ("poll_interval = \"0\"", "poll_interval is zero", "\"1s\""),
        (
            "backends = [\"inotify\", \"kqueue\"]",
            "unknown backend \"kqueue\"",
            "\"fanotify\", \"inotify\", ",
        ),
        ("backends = []", "backends is empty", "[\"poll\"]"),
        (
            "backends = [\"poll\", \"inotify\"]",
            "\"inotify\" would never be tried",
            "\"poll\" at the end",
        ),
        (
            "backends = [\"poll\", \"poll\"]",
            "\"poll\" stands twice in backends",
            "remove the second",
        ),
        (
            "scan_at_start = 1",
            "scan_at_start is a number",
            "true or false",
        ),
        ("output = 1", "output is a number", "[output.stdout]"),
        (
            "[monitor]\nname = \"x\"",
            "monitor is a table",
            "two brackets",
        ),
        ("", "nothing is monitored", "[[monitor]]"),
    ];
    for (content, what, next) in table {
        let message = refused(content);
        assert!(
            message.starts_with("waxseal.toml:1:"),
            "{content}: {message}"
        );
        assert!(
            message.contains(what) && message.contains(next),
            "{content}: {message}"
        );
    }
}

#[test]
fn all_mistakes_are_told_at_once_with_their_lines() {
    let content = "schedule = \"never\"\n[[monitor]]\nname = \"a\"\npaths = [\"b\"]\n\
                   hash_types = [\"sha257\"]\ncolour = 3\n";
    let Err(ConfigError::Invalid { problems }) = Config::parse(content, "f") else {
        panic!()
    };
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 4, 5, 6]);
    let shown = problems[2].to_string();
    assert!(
        shown.contains("\n    5 | hash_types = [\"sha257\"]\n"),
        "{shown}"
    );
    assert!(shown.ends_with("      |               ^^^^^^^^"), "{shown}");
}

#[test]
fn what_is_allowed_and_unwise_is_a_warning() {
    let table = [
        ("hash_types = [\"md5\", \"xxh64\"]", "tamper evident"),
        ("hash_types = []", "goes unnoticed"),
        ("exclude_files = [\"etc\"]", "excludes this path itself"),
    ];
    for (added, expected) in table {
        let warnings = parse(&format!("{MONITOR}{added}\n")).warnings;
        assert_eq!(warnings.len(), 1, "{added}");
        assert!(warnings[0].message.contains(expected), "{}", warnings[0]);
    }
    assert!(
        parse(&format!("{MONITOR}hash_types = [\"md5\", \"sha256\"]\n"))
            .warnings
            .is_empty()
    );
}

#[test]
fn the_shown_configuration_reads_back_the_same() {
    let odd = "[[monitor]]\nname = \"o\\\"dd\"\npaths = [\"/a[[]1]\", \"/h/*\"]\n\
               max_file_size = \"10kb\"\nexclude_files = ['re:\\.(a|b)$']\n";
    let all = format!(
        "schedule = \"off\"\nfull_schedule = \"off\"\nschedule_max_delay = \"90s\"\n\
         poll_interval = \"1h\"\nbackends = [\"poll\"]\n{MONITOR}[output.stdout]\nformat = \"ndjson\"\n\
         [output.file]\npath = \"/v/\\\"e\\\"\"\nrotate_size = 0\nrotate_age = \"36h\"\nkeep = 0x10\n"
    );
    let defaults = ["linux", "macos"].map(default_toml);
    for content in [MONITOR, odd, &all].into_iter().chain(defaults) {
        let config = parse(content);
        let shown = config.to_toml();
        let again = parse(&shown);
        assert_eq!(again.policy, config.policy, "{shown}");
        assert_eq!(again.settings, config.settings, "{shown}");
    }
}

#[test]
fn paths_that_only_look_like_globs_are_shown_escaped() {
    let mut config = parse(MONITOR);
    config.policy.monitors[0]
        .paths
        .push(PathPattern::literal(&sample::path("/a[1].txt")));
    let policy = Policy::compile(&parse(&config.to_toml()).policy).unwrap();
    let watched = |path| {
        policy
            .decide(&sample::path(path), Kind::File)
            .watched()
            .is_some()
    };
    assert!(watched("/a[1].txt") && !watched("/a1.txt"));
}

#[test]
fn drop_in_files_add_monitors_in_order_of_name() {
    let temp = tempfile::tempdir().unwrap();
    let main = temp.path().join("waxseal.toml");
    let drop_ins = temp.path().join("waxseal.d");
    let write = |name: &str, content: &str| {
        fs::write(drop_ins.join(name), here(content)).unwrap();
    };
    fs::write(&main, here(MONITOR)).unwrap();
    assert_eq!(
        Config::load(&main, &nowhere())
            .unwrap()
            .policy
            .monitors
            .len(),
        1
    );

    fs::create_dir(&drop_ins).unwrap();
    write("20.toml", "[[monitor]]\nname = \"b\"\npaths = [\"/b\"]\n");
    write("10.toml", "[[monitor]]\nname = \"a\"\npaths = [\"/a\"]\n");
    write("10.toml.old", "not read");
    let config = Config::load(&main, &nowhere()).unwrap();
    let names: Vec<&str> = config
        .policy
        .monitors
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["etc", "a", "b"]);

    write(
        "30.toml",
        "schedule = \"every 6h\"\n[[monitor]]\nname = \"a\"\npaths = [\"/x\"]\n",
    );
    let message = Config::load(&main, &nowhere()).unwrap_err().to_string();
    assert!(
        message.contains("30.toml:1:1: unknown key \"schedule\" in a drop-in"),
        "{message}"
    );
    assert!(message.contains("10.toml:2: rename one"), "{message}");
}

#[test]
fn a_file_that_cannot_be_read_is_told_apart_from_a_missing_one() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("waxseal.toml");
    let message = Config::load(&path, &nowhere()).unwrap_err().to_string();
    assert!(message.contains("waxseal init"), "{message}");
    fs::write(&path, b"name = \"\xff\"").unwrap();
    let message = Config::load(&path, &nowhere()).unwrap_err().to_string();
    assert!(
        message.starts_with("cannot read") && message.contains("UTF-8"),
        "{message}"
    );
}

#[test]
fn a_file_in_utf_16_is_called_that_and_a_mark_of_utf_8_is_none_of_it() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("waxseal.toml");
    let load = |bytes: Vec<u8>| {
        fs::write(&path, bytes).unwrap();
        Config::load(&path, &nowhere()).map_err(|error| error.to_string())
    };
    let text = here(MONITOR);
    let marked = format!("\u{feff}{text}");
    for text in [&text, &marked] {
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            let error = load(text.encode_utf16().flat_map(order).collect()).unwrap_err();
            assert!(
                error.ends_with("waxseal.toml: this is UTF-16: save it as UTF-8"),
                "{error}"
            );
        }
        assert_eq!(load(text.clone().into_bytes()), Ok(parse(MONITOR)));
    }
    let zeros = load(vec![0; 9]).unwrap_err();
    assert!(!zeros.contains("UTF-16"), "{zeros}");
}

#[test]
fn a_backslash_that_begins_an_escape_is_explained() {
    let next = "in double quotes a backslash begins an escape: use single quotes, or / in a path";
    let refused = |path: &str| {
        let content = format!("[[monitor]]\nname = \"x\"\npaths = [{path}]\n");
        Config::parse(&content, "f").unwrap_err().to_string()
    };
    for path in [
        r#""C:\t""#,
        r#""C:\new""#,
        r#""C:\Users""#,
        r#""C:\data""#,
        r#""C:\x""#,
    ] {
        let message = refused(path);
        assert!(message.contains(next), "{path}: {message}");
    }
    let message = refused("\"relative\"");
    assert!(!message.contains(next), "{message}");
    // A name may hold a tab where no backslash separates names.
    let config = parse("[[monitor]]\nname = \"x\"\npaths = [\"/a\"]\nexclude_files = [\"a\\tb\"]");
    let warned = config
        .warnings
        .iter()
        .filter(|one| one.message.ends_with(next));
    let expected = usize::from(std::path::is_separator('\\'));
    assert_eq!(warned.count(), expected, "{:?}", config.warnings);
}

#[test]
fn the_defaults_are_free_of_mistakes() {
    for os_name in ["linux", "macos"] {
        let config = parse(default_toml(os_name));
        assert!(
            config.warnings.is_empty(),
            "{os_name}: {:?}",
            config.warnings
        );
    }
    // Read on another system, its paths are relative and all else must be right.
    if let Err(ConfigError::Invalid { problems }) = Config::parse(default_toml("windows"), "w") {
        let others = problems
            .iter()
            .find(|problem| !problem.message.contains("relative path"));
        assert_eq!(others, None);
    }
}

/// Checks by which monitor of a default files are watched.
#[track_caller]
fn assert_decides(os_name: &str, table: &[(&str, Option<&str>)]) {
    let policy = Policy::compile(&parse(default_toml(os_name)).policy).unwrap();
    for (path, expected) in table {
        let rule = policy.decide(&sample::path(path), Kind::File).watched();
        assert_eq!(rule.map(|rule| rule.name.as_str()), *expected, "{path}");
    }
}

#[test]
fn the_macos_default_knows_what_starts_programs() {
    let table = [
        ("/usr/local/bin/tool", Some("programs")),
        ("/usr/local/bin/.DS_Store", None),
        ("/usr/local/bin/waxseal", Some("waxseal")),
        ("/etc/hosts", Some("network and trust")),
        ("/etc/ntp.conf", Some("configuration")),
        ("/etc/sudoers", Some("accounts and access")),
        ("/etc/pam.d/sudo", Some("accounts and access")),
        ("/etc/zshrc_Apple_Terminal", Some("login scripts")),
        ("/Library/LaunchDaemons/x.plist", Some("launchd")),
        ("/Library/LaunchDaemons/waxseal.plist", Some("waxseal")),
        ("/Users/eve/Library/LaunchAgents/x.plist", Some("launchd")),
        ("/Users/eve/Library/Caches/x", None),
        ("/private/var/at/tabs/eve", Some("scheduled and triggered")),
        (
            "/Library/Security/SecurityAgentPlugins/x.bundle",
            Some("extensions and plug-ins"),
        ),
        ("/Users/eve/.ssh/authorized_keys", Some("ssh keys")),
        ("/Users/eve/.ssh/known_hosts", None),
        (
            "/Users/eve/Library/Application Support/com.apple.TCC/TCC.db",
            Some("privacy permissions"),
        ),
        ("/Users/eve/.zshenv", Some("login scripts")),
        ("/System/Library/LaunchDaemons/x.plist", None),
    ];
    assert_decides("macos", &table);
}

#[test]
fn the_linux_default_knows_what_starts_programs() {
    let table = [
        ("/usr/bin/ls", Some("system programs")),
        (
            "/usr/lib/x86_64-linux-gnu/libc.so.6",
            Some("system libraries"),
        ),
        (
            "/usr/lib/x86_64-linux-gnu/security/pam_unix.so",
            Some("accounts and access"),
        ),
        (
            "/usr/lib/modules/6.1/kernel/a.ko",
            Some("kernel and loader"),
        ),
        ("/usr/lib/python3/a/__pycache__/b.pyc", None),
        ("/etc/hosts", Some("configuration")),
        ("/etc/hosts.swp", None),
        ("/etc/resolv.conf", Some("rewritten configuration")),
        ("/etc/cron.d/x.swp", Some("scheduled jobs")),
        ("/etc/crontab", Some("scheduled jobs")),
        ("/etc/systemd/system/x.service", Some("services")),
        ("/etc/rc3.d/S01x", Some("services")),
        ("/etc/ld.so.preload", Some("kernel and loader")),
        ("/etc/sudoers.d/x~", Some("accounts and access")),
        ("/etc/udev/rules.d/x.rules", Some("kernel and loader")),
        ("/etc/profile.d/x.sh", Some("login scripts")),
        ("/home/u/.bashrc", Some("login scripts")),
        ("/home/u/.ssh/authorized_keys", Some("ssh keys")),
        ("/home/u/.ssh/known_hosts", None),
        ("/home/u/.config/autostart/x.desktop", Some("login scripts")),
        ("/home/u/notes", None),
        ("/etc/apt/apt.conf.d/99x", Some("package managers")),
        ("/var/lib/dpkg/info/a.postinst", Some("package scripts")),
        ("/var/lib/dpkg/info/a.list", None),
        ("/boot/grub/grubenv", None),
        ("/boot/vmlinuz", Some("boot")),
    ];
    assert_decides("linux", &table);
}

#[test]
fn the_linux_default_finds_this_machine() {
    if waxseal_platform::host::os_name() != "linux" {
        return;
    }
    let spec = parse(default_toml("linux")).policy.resolved();
    let policy = Policy::compile(&spec).unwrap();
    let roots = policy.roots();
    let existing = |path: &str| {
        roots
            .iter()
            .any(|one| one.path == Path::new(path) && one.exists)
    };
    assert!(existing("/etc") && existing("/usr/bin"));
    let mut paths: Vec<_> = roots.iter().map(|root| &root.path).collect();
    paths.dedup();
    assert_eq!(paths.len(), roots.len(), "no root is listed twice");
}
