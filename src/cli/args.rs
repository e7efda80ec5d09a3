//! The command line as typed: what exists, how it is called, and its help.
//!
//! Shell completions and manual pages are made from these definitions. The arguments of a
//! subcommand stand in its own file; nothing here looks at the file system.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::{
    accept, check, completions, config, explain, hash, init, log, man, scan, service, watch,
};

/// Everything that can be typed.
#[derive(Debug, Parser)]
#[command(
    name = "waxseal",
    version,
    about = "File integrity monitor: remembers approved files, reports every later change",
    after_help = "\
Examples:
  waxseal scan /etc                     take a baseline of /etc, or report what changed since
  waxseal check                         compare with the approved baseline, write nothing
  waxseal accept --all --reason 'June updates'
  waxseal init                          write a configuration and take the first baseline

Exit status:
  0  nothing differs, or a baseline was taken
  1  differences were found
  2  the command line or the configuration is wrong
  3  no difference was found, but not everything could be looked at
  4  something failed
  5  the store failed its integrity check"
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every subcommand takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(super) struct Globals {
    /// Configuration file
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Directory of the baseline and the journal
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Form of the report
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t = Form::Text)]
    pub format: Form,
    /// When to use colours; NO_COLOR is respected
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub color: When,
    /// Show details: whole digests, event ids, every path that could not be looked at
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Show differences and errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Threads to use [default: one for each core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// Lines for people
    Text,
    /// One JSON object
    Json,
    /// One JSON document a line
    Ndjson,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a commented configuration for this system and take the first baseline
    Init(init::InitArgs),
    /// Look at everything in the policy, record and report what is new
    Scan(scan::ScanArgs),
    /// Compare with the approved baseline; read only, write nothing
    Check(check::CheckArgs),
    /// Watch everything in the policy, journal and print changes as they happen
    Watch(watch::WatchArgs),
    /// Approve what a scan has seen
    Accept(accept::AcceptArgs),
    /// Show the journal
    Log(log::LogArgs),
    /// Show the state of the baseline and of the last scan
    #[command(after_help = "\
Examples:
  waxseal status
  waxseal status --format json | jq .open")]
    Status,
    /// Say which rule watches a path, and what is remembered of it
    Explain(explain::ExplainArgs),
    /// Compute digests of files
    Hash(hash::HashArgs),
    /// Check or show the configuration
    Config(config::ConfigArgs),
    /// Install, start, stop or remove the watch as a service of this system
    Service(service::ServiceArgs),
    /// Print the completions of a shell
    #[command(hide = true)]
    Completions(completions::CompletionsArgs),
    /// Print the manual page, or write all of them to a directory
    #[command(hide = true)]
    Man(man::ManArgs),
}

impl Command {
    /// Says whether exit statuses are to be those of AIDE.
    pub(super) fn uses_aide_codes(&self) -> bool {
        matches!(self, Command::Check(args) if args.uses_aide_codes())
    }
}
