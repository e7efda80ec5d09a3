//! The definitions of the command line fit together.

use clap::{Command, CommandFactory as _};

use super::args::Cli;

fn each_visible(command: &Command, check: &dyn Fn(&Command)) {
    check(command);
    let below = command
        .get_subcommands()
        .filter(|below| below.get_name() != "help");
    below.for_each(|below| each_visible(below, check));
}

#[test]
fn the_definitions_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_verb_has_examples() {
    each_visible(&Cli::command(), &|command| {
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(
            help.contains("Examples:"),
            "{} has no examples",
            command.get_name()
        );
    });
}

#[test]
fn every_option_is_described() {
    each_visible(&Cli::command(), &|command| {
        for argument in command.get_arguments() {
            let is_described = argument.get_help().is_some();
            assert!(
                is_described,
                "{}: {}",
                command.get_name(),
                argument.get_id()
            );
        }
    });
}
