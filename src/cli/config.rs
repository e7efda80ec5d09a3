//! `waxseal config`: is the configuration right, and what does it come to?

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit_code::{ExitCode, usage};
use super::settings::{Loaded, Settings};
use crate::event::path_text;
use crate::policy::Policy;
use crate::report::count;
use crate::state::escape;

/// Arguments of `waxseal config`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  waxseal config check
  waxseal config check ./waxseal.toml
  waxseal config show")]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

/// The subcommands of `waxseal config`.
#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check a configuration file and say what it watches
    #[command(after_help = "\
Examples:
  waxseal config check
  waxseal config check /tmp/new.toml && mv /tmp/new.toml /etc/waxseal/waxseal.toml")]
    Check {
        /// The file; the one in use unless given
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Print the configuration in use with every default filled in
    #[command(after_help = "\
Examples:
  waxseal config show
  waxseal --config ./waxseal.toml config show")]
    Show,
}

/// Runs `waxseal config`.
pub(super) fn run(args: &ConfigArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    match &args.command {
        ConfigCommand::Check { file: Some(file) } => check(&settings.load(file)?, settings),
        ConfigCommand::Check { file: None } => check(&in_use(settings)?, settings),
        ConfigCommand::Show => {
            let text = in_use(settings)?.config.to_toml();
            let object = json!({ "toml": text });
            settings.print(&[text.trim_end().to_owned()], &object)?;
            Ok(ExitCode::Clean)
        }
    }
}

fn in_use(settings: &Settings) -> anyhow::Result<Loaded> {
    settings.config()?.ok_or_else(|| match settings.config_path() {
        Ok(path) => usage(format!(
            "there is no configuration at {}: write one with `waxseal init`, or name one with --config",
            escape::path(&path)
        )),
        Err(error) => error,
    })
}

fn check(loaded: &Loaded, settings: &Settings) -> anyhow::Result<ExitCode> {
    let spec = loaded.config.policy.resolved();
    let policy = Policy::compile(&spec)?;
    let roots = policy.roots();
    let mut lines = Vec::new();
    let mut monitors = Vec::new();
    for (index, rule) in policy.rules().iter().enumerate() {
        let own = roots.iter().filter(|root| root.rule == index);
        let (found, missing): (Vec<_>, Vec<_>) = own.partition(|root| root.exists);
        let name = escape::bytes(rule.name.as_bytes());
        lines.push(format!(
            "monitor {name}: {}",
            count(found.len() as u64, "path")
        ));
        let show = |path: &Path, note: &str| format!("  {}{note}", escape::path(path));
        lines.extend(found.iter().map(|root| show(&root.path, "")));
        lines.extend(
            missing
                .iter()
                .map(|root| show(&root.path, ", which does not exist now")),
        );
        monitors.push(json!({
            "name": rule.name,
            "paths": found.iter().map(|root| path_text(&root.path)).collect::<Vec<_>>(),
            "missing": missing.iter().map(|root| path_text(&root.path)).collect::<Vec<_>>(),
        }));
    }
    lines.push(format!("{} is valid", escape::path(&loaded.path)));
    let warnings: Vec<String> = loaded
        .config
        .warnings
        .iter()
        .map(ToString::to_string)
        .collect();
    let object = json!({
        "valid": true,
        "file": path_text(&loaded.path),
        "monitors": monitors,
        "warnings": warnings,
    });
    settings.print(&lines, &object)?;
    Ok(ExitCode::Clean)
}
