//! What a run came to, as the status the process exits with: [`ExitCode`].

use std::fmt;

use crate::approval::ApprovalError;
use crate::baseline::BaselineError;
use crate::config::ConfigError;
use crate::engine::EngineError;
use crate::policy::PolicyError;
use crate::scan::{ScanError, Summary};

/// The status of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExitCode {
    /// Nothing differs, or a baseline was taken.
    Clean,
    /// Differences were found.
    Differences,
    /// The command line or the configuration is wrong.
    Usage,
    /// No difference was found, but not everything could be looked at.
    Incomplete,
    /// Something failed.
    Failure,
    /// The store failed its integrity check.
    Damaged,
    /// A status in AIDE's numbers.
    Aide(u8),
    /// That of a run that has ended already.
    Ended(u8),
}

/// A mistake on the command line that its definitions cannot express.
#[derive(Debug)]
pub(super) struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Returns an error that exits with the status for wrong usage.
pub(super) fn usage(message: impl Into<String>) -> anyhow::Error {
    UsageError(message.into()).into()
}

impl ExitCode {
    /// Returns the status that a failed run exits with.
    pub(super) fn of(error: &anyhow::Error) -> ExitCode {
        error.chain().find_map(code_of).unwrap_or(ExitCode::Failure)
    }

    /// Returns the status of a finished scan or check.
    pub(super) fn of_summary(summary: &Summary) -> ExitCode {
        match (summary.open, summary.blind) {
            (0, 0) => ExitCode::Clean,
            (0, _) => ExitCode::Incomplete,
            _ => ExitCode::Differences,
        }
    }

    /// Returns the status in AIDE's numbers, where 1 to 7 are a mask of differences.
    pub(super) fn as_aide(self) -> ExitCode {
        ExitCode::Aide(match self {
            ExitCode::Clean => 0,
            // The mask says which; without it all that is known is that something changed.
            ExitCode::Differences => 4,
            // "invalid argument error", the nearest to ours.
            ExitCode::Usage => 15,
            // "IO error": AIDE has none for what could not be looked at.
            ExitCode::Incomplete | ExitCode::Failure | ExitCode::Damaged => 18,
            ExitCode::Aide(code) | ExitCode::Ended(code) => code,
        })
    }

    /// Returns the number of the status.
    pub(super) fn number(self) -> u8 {
        match self {
            ExitCode::Clean => 0,
            ExitCode::Differences => 1,
            ExitCode::Usage => 2,
            ExitCode::Incomplete => 3,
            ExitCode::Failure => 4,
            ExitCode::Damaged => 5,
            ExitCode::Aide(code) | ExitCode::Ended(code) => code,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> std::process::ExitCode {
        std::process::ExitCode::from(code.number())
    }
}

/// Returns the status that goes with one error of a chain.
fn code_of(error: &(dyn std::error::Error + 'static)) -> Option<ExitCode> {
    if error.is::<UsageError>() || error.is::<ConfigError>() || error.is::<PolicyError>() {
        return Some(ExitCode::Usage);
    }
    if let Some(ScanError::Baseline(inner)) = error.downcast_ref() {
        return Some(code_of_baseline(inner));
    }
    match error.downcast_ref() {
        Some(EngineError::Baseline(inner) | EngineError::Scan(ScanError::Baseline(inner))) => {
            return Some(code_of_baseline(inner));
        }
        Some(EngineError::Timetable(_)) => return Some(ExitCode::Usage),
        _ => {}
    }
    match error.downcast_ref() {
        Some(ApprovalError::Baseline(inner)) => return Some(code_of_baseline(inner)),
        Some(ApprovalError::Report(_)) => return Some(ExitCode::Failure),
        Some(_) => return Some(ExitCode::Usage),
        None => {}
    }
    error.downcast_ref().map(code_of_baseline)
}

fn code_of_baseline(error: &BaselineError) -> ExitCode {
    match error {
        _ if error.is_integrity_failure() => ExitCode::Damaged,
        BaselineError::Missing { .. } => ExitCode::Usage,
        _ => ExitCode::Failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;
    use std::path::PathBuf;

    #[test]
    fn an_error_is_recognised_wherever_it_stands_in_the_chain() {
        let damaged = || BaselineError::Damaged {
            db: PathBuf::from("/x"),
            reason: "bits".to_owned(),
        };
        let missing = BaselineError::Missing {
            state_dir: PathBuf::from("/x"),
        };
        let in_scan = Err::<(), _>(ScanError::Baseline(damaged()))
            .context("scan")
            .unwrap_err();
        let table = [
            (damaged().into(), ExitCode::Damaged),
            (in_scan, ExitCode::Damaged),
            (ApprovalError::Baseline(damaged()).into(), ExitCode::Damaged),
            (EngineError::from(damaged()).into(), ExitCode::Damaged),
            (
                EngineError::from(ScanError::Baseline(damaged())).into(),
                ExitCode::Damaged,
            ),
            (EngineError::Thread("x").into(), ExitCode::Failure),
            (missing.into(), ExitCode::Usage),
            (usage("no"), ExitCode::Usage),
            (
                ApprovalError::UnknownEvent("1".to_owned()).into(),
                ExitCode::Usage,
            ),
            (anyhow::anyhow!("other"), ExitCode::Failure),
        ];
        for (error, code) in table {
            assert_eq!(ExitCode::of(&error), code, "{error:#}");
        }
    }

    #[test]
    fn differences_outweigh_what_could_not_be_looked_at() {
        let summary = |open, blind| Summary {
            open,
            blind,
            ..Summary::default()
        };
        assert_eq!(ExitCode::of_summary(&summary(0, 0)), ExitCode::Clean);
        assert_eq!(ExitCode::of_summary(&summary(0, 1)), ExitCode::Incomplete);
        assert_eq!(ExitCode::of_summary(&summary(1, 1)), ExitCode::Differences);
    }
}
