//! A directory that no monitor may look into: [`PolicySpec::leave_out`].
//!
//! The program's own state directory changes with every scan, and reading its files beside SQLite
//! would break SQLite's locks.

use std::path::{MAIN_SEPARATOR_STR, Path};

use waxseal_platform::bytes::path_to_bytes;

use super::path_pattern::PathPattern;
use super::spec::PolicySpec;

impl PolicySpec {
    /// Excludes a directory and all below it wherever a monitor may reach it.
    ///
    /// Only there: a monitor without patterns costs nothing per path.
    pub fn leave_out(&mut self, dir: &Path) {
        let pattern = at_or_below(dir);
        let reaches = |path: &PathPattern| {
            let fixed = path.fixed_part();
            dir.starts_with(&fixed) || fixed.starts_with(dir)
        };
        for monitor in &mut self.monitors {
            let is_known = monitor.exclude_files.contains(&pattern);
            if !is_known && monitor.paths.iter().any(reaches) {
                monitor.exclude_files.push(pattern.clone());
            }
        }
    }
}

/// Returns the pattern that matches exactly this path and everything below it.
fn at_or_below(dir: &Path) -> String {
    let literal = match dir.to_str() {
        Some(text) => regex::escape(text),
        None => {
            let bytes = path_to_bytes(dir).iter();
            format!(
                "(?-u:{})",
                bytes
                    .map(|byte| format!("\\x{byte:02x}"))
                    .collect::<String>()
            )
        }
    };
    format!("re:^{literal}(?:{}|$)", regex::escape(MAIN_SEPARATOR_STR))
}
