//! The command line: help, exit statuses, forms of output, and each verb once around.

mod configuration;
mod hash;
mod reading;
#[cfg(unix)]
mod unix;
mod usage;
mod verbs;

use crate::util::Sandbox;

const VERBS: [&str; 9] = [
    "init", "scan", "check", "accept", "log", "status", "explain", "hash", "config",
];

fn three_files() -> Sandbox {
    Sandbox::with(&[("a", "one"), ("dir/b", "two"), ("dir/c", "three")])
}
